"""The command line of tests that mix many cases into networks."""

import argparse


def run(what, cases, size, check, count):
    """Checks cases in networks of several each; the status to exit with.

    `cases` are all there are, in the order in which networks take `size` of them, and
    `check(driver, index, mixed, targets)` lists what is wrong with one network on
    `targets`, or all where that is None. `count` networks are checked unless the command
    line says otherwise.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--targets", type=lambda s: s.split(","))
    options = parser.parse_args()
    networks = [cases[i:i + size] for i in range(0, len(cases), size)]
    wanted, failed = networks[options.first:][:options.count], 0
    for index, mixed in enumerate(wanted, options.first):
        problems = check(options.octet, index, mixed, options.targets)
        failed += len(problems)
        for problem in problems:
            print(problem, flush=True)
    print(f"{what}: {sum(map(len, wanted))} of {len(cases)}, {failed} wrong")
    return failed > 0
