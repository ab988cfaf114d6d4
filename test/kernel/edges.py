"""Kernels around the edges of their tiles: every target against `generic`.

Convolutions, fully connected layers, depthwise convolutions, pools and sums with
widths and channels one below, at and one above the sizes that registers, tiles
and lanes are made of. FP32 and INT8 must give the same bytes as `generic`.

    edges.py --octet BIN [--count 120] [--first 0] [--jobs 2] [--precision P]
"""

import argparse
import concurrent.futures
import itertools
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from random_graphs import Graph, load  # noqa: E402
from targets import families, octet  # noqa: E402

EDGES = (1, 3, 4, 5, 15, 16, 17, 31, 33, 64, 65)
WIDTHS = (1, 2, 6, 7, 8, 13, 14, 15, 27, 28, 29)


class Cases(Graph):
    """One network whose branches are independent layers."""

    def start(self, *shape):
        name = f"input{len(self.inputs)}"
        self.shapes[name] = (1, *shape)
        self.inputs.append(helper.make_tensor_value_info(
            name, TensorProto.FLOAT, ["N", *shape]))
        return name

    def layer(self, c, o, h, w, k, stride, groups, relu, residual):
        pad = k // 2
        oh, ow = ((s + 2 * pad - k) // stride + 1 for s in (h, w))
        x = self.start(c, h, w)
        bias = self.constant(self.rng.standard_normal(o).astype(np.float32))
        y = self.node("Conv", [x, self.weights(o, c // groups, k, k), bias],
                      (1, o, oh, ow), kernel_shape=[k, k], pads=[pad] * 4,
                      strides=[stride] * 2, group=groups)
        if residual:
            r = self.start(o, oh, ow)
            # Through an operation of its own, or it would be an input's border.
            r = self.node("Relu", [r], self.shapes[r])
            y = self.node("Add", [y, r], self.shapes[y])
        if relu:
            y = self.node("Relu", [y], self.shapes[y])
        self.outputs.append(y)

    def pool(self, op, c, h, w):
        x = self.start(c, h, w)
        self.outputs.append(self.node(
            op, [x], (1, c, (h + 1) // 2, (w + 1) // 2), kernel_shape=[3, 3],
            pads=[1] * 4, strides=[2] * 2))

    def finish(self):
        graph = helper.make_graph(
            self.nodes, "edges", self.inputs,
            [helper.make_tensor_value_info(o, TensorProto.FLOAT,
                                           ["N", *self.shapes[o][1:]])
             for o in self.outputs], self.initializers)
        model = helper.make_model(graph,
                                  opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model


def layers():
    """(c, o, h, w, k, stride, groups, relu, residual), without end: the edges
    crossed in random order, again and again with other sizes."""
    rng = np.random.default_rng(11)
    cases = [(c, o, k, stride, 1) for c, o in itertools.product(EDGES, EDGES)
             for k, stride in ((1, 1), (3, 1), (3, 2))]
    cases += [(c, c, k, stride, c) for c in EDGES
              for k, stride in ((3, 1), (3, 2), (5, 1))]
    while True:
        for i in rng.permutation(len(cases)):
            c, o, k, stride, groups = cases[i]
            w = int(rng.choice(WIDTHS))
            h = int(rng.integers(1, 5))
            yield c, o, h, w, k, stride, groups, bool(rng.integers(2)), \
                bool(rng.integers(2))


def check(driver, first, some_layers, precisions):
    cases = Cases(first)
    for layer in some_layers:
        cases.layer(*layer)
    for op in ("MaxPool", "AveragePool"):
        cases.pool(op, EDGES[first % len(EDGES)], 3,
                   WIDTHS[first % len(WIDTHS)] + 2)
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(cases.finish(), folder / "m.onnx")
        np.savez(folder / "x.npz", **cases.data(2))
        octet([driver, "calibrate", folder / "m.onnx", "--data",
               folder / "x.npz", "-o", folder / "r.json"])
        for precision in precisions:
            expected = None
            ranges = ["--ranges", folder / "r.json"] if precision == "int8" else []
            for targets, emulated in families(driver):
                octet([driver, "compile", folder / "m.onnx", "--target",
                       ",".join(targets), "--precision", precision, *ranges,
                       "-o", folder / "p"])
                for target in targets:
                    octet([folder / "p", "run", "--input", folder / "x.npz",
                           "--output", folder / "y.npz"], target, emulated)
                    y = load(folder / "y.npz")
                    expected = expected or y
                    failed += [f"{precision} on {target}: {name} {v.shape} differs"
                               for name, v in y.items()
                               if v.tobytes() != expected[name].tobytes()]
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "int8"])
    options = parser.parse_args()
    end = options.first + options.count
    wanted = list(itertools.islice(layers(), end))
    precisions = [options.precision] if options.precision else ["fp32", "int8"]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {pool.submit(check, options.octet, at, wanted[at:min(at + 24, end)],
                            precisions): at
                for at in range(options.first, end, 24)}
        for done, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            if sys.stderr.isatty() or done % 20 == 0:
                print(f"{24 * done} of {options.count}", file=sys.stderr, flush=True)
            problems = [str(job.exception())] if job.exception() else job.result()
            failed += len(problems)
            for problem in problems:
                print(f"layers from {jobs[job]}: {problem}", flush=True)
    print(f"kernel edges: {options.count} layers, {failed} outputs differ")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
