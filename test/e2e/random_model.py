"""Random ONNX networks with unfriendly shapes."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# What a network may leave out, by name: see `Graph.may`.
FEATURES = ("batches", "ceil", "clip", "concat", "constants", "matmul", "moved", "norm",
            "pad-values", "places", "reverse", "two-pads")


class Graph:
    """Grows a random network; knows the shape of every value."""

    def __init__(self, seed, without=()):
        self.rng = np.random.default_rng(seed)
        self.without = set(without)
        self.nodes, self.initializers, self.shapes = [], [], {}
        self.inputs, self.outputs = [], []
        self.opset = int(self.rng.choice([14, 15, 17, 18, 20, 22]))

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def chance(self, p):
        return self.rng.random() < p

    def may(self, feature, p=1.0):
        """True with probability `p` unless `feature` is left out."""
        assert feature in FEATURES, feature
        return self.chance(p) and feature not in self.without

    def fresh(self, shape):
        name = f"v{len(self.shapes)}"
        self.shapes[name] = tuple(int(s) for s in shape)
        return name

    def constant(self, array):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def weights(self, *shape, gain=1.0):
        fan_in = max(1, int(np.prod(shape[1:])))
        return self.constant((gain * self.rng.standard_normal(shape) /
                              np.sqrt(fan_in)).astype(np.float32))

    def floats(self, array):
        return self.constant(np.asarray(array, np.float32))

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def node(self, op, inputs, shape, **attributes):
        out = self.fresh(shape)
        self.nodes.append(
            helper.make_node(op, inputs, [out], name=f"{op}_{out}", **attributes))
        return out

    # Layers on [N, C, spatial...] -------------------------------------------

    def conv(self, x, channels=None, same=False, gain=1.0):
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
                return self.conv(x, channels if same else None, same, gain)
        else:
            out = [(s + pads[i] + pads[i + rank] - extent[i]) // stride[i] + 1
                   for i, s in enumerate(size)]
            attributes["pads"] = pads
        if min(out) < 1:
            return self.conv(x, channels if same else None, same, gain)
        inputs = [x, self.weights(channels, c // groups, *kernel,
                                  gain=gain)]
        if self.chance(0.8):
            inputs.append(self.floats(gain * self.rng.standard_normal(channels)))
        return self.node("Conv", inputs, [n, channels, *out], group=groups,
                         kernel_shape=kernel, strides=stride,
                         dilations=dilation, **attributes)

    def batch_norm(self, x):
        c = self.shapes[x][1]
        parameters = [self.constant(a.astype(np.float32)) for a in (
            self.rng.uniform(0.5, 1.5, c), self.rng.standard_normal(c),
            self.rng.standard_normal(c), self.rng.uniform(0.5, 2, c))]
        return self.node("BatchNormalization", [x, *parameters], self.shapes[x])

    def normalization(self, x):
        """By moments or norms of the value itself; in f32 between integers."""
        c, *size = self.shapes[x][1:]
        op = self.pick("LayerNormalization", "InstanceNormalization", "LpNormalization",
                       "LRN")
        if op == "LpNormalization":
            return self.node(op, [x], self.shapes[x], axis=1, p=self.pick(1, 2))
        if op == "LRN":  # ONNX Runtime has it for images
            return (self.node(op, [x], self.shapes[x], size=self.pick(1, 3, 5))
                    if len(size) == 2 else self.batch_norm(x))
        if op == "LayerNormalization" and self.opset < 17:
            return self.batch_norm(x)
        count = c if op == "InstanceNormalization" else size[-1]
        parameters = [self.floats(self.rng.uniform(0.5, 1.5, count)) for _ in range(2)]
        # Where all values are alike, an error is not to become all of the result.
        return self.node(op, [x, *parameters], self.shapes[x], epsilon=0.1)

    def activation(self, x):
        op = self.pick("Relu", "Relu", "Clip", "LeakyRelu", "Sigmoid", "Tanh",
                       "HardSigmoid", "HardSwish", "PRelu", "Elu", "Softplus",
                       "Sin", "Atan", "Asinh")
        if op == "PRelu":
            rank, channels = len(self.shapes[x]), self.shapes[x][1]
            slopes = self.pick((1,), (channels, *[1] * (rank - 2)))
            return self.node(op, [x, self.floats(self.rng.uniform(-1, 1.5, slopes))],
                             self.shapes[x])
        if op == "Clip":
            bounds = [self.pick(0, -1), self.pick(6, 1.5)]
            if self.may("clip", 0.25):  # all becomes the second bound
                bounds.reverse()
            bounds = [self.floats(b) for b in bounds]
            return self.node(op, [x, *bounds], self.shapes[x])
        return self.node(op, [x], self.shapes[x])

    @staticmethod
    def pooled(size, kernel, stride, pads, ceil, drop=True):
        """The windows of a pool. One that would start in the padding at the end
        is dropped."""
        out = []
        for i, s in enumerate(size):
            room = s + pads[i] + pads[i + len(size)] - kernel[i]
            windows = (-(-room // stride[i]) if ceil else room // stride[i]) + 1
            beyond = (windows - 1) * stride[i] >= s + pads[i]
            out.append(windows - (ceil and drop and beyond))
        return out

    def pool(self, x):
        n, c, *size = self.shapes[x]
        op = self.pick("MaxPool", "AveragePool")
        kernel = [min(self.pick(2, 3, 3), s) for s in size]
        stride = [self.pick(1, 2) for _ in size]
        pads = [int(self.rng.integers(0, k)) for k in kernel * 2]
        attributes = {}
        if op == "AveragePool":
            attributes["count_include_pad"] = self.pick(0, 1)
        ceil = not attributes.get("count_include_pad") and self.may("ceil", 0.3)
        out = self.pooled(size, kernel, stride, pads, ceil)
        kept = self.pooled(size, kernel, stride, pads, ceil, drop=False)
        if out != kept and self.opset < 22:  # ONNX said it then only
            out, ceil = self.pooled(size, kernel, stride, pads, False), False
        attributes["ceil_mode"] = int(ceil)
        return self.node(op, [x], [n, c, *out], kernel_shape=kernel,
                         strides=stride, pads=pads, **attributes)

    def upsample(self, x):
        """Where scales have few digits, runtimes find the same neighbours."""
        n, c, *size = self.shapes[x]
        modes = ["nearest", "nearest", "linear"] + ["cubic"] * (len(size) == 2)
        scales = [self.pick(1, 2, 2, 3, 1.5, 0.5) for _ in size]
        out = [int(s * k) for s, k in zip(size, scales)]
        if min(out) < 1 or max(out) > 48:
            return self.conv(x)
        mode = self.pick("half_pixel", "asymmetric", "align_corners")
        if self.pick(*modes) == "nearest":
            mode, kind = "asymmetric", "nearest"
        else:
            kind = self.pick(*modes[2:])
        if mode == "align_corners":  # of sizes, since runtimes differ for others
            scales = [o / s for s, o in zip(size, out)]
        empty = self.floats(np.zeros(0))
        return self.node("Resize", [x, empty, self.floats([1, 1, *scales])],
                         [n, c, *out], mode=kind, nearest_mode="floor",
                         coordinate_transformation_mode=mode)

    def transposed(self, x):
        """A transposed convolution, or channels put side by side."""
        n, c, *size = self.shapes[x]
        if len(size) == 2 and self.chance(0.2) and max(size) <= 24:
            x = self.conv(x, channels=4 * int(self.rng.integers(1, 9)), same=True)
            return self.node("DepthToSpace", [x], [n, self.shapes[x][1] // 4,
                                                   2 * size[0], 2 * size[1]],
                             blocksize=2, mode=self.pick("DCR", "CRD"))
        groups = self.pick(1, 1, *[d for d in range(1, c + 1) if c % d == 0])
        each = int(self.rng.integers(1, 40 if groups == 1 else 4))
        kernel = [self.pick(1, 2, 3, 4) for _ in size]
        stride = [self.pick(1, 2, 2, 3) for _ in size]
        pads = [int(self.rng.integers(0, min(k, 2))) for k in kernel * 2]
        more = [int(self.rng.integers(0, t)) for t in stride]
        out = [(s - 1) * t + k + m - pads[i] - pads[i + len(size)] for i, (s, t, k, m)
               in enumerate(zip(size, stride, kernel, more))]
        if min(out) < 1 or max(out) > 48:
            return self.conv(x)
        inputs = [x, self.weights(c, each, *kernel)]
        if self.chance(0.7):
            inputs.append(self.floats(self.rng.standard_normal(groups * each)))
        return self.node("ConvTranspose", inputs, [n, groups * each, *out],
                         group=groups, kernel_shape=kernel, strides=stride, pads=pads,
                         output_padding=more)

    def repeated_pad(self, x):
        n, c, *size = self.shapes[x]
        pads = [int(self.rng.integers(0, min(s, 3))) for s in size * 2]
        out = [s + pads[i] + pads[i + len(size)] for i, s in enumerate(size)]
        pads = [0, 0, *pads[:len(size)], 0, 0, *pads[len(size):]]
        return self.node("Pad", [x, self.ints(*pads)], [n, c, *out],
                         mode=self.pick("reflect", "edge"))

    def residual(self, x):
        branch = self.conv(x, channels=self.shapes[x][1], same=True)
        if self.chance(0.5):
            branch = self.activation(branch)
        order = [x, branch] if self.chance(0.5) else [branch, x]
        return self.node(self.pick("Add", "Add", "Add", "Sub", "Mul"), order,
                         self.shapes[x])

    def concat(self, x, depth=0):
        """Parts of very different ranges, some of them concatenations."""
        parts = [x]
        for _ in range(self.rng.integers(1, 3)):
            gain = self.pick(0.02, 1, 1, 20) if self.may("concat") else 1
            part = self.conv(x, channels=int(self.rng.integers(1, 40)), same=True,
                             gain=gain)
            if depth == 0 and self.may("concat", 0.3):
                part = self.concat(part, depth + 1)
            parts.append(part)
        self.rng.shuffle(parts)
        n, _, *size = self.shapes[x]
        channels = sum(self.shapes[p][1] for p in parts)
        return self.node("Concat", parts, [n, channels, *size], axis=1)

    def slice(self, x):
        shape = list(self.shapes[x])
        axis = int(self.rng.integers(1, len(shape)))
        start = int(self.rng.integers(0, shape[axis]))
        end = int(self.rng.integers(start + 1, shape[axis] + 1))
        step = self.pick(1, 1, 2)
        size = -(-(end - start) // step)
        if self.may("reverse", 0.5):  # from end - 1 down to start
            first, last = end - 1, start - 1
            start, step = first, -step
            end = last if last >= 0 else -shape[axis] - 1
        shape[axis] = size
        return self.node("Slice", [x, self.ints(start), self.ints(end),
                                   self.ints(axis), self.ints(step)], shape)

    def pad(self, x):
        rank = len(self.shapes[x])
        pads = [0, 0] + [int(self.rng.integers(0, 3)) for _ in range(rank - 2)]
        pads += [0, int(self.rng.integers(0, 5))] + [
            int(self.rng.integers(0, 3)) for _ in range(rank - 2)]
        return self.padded(x, pads, self.pad_value())

    def pad_value(self):
        return self.rng.uniform(-2, 2) if self.may("pad-values", 0.5) else 0

    def padded(self, x, pads, value):
        rank = len(self.shapes[x])
        shape = [s + pads[i] + pads[i + rank]
                 for i, s in enumerate(self.shapes[x])]
        return self.node("Pad", [x, self.ints(*pads), self.floats(value)], shape)

    def two_pads(self, x):
        """One value with the same border of two values."""
        if "two-pads" in self.without:
            return self.pad(x)
        rank = len(self.shapes[x])
        pads = [0, 0] + [self.pick(1, 1, 2)] * (rank - 2)
        values = self.pad_value(), self.pad_value() + 1
        branches = [self.padded(x, pads * 2, v) for v in values]
        channels = int(self.rng.integers(1, 40))
        n, c, *size = self.shapes[branches[0]]
        shape = [n, channels, *(s - 2 for s in size)]
        branches = [self.node("Conv", [b, self.weights(channels, c, *[3] * len(size))],
                              shape) for b in branches]
        return self.node("Add", branches, shape)

    def beside_constant(self, x):
        """A constant on either side of an operator."""
        if "constants" in self.without:
            return self.activation(x)
        _, c, *size = self.shapes[x]
        op = self.pick("Add", "Sub", "Mul", "Div")
        shape = self.pick((), (c, *[1] * len(size)), (1, c, *[1] * len(size)),
                          (size[-1],), (c, *size))
        k = self.floats(self.rng.choice([-1, 1], shape) *
                        self.rng.uniform(0.5, 2, shape))
        if self.chance(0.5):
            return self.node(op, [x, k], self.shapes[x])
        if op == "Div":  # away from zero
            x = self.node("Sigmoid", [x], self.shapes[x])
            x = self.node("Add", [x, self.floats(0.5)], self.shapes[x])
        return self.node(op, [k, x], self.shapes[x])

    def matmul(self, x):
        """Attention between channels: two products of computed values."""
        n, c, *size = self.shapes[x]
        if "matmul" in self.without:
            return self.conv(x)
        k = int(np.prod(size))
        other = self.conv(x, channels=int(self.rng.integers(1, 20)), same=True)
        o = self.shapes[other][1]
        x, other = (self.node("Reshape", [v, self.ints(-1, d, k)], [n, d, k])
                    for v, d in ((x, c), (other, o)))
        turned = self.node("Transpose", [other], [n, k, o], perm=[0, 2, 1])
        y = self.node("MatMul", [x, turned], [n, c, o])
        y = self.node("Mul", [y, self.floats(1 / k)], [n, c, o])
        if self.chance(0.5):
            y = self.node("Softmax", [y], [n, c, o], axis=-1)
        y = self.node("MatMul", [y, other], [n, c, k])
        return self.node("Reshape", [y, self.ints(-1, c, *size)], [n, c, *size])

    def places(self, x):
        """Elements put in order, and back into their places; a sum over channels."""
        n, c, *size = shape = self.shapes[x]
        if "places" in self.without:
            return self.activation(x)
        if self.chance(0.4):
            channels = int(self.rng.integers(1, 20))
            return self.node("Einsum", [x, self.weights(channels, c)],
                             [n, channels, *size], equation="nc...,dc->nd...")
        axis = int(self.rng.integers(1, len(shape)))
        whole = self.chance(0.5)
        k = shape[axis] if whole else int(self.rng.integers(1, shape[axis] + 1))
        ordered = [k if d == axis else s for d, s in enumerate(shape)]
        values, places = self.fresh(ordered), self.fresh(ordered)
        self.nodes.append(helper.make_node(
            "TopK", [x, self.ints(k)], [values, places], name=f"TopK_{values}",
            axis=self.pick(axis, axis - len(shape)), largest=self.pick(0, 1)))
        if not whole:
            return values
        # One that is next to an equal one may come before it or after it.
        values = self.node("GatherElements", [x, places], shape, axis=axis)
        attributes = dict(reduction=self.pick("add", "none")) if self.opset >= 16 else {}
        return self.node("ScatterElements", [self.activation(x), places, values], shape,
                         axis=axis, **attributes)

    def moved(self, x):
        """An activation or a batch norm behind a transpose or a reshape."""
        x = self.conv(x)
        if "moved" in self.without:
            return self.activation(x)
        n, c, *size = shape = self.shapes[x]
        if self.chance(0.5):
            order = [0, *(1 + self.rng.permutation(len(size) + 1))]
            order = [int(d) for d in order]
            y = self.node("Transpose", [x], [shape[d] for d in order], perm=order)
            y = self.batch_norm(y) if self.chance(0.3) else self.activation(y)
            back = [order.index(d) for d in range(len(order))]
            return self.node("Transpose", [y], shape, perm=back)
        k = int(np.prod(size))
        y = self.node("Reshape", [x, self.ints(-1, c, k)], [n, c, k])
        y = self.batch_norm(y) if self.chance(0.3) else self.activation(y)
        return self.node("Reshape", [y, self.ints(-1, *shape[1:])], shape)

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
            if self.chance(0.7):
                x = self.node("Gemm", [x, self.weights(classes, k), self.floats(
                    self.rng.standard_normal(classes))], [n, classes], transB=1)
            else:
                x = self.node("MatMul", [x, self.floats(self.rng.standard_normal(
                    (k, classes)) / np.sqrt(k))], [n, classes])
            if self.may("norm", 0.3):
                x = self.batch_norm(x)
                x = self.activation(x) if self.chance(0.5) else x
            if self.chance(0.2):
                x = self.node("Softmax", [x], self.shapes[x], axis=1)
        return x

    def build(self):
        rank = self.pick(2, 2, 2, 1)
        batch = self.pick("N", "N", 1, 2)
        count = self.pick(1, 1, 2)
        # Inputs of a fixed batch each; nothing joins what comes of them.
        apart = batch != "N" and count > 1 and self.may("batches", 0.5)
        for i in range(count):
            if apart:
                batch = self.pick(1, 2, 3)
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
                      self.scale, self.two_pads, self.beside_constant, self.matmul,
                      self.moved, self.normalization, self.places, self.upsample,
                      self.transposed, self.repeated_pad]
            for _ in range(self.rng.integers(1, 6)):
                grown = self.pick(*layers)(x)
                if self.chance(0.08):
                    self.outputs.append(grown)
                x = grown
            self.outputs.append(self.head(x))
        self.outputs = list(dict.fromkeys(self.outputs))
        infos = [helper.make_tensor_value_info(
            o, TensorProto.FLOAT, [batch if batch == "N" else self.shapes[o][0],
                                   *self.shapes[o][1:]])
            for o in self.outputs]
        graph = helper.make_graph(self.nodes, "random", self.inputs, infos,
                                  self.initializers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 9
        onnx.checker.check_model(model)
        return model

    def is_one_sample(self):
        """True if no number of rows but the inputs' own is defined."""
        return len({self.shapes[i.name][0] for i in self.inputs}) > 1

    def rows(self):
        """Rows of the smallest batch."""
        return min(self.shapes[i.name][0] for i in self.inputs)

    def data(self, samples):
        """`samples` is a multiple of 1, 2 and 3, the batches that there are."""
        return {i.name: self.rng.standard_normal(
            [self.shapes[i.name][0] if self.is_one_sample() else samples,
             *self.shapes[i.name][1:]]).astype(np.float32) for i in self.inputs}
