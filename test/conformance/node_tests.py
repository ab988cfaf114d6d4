"""ONNX's own backend node tests of dense tensors, for every operator there is.

    node_tests.py --octet BIN [--only NAME] [--jobs N] [--table FILE]

Each test is a model with inputs and expected outputs, as the package onnx
generates it. Those whose inputs and outputs have element types that programs
take and give are compiled in FP32 for `generic` and this machine's best target,
in one program, and must agree as ONNX's runner asks: shapes, element types,
|a - b| <= atol + rtol |b|. Operands that Octet takes as constants only, weights,
shapes, axes, are given as initializers where the test computes with them as
inputs.

expected_failures.txt names the tests that do not pass, by the documented limit
that is why. A listed test that passes is an error, and so is a pattern that
matches none. docs/Operators.md is the table of operators that such a run leaves
(--table writes it); a run of all tests whose table differs is an error too.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import fnmatch
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from targets import host_targets, octet  # noqa: E402

EXPECTED = pathlib.Path(__file__).with_name("expected_failures.txt")
TABLE = pathlib.Path(__file__).parents[2] / "docs" / "Operators.md"
ELEMENTS = {TensorProto.FLOAT: "float32", TensorProto.FLOAT16: "float16",
            TensorProto.DOUBLE: "float64", TensorProto.INT64: "int64",
            TensorProto.INT32: "int32", TensorProto.INT8: "int8",
            TensorProto.UINT8: "uint8", TensorProto.BOOL: "bool"}
COMMON = {TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL}
HEAD = """# Operators

The ONNX operators that Octet takes; `octet operators` lists them too. An operator is
taken in each of its versions. Floats of any width are computed in float32. Loops and
scans are unrolled: their numbers of steps are constants. Of an `If` whose condition the
data decide both branches are computed, of one shape; sequences and optionals exist
while a model is imported. Written by `test/conformance/node_tests.py --table
docs/Operators.md`: *tests* are ONNX's own of the operator, passed and all; *types* are
those of values in tests that passed; *limits* are why others did not.

| operator | versions | types | tests | limits |
|---|---|---|---|---|
"""


@dataclasses.dataclass
class Test:
    name: str
    model: onnx.ModelProto
    inputs: list
    outputs: list
    rtol: float
    atol: float

    def elements(self):
        """Element types of inputs and outputs; None stands for what is no tensor."""
        return {info.type.tensor_type.elem_type
                if info.type.WhichOneof("value") == "tensor_type" else None
                for info in [*self.model.graph.input, *self.model.graph.output]}

    def operator(self):
        """The operator that the test is of; none for a function's body."""
        node = self.model.graph.node[0]
        if node.domain or "_expanded" in self.name:
            return None
        return node.op_type


def collect():
    """ONNX's tests; each has one set of data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases
        cases = collect_testcases(None)

    def arrays(values):
        return [numpy_helper.to_array(v) if isinstance(v, TensorProto) else v
                for v in values]

    return [Test(case.name, case.model, *map(arrays, case.data_sets[0]), case.rtol,
                 case.atol) for case in cases]


def with_constants(test, keep):
    """The model with all inputs but the first `keep` as initializers."""
    model = onnx.ModelProto()
    model.CopyFrom(test.model)
    del model.graph.input[keep:]
    for info, value in list(zip(test.model.graph.input, test.inputs))[keep:]:
        model.graph.initializer.append(
            numpy_helper.from_array(np.asarray(value), info.name))
    return model


def compile_model(driver, model, folder, targets):
    """What the driver says against the model; empty if it compiles."""
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    result = subprocess.run(
        [driver, "compile", str(folder / "m.onnx"), "--precision", "fp32",
         "--target", ",".join(targets), "-o", str(folder / "p")],
        capture_output=True, text=True, timeout=300)
    if result.returncode not in (0, 1):
        raise AssertionError(f"crashed: status {result.returncode}")
    return result.stderr.strip() if result.returncode else ""


def check(driver, test, targets):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for keep in dict.fromkeys((len(test.inputs), 1)):
            model = with_constants(test, keep)
            message = compile_model(driver, model, scratch, targets)
            if not message or "not supported: " in message:
                break
        if message:
            raise AssertionError(message.split("m.onnx: ", 1)[-1])
        np.savez(scratch / "x.npz", **{
            info.name: value for info, value in zip(model.graph.input, test.inputs)})
        for target in targets:
            octet([scratch / "p", "run", "--input", scratch / "x.npz",
                   "--output", scratch / "y.npz"], target)
            with np.load(scratch / "y.npz") as y:
                for info, expected in zip(test.model.graph.output, test.outputs):
                    compare(target, y[info.name], np.asarray(expected), test)


def compare(target, actual, expected, test):
    for what in ("shape", "dtype"):
        a, b = getattr(actual, what), getattr(expected, what)
        if a != b:
            raise AssertionError(f"{target}: {what} {a}, not {b}")
    np.testing.assert_allclose(actual, expected, rtol=test.rtol, atol=test.atol,
                               err_msg=target)


class Expected:
    """The tests that are known to fail. Below each reason, indented, are patterns
    of names; `!` before one takes tests out of those of its reason again."""

    def __init__(self, path):
        self.groups, self.unmatched = {}, set()
        group = []
        for line in path.read_text().splitlines():
            if line.startswith(" "):
                group += line.split()
            elif line and not line.startswith("#"):
                group = self.groups.setdefault(line, [])
        for patterns in self.groups.values():
            self.unmatched.update(p for p in patterns if not p.startswith("!"))

    def reason(self, name):
        """Why the test fails, or none."""
        for reason, patterns in self.groups.items():
            if any(fnmatch.fnmatchcase(name, p[1:]) for p in patterns if p[0] == "!"):
                continue
            found = [p for p in patterns if fnmatch.fnmatchcase(name, p)]
            self.unmatched.difference_update(found)
            if found:
                return reason
        return None


def operator_table(taken, tests, passed, reasons):
    """`reasons` has one for each test that failed."""
    versions = collections.defaultdict(set)
    for schema in onnx.defs.get_all_schemas_with_history():
        if not schema.domain:
            versions[schema.name].add(schema.since_version)
    rows = []
    for operator in sorted(taken):
        own = [t for t in tests if t.operator() == operator]
        good = [t for t in own if t.name in passed]
        elements = set().union(*(t.elements() for t in good))
        limits = sorted({reasons[t.name] for t in own if t.name in reasons})
        rows.append((operator, ", ".join(map(str, sorted(versions[operator]))),
                     ", ".join(name for e, name in ELEMENTS.items() if e in elements),
                     f"{len(good)}/{len(own)}", "; ".join(limits)))
    return HEAD + "".join(f"| {' | '.join(row)} |\n".replace("|  |", "| |")
                          for row in rows)


def run(options, tests, targets, expected):
    """({names that passed}, {name that failed: reason}, problems)"""
    passed, reasons, problems = set(), {}, 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {t.name: pool.submit(check, options.octet, t, targets) for t in tests}
        for name, job in jobs.items():
            error, reason = job.exception(), expected.reason(name)
            if error is None:
                passed.add(name)
                if reason:
                    problems += 1
                    print(f"{name}: passes, but is on the list", flush=True)
            elif reason:
                reasons[name] = reason
            else:
                problems += 1
                text = " ".join(str(error).split())
                print(f"{name}: {text[:300]}", flush=True)
    return passed, reasons, problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", type=pathlib.Path)
    options = parser.parse_args()
    every = collect()
    tests = [t for t in every
             if t.elements() <= ELEMENTS.keys() and options.only in t.name]
    expected = Expected(EXPECTED)
    passed, reasons, problems = run(options, tests, host_targets()[:2], expected)

    if not options.only:
        for pattern in sorted(expected.unmatched):
            problems += 1
            print(f"{pattern}: is on the list, but there is no such test")
        taken = set(subprocess.run([options.octet, "operators"], capture_output=True,
                                   text=True, check=True).stdout.split())
        table = operator_table(taken, tests, passed, reasons)
        if options.table:
            options.table.write_text(table)
        elif not TABLE.exists() or TABLE.read_text() != table:
            problems += 1
            print(f"{TABLE.name} is out of date: write it anew with --table")
    common = [t for t in tests if t.elements() <= COMMON]
    print(f"node tests: {len(passed)} of {len(tests)} passed, "
          f"{sum(t.name in passed for t in common)} of {len(common)} of float32, "
          f"int64, int32 and bool; {len(reasons)} expected to fail, {problems} "
          f"problems; {len(every) - len(tests)} of all {len(every)} are of other "
          "types")
    return problems > 0


if __name__ == "__main__":
    sys.exit(main())
