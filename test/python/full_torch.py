"""torchvision's classifiers and a U-Net, by hand and through PyTorch: minutes.

    pytest full_torch.py

Each is quantized by `quantize_model(module, loader)`, and by the commands with what
`torch.onnx.export` writes to a file; both programs must give the same bytes.
"""

import pathlib
import subprocess

import numpy as np
import octet
import pytest
import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

DRIVER = pathlib.Path(octet.__file__).parent / "_driver/bin/octet"
SAMPLES, SIZE = 8, 96

CLASSIFIERS = ["resnet18", "resnet50", "mobilenet_v2", "mobilenet_v3_small",
               "efficientnet_b0", "squeezenet1_1", "shufflenet_v2_x1_0", "densenet121"]


class UNet(nn.Module):
    """Two levels, with skips and transposed convolutions."""

    def __init__(self, width=16):
        super().__init__()
        self.down1, self.down2 = self.block(3, width), self.block(width, 2 * width)
        self.bottom = self.block(2 * width, 4 * width)
        self.up2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2)
        self.join2 = self.block(4 * width, 2 * width)
        self.up1 = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.join1 = self.block(2 * width, width)
        self.head = nn.Conv2d(width, 2, 1)

    @staticmethod
    def block(inputs, outputs):
        layers = []
        for channels in (inputs, outputs):
            layers += [nn.Conv2d(channels, outputs, 3, padding=1),
                       nn.BatchNorm2d(outputs), nn.ReLU()]
        return nn.Sequential(*layers)

    def forward(self, x):
        one = self.down1(x)
        two = self.down2(nn.functional.max_pool2d(one, 2))
        x = self.up2(self.bottom(nn.functional.max_pool2d(two, 2)))
        x = self.up1(self.join2(torch.cat([x, two], 1)))
        return self.head(self.join1(torch.cat([x, one], 1)))


def make(name):
    torch.manual_seed(0)
    module = UNet() if name == "unet" else torchvision.models.get_model(name)
    # Statistics of real activations, so that values neither vanish nor explode.
    with torch.no_grad():
        for _ in range(4):
            module.train()(torch.randn(8, 3, SIZE, SIZE))
    return module.eval()


@pytest.mark.parametrize("name", [*CLASSIFIERS, "unet"])
def test_quantizes_like_the_exported_file(name, tmp_path):
    module = make(name)
    images = torch.randn(SAMPLES, 3, SIZE, SIZE,
                         generator=torch.Generator().manual_seed(1))
    loader = DataLoader(TensorDataset(images, torch.zeros(SAMPLES, dtype=torch.long)),
                        batch_size=4)
    program = octet.quantize_model(module, loader)

    file = tmp_path / "net.onnx"
    torch.onnx.export(module, (images[:2],), file, input_names=["x"],
                      dynamic_shapes=({0: torch.export.Dim("n")},), verbose=False,
                      external_data=False)
    np.savez(tmp_path / "calib.npz", x=images.numpy())
    subprocess.run([DRIVER, "compile", file, "--calib", tmp_path / "calib.npz", "-o",
                    tmp_path / "net"], check=True, timeout=3600)
    subprocess.run([tmp_path / "net", "run", "--input", tmp_path / "calib.npz", "-o",
                    tmp_path / "y.npz"], check=True, timeout=3600)
    with np.load(tmp_path / "y.npz") as data:
        (expected,) = (data[key] for key in data)
    (result,) = program.run(images.numpy()).values()
    np.testing.assert_array_equal(result.view(np.uint32), expected.view(np.uint32))

    with torch.inference_mode():
        reference = module(images).numpy()
    plain = octet.compile(program.model).run(images.numpy())
    np.testing.assert_allclose(next(iter(plain.values())), reference, rtol=1e-3,
                               atol=1e-3 * float(np.abs(reference).max()))
