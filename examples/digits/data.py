"""Writes calib.npz and test.npz from scikit-learn's digits.

    data.py FOLDER
"""

import pathlib
import sys

import numpy as np
from sklearn.datasets import load_digits

TRAINING, CALIBRATION, TEST = slice(0, 1200), slice(1200, 1300), slice(1300, None)


def load(part):
    digits = load_digits()
    images = digits.images[part].astype(np.float32)[:, None]
    return images, digits.target[part].astype(np.int64)


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in (("calib", CALIBRATION), ("test", TEST)):
        images, labels = load(part)
        np.savez(folder / f"{name}.npz", image=images, labels=labels)
