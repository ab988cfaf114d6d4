"""Every ONNX operator that Octet takes, against a reference in FP32.

    operators.py --octet BIN

Each case is a network of one operator in one operator set; the program for
`generic` must agree to 1e-5 of the largest value.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

RNG = np.random.default_rng(5)


def weights(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)


def positive(*shape):
    return RNG.uniform(0.5, 2, shape).astype(np.float32)


def floats(*values):
    return np.array(values, np.float32)


def uniform(*shape):
    return RNG.uniform(-1.5, 1.5, shape).astype(np.float32)


IMAGE, ROWS, LINE, VOLUME = (1, 6, 9, 7), (1, 12), (1, 5, 11), (1, 4, 5, 6, 7)
LABELS = RNG.integers(0, 6, (1, 9, 7))
STEPS, LENGTHS = (5, 3, 6), np.array([5, 2, 4], np.int32)
B = "batch-norm parameters"

# operator, input shape, other inputs, attributes, operator sets
CASES = [
    ("Conv", IMAGE, [weights(4, 6, 3, 3)], {}, (7, 11, 22)),
    ("Conv", IMAGE, [weights(4, 6, 3, 2), weights(4)],
     dict(pads=[0, 1, 2, 1], strides=[2, 1], dilations=[1, 2]), (11,)),
    ("Conv", IMAGE, [weights(4, 6, 3, 3)], dict(auto_pad="SAME_UPPER", strides=[2, 2]), (11,)),
    ("Conv", IMAGE, [weights(4, 6, 2, 2)], dict(auto_pad="SAME_LOWER"), (11,)),
    ("Conv", IMAGE, [weights(4, 6, 3, 3)], dict(auto_pad="VALID"), (11,)),
    ("Conv", IMAGE, [weights(9, 2, 3, 3)], dict(group=3), (11,)),
    ("Conv", IMAGE, [weights(6, 1, 3, 3)], dict(group=6), (11,)),
    ("Conv", IMAGE, [weights(12, 1, 3, 3)], dict(group=6), (11,)),
    ("Conv", LINE, [weights(4, 5, 3), weights(4)], dict(pads=[1, 1]), (11,)),
    ("Gemm", ROWS, [weights(12, 5), weights(5)], {}, (7, 13)),
    ("Gemm", ROWS, [weights(5, 12), weights(1, 1)],
     dict(transB=1, alpha=0.5, beta=2.0), (9, 11)),
    ("Gemm", (12, 3), [weights(12, 5)], dict(transA=1), (13,)),
    ("MatMul", (1, 4, 6), [weights(6, 5)], {}, (9, 13)),
    ("MatMul", (1, 4, 6), [weights(3, 6, 5)], {}, (13,)),
    ("MatMul", (1, 4, 6), [weights(6)], {}, (13,)),
    ("Add", IMAGE, [weights(6, 1, 1)], {}, (7, 14)),
    ("Sub", IMAGE, [weights(1, 6, 9, 7)], {}, (7, 14)),
    ("Mul", IMAGE, [weights(7)], {}, (7, 14)),
    ("Div", IMAGE, [positive(1)], {}, (7, 14)),
    ("BatchNormalization", IMAGE, B, dict(epsilon=1e-3), (9, 15)),
    ("BatchNormalization", ROWS, B, {}, (14,)),
    ("Relu", IMAGE, [], {}, (7, 14)),
    ("LeakyRelu", IMAGE, [], dict(alpha=0.2), (7, 16)),
    ("Clip", IMAGE, [], dict(min=-0.5, max=0.75), (7,)),
    ("Clip", IMAGE, [np.float32(-0.5), np.float32(0.75)], {}, (11, 13)),
    ("Clip", IMAGE, [None, np.float32(0.75)], {}, (12,)),
    ("Sigmoid", IMAGE, [], {}, (7, 13)),
    ("HardSigmoid", IMAGE, [], dict(alpha=0.3), (7, 22)),
    ("HardSwish", IMAGE, [], {}, (14, 22)),
    ("Tanh", IMAGE, [], {}, (7, 13)),
    ("MaxPool", IMAGE, [], dict(kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1]), (8, 12)),
    ("MaxPool", IMAGE, [], dict(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1), (10,)),
    ("MaxPool", IMAGE, [], dict(kernel_shape=[2, 2], strides=[3, 3], pads=[0, 0, 1, 1], ceil_mode=1), (12, 22)),
    ("MaxPool", IMAGE, [], dict(kernel_shape=[3, 3], dilations=[2, 2]), (12,)),
    ("MaxPool", LINE, [], dict(kernel_shape=[3], strides=[2]), (12,)),
    ("AveragePool", IMAGE, [], dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1]), (7, 19)),
    ("AveragePool", IMAGE, [], dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1), (11,)),
    ("AveragePool", IMAGE, [], dict(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1), (10, 19)),
    ("GlobalAveragePool", IMAGE, [], {}, (7, 22)),
    ("GlobalAveragePool", LINE, [], {}, (7,)),
    ("ReduceMean", IMAGE, [], dict(axes=[2, 3], keepdims=0), (7, 13)),
    ("ReduceMean", IMAGE, [ints(-1)], {}, (18,)),
    ("ReduceMean", LINE, [], dict(axes=[1]), (13,)),
    ("Pad", IMAGE, [], dict(pads=[0, 0, 1, 2, 0, 3, 0, 1], value=1.5), (7,)),
    ("Pad", IMAGE, [ints(0, 0, 1, -2, 0, 3, 0, 1), np.float32(-1)], {}, (11, 21, 23)),
    ("Pad", IMAGE, [ints(1, 2), None, ints(3)], {}, (18,)),
    ("Concat", IMAGE, [weights(1, 2, 9, 7)], dict(axis=1), (7, 13)),
    ("Concat", IMAGE, [weights(1, 6, 9, 3)], dict(axis=-1), (13,)),
    ("Slice", IMAGE, [], dict(starts=[1, -3], ends=[5, 100], axes=[1, 2]), (7,)),
    ("Slice", IMAGE, [ints(5, 0), ints(0, 7), ints(1, -1), ints(-2, 3)], {}, (10, 13)),
    ("Reshape", IMAGE, [ints(0, -1, 7)], {}, (7, 14, 21, 23)),
    ("Flatten", IMAGE, [], dict(axis=2), (7, 13, 23)),
    ("Flatten", IMAGE, [], dict(axis=-1), (11,)),
    ("Transpose", IMAGE, [], dict(perm=[0, 3, 1, 2]), (7, 13, 23)),
    ("Transpose", ROWS, [], {}, (13,)),
    ("Squeeze", (1, 6, 1, 7), [], dict(axes=[2]), (7, 11)),
    ("Squeeze", (1, 6, 1, 7), [ints(-2)], {}, (13, 23)),
    ("Unsqueeze", LINE, [], dict(axes=[0, 3]), (7,)),
    ("Unsqueeze", LINE, [ints(-1)], {}, (13, 21, 23)),
    ("Softmax", IMAGE, [], {}, (7, 11)),
    ("Softmax", IMAGE, [], dict(axis=1), (11, 13)),
    ("Identity", IMAGE, [], {}, (7, 16, 23)),
    ("Dropout", IMAGE, [], {}, (7, 12, 22)),
    ("Cast", IMAGE, [], dict(to=TensorProto.FLOAT), (9, 21, 23)),
    # Convolutions of one to three dimensions
    ("Conv", VOLUME, [weights(6, 2, 2, 3, 1), weights(6)],
     dict(group=2, pads=[1, 0, 0, 1, 2, 0], strides=[2, 1, 1]), (7, 11, 22)),
    ("Conv", VOLUME, [weights(3, 4, 3, 3, 2)],
     dict(auto_pad="SAME_UPPER", strides=[2, 2, 1]), (11,)),
    ("Conv", VOLUME, [weights(3, 4, 2, 2, 2)], dict(dilations=[2, 1, 3]), (11,)),
    ("ConvTranspose", IMAGE, [weights(6, 4, 2, 2), weights(4)], dict(strides=[2, 2]),
     (7, 11, 22)),
    ("ConvTranspose", IMAGE, [weights(6, 4, 4, 3), weights(4)],
     dict(strides=[2, 3], pads=[1, 0, 2, 1], output_padding=[1, 2]), (11,)),
    ("ConvTranspose", IMAGE, [weights(6, 2, 3, 3), weights(6)],
     dict(group=3, strides=[2, 1], dilations=[2, 3]), (11,)),
    ("ConvTranspose", IMAGE, [weights(6, 4, 1, 3)], dict(strides=[3, 2]), (11,)),
    ("ConvTranspose", IMAGE, [weights(6, 4, 3, 3)], dict(strides=[2, 2], output_shape=[18, 15]),
     (11,)),
    *[("ConvTranspose", IMAGE, [weights(6, 4, 3, 3)], dict(strides=[2, 2], auto_pad=m), (11,))
      for m in ("SAME_UPPER", "SAME_LOWER", "VALID")],
    ("ConvTranspose", LINE, [weights(5, 4, 5), weights(4)], dict(strides=[3], pads=[1, 2]), (11,)),
    ("ConvTranspose", VOLUME, [weights(4, 3, 2, 3, 3), weights(3)],
     dict(strides=[2, 1, 2], pads=[0, 1, 1, 1, 0, 1]), (11,)),
    # Pools
    ("MaxPool", VOLUME, [], dict(kernel_shape=[2, 3, 2], strides=[1, 2, 2], pads=[1, 0, 0, 0, 1, 1]), (8, 12)),
    ("MaxPool", LINE, [], dict(kernel_shape=[3], dilations=[2], ceil_mode=1, strides=[3]), (10, 22)),
    ("AveragePool", VOLUME, [], dict(kernel_shape=[2, 3, 2], pads=[1, 0, 0, 0, 1, 1]), (7, 19, 22)),
    ("AveragePool", VOLUME, [], dict(kernel_shape=[2, 2, 2], strides=[2, 2, 3], ceil_mode=1), (10,)),
    ("AveragePool", IMAGE, [], dict(kernel_shape=[3, 2], pads=[1, 1, 1, 0], strides=[3, 2],
                                    ceil_mode=1, count_include_pad=1), (19, 22)),
    ("AveragePool", IMAGE, [], dict(kernel_shape=[2, 2], dilations=[2, 3]), (19,)),
    *[("LpPool", IMAGE, [], dict(kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1], p=p), (11, 18))
      for p in (1, 2, 3)],
    ("GlobalMaxPool", VOLUME, [], {}, (7,)),
    ("GlobalAveragePool", VOLUME, [], {}, (7,)),
    ("MaxUnpool", (1, 2, 2, 2), [ints(0, 7, 8, 15, 19, 22, 24, 30).reshape(1, 2, 2, 2)],
     dict(kernel_shape=[2, 2], strides=[2, 2]), (9, 11)),
    # Resizing
    ("Upsample", IMAGE, [], dict(scales=[1.0, 1.0, 2.0, 3.0]), (7,)),
    *[("Upsample", IMAGE, [floats(1, 1, 2, 1.5)], dict(mode=m), (9,)) for m in ("nearest", "linear")],
    *[("Resize", IMAGE, [floats(1, 1, *s)], dict(mode=m), (10,))
      for m in ("nearest", "linear") for s in ((2, 2), (1.5, 0.5))],
    *[("Resize", IMAGE, [floats(), floats(1, 1, *s)],
       dict(mode=m, coordinate_transformation_mode=c), (11, 13, 18, 19))
      for m in ("nearest", "linear", "cubic") for s in ((2, 2), (1.5, 0.5))
      for c in ("half_pixel", "pytorch_half_pixel", "asymmetric")],
    *[("Resize", IMAGE, [floats(), floats(), ints(1, 6, 13, 7)],
       dict(mode=m, coordinate_transformation_mode="align_corners"), (11, 19))
      for m in ("nearest", "linear", "cubic")],
    *[("Resize", IMAGE, [floats(), floats(1, 1, 1.5, 2)],
       dict(nearest_mode=m, coordinate_transformation_mode="asymmetric"), (11, 13))
      for m in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")],
    ("Resize", IMAGE, [floats(), floats(1, 1, 2, 0.5)],
     dict(mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5), (11, 13)),
    ("Resize", IMAGE, [floats(0, 0, 0.1, -0.2, 1, 1, 0.8, 1.1), floats(), ints(1, 6, 5, 9)],
     dict(mode="linear", coordinate_transformation_mode="tf_crop_and_resize",
          extrapolation_value=3.0), (11, 13)),
    *[("Resize", IMAGE, [None, None, ints(20, 10)],
       dict(axes=[3, 2], mode="linear", keep_aspect_ratio_policy=p), (18, 19))
      for p in ("not_larger", "not_smaller")],
    ("Resize", VOLUME, [None, floats(1, 1, 2, 2, 0.5)], dict(mode="linear"), (13,)),
    ("Resize", LINE, [None, floats(1, 1, 2)], dict(mode="linear"), (13,)),
    # Moves of images
    *[("Pad", IMAGE, pads, dict(mode=m), (11, 18, 21)) for m in ("reflect", "edge")
      for pads in ([ints(0, 0, 2, 3, 0, 0, 1, 4)], [ints(0, 1, -1, 0, 0, 2, 3, -2)])],
    ("Pad", IMAGE, [], dict(pads=[0, 0, 1, 2, 0, 3, 0, 1], mode="reflect"), (7,)),
    ("Pad", IMAGE, [ints(3, 20), None, ints(-1)], dict(mode="wrap"), (19, 25)),
    *[("DepthToSpace", (1, 8, 3, 5), [], dict(blocksize=2, mode=m), (11, 13)) for m in ("DCR", "CRD")],
    ("DepthToSpace", (1, 8, 3, 5), [], dict(blocksize=2), (7,)),
    ("SpaceToDepth", (1, 3, 4, 6), [], dict(blocksize=2), (7, 13)),
    ("CenterCropPad", IMAGE, [ints(4, 12)], dict(axes=[-2, 3]), (18,)),
    ("Col2Im", (1, 12, 20), [ints(5, 6), ints(2, 2)], {}, (18,)),
    # Images read at computed positions
    *[("GridSample", (1, 3, 6, 9), [uniform(1, 4, 5, 2)], dict(mode=m, padding_mode=p, align_corners=a), (16,))
      for m in ("bilinear", "nearest", "bicubic") for p in ("zeros", "border", "reflection")
      for a in (0, 1)],
    ("GridSample", (2, 3, 4, 5, 3), [uniform(2, 2, 3, 4, 3)], dict(mode="linear"), (20,)),
    *[("AffineGrid", (2, 2, 3), [ints(2, 3, 4, 5)], dict(align_corners=a), (20,)) for a in (0, 1)],
    *[("RoiAlign", (2, 3, 8, 9), [np.array([[0, 0, 5, 6], [-2, 1, 4, 12]], np.float32), ints(1, 0)],
       dict(output_height=2, output_width=3, sampling_ratio=2, mode=m), (10, 16))
      for m in ("avg", "max")],
    # Gemm in all its forms
    ("Gemm", ROWS, [weights(12, 5), np.float32(3)], dict(beta=0.25), (7, 13)),
    ("Gemm", ROWS, [weights(12, 5), weights(1)], dict(beta=0.25), (13,)),
    ("Gemm", ROWS, [weights(12, 5), weights(5)], dict(beta=0.0), (13,)),
    ("Gemm", ROWS, [weights(12, 1), weights(1)], {}, (13,)),
    ("Gemm", (4, 12), [weights(12, 5), weights(4, 1)], {}, (13,)),
    ("Gemm", (4, 12), [weights(12, 5), weights(4, 5)], dict(beta=0.5), (13,)),
    ("Gemm", (12, 4), [weights(12, 5), weights(1, 5)], dict(transA=1, alpha=0.5), (13,)),
    # Functions of one value
    *[(name, IMAGE, [], {}, opsets) for name, opsets in (
        ("Neg", (7, 13)), ("Abs", (7, 13)), ("Exp", (7, 13)), ("Floor", (7, 13)),
        ("Ceil", (7, 13)), ("Round", (11, 22)), ("Sign", (9, 13)), ("Reciprocal", (7, 13)),
        ("Erf", (9, 13)), ("Sin", (7, 22)), ("Cos", (7, 22)), ("Softplus", (7, 22)),
        ("Softsign", (7, 22)), ("Elu", (7, 22)), ("Selu", (7, 22)), ("ThresholdedRelu", (10, 22)),
        ("Gelu", (20,)), ("LogSoftmax", (7, 13)), ("GlobalMaxPool", (7, 22)))],
    ("Elu", IMAGE, [], dict(alpha=0.3), (7,)),
    ("ThresholdedRelu", IMAGE, [], dict(alpha=0.3), (10,)),
    ("Gelu", IMAGE, [], dict(approximate="tanh"), (20,)),
    ("LogSoftmax", IMAGE, [], dict(axis=1), (13,)),
    ("GlobalMaxPool", LINE, [], {}, (7,)),
    ("PRelu", IMAGE, [weights(6, 1, 1)], {}, (7, 16)),
    ("PRelu", IMAGE, [weights(1)], {}, (9,)),
    # Functions of two values
    ("Max", IMAGE, [weights(7), weights(6, 1, 1)], {}, (8, 13)),
    ("Min", IMAGE, [weights(7)], {}, (8, 13)),
    ("Sum", IMAGE, [weights(7), weights(6, 1, 1)], {}, (8, 13)),
    ("Mean", IMAGE, [weights(7), weights(6, 1, 1)], {}, (8, 13)),
    ("Mod", IMAGE, [positive(7)], dict(fmod=1), (10, 13)),
    *[("Pow", IMAGE, [np.float32(p)], {}, (7, 15)) for p in (1, 2, 3, -1)],
    ("Pow", IMAGE, [ints(2)], {}, (12,)),
    ("Clip", IMAGE, [np.float32(0.75), np.float32(-0.5)], {}, (13,)),
    *[("Pow", IMAGE, [p], {}, (7, 15)) for p in (
        np.float32(4), np.arange(7, dtype=np.float32) - 2)],
    *[(name, IMAGE, [], {}, opsets) for name, opsets in (
        ("Tan", (7, 22)), ("Atan", (7, 22)), ("Sinh", (9, 22)), ("Cosh", (9, 22)),
        ("Asinh", (9, 22)), ("Celu", (12,)), ("Mish", (18, 22)), ("Shrink", (9,)),
        ("Hardmax", (7, 11, 13)), ("GlobalLpPool", (7,)))],
    ("Celu", IMAGE, [], dict(alpha=0.4), (12,)),
    ("Shrink", IMAGE, [], dict(lambd=0.7, bias=0.3), (9,)),
    ("Hardmax", IMAGE, [], dict(axis=2), (13,)),
    ("GlobalLpPool", LINE, [], dict(p=3), (7,)),
    # Normalization
    ("LayerNormalization", IMAGE, [weights(7), weights(7)], {}, (17,)),
    ("LayerNormalization", IMAGE, [weights(6, 9, 7)], dict(axis=1, epsilon=1e-2), (17,)),
    ("RMSNormalization", IMAGE, [weights(7)], {}, (23,)),
    ("RMSNormalization", IMAGE, [weights(9, 7)], dict(axis=-2, epsilon=1e-2), (23,)),
    ("GroupNormalization", IMAGE, [weights(6), weights(6)], dict(num_groups=2), (21,)),
    ("InstanceNormalization", IMAGE, [weights(6), weights(6)], {}, (7, 22)),
    ("InstanceNormalization", LINE, [weights(5), weights(5)], dict(epsilon=1e-2), (7,)),
    ("LpNormalization", IMAGE, [], {}, (7, 22)),
    ("LpNormalization", IMAGE, [], dict(axis=1, p=1), (7,)),
    ("MeanVarianceNormalization", IMAGE, [], {}, (9, 13)),
    ("MeanVarianceNormalization", IMAGE, [], dict(axes=[1, -1]), (9,)),
    ("LRN", IMAGE, [], dict(size=3), (7, 13)),
    ("LRN", IMAGE, [], dict(size=5, alpha=0.3, beta=0.6, bias=2.0), (7,)),
    # Losses
    *[(name, IMAGE, others, attributes, opsets)
      for name, opsets in (("SoftmaxCrossEntropyLoss", (12, 13)),
                           ("NegativeLogLikelihoodLoss", (12, 13)))
      for others, attributes in (
          ([LABELS], {}), ([LABELS], dict(reduction="sum")),
          ([LABELS, positive(6)], {}), ([LABELS], dict(ignore_index=2)),
          ([LABELS, positive(6)], dict(ignore_index=2, reduction="none")))],
    # Reductions
    *[(name, IMAGE, others, attributes, opsets)
      for name in ("ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare")
      for others, attributes, opsets in (
          ([], dict(axes=[-1], keepdims=0), (7, 11, 13)), ([], {}, (13,)),
          ([ints(1)], {}, (18,)), ([ints(0, -1)], dict(keepdims=0), (18,)))],
    ("ReduceSum", IMAGE, [], dict(axes=[1, -1]), (7, 11)),
    ("ReduceSum", IMAGE, [ints(2)], dict(keepdims=0), (13,)),
    ("ReduceSum", IMAGE, [ints()], dict(noop_with_empty_axes=1), (13,)),
    ("ReduceMax", IMAGE, [], dict(axes=[1], keepdims=0), (7, 13)),
    ("ReduceMin", IMAGE, [ints(-1)], {}, (18, 20)),
    ("ReduceProd", IMAGE, [], dict(axes=[2]), (7, 13)),
    # Moves
    ("Gather", IMAGE, [ints(3)], dict(axis=1), (7, 13)),
    ("Gather", IMAGE, [np.int64(-2)], dict(axis=2), (11,)),
    ("Gather", IMAGE, [ints(4, 2, 0).reshape(3, 1)], dict(axis=1), (11,)),
    ("Gather", IMAGE, [ints(0, 3, 4, 4, -1)], dict(axis=3), (13,)),
    ("Expand", LINE, [ints(3, 5, 11)], {}, (8, 13)),
    ("Expand", (1, 1, 11), [ints(2, 1, 4, 1)], {}, (13,)),
    ("Tile", LINE, [ints(1, 3, 2)], {}, (7, 13)),
    ("Split", IMAGE, [], dict(axis=1, split=[6]), (7, 11)),
    # Places
    ("TopK", IMAGE, [], dict(k=3, axis=1), (9,)),
    ("TopK", IMAGE, [ints(7)], {}, (10,)),
    ("TopK", IMAGE, [ints(2)], dict(axis=-2, largest=0), (11, 24)),
    ("GatherElements", IMAGE, [ints(3, -1, 0, 2).reshape(1, 4, 1, 1)], dict(axis=1), (11, 13)),
    ("GatherElements", (3, 4), [ints(1, 2, 0, -1).reshape(2, 2)], dict(axis=-1), (13,)),
    ("GatherND", IMAGE, [ints(0, 3, 0, -2).reshape(2, 2)], {}, (11, 13)),
    ("GatherND", (2, 3, 4), [ints(2, 0).reshape(2, 1)], dict(batch_dims=1), (12, 13)),
    ("Scatter", (3, 4), [ints(1, 2, 0, -1).reshape(2, 2), weights(2, 2)], dict(axis=1), (9,)),
    ("ScatterElements", (3, 4), [ints(1, 2, 0, -1).reshape(2, 2), weights(2, 2)], {}, (11, 13)),
    *[("ScatterElements", (3, 4), [ints(1, 1, 0, 1).reshape(2, 2), weights(2, 2)], dict(axis=1, reduction=r), opsets)
      for r, opsets in (("add", (16, 18)), ("mul", (16, 18)), ("max", (18,)), ("min", (18,)))],
    ("ScatterND", (3, 4), [ints(1, -1).reshape(2, 1), weights(2, 4)], {}, (11, 13)),
    *[("ScatterND", (3, 4), [ints(1, 0, 1, 0).reshape(2, 2), weights(2)], dict(reduction=r), opsets)
      for r, opsets in (("add", (16, 18)), ("mul", (16, 18)), ("max", (18,)), ("min", (18,)))],
    ("Compress", IMAGE, [np.array([True, False, True])], dict(axis=1), (9, 11)),
    ("EyeLike", (3, 4), [], dict(k=1), (9, 22)),
    *[("Einsum", (2, 3, 4), others, dict(equation=e), (12,)) for e, others in (
        ("bij,bjk->bik", [weights(2, 4, 5)]), ("bij,kj", [weights(5, 4)]), ("...j,j->...", [weights(4)]),
        ("abc->ca", []), ("bij,bij->b", [weights(2, 3, 4)]), ("bij,bik->bjk", [weights(2, 3, 5)]),
        ("bij,jk,kl->bil", [weights(4, 5), weights(5, 2)]), ("b...,c->c...b", [weights(3)]))],
    # Recurrent layers: [steps, sequences, features], or by layout 1 the samples first
    ("LSTM", STEPS, [weights(1, 32, 6), weights(1, 32, 8), weights(1, 64)],
     dict(hidden_size=8), (7, 14, 22)),
    ("LSTM", STEPS, [weights(2, 64, 6), weights(2, 64, 16), None, LENGTHS, weights(2, 3, 16),
                     weights(2, 3, 16), weights(2, 48)],
     dict(hidden_size=16, direction="bidirectional"), (14,)),
    ("LSTM", STEPS, [weights(1, 20, 6), weights(1, 20, 5)],
     dict(hidden_size=5, direction="reverse", clip=0.3, input_forget=1), (14,)),
    ("LSTM", STEPS, [weights(1, 20, 6), weights(1, 20, 5)],
     dict(hidden_size=5, activations=["HardSigmoid", "Softsign", "LeakyRelu"],
          activation_alpha=[0.3, 0.1], activation_beta=[0.4]), (14,)),
    ("GRU", STEPS, [weights(1, 24, 6), weights(1, 24, 8), weights(1, 48)],
     dict(hidden_size=8), (7, 14, 22)),
    ("GRU", STEPS, [weights(2, 96, 6), weights(2, 96, 32), weights(2, 192), LENGTHS,
                    weights(2, 3, 32)],
     dict(hidden_size=32, direction="bidirectional", linear_before_reset=1), (14,)),
    ("GRU", STEPS, [weights(1, 192, 6), weights(1, 192, 64) / 8], dict(hidden_size=64), (14,)),
    ("RNN", STEPS, [weights(1, 8, 6), weights(1, 8, 8), weights(1, 16)],
     dict(hidden_size=8), (7, 14, 22)),
    ("RNN", STEPS, [weights(2, 96, 6), weights(2, 96, 96) / 8, None, LENGTHS],
     dict(hidden_size=96, direction="bidirectional", activations=["Relu", "Affine"],
          activation_alpha=[0.7], activation_beta=[0.1]), (14,)),
]


def build(case, opset):
    op, shape, others, attributes, _ = case
    if others is B:
        c = shape[1]
        others = [positive(c), weights(c), weights(c), positive(c)]
    names, initializers = ["x"], []
    for i, other in enumerate(others):
        names.append("" if other is None else f"c{i}")
        if other is not None:
            initializers.append(numpy_helper.from_array(np.asarray(other), f"c{i}"))
    outputs = ["y", "indices"] if op == "TopK" else ["y"]
    node = helper.make_node(op, names, outputs, name="the_node", **attributes)
    graph = helper.make_graph(
        [node], "case", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8 if opset < 19 else 10
    return model


def reference(model, data):
    """By ONNX Runtime or, where it lacks the operator, the package onnx."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    except Exception as error:
        if "NOT_IMPLEMENTED" not in str(error):
            raise
        return ReferenceEvaluator(model).run(None, data)[0]
    return session.run(None, data)[0]


def check(octet, case, opset, folder):
    model = build(case, opset)
    # External data takes the same path as inline data from there on.
    onnx.save(model, folder / "m.onnx", save_as_external_data=opset % 2 == 1,
              all_tensors_to_one_file=True, location="m.data", size_threshold=0)
    model = onnx.load(folder / "m.onnx")
    x = RNG.standard_normal(case[1]).astype(np.float32)
    np.savez(folder / "x.npz", x=x)
    for arguments in (["compile", folder / "m.onnx", "--target", "generic", "-o", folder / "p"],
                      ["run", folder / "p", "--input", folder / "x.npz", "-o", folder / "y.npz"]):
        result = subprocess.run([octet, *map(str, arguments)], capture_output=True, text=True)
        if result.returncode:
            raise AssertionError(result.stderr.strip())
    expected = reference(model, {"x": x})
    with np.load(folder / "y.npz") as y:
        actual = y["y"]
    assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
    error = np.abs(actual - expected).max()
    assert error <= 1e-5 * np.abs(expected).max() + 1e-7, f"off by {error}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    options = parser.parse_args()
    passed = failed = 0
    for case in CASES:
        for opset in case[4]:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    check(options.octet, case, opset, pathlib.Path(folder))
                    passed += 1
                except Exception as e:  # report every case
                    failed += 1
                    print(f"{case[0]} {case[3]} in operator set {opset}: {e}")
    print(f"operators: {passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
