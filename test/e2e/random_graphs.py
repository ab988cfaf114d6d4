"""Differential test on random networks.

For each seed a small ONNX network with unfriendly shapes is made. Checked:

- FP32 on `generic` against ONNX Runtime, max |a - b| <= 1e-4 max |b|;
- FP32 and INT8 on every other target, Arm's under qemu, against `generic`,
  byte for byte;
- the last samples alone, with memory full of garbage, against the same samples
  behind others.

    random_graphs.py --octet build/dev/bin/octet --count 500 [--first 0]

`--native N` leaves out emulated targets but for every N-th graph, `--targets
T,...` all others but `generic`, `--precision P` the other precision.
"""

import argparse
import concurrent.futures
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from targets import families, octet  # noqa: E402


class Graph:
    """Grows a random network; knows the shape of every value."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.initializers, self.shapes = [], [], {}
        self.inputs, self.outputs = [], []
        self.opset = int(self.rng.choice([14, 15, 17, 18, 20, 22]))

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def chance(self, p):
        return self.rng.random() < p

    def fresh(self, shape):
        name = f"v{len(self.shapes)}"
        self.shapes[name] = tuple(int(s) for s in shape)
        return name

    def constant(self, array):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def weights(self, *shape):
        fan_in = max(1, int(np.prod(shape[1:])))
        return self.constant(
            (self.rng.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32))

    def node(self, op, inputs, shape, **attributes):
        out = self.fresh(shape)
        self.nodes.append(
            helper.make_node(op, inputs, [out], name=f"{op}_{out}", **attributes))
        return out

    # Layers on [N, C, spatial...] -------------------------------------------

    def conv(self, x, channels=None, same=False):
        n, c, *size = self.shapes[x]
        rank = len(size)
        groups = 1
        channels = channels or int(self.rng.integers(1, 71))
        if not same and self.chance(0.35):
            if self.chance(0.7):
                groups = c
                channels = c * self.pick(1, 1, 1, 2)
            else:
                divisors = [d for d in range(1, c + 1) if c % d == 0]
                groups = int(self.pick(*divisors))
                channels = groups * int(self.rng.integers(1, 9))
        kernel = [self.pick(1, 1, 3, 3, 2, 5) for _ in size]
        stride = [1 if same else self.pick(1, 1, 2, 3) for _ in size]
        dilation = [self.pick(1, 1, 1, 2) for _ in size]
        extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
        attributes = {}
        if same:
            low = [int(self.rng.integers(0, e)) for e in extent]
            pads = low + [e - 1 - l for e, l in zip(extent, low)]
        elif self.chance(0.2):
            attributes["auto_pad"] = self.pick("SAME_UPPER", "SAME_LOWER")
            pads = None
        else:
            pads = [int(self.rng.integers(0, e)) for e in extent * 2]
        if pads is None:
            out = [-(-s // t) for s, t in zip(size, stride)]
            if max(dilation) > 1:  # SAME with dilation: runtimes differ
                return self.conv(x, channels if same else None, same)
        else:
            out = [(s + pads[i] + pads[i + rank] - extent[i]) // stride[i] + 1
                   for i, s in enumerate(size)]
            attributes["pads"] = pads
        if min(out) < 1:
            return self.conv(x, channels if same else None, same)
        inputs = [x, self.weights(channels, c // groups, *kernel)]
        if self.chance(0.8):
            inputs.append(self.constant(
                self.rng.standard_normal(channels).astype(np.float32)))
        return self.node("Conv", inputs, [n, channels, *out], group=groups,
                         kernel_shape=kernel, strides=stride,
                         dilations=dilation, **attributes)

    def batch_norm(self, x):
        c = self.shapes[x][1]
        parameters = [self.constant(a.astype(np.float32)) for a in (
            self.rng.uniform(0.5, 1.5, c), self.rng.standard_normal(c),
            self.rng.standard_normal(c), self.rng.uniform(0.5, 2, c))]
        return self.node("BatchNormalization", [x, *parameters], self.shapes[x])

    def activation(self, x):
        op = self.pick("Relu", "Relu", "Clip", "LeakyRelu", "Sigmoid", "Tanh",
                       "HardSigmoid", "HardSwish")
        if op == "Clip":
            bounds = [self.constant(np.float32(b)) for b in
                      (self.pick(0, -1), self.pick(6, 1.5))]
            return self.node(op, [x, *bounds], self.shapes[x])
        return self.node(op, [x], self.shapes[x])

    def pool(self, x):
        n, c, *size = self.shapes[x]
        op = self.pick("MaxPool", "AveragePool")
        kernel = [min(self.pick(2, 3, 3), s) for s in size]
        stride = [self.pick(1, 2) for _ in size]
        pads = [int(self.rng.integers(0, k)) for k in kernel * 2]
        attributes = {}
        if op == "AveragePool":
            attributes["count_include_pad"] = self.pick(0, 1)
        out = [(s + pads[i] + pads[i + len(size)] - kernel[i]) // stride[i] + 1
               for i, s in enumerate(size)]
        return self.node(op, [x], [n, c, *out], kernel_shape=kernel,
                         strides=stride, pads=pads, **attributes)

    def residual(self, x):
        branch = self.conv(x, channels=self.shapes[x][1], same=True)
        if self.chance(0.5):
            branch = self.activation(branch)
        order = [x, branch] if self.chance(0.5) else [branch, x]
        return self.node(self.pick("Add", "Add", "Add", "Sub", "Mul"), order,
                         self.shapes[x])

    def concat(self, x):
        parts = [x] + [self.conv(x, channels=int(self.rng.integers(1, 40)),
                                 same=True)
                       for _ in range(self.rng.integers(1, 3))]
        n, _, *size = self.shapes[x]
        channels = sum(self.shapes[p][1] for p in parts)
        return self.node("Concat", parts, [n, channels, *size], axis=1)

    def slice(self, x):
        shape = list(self.shapes[x])
        axis = int(self.rng.integers(1, len(shape)))
        start = int(self.rng.integers(0, shape[axis]))
        end = int(self.rng.integers(start + 1, shape[axis] + 1))
        step = self.pick(1, 1, 2)
        shape[axis] = -(-(end - start) // step)
        ints = [self.constant(np.array([v], np.int64))
                for v in (start, end, axis, step)]
        return self.node("Slice", [x, *ints], shape)

    def pad(self, x):
        rank = len(self.shapes[x])
        pads = [0, 0] + [int(self.rng.integers(0, 3)) for _ in range(rank - 2)]
        pads += [0, int(self.rng.integers(0, 5))] + [
            int(self.rng.integers(0, 3)) for _ in range(rank - 2)]
        shape = [s + pads[i] + pads[i + rank]
                 for i, s in enumerate(self.shapes[x])]
        return self.node("Pad", [x, self.constant(np.array(pads, np.int64))],
                         shape)

    def scale(self, x):
        """A gate for each channel, as squeeze-and-excitation has."""
        n, c, *size = self.shapes[x]
        gate = self.node("GlobalAveragePool", [x], [n, c] + [1] * len(size))
        gate = self.node("Conv", [gate, self.weights(c, c, *[1] * len(size))],
                         self.shapes[gate])
        gate = self.node(self.pick("Sigmoid", "HardSigmoid"), [gate],
                         self.shapes[gate])
        return self.node("Mul", [x, gate], self.shapes[x])

    def head(self, x):
        n, c, *size = self.shapes[x]
        if self.chance(0.6):
            x = self.node("GlobalAveragePool", [x], [n, c] + [1] * len(size))
        if self.chance(0.7):
            k = int(np.prod(self.shapes[x][1:]))
            x = self.node("Flatten", [x], [n, k], axis=1)
            classes = int(self.rng.integers(1, 40))
            x = self.node("Gemm", [x, self.weights(classes, k), self.constant(
                self.rng.standard_normal(classes).astype(np.float32))],
                [n, classes], transB=1)
            if self.chance(0.2):
                x = self.node("Softmax", [x], self.shapes[x], axis=1)
        return x

    def build(self):
        rank = self.pick(2, 2, 2, 1)
        batch = self.pick("N", "N", 1, 2)
        for i in range(self.pick(1, 1, 2)):
            size = [int(self.rng.integers(3, 24)) for _ in range(rank)]
            shape = [1 if batch == "N" else batch, int(self.rng.integers(1, 20)),
                     *size]
            name = f"input{i}"
            self.shapes[name] = tuple(shape)
            self.inputs.append(helper.make_tensor_value_info(
                name, TensorProto.FLOAT, [batch, *shape[1:]]))
            x = name
            if self.chance(0.3):
                channels = (1, shape[1]) + (1,) * rank
                x = self.node("Sub", [x, self.constant(
                    self.rng.standard_normal(channels).astype(np.float32))], shape)
                x = self.node("Div", [x, self.constant(
                    self.rng.uniform(0.5, 2, channels).astype(np.float32))], shape)
            layers = [self.conv, self.conv, self.conv, self.batch_norm,
                      self.activation, self.activation, self.pool, self.residual,
                      self.residual, self.concat, self.slice, self.pad,
                      self.scale]
            for _ in range(self.rng.integers(1, 5)):
                grown = self.pick(*layers)(x)
                if self.chance(0.08):
                    self.outputs.append(grown)
                x = grown
            self.outputs.append(self.head(x))
        self.outputs = list(dict.fromkeys(self.outputs))
        infos = [helper.make_tensor_value_info(
            o, TensorProto.FLOAT, [batch, *self.shapes[o][1:]])
            for o in self.outputs]
        graph = helper.make_graph(self.nodes, "random", self.inputs, infos,
                                  self.initializers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 9
        onnx.checker.check_model(model)
        return model

    def data(self, samples):
        return {i.name: self.rng.standard_normal(
            [samples, *self.shapes[i.name][1:]]).astype(np.float32)
            for i in self.inputs}


def reference(model, data, names):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    batch = session.get_inputs()[0].shape[0]
    step = batch if isinstance(batch, int) else 1
    samples = len(next(iter(data.values())))
    runs = [session.run(names, {k: v[i:i + step] for k, v in data.items()})
            for i in range(0, samples, step)]
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


def check(seed, driver, emulate, only, precisions):
    graph = Graph(seed)
    model = graph.build()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(model, folder / "m.onnx")
        data = graph.data(6)
        np.savez(folder / "x.npz", **data)
        np.savez(folder / "last.npz", **{k: v[-2:] for k, v in data.items()})
        np.savez(folder / "calib.npz", **graph.data(8))
        # A network may have nothing but movements and activations.
        if "int8" in precisions and not make_ranges(driver, folder):
            precisions = [p for p in precisions if p != "int8"]
        outputs = {}
        for precision in precisions:
            ranges = ["--ranges", folder / "r.json"] if precision == "int8" else []
            for targets, emulated in families(driver, emulate, only):
                program = folder / "program"
                octet([driver, "compile", folder / "m.onnx", "--target",
                       ",".join(targets), "--precision", precision, *ranges,
                       "-o", program])
                for target in targets:
                    octet([program, "run", "--input", folder / "x.npz",
                           "--output", folder / "y.npz"], target, emulated)
                    y = outputs[precision, target] = load(folder / "y.npz")
                    if emulated:
                        continue
                    # The last samples alone, in memory full of garbage: nothing
                    # may be left over from others or be taken for zero.
                    octet([program, "run", "--input", folder / "last.npz",
                           "--output", folder / "z.npz"], target,
                          MALLOC_PERTURB_="85")
                    for n, z in load(folder / "z.npz").items():
                        assert z.tobytes() == y[n][-2:].tobytes(), (
                            f"{precision} on {target}: {n} depends on what is "
                            "in memory")
        expected = {}
        if "fp32" in precisions:
            expected = reference(model, data, graph.outputs)
        for name, b in expected.items():
            a = outputs["fp32", "generic"][name]
            assert a.shape == b.shape, f"{name}: shape {a.shape}, not {b.shape}"
            error = np.abs(a - b).max()
            assert error <= 1e-4 * np.abs(b).max() + 1e-7, f"{name}: off by {error}"
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
    options = parser.parse_args()
    precisions = [options.precision] if options.precision else ["fp32", "int8"]
    failed = 0
    seeds = range(options.first, options.first + options.count)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {pool.submit(check, s, options.octet, s % options.native == 0,
                            options.targets, precisions): s for s in seeds}
        for done, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            if sys.stderr.isatty() or done % 100 == 0:
                print(f"{done} of {options.count}", file=sys.stderr, flush=True)
            if job.exception():
                failed += 1
                print(f"seed {jobs[job]}: {job.exception()}", flush=True)
    print(f"random graphs: {options.count - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
