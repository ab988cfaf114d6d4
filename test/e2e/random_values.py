"""Layers on [N, C, spatial...] that compute with values and move them."""

import numpy as np
from onnx import helper
from random_windows import Windows


class Values(Windows):
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
                       "LRN", "MeanVarianceNormalization", "LogSoftmax", "Softmax",
                       "composed", "composed")
        if op == "composed":
            return self.composed_norm(x)
        if op == "Softmax":
            return self.node(op, [x], self.shapes[x], axis=self.pick(1, -1))
        if op == "LogSoftmax":
            return self.node(op, [x], self.shapes[x], axis=1)
        if op == "MeanVarianceNormalization":
            return self.node(op, [x], self.shapes[x], axes=[1, len(size) + 1])
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

    def composed_norm(self, x):
        """A normalization along channels or the last dimension, written out."""
        shape = self.shapes[x]
        axis = self.pick(1, len(shape) - 1)
        left = [1 if d == axis else s for d, s in enumerate(shape)]

        def mean(value):
            if self.opset >= 18:
                return self.node("ReduceMean", [value, self.ints(axis)], left)
            return self.node("ReduceMean", [value], left, axes=[axis])
        centered = x
        if self.chance(0.6):
            centered = self.node("Sub", [x, mean(x)], shape)
        squares = (self.node("Mul", [centered, centered], shape) if self.chance(0.5)
                   else self.node("Pow", [centered, self.floats(2)], shape))
        # Where all values are alike, an error is not to become all of the result.
        variance = self.node("Add", [mean(squares), self.floats(0.1)], left)
        root = self.node("Sqrt", [variance], left)
        if self.chance(0.5):
            y = self.node("Div", [centered, root], shape)
        else:
            y = self.node("Mul", [centered, self.node("Reciprocal", [root], left)],
                          shape)
        for op in ("Mul", "Add"):
            if self.chance(0.7):
                y = self.node(op, [y, self.floats(self.rng.uniform(
                    0.5, 1.5, (shape[axis], *[1] * (len(shape) - axis - 1))))], shape)
        return y

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

    def residual(self, x):
        branch = self.conv(x, channels=self.shapes[x][1], same=True)
        if self.chance(0.5):
            branch = self.activation(branch)
        order = [x, branch] if self.chance(0.5) else [branch, x]
        return self.node(self.pick("Add", "Add", "Add", "Sub", "Mul", "Max",
                                   "Min"), order, self.shapes[x])

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

    def attention(self, x):
        """Attention between positions: heads that may share keys, and a mask."""
        n, c, *size = self.shapes[x]
        k = int(np.prod(size))
        if "matmul" in self.without or k > 400:
            return self.conv(x)
        shared, each, width = (int(self.rng.integers(1, 4)) for _ in range(3))

        def heads(count):
            y = self.conv(x, channels=count * width, same=True)
            y = self.node("Reshape", [y, self.ints(-1, count, width, k)],
                          [n, count, width, k])
            return y, self.node("Transpose", [y], [n, count, k, width],
                                perm=[0, 1, 3, 2])

        def repeated(y):
            rows, columns = self.shapes[y][2:]
            for op, shape in (("Reshape", (n, shared, 1, rows, columns)),
                              ("Expand", (n, shared, each, rows, columns)),
                              ("Reshape", (n, shared * each, rows, columns))):
                sizes = (1 if op == "Expand" else -1, *shape[1:])
                y = self.node(op, [y, self.ints(*sizes)], shape)
            return y

        query = heads(shared * each)[1]
        turned, value = heads(shared)[0], heads(shared)[1]
        if each > 1:
            turned, value = repeated(turned), repeated(value)
        scores = [n, shared * each, k, k]
        y = self.node("MatMul", [query, turned], scores)
        y = self.node("Mul", [y, self.floats(width ** -0.5)], scores)
        if self.chance(0.6):
            hidden = np.float32(self.pick(-np.inf, -3e38, -5.0))
            distance = int(self.rng.integers(0, k))
            mask = np.where(np.tri(k, k, distance, bool), np.float32(0), hidden)
            y = self.node("Add", [y, self.floats(mask)], scores)
        y = self.node("Softmax", [y], scores, axis=-1)
        y = self.node("MatMul", [y, value], [n, shared * each, k, width])
        y = self.node("Transpose", [y], [n, shared * each, width, k], perm=[0, 1, 3, 2])
        c = shared * each * width
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
