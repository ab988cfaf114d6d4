"""Kernels around the edges of their tiles: every target against `generic`.

Convolutions, fully connected layers, depthwise convolutions, pools and sums with
widths and channels one below, at and one above the sizes that registers, tiles
and lanes are made of. FP32 and INT8 must give the same bytes as `generic`, and
INT8 on `generic` the same as the oracle of the numerics contract.

A network holds the layers of one input shape: every number of output channels,
window and stride, and groups. There are 605 input shapes, 25,025 layers.

    edges.py --octet BIN [--count 4] [--first 0] [--jobs 2] [--precision P]
             [--targets T,...]
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

sys.path[:0] = [str(pathlib.Path(__file__).parents[1] / folder)
                for folder in ("e2e", "oracle")]
from programs import differences, functions, generic_form  # noqa: E402
from random_graphs import load  # noqa: E402
from random_model import Graph  # noqa: E402
from targets import families, octet  # noqa: E402

EDGES = (1, 3, 4, 5, 15, 16, 17, 31, 33, 64, 65)
WIDTHS = (1, 2, 6, 7, 8, 13, 14, 15, 27, 28, 29)
HEIGHTS = (1, 2, 3, 4, 5)
WINDOWS = ((1, 1), (3, 1), (3, 2))
DEPTHWISE = ((3, 1), (3, 2), (5, 1))
# Outputs of a group: fewer than lanes, several groups in them, and more.
PER_GROUP = (1, 2, 4, 8, 24)


def layers(c):
    """(outputs, window, stride, groups) of the layers on `c` channels."""
    plain = [(o, k, stride, 1) for o in EDGES for k, stride in WINDOWS]
    depthwise = [(c, k, stride, c) for k, stride in DEPTHWISE]
    groups = [g for g in range(2, c) if c % g == 0]
    grouped = [(g * per, 3, 1, g) for g in sorted({*groups[:1], *groups[-2:]})
               for per in PER_GROUP if g * per <= 2 * max(EDGES)]
    return plain + depthwise + grouped


class Cases(Graph):
    """One network whose branches are layers on the same input."""

    def __init__(self, seed, c, h, w):
        super().__init__(seed)
        # Quantizing and transposing at the border costs more than a layer; most
        # networks leave out the transposing.
        self.channels_last = seed % 4 != 0
        shape = (h, w, c) if self.channels_last else (c, h, w)
        self.shapes["input"] = (1, *shape)
        self.inputs.append(helper.make_tensor_value_info(
            "input", TensorProto.FLOAT, ["N", *shape]))
        self.x = "input"
        if self.channels_last:
            self.x = self.node("Transpose", [self.x], (1, c, h, w),
                               perm=[0, 3, 1, 2])

    def output(self, y):
        if self.channels_last:
            n, c, h, w = self.shapes[y]
            y = self.node("Transpose", [y], (n, h, w, c), perm=[0, 2, 3, 1])
            # What is returned is dense; a layer that something reads may have the
            # layout that its target likes best.
            y = self.node("Reshape", [y, self.ints(-1, h * w * c)],
                          (n, h * w * c))
        self.outputs.append(y)

    def layer(self, o, k, stride, groups, earlier):
        """Adds one of the values `earlier` of the same shape to half of the
        layers."""
        _, c, h, w = self.shapes[self.x]
        pad = k // 2
        oh, ow = ((s + 2 * pad - k) // stride + 1 for s in (h, w))
        bias = self.constant(self.rng.standard_normal(o).astype(np.float32))
        y = self.node("Conv", [self.x, self.weights(o, c // groups, k, k),
                               bias], (1, o, oh, ow), kernel_shape=[k, k],
                      pads=[pad] * 4, strides=[stride] * 2,
                      group=groups)
        same = [r for r in earlier if self.shapes[r] == self.shapes[y]]
        if same and self.chance(0.5):
            y = self.node("Add", [y, self.pick(*same)], self.shapes[y])
        # A table, unless something else reads what it would be part of.
        if self.chance(0.5):
            y = self.node(self.pick("Relu", "Sigmoid", "HardSwish"), [y],
                          self.shapes[y])
        return y

    def pool(self, op):
        _, c, h, w = self.shapes[self.x]
        return self.node(op, [self.x], (1, c, (h + 1) // 2, (w + 1) // 2),
                         kernel_shape=[3, 3], pads=[1] * 4, strides=[2] * 2)

    def finish(self):
        _, c, _, _ = self.shapes[self.x]
        mixed = layers(c)
        values = [self.pool("MaxPool"), self.pool("AveragePool")]
        for i in self.rng.permutation(len(mixed)):
            values.append(self.layer(*mixed[i], values))
        for value in values:
            self.output(value)
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


def networks():
    """The input shapes (c, h, w), in an order that mixes them."""
    shapes = list(itertools.product(EDGES, HEIGHTS, WIDTHS))
    return [shapes[i] for i in np.random.default_rng(11).permutation(len(shapes))]


def blocked(driver, model, target, *flags):
    """How many convolutions are blocked for a target's registers, of how many."""
    main = functions(generic_form(driver, model, "layout", "--target", target,
                                  *flags))["main"]
    convolutions = [op for op in main.regions[0][2] if "conv2d" in op.name]
    return sum(op.get("lanes") is not None for op in convolutions), len(
        convolutions)


def check(driver, index, shape, precisions, only):
    cases = Cases(index, *shape)
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(cases.finish(), folder / "m.onnx")
        data = cases.data(2)
        np.savez(folder / "x.npz", **data)
        octet([driver, "calibrate", folder / "m.onnx", "--data",
               folder / "x.npz", "-o", folder / "r.json"])
        for precision in precisions:
            expected = None
            ranges = ["--ranges", folder / "r.json"] if precision == "int8" else []
            flags = ["--precision", precision, *ranges]
            for targets, emulated in families(driver, only=only):
                octet([driver, "compile", folder / "m.onnx", "--target",
                       ",".join(targets), *flags, "-o", folder / "p"])
                for target in targets:
                    octet([folder / "p", "run", "--input", folder / "x.npz",
                           "--output", folder / "y.npz"], target, emulated)
                    y = load(folder / "y.npz")
                    expected = expected or y
                    failed += [f"{precision} on {target}: {name} {v.shape} differs"
                               for name, v in y.items()
                               if v.tobytes() != expected[name].tobytes()]
                # Those of few channels are not worth it.
                count, total = blocked(driver, folder / "m.onnx", targets[-1],
                                       *flags)
                if targets[-1] != "generic" and 3 * count < 2 * total:
                    failed.append(f"{precision} on {targets[-1]}: only {count} of "
                                  f"{total} convolutions are blocked")
            if precision == "int8":
                failed += differences(driver, folder / "m.onnx", ranges, data,
                                      expected, ["quantize"])
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "int8"])
    parser.add_argument("--targets", type=lambda s: s.split(","))
    options = parser.parse_args()
    wanted = list(enumerate(networks()))[options.first:][:options.count]
    precisions = [options.precision] if options.precision else ["fp32", "int8"]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {pool.submit(check, options.octet, i, shape, precisions,
                            options.targets): i for i, shape in wanted}
        for done, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            if sys.stderr.isatty() or done % 10 == 0:
                print(f"{done} of {len(wanted)} networks", file=sys.stderr,
                      flush=True)
            problems = [str(job.exception())] if job.exception() else job.result()
            failed += len(problems)
            for problem in problems:
                print(f"network {jobs[job]}: {problem}", flush=True)
    print(f"kernel edges: {sum(len(layers(c)) for _, (c, _, _) in wanted)} layers, "
          f"{failed} outputs differ")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
