"""Layers on [N, C, spatial...] that go along an axis, or put values elsewhere."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from random_values import Values


class Steps(Values):
    def flat(self, x):
        """[N, C, K], all spatial dimensions in one."""
        n, c, *size = self.shapes[x]
        k = int(np.prod(size))
        return self.node("Reshape", [x, self.ints(-1, c, k)], [n, c, k])

    def recurrent(self, x):
        """A recurrence along the channels, of what is in space."""
        # A batch that may have any size stays in front.
        if "recurrences" in self.without or self.batch == "N":
            return self.activation(x)
        n, c, *size = self.shapes[x]
        k, hidden = int(np.prod(size)), int(self.rng.integers(1, 40))
        op = self.pick("LSTM", "GRU", "RNN")
        gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
        direction = self.pick("forward", "reverse", "bidirectional")
        directions = 2 if direction == "bidirectional" else 1
        steps = self.node("Transpose", [self.flat(x)], [c, n, k], perm=[1, 0, 2])
        inputs = [steps, self.floats(self.rng.standard_normal(
            (directions, gates * hidden, k)) / np.sqrt(k)), self.floats(
            self.rng.standard_normal((directions, gates * hidden, hidden)) /
            np.sqrt(hidden))]
        if self.chance(0.6):
            inputs.append(self.floats(self.rng.standard_normal(
                (directions, 2 * gates * hidden))))
        attributes = dict(hidden_size=hidden, direction=direction)
        if op == "GRU":
            attributes["linear_before_reset"] = self.pick(0, 1)
        y = self.node(op, inputs, [c, directions, n, hidden], **attributes)
        y = self.node("Transpose", [y], [n, c, directions, hidden], perm=[2, 0, 1, 3])
        rest = [directions, hidden] if len(size) == 2 else [directions * hidden]
        rest += [1] * (len(size) - len(rest))
        return self.node("Reshape", [y, self.ints(-1, c, *rest)], [n, c, *rest])

    def cumulative(self, x):
        shape = self.shapes[x]
        axis = int(self.rng.integers(1, len(shape)))
        y = self.node("CumSum", [x, self.ints_scalar(self.pick(axis, axis - len(shape)))],
                      shape, exclusive=self.pick(0, 1), reverse=self.pick(0, 1))
        return self.node("Mul", [y, self.floats(1 / shape[axis])], shape)

    def ints_scalar(self, value):
        return self.constant(np.array(value, np.int64))

    def looped(self, x):
        """A loop whose body reads a value around it."""
        shape = self.shapes[x]
        around = self.activation(x)
        tag = f"_{len(self.nodes)}"
        info = helper.make_tensor_value_info
        names = [n + tag for n in ("step", "on", "state", "more", "half", "next")]
        step, on, state, more, half, following = names
        body = helper.make_graph(
            [helper.make_node("Identity", [on], [more]),
             helper.make_node("Mul", [state, "factor" + tag], [half]),
             helper.make_node(self.pick("Add", "Sub", "Max"), [half, around], [following])],
            "body" + tag,
            [info(step, TensorProto.INT64, []), info(on, TensorProto.BOOL, []),
             info(state, TensorProto.FLOAT, None)],
            [info(more, TensorProto.BOOL, []), info(following, TensorProto.FLOAT, None)],
            [numpy_helper.from_array(np.float32(self.rng.uniform(0.3, 0.8)),
                                     "factor" + tag)])
        count = self.ints_scalar(int(self.rng.integers(1, 4)))
        return self.node("Loop", [count, self.constant(np.array(True)), x], shape,
                         body=body)

    def extremes(self, x):
        """An element of two or three values, or their mean."""
        others = [self.conv(x, channels=self.shapes[x][1], same=True)
                  for _ in range(self.pick(1, 1, 2))]
        if self.chance(0.3):
            others.append(self.floats(self.rng.standard_normal(
                (self.shapes[x][1], *[1] * (len(self.shapes[x]) - 2)))))
        inputs = [x, *others]
        self.rng.shuffle(inputs)
        return self.node(self.pick("Max", "Min", "Max", "Min", "Sum", "Mean"), inputs,
                         self.shapes[x])

    def function(self, x):
        """A function of one value that several nodes make."""
        shape = self.shapes[x]

        def of(op, *inputs, **attributes):
            return self.node(op, [*inputs], shape, **attributes)
        kind = self.pick("silu", "gelu", "mish", "exp", "root", "log", "power", "softsign",
                         "selu", "celu", "abs", "reciprocal")
        if kind == "silu":
            return of("Mul", x, of("Sigmoid", x))
        if kind == "gelu":
            cdf = of("Erf", of("Div", x, self.floats(np.sqrt(2))))
            return of("Mul", of("Mul", x, of("Add", cdf, self.floats(1))),
                      self.floats(0.5))
        if kind == "mish":
            return of("Mul", x, of("Tanh", of("Softplus", x)))
        if kind == "exp":
            return of("Exp", of("Neg", of("Abs", x)))
        if kind == "root":
            return of("Sqrt", of("Add", of("Abs", x), self.floats(0.1)))
        if kind == "log":
            return of("Log", of("Add", of("Abs", x), self.floats(0.2)))
        if kind == "power":
            bounded = of("Clip", x, self.floats(-3), self.floats(3))
            return of("Pow", bounded, self.floats(self.pick(2, 3)))
        if kind == "reciprocal":
            return of("Reciprocal", of("Add", of("Mul", x, x), self.floats(1)))
        return of({"softsign": "Softsign", "selu": "Selu", "celu": "Celu",
                   "abs": "Abs"}[kind], x)

    def reduced(self, x):
        """A value beside what is left of it along some axes."""
        shape = self.shapes[x]
        axes = sorted({int(self.rng.integers(1, len(shape))) for _ in range(2)})
        op = self.pick("ReduceMax", "ReduceMin", "ReduceMean", "ReduceL2",
                       "ReduceLogSumExp", "ReduceSumSquare", "ReduceL1")
        left = [1 if d in axes else s for d, s in enumerate(shape)]
        if self.opset >= 18:
            y = self.node(op, [x, self.ints(*axes)], left)
        else:
            y = self.node(op, [x], left, axes=axes)
        if op in ("ReduceL1", "ReduceL2", "ReduceSumSquare"):
            y = self.node("Sqrt" if op == "ReduceSumSquare" else "Identity", [y], left)
            y = self.node("Add", [y, self.floats(1)], left)
            return self.node("Div", [x, y], shape)
        return self.node(self.pick("Add", "Sub"), [x, y], shape)

    def split(self, x):
        """Parts of it, some of them changed, in another order."""
        n, c, *size = self.shapes[x]
        if c < 2:
            return self.activation(x)
        cuts = sorted({int(i) for i in self.rng.integers(1, c, 2)})
        counts = np.diff([0, *cuts, c]).tolist()
        parts = [self.fresh([n, k, *size]) for k in counts]
        self.nodes.append(helper.make_node("Split", [x, self.ints(*counts)], parts,
                                           name=f"Split_{parts[0]}", axis=1))
        parts = [self.activation(p) if self.chance(0.4) else p for p in parts]
        self.rng.shuffle(parts)
        return self.node("Concat", parts, [n, c, *size], axis=1)

    def chosen(self, x):
        """Elements by position: gathered, repeated, or of one of two values."""
        n, c, *size = shape = list(self.shapes[x])
        axis = int(self.rng.integers(1, len(shape)))
        kind = self.pick("gather", "expand", "tile", "where", "trilu")
        if kind == "gather":
            count = int(self.rng.integers(1, 12))
            places = self.rng.integers(-shape[axis], shape[axis], count)
            shape[axis] = count
            return self.node("Gather", [x, self.ints(*places)], shape, axis=axis)
        if kind == "expand":
            one = [1 if d == axis else s for d, s in enumerate(shape)]
            first = self.node("Slice", [x, self.ints(0), self.ints(1), self.ints(axis)],
                              one)
            wide = self.node("Expand", [first, self.ints(1, *shape[1:])], shape)
            return self.node("Add", [self.activation(x), wide], shape)
        if kind == "tile" and max(size) * 2 <= 24:
            repeats = [1, 1, *(self.pick(1, 2) for _ in size)]
            return self.node("Tile", [x, self.ints(*repeats)],
                             [s * r for s, r in zip(shape, repeats)])
        if kind == "trilu":
            return self.node("Trilu", [x, self.ints_scalar(self.pick(0, 1, -1))], shape,
                             upper=self.pick(0, 1))
        mask = self.constant(self.rng.random((c, *[1] * (len(size) - 1), size[-1])) < 0.5)
        other = self.activation(x) if self.chance(0.5) else self.floats(0.25)
        return self.node("Where", [mask, x, other], shape)
