"""Data and ranges for merge.test."""

import json
import pathlib
import sys

import numpy as np


def split(data):
    """Parts of 7, 43 and the rest, and the 16 samples that are weighed of all."""
    folder = pathlib.Path(data).parent
    images = np.load(data)["image"]
    for i, part in enumerate(np.split(images, [7, 50])):
        np.savez(folder / f"{i}.npz", image=part)
    n = len(images)
    np.savez(folder / "weighed.npz", image=images[[i * n // 16 for i in range(16)]])


def unround(path):
    ranges = json.loads(pathlib.Path(path).read_text())
    pathlib.Path(path).write_text(json.dumps({"unrounded": ["image"], **ranges}))


def rename(path, to):
    text = pathlib.Path(path).read_text()
    pathlib.Path(to).write_text(text.replace('"model_hash": "', '"model_hash": "x'))


{"split": split, "unround": unround, "rename": rename}[sys.argv[1]](*sys.argv[2:])
