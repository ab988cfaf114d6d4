"""What random networks grow from."""

import numpy as np
from onnx import helper, numpy_helper

# What a network may leave out, by name: see `Graph.may`.
FEATURES = ("batches", "ceil", "clip", "concat", "constants", "matmul", "moved", "norm",
            "pad-values", "places", "recurrences", "reverse", "two-pads")


class Base:
    """Grows a random network; knows the shape of every value."""

    def __init__(self, seed, without=()):
        self.rng = np.random.default_rng(seed)
        self.without = set(without)
        self.nodes, self.initializers, self.shapes = [], [], {}
        self.inputs, self.outputs = [], []
        self.batch = "N"  # of the input behind which it grows
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
