"""Checks that tests notice mistakes: see mutations.py.

    run.py [--list] [NAME...]     mutations whose names contain a NAME; else all

Works in a worktree of the last commit under build/mutations, which stays for the
next time. For each mutation: replace, build, run its tests until one fails,
restore. Fails if all of them pass, if a text is not found once, or if a test
fails without any mutation. Hours of machine time are not needed: about a minute
for each.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from mutations import MUTATIONS  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
TREE = ROOT / "build" / "mutations" / "tree"
BUILD = TREE / "build" / "dev"
TARGETS = ["octet", "octet-opt", "octet-translate", "OctetUnitTests"]


def call(*command, check=False):
    result = subprocess.run([str(c) for c in command], cwd=TREE, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    if check and result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{result.stdout[-3000:]}")
    return result


def prepare():
    """The worktree at the last commit, with this tree's changes to tests."""
    if not TREE.exists():
        TREE.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "worktree", "add", "--detach", TREE], cwd=ROOT,
                       check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True,
                          capture_output=True, check=True).stdout.strip()
    call("git", "checkout", "--force", "--detach", head, check=True)
    shutil.rmtree(TREE / "test")
    shutil.copytree(ROOT / "test", TREE / "test")
    call("cmake", "--preset", "dev", f"-DPython3_EXECUTABLE={sys.executable}",
         check=True)
    call("ninja", "-C", BUILD, *TARGETS, check=True)


def fails(test, lit):
    if test.startswith("random_graphs.py"):
        name, *arguments = test.split()
        command = [sys.executable, TREE / "test" / "e2e" / name, *arguments,
                   "--octet", BUILD / "bin" / "octet"]
    else:
        command = [sys.executable, lit, "-q", BUILD / "test" / test]
    result = call(*command)
    if "unsupported" in result.stdout.lower() and result.returncode == 0:
        sys.exit(f"{test} cannot run here")
    return result.returncode != 0


def notices(mutation, lit):
    """The test that fails under `mutation`, or None."""
    path = TREE / mutation.file
    text = path.read_text()
    if text.count(mutation.find) != 1:
        sys.exit(f"'{mutation.name}': its text is in {mutation.file} "
                 f"{text.count(mutation.find)} times; point it to where it is now")
    try:
        path.write_text(text.replace(mutation.find, mutation.replace))
        built = call("ninja", "-C", BUILD, *TARGETS)
        if built.returncode != 0:
            sys.exit(f"'{mutation.name}' does not build:\n{built.stdout[-2000:]}")
        return next((t for t in mutation.tests if fails(t, lit)), None)
    finally:
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--no-baseline", action="store_true",
                        help="tests are known to pass without mutations")
    parser.add_argument("--lit", default="/usr/lib/llvm-22/bin/lit")
    options = parser.parse_args()
    chosen = [m for m in MUTATIONS if not options.names or
              any(n in m.name for n in options.names)]
    if options.list:
        print("\n".join(f"{m.name}: {m.file}" for m in chosen))
        return 0
    prepare()
    for test in sorted({t for m in chosen for t in m.tests}):
        if not options.no_baseline and fails(test, options.lit):
            sys.exit(f"{test} fails without any mutation")
    missed = 0
    for mutation in chosen:
        start = time.monotonic()
        test = notices(mutation, options.lit)
        missed += test is None
        print(f"{mutation.name}: " + (f"noticed by {test}" if test else "MISSED") +
              f" ({time.monotonic() - start:.0f} s)", flush=True)
    call("ninja", "-C", BUILD, *TARGETS, check=True)
    print(f"mutations: {len(chosen) - missed} noticed, {missed} missed")
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
