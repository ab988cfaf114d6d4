"""Differential test on random networks.

For each seed a small ONNX network with unfriendly shapes is made. Checked:

- FP32 on `generic` against ONNX Runtime, max |a - b| <= 1e-4 max |b|;
- FP32 and INT8 on `generic` against the oracle of the numerics contract, byte for
  byte;
- INT8 against FP32, by their distance: see `LEAST_SQNR`;
- FP32 and INT8 on every other target, Arm's under qemu, against `generic`,
  byte for byte;
- the last samples alone, with memory full of garbage, against the same samples
  behind others.

    random_graphs.py --octet build/dev/bin/octet --count 500 [--first 0]

`--native N` leaves out emulated targets but for every N-th graph, `--targets
T,...` all others but `generic`, `--precision P` the other precision, `--without
F,...` features of networks (`random_base.FEATURES`). `--verbose` prints each
output's distance.
"""

import argparse
import concurrent.futures
import pathlib
import sys
import tempfile

import numpy as np
import onnx

sys.path[:0] = [str(pathlib.Path(__file__).parent),
                str(pathlib.Path(__file__).parents[1] / "oracle")]
from programs import PHASES, differences  # noqa: E402
from random_base import FEATURES  # noqa: E402
from random_model import Graph  # noqa: E402
from targets import families, octet  # noqa: E402


def reference(model, data, names):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    steps = {i.name: i.shape[0] if isinstance(i.shape[0], int) else 1
             for i in session.get_inputs()}
    first = next(iter(data))
    runs = [session.run(names, {k: v[i * steps[k]:(i + 1) * steps[k]]
                                for k, v in data.items()})
            for i in range(len(data[first]) // steps[first])]
    return {n: np.concatenate([r[k] for r in runs]) for k, n in enumerate(names)}


def load(path):
    with np.load(path) as arrays:
        return {n: arrays[n] for n in arrays.files}


def make_ranges(driver, folder):
    """Calibrates; false if no layer can run in INT8."""
    try:
        octet([driver, "calibrate", folder / "m.onnx", "--data",
               folder / "calib.npz", "-o", folder / "r.json"])
        octet([driver, "compile", folder / "m.onnx", "--ranges",
               folder / "r.json", "--compile-to", "fold-scales", "-o",
               folder / "m.mlir"])
    except AssertionError as error:
        if "no layer can run in INT8" in str(error):
            return False
        raise
    return True


# INT8 is at least so many dB from FP32 where an output varies at all: noise as
# large as the signal is a wrong sign or a wrong function. Of 358 outputs with a
# standard deviation of 0.05 or more, calibrated on the data that is run, the worst
# had 4.4, 14.9 and 18.5 dB, all others 21 or more. A mean of thousands of values may
# be smaller than the steps of what it is taken of.
LEAST_SQNR, SIGNAL = 1.0, 0.05


def sqnr(reference, value):
    """10 log10(Σ reference² / Σ error²), the mean taken off the reference: a
    constant that both share is no signal."""
    reference = reference.astype(np.float64)
    noise = np.square(value - reference).sum()
    signal = np.square(reference - reference.mean()).sum()
    return 10 * np.log10(signal / noise) if noise and signal else np.inf


THREADS = (2, 3, 7)


def check(seed, options):
    driver = options.octet
    precisions = [options.precision] if options.precision else ["fp32", "int8"]
    emulate = seed % options.native == 0
    graph = Graph(seed, options.without)
    model = graph.build()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(model, folder / "m.onnx")
        data = graph.data(6)
        np.savez(folder / "x.npz", **data)
        tail = max(2, graph.rows())
        np.savez(folder / "last.npz", **{k: v[-tail:] for k, v in data.items()})
        more = graph.data(6)
        # Ranges that hold what is run: values cut off would be the distance.
        np.savez(folder / "calib.npz", **data if graph.is_one_sample() else {
            k: np.concatenate([v, more[k]]) for k, v in data.items()})
        # A network may have nothing but movements and activations.
        if "int8" in precisions and not make_ranges(driver, folder):
            precisions = [p for p in precisions if p != "int8"]
        outputs = {}
        for precision in precisions:
            ranges = ["--ranges", folder / "r.json"] if precision == "int8" else []
            for targets, emulated in families(driver, emulate, options.targets):
                program = folder / "program"
                octet([driver, "compile", folder / "m.onnx", "--target",
                       ",".join(targets), "--precision", precision, *ranges,
                       "-o", program])
                for target in targets:
                    octet([program, "run", "--input", folder / "x.npz",
                           "--output", folder / "y.npz"], target, emulated)
                    y = outputs[precision, target] = load(folder / "y.npz")
                    for threads in [] if emulated else THREADS:
                        octet([program, "run", "--input", folder / "x.npz",
                               "--output", folder / "z.npz", "--threads",
                               str(threads)], target)
                        for n, z in load(folder / "z.npz").items():
                            assert z.tobytes() == y[n].tobytes(), (
                                f"{precision} on {target}: {n} differs on "
                                f"{threads} threads")
                    if emulated or graph.is_one_sample():
                        continue
                    # The last samples alone, in memory full of garbage: nothing
                    # may be left over from others or be taken for zero.
                    octet([program, "run", "--input", folder / "last.npz",
                           "--output", folder / "z.npz"], target,
                          MALLOC_PERTURB_="85")
                    for n, z in load(folder / "z.npz").items():
                        assert z.tobytes() == y[n][-tail:].tobytes(), (
                            f"{precision} on {target}: {n} depends on what is "
                            "in memory")
        for precision in precisions:
            flags = ["--precision", precision]
            if precision == "int8":
                flags += ["--ranges", folder / "r.json"]
            problems = differences(driver, folder / "m.onnx", flags, data,
                                   outputs[precision, "generic"],
                                   PHASES[precision])
            assert not problems, "; ".join(problems)
        expected = reference(model, data, graph.outputs)
        for name, b in expected.items():
            if "fp32" in precisions:
                a = outputs["fp32", "generic"][name]
                assert a.shape == b.shape, f"{name}: shape {a.shape}, not {b.shape}"
                error = np.abs(a - b).max()
                assert error <= 1e-4 * np.abs(b).max() + 1e-7, (
                    f"{name}: off by {error}")
            if "int8" in precisions:
                distance = sqnr(b, outputs["int8", "generic"][name])
                assert b.std() < SIGNAL or distance >= LEAST_SQNR, (
                    f"{name}: INT8 is {distance:.1f} dB from FP32")
                if options.verbose:
                    print(f"seed {seed}: {name}: {distance:.1f} dB of a standard "
                          f"deviation of {b.std():.2g}", flush=True)
        for (precision, target), values in outputs.items():
            for name, value in values.items():
                same = outputs[precision, "generic"][name]
                assert value.tobytes() == same.tobytes(), (
                    f"{precision} on {target}: {name} differs from generic in "
                    f"{(value != same).sum()} of {value.size} values")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--native", type=int, default=1)
    parser.add_argument("--targets", type=lambda s: s.split(","))
    parser.add_argument("--precision", choices=["fp32", "int8"])
    parser.add_argument("--without", type=lambda s: s.split(","), default=[])
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--stop", action="store_true", help="at the first failure")
    options = parser.parse_args()
    unknown = set(options.without) - set(FEATURES)
    if unknown:
        parser.error(f"no such features: {', '.join(sorted(unknown))}")
    failed = 0
    seeds = range(options.first, options.first + options.count)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {pool.submit(check, s, options): s for s in seeds}
        for done, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            if sys.stderr.isatty() or done % 100 == 0:
                print(f"{done} of {options.count}", file=sys.stderr, flush=True)
            if job.exception():
                failed += 1
                print(f"seed {jobs[job]}: {job.exception()}", flush=True)
                if options.stop:
                    pool.shutdown(cancel_futures=True)
                    break
    print(f"random graphs: {options.count - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
