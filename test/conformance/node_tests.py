"""ONNX's own backend node tests in float32, for every operator Octet takes.

    node_tests.py --octet BIN [--data DIR] [--only NAME] [--jobs N]

Each test is a model of one node with inputs and expected outputs. It is
compiled in FP32 for `generic` and for this machine's best target and must agree
as ONNX asks: |a - b| <= 1e-7 + 1e-3 |b|. Operands that Octet takes as constants
only, weights, shapes, axes, are given as initializers where the test computes
with them as inputs. expected_failures.txt names the tests that are known to
fail, each with the documented limit that is why; a test on the list that
passes is an error too.
"""

import argparse
import collections
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from targets import host_targets, octet  # noqa: E402

DATA = pathlib.Path("/usr/share/libonnx-testdata/data/node")
EXPECTED = pathlib.Path(__file__).with_name("expected_failures.txt")


def read_tensor(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return tensor


def operators(folder):
    return {node.op_type if node.domain in ("", "ai.onnx") else
            f"{node.domain}.{node.op_type}"
            for node in onnx.load(folder / "model.onnx").graph.node}


def is_float32(folder):
    """What is computed is float32; other operands are shapes, axes and such."""
    graph = onnx.load(folder / "model.onnx").graph
    return all(info.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
               for info in [*graph.input[:1], *graph.output])


def compile_model(driver, model, folder, target):
    path = folder / "m.onnx"
    path.write_bytes(model.SerializeToString())
    result = subprocess.run(
        [driver, "compile", str(path), "--precision", "fp32", "--target", target,
         "-o", str(folder / "p")], capture_output=True, text=True, timeout=300)
    if result.returncode not in (0, 1):
        raise AssertionError(f"crashed: status {result.returncode}")
    return result.returncode == 0, result.stderr.strip()


def with_constants(model, tensors, keep):
    """The model with all inputs but the first `keep` as initializers."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    del changed.graph.input[keep:]
    for info, tensor in list(zip(model.graph.input, tensors))[keep:]:
        tensor.name = info.name
        changed.graph.initializer.append(tensor)
    return changed


def check(driver, folder):
    model = onnx.load(folder / "model.onnx")
    targets = ["generic", host_targets()[1]] if len(host_targets()) > 1 else ["generic"]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for data in sorted(folder.glob("test_data_set_*")):
            tensors = [read_tensor(data / f"input_{i}.pb")
                       for i in range(len(model.graph.input))]
            expected = [numpy_helper.to_array(read_tensor(data / f"output_{i}.pb"))
                        for i in range(len(model.graph.output))]
            tried = model
            for keep in dict.fromkeys((len(tensors), 1)):
                tried = with_constants(model, tensors, keep)
                good, message = compile_model(driver, tried, scratch,
                                              ",".join(targets))
                if good:
                    break
            if not good:
                raise AssertionError(message.split("m.onnx: ", 1)[-1])
            np.savez(scratch / "x.npz", **{
                info.name: numpy_helper.to_array(t)
                for info, t in zip(tried.graph.input, tensors)})
            for target in targets:
                octet([scratch / "p", "run", "--input", scratch / "x.npz",
                       "--output", scratch / "y.npz"], target)
                with np.load(scratch / "y.npz") as y:
                    for info, b in zip(model.graph.output, expected):
                        a = y[info.name]
                        if a.shape != b.shape:
                            raise AssertionError(
                                f"{target}: shape {a.shape}, not {b.shape}")
                        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-7,
                                                   err_msg=target)


def read_expected():
    known = {}
    for line in EXPECTED.read_text().splitlines():
        if line and not line.startswith("#"):
            name, reason = line.split(None, 1)
            known[name] = reason
    return known


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--data", type=pathlib.Path, default=DATA)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    known = read_expected()
    taken = set(subprocess.run([options.octet, "operators"], capture_output=True,
                               text=True, check=True).stdout.split())
    every = [d for d in sorted(options.data.glob("test_*")) if options.only in d.name]
    of_operators = [d for d in every if operators(d) <= taken]
    tests = [d for d in of_operators if is_float32(d)]
    counts, problems = collections.Counter(), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {d.name: pool.submit(check, options.octet, d) for d in tests}
        for name, job in jobs.items():
            error = job.exception()
            if error is None:
                counts["passed"] += 1
                if name in known:
                    problems += 1
                    print(f"{name}: passes, but is on the list", flush=True)
            elif name in known:
                counts["expected to fail"] += 1
            else:
                problems += 1
                text = " ".join(str(error).split())
                print(f"{name}: {text[:300]}", flush=True)
    share = 100 * counts["passed"] / max(1, len(tests))
    print(f"node tests: {counts['passed']} of {len(tests)} passed "
          f"({share:.1f} %), {counts['expected to fail']} expected to fail, "
          f"{problems} problems; {len(every) - len(of_operators)} are of "
          f"operators that are not taken, {len(of_operators) - len(tests)} of "
          "other element types")
    return problems > 0


if __name__ == "__main__":
    sys.exit(main())
