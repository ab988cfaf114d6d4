"""Small networks in PyTorch."""

import torch
from torch import nn


class Cnn(nn.Module):
    """Convolutions with batch normalization, a residual and a depthwise one."""

    def __init__(self, classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8),
                                  nn.ReLU())
        self.block = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8),
                                   nn.BatchNorm2d(8), nn.Conv2d(8, 8, 1))
        self.head = nn.Linear(8 * 16, classes)

    def forward(self, x):
        x = self.stem(x)
        x = nn.functional.max_pool2d(torch.relu(x + self.block(x)), 2)
        return self.head(x.view(x.size(0), -1))


class Two(nn.Module):
    """Two inputs, one of which may be left out, and a dict of outputs."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(6, 5), nn.Linear(4, 5)

    def forward(self, input, id, *, scale=None):  # noqa: A002
        y = torch.relu(self.left(input)) + self.right(id)
        return {"logits": y if scale is None else y * scale, "rest": (input, None)}


class Branches(nn.Module):
    """Goes another way for other data."""

    def forward(self, x):
        if x.sum() > 0:
            return x * 2
        return x


class Singular(nn.Module):
    def forward(self, x):
        return torch.linalg.svdvals(x)


class Deep(nn.Module):
    """Has an operator without an ONNX form in a submodule."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), Singular())

    def forward(self, x):
        return self.body(x).sum(-1)


class Mean(nn.Module):
    """Samples meet in it."""

    def forward(self, x):
        return x - x.mean(0, keepdim=True)


def randomize(module, seed=0):
    """Weights and statistics that differ everywhere."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
                if name.endswith("running_var"):
                    value.copy_(value.abs() + 0.5)
    return module
