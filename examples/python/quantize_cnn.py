"""Trains a small CNN with PyTorch, quantizes it, and says what was gained and lost.

    quantize_cnn.py [--save quantized.so]
    quantize_cnn.py --cifar10 FOLDER [--epochs N]

The data are scikit-learn's digits: 1797 images of 8x8 pixels. FOLDER has CIFAR-10's
images: train.npz, calib.npz and test.npz with uint8 arrays image, [n, 3, 32, 32], and
labels, [n]. Without train.npz, the network is trained with calib.npz too.
"""

import argparse
import pathlib
import tempfile

import numpy as np
import octet
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class CNN(nn.Module):
    """Two residual blocks; 1x8x8 images unless it is told otherwise."""

    def __init__(self, channels=1, width=32, classes=10):
        super().__init__()
        self.stem = self.conv(channels, width)
        self.block1 = nn.Sequential(self.conv(width, width), self.conv(width, width))
        self.wide = self.conv(width, 2 * width)
        self.block2 = nn.Sequential(self.conv(2 * width, 2 * width),
                                    self.conv(2 * width, 2 * width))
        self.pool, self.relu = nn.MaxPool2d(2), nn.ReLU()
        self.head = nn.Linear(2 * width, classes)

    @staticmethod
    def conv(inputs, outputs):
        return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
                             nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, x):
        x = self.stem(x)
        x = self.pool(self.relu(x + self.block1(x)))
        x = self.wide(x)
        x = self.pool(self.relu(x + self.block2(x)))
        return self.head(x.mean((2, 3)))


class ColorCNN(CNN):
    def __init__(self):
        super().__init__(channels=3, width=48)


def digits():
    """Images and labels for training, calibration and tests."""
    from sklearn.datasets import load_digits

    data = load_digits()
    images = (data.images[:, None] / 16).astype(np.float32)
    parts = slice(0, 1200), slice(1200, 1300), slice(1300, None)
    return [(torch.tensor(images[p]), torch.tensor(data.target[p])) for p in parts]


def cifar10(folder):
    """The same of CIFAR-10."""
    def part(name):
        with np.load(folder / f"{name}.npz") as data:
            return (torch.tensor(data["image"].astype(np.float32) / 255),
                    torch.tensor(data["labels"]))

    train = "train" if (folder / "train.npz").exists() else "calib"
    return [part(name) for name in (train, "calib", "test")]


def train(net, images, labels, epochs):
    loader = DataLoader(TensorDataset(images, labels), batch_size=50, shuffle=True)
    optimizer = torch.optim.AdamW(net.parameters(), 4e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, epochs=epochs,
                                                   steps_per_epoch=len(loader))
    net.train()
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y, label_smoothing=0.05).backward()
            optimizer.step()
            schedule.step()


def report(cnn, quantized, test_loader):
    """Prints the table; returns its rows: accuracy in %, ms, bytes."""
    plain = octet.compile(cnn)
    accuracy = [octet.evaluate(p, test_loader).top1 for p in (plain, quantized)]
    latency = [each.median for each in octet.benchmark(plain, quantized)]
    sizes = [plain.size, quantized.size]
    rows = list(zip(accuracy, latency, sizes, strict=True))
    print(f"{'':<6}{'top-1':>9}{'latency':>13}{'size':>12}")
    for name, (top1, ms, size) in zip(("FP32", "INT8"), rows, strict=True):
        print(f"{name:<6}{top1:>7.2f} %{ms:>10.4f} ms{size / 1024:>8.0f} KiB")
    print(f"{latency[0] / latency[1]:.1f} times as fast, "
          f"{sizes[1] / sizes[0]:.0%} of the size")
    return rows


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--save", type=pathlib.Path, metavar="FILE")
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    cls = ColorCNN if options.cifar10 else CNN
    parts = cifar10(options.cifar10) if options.cifar10 else digits()
    net = cls()
    train(net, *parts[0], options.epochs)
    calibration_loader, test_loader = (
        DataLoader(TensorDataset(*part), batch_size=50) for part in parts[1:])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "cnn.pt")
        torch.save(net.state_dict(), path)
        cnn = octet.load_trained_model(path, cls)
    quantized = octet.quantize_model(cnn, calibration_loader)
    rows = report(cnn, quantized, test_loader)
    if options.save:
        quantized.save(options.save)
    return rows


if __name__ == "__main__":
    main()
