"""Random ONNX networks with unfriendly shapes."""

import numpy as np
import onnx
from onnx import TensorProto, helper
from random_steps import Steps


class Graph(Steps):
    """A network of some layers behind each input."""

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
        rank = self.pick(2, 2, 2, 2, 2, 2, 1, 1, 3)
        batch = self.pick("N", "N", 1, 2)
        count = self.pick(1, 1, 2)
        # Inputs of a fixed batch each; nothing joins what comes of them.
        apart = batch != "N" and count > 1 and self.may("batches", 0.5)
        for i in range(count):
            if apart:
                batch = self.pick(1, 2, 3)
            self.batch = batch
            size = [int(self.rng.integers(3, 24 if rank < 3 else 7)) for _ in range(rank)]
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
                      self.attention, self.moved, self.normalization, self.places,
                      self.upsample,
                      self.transposed, self.repeated_pad, self.recurrent,
                      self.cumulative, self.looped, self.extremes, self.function,
                      self.function, self.reduced, self.split, self.chosen]
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
