"""Trains the example network and writes digits.onnx (needs torch and onnx).

The data is scikit-learn's digits: 1797 images of 8x8 pixels in 0...16. The
first 1200 are for training; data.py keeps calibration and test data apart.
"""

import pathlib

import numpy as np
import onnx
import torch
from data import TRAINING, load
from onnx import TensorProto, helper, numpy_helper
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 32, 3, padding=1)
        self.wide = nn.Conv2d(32, 64, 3, padding=1)
        self.block1 = nn.Conv2d(64, 64, 3, padding=1)
        self.block2 = nn.Conv2d(64, 64, 3, padding=1)
        self.deep = nn.Conv2d(64, 128, 3, padding=1)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        x = torch.relu(self.stem(x / 16))
        x = torch.relu(self.wide(x))
        x = torch.relu(x + self.block2(torch.relu(self.block1(x))))
        x = nn.functional.max_pool2d(x, 2)
        x = torch.relu(self.deep(x)).mean((2, 3))
        return self.head(x)


def train():
    torch.manual_seed(0)
    images, labels = load(TRAINING)
    images, labels = torch.tensor(images), torch.tensor(labels)
    net = Net()
    epochs = 40
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for epoch in range(epochs):
        for batch in torch.randperm(len(images)).split(50):
            x = images[batch]
            # Shifts of up to one pixel: the images are centred loosely.
            dy, dx = (int(s) for s in torch.randint(-1, 2, (2,)))
            x = torch.roll(x, (dy, dx), (2, 3))
            loss = nn.functional.cross_entropy(net(x), labels[batch],
                                               label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}")
    return {k: v.detach().numpy() for k, v in net.state_dict().items()}


def export(weights, path):
    nodes, initializers = [], [
        numpy_helper.from_array(np.float32(16), "sixteen")]
    for name, array in weights.items():
        initializers.append(numpy_helper.from_array(array, name))

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output],
                                      name=output, **attributes))
        return output

    def conv(x, name):
        return node("Conv", [x, f"{name}.weight", f"{name}.bias"], name,
                    kernel_shape=[3, 3], pads=[1, 1, 1, 1])

    x = node("Div", ["image", "sixteen"], "scaled")
    x = node("Relu", [conv(x, "stem")], "stem_relu")
    x = skip = node("Relu", [conv(x, "wide")], "wide_relu")
    x = node("Relu", [conv(x, "block1")], "block1_relu")
    x = node("Add", [skip, conv(x, "block2")], "sum")
    x = node("Relu", [x], "block_relu")
    x = node("MaxPool", [x], "pool", kernel_shape=[2, 2], strides=[2, 2])
    x = node("Relu", [conv(x, "deep")], "deep_relu")
    x = node("GlobalAveragePool", [x], "mean")
    x = node("Flatten", [x], "features")
    node("Gemm", [x, "head.weight", "head.bias"], "scores", transB=1)
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT,
                                       ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 10])],
        initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    export(train(), pathlib.Path(__file__).with_name("digits.onnx"))
