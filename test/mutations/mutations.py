"""Mistakes that tests must notice.

Each has a name, a file, the exact text that is replaced (it must be there once),
the replacement, and tests of which one at least must fail: lit tests by their path
below test/, or arguments of random_graphs.py. Where a mistake's text has moved,
point it to where it is now; do not drop it.
"""

import dataclasses

RANDOM = "random_graphs.py --targets generic --count 72 --stop"
RANDOM_INT8 = RANDOM + " --precision int8"
SCALES = "lib/Quantization/Transforms/FoldScales.cpp"
QUANTIZE = "lib/Quantization/Transforms/Quantize.cpp"
PROPAGATE = "lib/Quantization/Transforms/PropagateQuantization.cpp"
SAMPLES = "lib/Dialect/Octet/Transforms/CheckSamples.cpp"
LOWERING = "lib/Conversion/OctetToLinalg"
TABLES = ["Quantization/fold-scales-tables.mlir"]
FOLDED = ["oracle/scales.mlir"]


@dataclasses.dataclass
class Mutation:
    name: str
    file: str
    find: str
    replace: str
    tests: list


MUTATIONS = [
    # Functions of one value.
    Mutation("hard-swish is hard-sigmoid", SCALES, "return x * hardSigmoid();",
             "return hardSigmoid();", TABLES),
    Mutation("tanh is the identity", SCALES, "return std::tanh(x);", "return x;",
             TABLES),
    Mutation("leaky slope on the wrong side", SCALES, "return x < 0 ? alpha * x : x;",
             "return x > 0 ? alpha * x : x;", TABLES),
    # Multipliers and zero points.
    Mutation("a difference is a sum", SCALES, "return foldSum(op, -1.0f);",
             "return foldSum(op, 1.0f);", ["Quantization/fold-scales.mlir"]),
    Mutation("a product without the second scale", SCALES,
             "f32(a.scale * b.scale / out.scale)", "f32(a.scale / out.scale)",
             ["Quantization/fold-scales.mlir"]),
    Mutation("a residual's multiplier upside down", SCALES,
             "f32(other.scale / out.scale)", "f32(out.scale / other.scale)", FOLDED),
    Mutation("bias without the input's zero point", SCALES,
             "shift -= in.zeroPoint * weights[c * perChannel + i];", "",
             FOLDED),
    Mutation("an attached upper bound is dropped", SCALES,
             'op->getAttrOfType<FloatAttr>("clamp_max")',
             'op->getAttrOfType<FloatAttr>("clamp_none")', FOLDED),
    Mutation("divided by the first window's count", SCALES,
             "in.scale / (out.scale * count)",
             "in.scale / (out.scale * (count > 0 ? counts[0] : count))",
             [RANDOM_INT8]),
    Mutation("parts of another zero point are joined as they are", SCALES,
             "in.scale != out.scale || in.zeroPoint != out.zeroPoint",
             "in.scale != out.scale", FOLDED),
    Mutation("a normalization divides for multiplies", SCALES, "factor[c] /= k;",
             "factor[c] *= k;", ["Quantization/fold-scales.mlir"]),
    # What is quantized.
    Mutation("QS-11 is not asked", QUANTIZE, "if (bound >= 2147483647.0)",
             "if (bound >= 1e300)", ["Quantization/quantize.mlir"]),
    Mutation("a concatenation's scale for all users", QUANTIZE,
             "observer && input.hasOneUse()", "observer",
             ["Quantization/quantize.mlir"]),
    Mutation("a pad of any value keeps the scale", PROPAGATE,
             "pad && !isRepresentable(pad.getValue().convertToFloat(), element)",
             "pad && !isRepresentable(0.0f, element)",
             ["Quantization/propagate-quantization.mlir"]),
    Mutation("no room for a dead channel's bias", "lib/Quantization/Scheme.cpp",
             "scale = std::max(scale, forBias);", "(void)forBias;",
             ["unit/unit.test"]),
    # Lowering.
    Mutation("half rounds away from zero", f"{LOWERING}/Lowering.cpp",
             "math::RoundEvenOp::create", "math::RoundOp::create",
             ["Conversion/octet-to-linalg.mlir", RANDOM_INT8]),
    Mutation("a sum's second zero point is the first's",
             f"{LOWERING}/Elementwise.cpp", """                       op.getRhsZeroPoint());
          y = arith::MulFOp""", """                       op.getLhsZeroPoint());
          y = arith::MulFOp""", [RANDOM_INT8]),
    # Samples and memory.
    Mutation("pads along the batch", SAMPLES,
             "return keepIf(pad.getLow()[0] == 0 && pad.getHigh()[0] == 0);",
             "return keepIf(true);", ["Dialect/Octet/check-samples-errors.mlir"]),
    Mutation("joins along the batch", SAMPLES,
             "return keepIf(concat.getAxis() != 0 && own != 0 &&",
             "return keepIf(own != 0 &&", ["Dialect/Octet/check-samples-errors.mlir"]),
    Mutation("samples that are not there are read", "lib/Runtime/context.c",
             "given + (size_t)(b < present ? b : present - 1) * sample",
             "given + (size_t)b * sample", ["runtime/guard.test"]),
    Mutation("sizes of zip64 are not read", "lib/Runtime/npz.c",
             "if (*wide[i] == 0xffffffffu && field + 8 <= field_end) {",
             "if (*wide[i] == 0xfffffffeu && field + 8 <= field_end) {",
             ["e2e/zip64.test"]),
    Mutation("a window that starts in the padding is kept",
             "lib/Import/ONNX/Pools.cpp", "        --windows;\n", "        ;\n",
             [RANDOM + " --precision fp32"]),
]
