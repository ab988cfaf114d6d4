"""Operators on windows and sampled images that are refused, by one sentence each.

    windows.py --octet BIN
"""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from graphs import FLOAT, ints, model, node, run_cases, weights  # noqa: E402

IMAGE = [("x", FLOAT, [1, 2, 5, 6])]

REFUSED = [
    *((f"{op}: {what}", model([node(op, "x w" if op.startswith("Conv") else "x", **attributes)], IMAGE, w=weights(2, 2, 3, 3)), what)
      for op, attributes, what in (
          ("Conv", dict(group=3), "3 groups do not fit"),
          ("Conv", dict(group=-1), "-1 groups do not fit"),
          ("Conv", dict(strides=[0, 1]), "must be positive and sensible"),
          ("Conv", dict(dilations=[9, 1]), "the filter is larger than the padded input"),
          ("ConvTranspose", dict(group=3), "3 groups do not fit"),
          ("ConvTranspose", dict(pads=[9, 0, 9, 0]), "dimension 2 of its result is -11, which is no size"),
          ("ConvTranspose", dict(output_padding=[-1, 0]), "output_padding must not be negative or huge"),
          ("ConvTranspose", dict(output_shape=[0, 5]), "dimension 2 of its result is 0, which is no size"),
          ("ConvTranspose", dict(dilations=[1 << 20, 1 << 20], strides=[2, 2]), "spread the filter to more than 2\\^28 elements"),
          ("ConvTranspose", dict(auto_pad="SAME"), "auto_pad 'SAME' is unknown"),
          ("MaxPool", dict(kernel_shape=[2, 2], pads=[2, 0, 0, 0]), "pads reach beyond the kernel"),
          ("MaxPool", dict(kernel_shape=[2]), "a window of 1 dimensions does not fit an input of rank 4"),
          ("MaxPool", dict(kernel_shape=[1, 1, 1, 1]), "only 1-D, 2-D and 3-D windows are supported"),
          ("AveragePool", dict(kernel_shape=[7, 2]), "the kernel is larger than the padded input"),
          ("LpPool", dict(kernel_shape=[2, 2], p=0), "p must be a number from 1 to 64"),
          ("DepthToSpace", dict(blocksize=0), "blocksize is 0, which is no size"),
          ("DepthToSpace", dict(blocksize=2), "blocks of 4 do not divide 2 channels"),
          ("DepthToSpace", dict(blocksize=1, mode="RCD"), "mode 'RCD' is unknown"),
          ("SpaceToDepth", dict(blocksize=4), "blocks of 4 do not divide 5 rows and 6 columns"))),
    *((f"Resize: {what}", model([node("Resize", inputs, **attributes)], IMAGE, **constants), what)
      for inputs, attributes, constants, what in (
          ("x", {}, {}, "takes either scales or sizes"),
          ("x  s z", {}, dict(s=np.ones(4, np.float32), z=ints(1, 2, 5, 6)), "takes either scales or sizes"),
          ("x  s", {}, dict(s=np.ones(3, np.float32)), "scales must hold a number for each dimension"),
          ("x  s", {}, dict(s=np.float32([1, 1, 0.1, 1])), "the scale of dimension 2 leaves no size"),
          ("x   z", {}, dict(z=ints(1, 2, -5, 6)), "the size of dimension 2 is -5, which is no size"),
          ("x  s", dict(mode="area"), dict(s=np.ones(4, np.float32)), "mode 'area' is unknown"),
          ("x  s", dict(nearest_mode="up"), dict(s=np.ones(4, np.float32)), "nearest_mode 'up' is unknown"),
          ("x  s", dict(coordinate_transformation_mode="tf"), dict(s=np.ones(4, np.float32)),
           "coordinate_transformation_mode 'tf' is unknown"),
          ("x  s", dict(coordinate_transformation_mode="tf_crop_and_resize"), dict(s=np.float32([1, 1, 2, 2])),
           "roi must hold a start and an end for each dimension"))),
    ("Pad: a mode", model([node("Pad", "x p", mode="mirror")], IMAGE, p=ints(0, 0, 1, 1, 0, 0, 1, 1)), "mode 'mirror' is unknown"),
    ("GridSample: a grid", model([node("GridSample", "x g")], IMAGE, g=weights(1, 3, 4, 3)), "the grid does not fit the input"),
    ("RoiAlign: its ratio", model([node("RoiAlign", "x r b")], IMAGE, r=weights(2, 4), b=ints(0, 0)),
     "sampling_ratio is 0; export it as a number from 1 to 64"),
    ("MaxUnpool: its shape", model([node("MaxUnpool", "x i z", kernel_shape=[2, 2])], IMAGE, i=np.zeros((1, 2, 5, 6), np.int64),
                                   z=ints(1, 2, 5, 6)), "output_shape must not be less than what the window gives"),
]


if __name__ == "__main__":
    sys.exit(run_cases("windows", [], REFUSED))
