"""Exports architectures with random weights by PyTorch; a process of its own.

    python -m suite.architectures FOLDER NAME...

Each becomes FOLDER/NAME.onnx, as torch.onnx.export writes it by default, with a
symbolic first dimension. Weights are random. The statistics of batch normalizations
are those of what flows through the net, so that every layer has values of usual size
and a wrong result shows. Needs the environment "export".
"""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import samples

# Name, how it is made, and the rows and columns of its images.
SIZES = {"resnet50": 224, "resnet18": 224, "mobilenetv2": 224, "resnet20": 32,
         "efficientnet_b0": 224, "mobilenetv3_large": 224, "efficientnet_lite0": 224,
         "mobilenetv4_small": 224, "inception_v3": 299, "squeezenet1_1": 224,
         "densenet121": 224, "resnext50": 224, "regnet_y_400mf": 224}
_TORCHVISION: dict[str, tuple[str, dict[str, Any]]] = {
    "mobilenetv2": ("mobilenet_v2", {}),
    "mobilenetv3_large": ("mobilenet_v3_large", {}),
    "inception_v3": ("inception_v3", {"aux_logits": False, "init_weights": False}),
    "resnext50": ("resnext50_32x4d", {}),
}
_TIMM = {"efficientnet_lite0": "tf_efficientnet_lite0",
         "mobilenetv4_small": "mobilenetv4_conv_small"}
_IMAGES_OF_STATISTICS = 8
OUTPUT = "scores"


def _resnet20(torch: Any) -> Any:
    """Of the first paper on residual networks, for CIFAR-10; shortcuts convolve."""
    nn = torch.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()

            def layer(inputs: int, kernel: int, stride: int) -> Any:
                return nn.Sequential(
                    nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2,
                              bias=False), nn.BatchNorm2d(outputs))

            self.first = layer(inputs, 3, stride)
            self.second = layer(outputs, 3, 1)
            self.shortcut = (nn.Identity() if inputs == outputs
                             else layer(inputs, 1, stride))

        def forward(self, x: Any) -> Any:
            y = self.second(torch.relu(self.first(x)))
            return torch.relu(y + self.shortcut(x))

    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    inputs = 16
    for outputs in (16, 32, 64):
        for block in range(3):
            layers.append(Block(inputs, outputs, 1 if block or outputs == 16 else 2))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(64, 10))


def _make(name: str, torch: Any) -> Any:
    if name == "resnet20":
        return _resnet20(torch)
    if name in _TIMM:
        make: Callable[..., Any] = importlib.import_module("timm").create_model
        return make(_TIMM[name], pretrained=False)
    function, arguments = _TORCHVISION.get(name, (name, {}))
    models = importlib.import_module("torchvision").models
    return getattr(models, function)(weights=None, **arguments)


def _take_statistics(net: Any, images: Any, torch: Any) -> None:
    """Sets the statistics of every batch normalization to those of `images`."""
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # An average over all images.
        norm.train()
    with torch.no_grad():
        net(images)


def make(name: str) -> tuple[Any, Any]:
    """A net, the same each time, and the images that its statistics are of."""
    torch = importlib.import_module("torch")
    torch.manual_seed(0)
    net = _make(name, torch).eval()
    images = torch.from_numpy(
        samples.images(_IMAGES_OF_STATISTICS, 3, SIZES[name], seed=0))
    _take_statistics(net, images, torch)
    return net.eval(), images


def export(name: str, path: Path) -> None:
    """Writes one architecture to `path`."""
    torch = importlib.import_module("torch")
    net, images = make(name)
    part = path.with_suffix(".part")
    # Two images: a first dimension of 1 would be taken for a constant.
    torch.onnx.export(net, (images[:2],), str(part), dynamo=True, external_data=False,
                      verbose=False, input_names=["image"], output_names=[OUTPUT],
                      dynamic_shapes=({0: torch.export.Dim("N")},))
    part.rename(path)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    for name in sys.argv[2:]:
        path = folder / f"{name}.onnx"
        if not path.exists():
            export(name, path)
        print(name, flush=True)


if __name__ == "__main__":
    main()
