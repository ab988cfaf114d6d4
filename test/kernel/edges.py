"""Kernels around the edges of their tiles: every target against `generic`.

Convolutions, fully connected layers, depthwise convolutions, pools and sums with
widths and channels one below, at and one above the sizes that registers, tiles
and lanes are made of. FP32 and INT8 must give the same bytes as `generic`.

    edges.py --octet BIN [--full]
"""

import argparse
import itertools
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from random_graphs import Graph, host_targets, octet  # noqa: E402

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


def layers(full):
    """(c, o, h, w, k, stride, groups, relu, residual), edges crossed pairwise."""
    rng = np.random.default_rng(11)
    all_cases = []
    for c, o in itertools.product(EDGES, EDGES):
        all_cases.append((c, o, 0, 0, 1, 1, 1))
        all_cases.append((c, o, 0, 0, 3, 1, 1))
        all_cases.append((c, o, 0, 0, 3, 2, 1))
    for c in EDGES:
        for k, stride in ((3, 1), (3, 2), (5, 1)):
            all_cases.append((c, c, 0, 0, k, stride, c))
    if not full:
        rng.shuffle(all_cases)
        all_cases = all_cases[:120]
    for i, (c, o, _, _, k, stride, groups) in enumerate(all_cases):
        w = WIDTHS[i % len(WIDTHS)]
        h = int(rng.integers(1, 5))
        yield int(c), int(o), h, w, int(k), int(stride), int(groups), \
            bool(rng.integers(2)), bool(rng.integers(2))


def check(driver, cases, targets, folder):
    onnx.save(cases.finish(), folder / "m.onnx")
    np.savez(folder / "x.npz", **cases.data(3))
    octet([driver, "calibrate", folder / "m.onnx", "--data", folder / "x.npz",
           "-o", folder / "r.json"])
    failed = 0
    for precision in ("fp32", "int8"):
        results = []
        for target in targets:
            octet([driver, "compile", folder / "m.onnx", "--target", target,
                   "--precision", precision,
                   *(["--ranges", folder / "r.json"] if precision == "int8" else []),
                   "-o", folder / "p"])
            octet([folder / "p", "run", "--input", folder / "x.npz",
                   "--output", folder / "y.npz"])
            with np.load(folder / "y.npz") as y:
                results.append({k: y[k] for k in y.files})
        for target, result in zip(targets, results):
            for name, value in result.items():
                if value.tobytes() != results[0][name].tobytes():
                    failed += 1
                    print(f"{precision} on {target}: {name} {value.shape} differs")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    targets = host_targets()
    all_layers = list(layers(options.full))
    failed = 0
    for at in range(0, len(all_layers), 24):
        cases = Cases(at)
        for layer in all_layers[at:at + 24]:
            cases.layer(*layer)
        for op in ("MaxPool", "AveragePool"):
            cases.pool(op, EDGES[at % len(EDGES)], 3, WIDTHS[at % len(WIDTHS)] + 2)
        with tempfile.TemporaryDirectory() as folder:
            failed += check(options.octet, cases, targets, pathlib.Path(folder))
    print(f"kernel edges: {len(all_layers)} layers on {', '.join(targets)}, "
          f"{failed} outputs differ")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
