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
JOIN = "lib/Quantization/Transforms/JoinRanges.cpp"
OPS = "lib/Dialect/Octet/Ops"
IR = "lib/Dialect/Octet/IR"
TABLES = ["Quantization/fold-scales-tables.mlir"]
FOLDED = ["oracle/scales.mlir"]
QUANTIZED = ["Quantization/quantize.mlir"]
JOINED = ["Quantization/join-ranges.mlir"]
SAMPLES = ["Dialect/Octet/check-samples-errors.mlir"]


@dataclasses.dataclass
class Mutation:
    name: str
    file: str
    find: str
    replace: str
    tests: list


MUTATIONS = [
    # Functions of one value.
    Mutation("hard-swish is hard-sigmoid", f"{OPS}/Unary.cpp",
             "return x * hardSigmoid(x, a, b);", "return hardSigmoid(x, a, b);",
             TABLES),
    Mutation("tanh is the identity", f"{OPS}/Unary.cpp",
             "return std::tanh(x);", "return x;", TABLES),
    Mutation("leaky slope on the wrong side", f"{OPS}/Unary.cpp",
             "return x < 0 ? a * x : x;", "return x > 0 ? a * x : x;", TABLES),
    # Multipliers and zero points.
    Mutation("a difference is a sum", f"{OPS}/Binary.cpp",
             "getKind() == BinaryKind::Sub ? -1.0f : 1.0f", "1.0f",
             ["Quantization/fold-scales.mlir"]),
    Mutation("a product without the second scale", f"{OPS}/Binary.cpp",
             "folder.f32(a.scale * b.scale / out.scale)",
             "folder.f32(a.scale / out.scale)", ["Quantization/fold-scales.mlir"]),
    Mutation("a residual's multiplier upside down", f"{OPS}/Conv2D.cpp",
             "folder.f32(other.scale / out.scale)",
             "folder.f32(out.scale / other.scale)", FOLDED),
    Mutation("bias without the input's zero point", f"{OPS}/Conv2D.cpp",
             "shift -= in.zeroPoint * weights[c * perChannel + i];", "", FOLDED),
    Mutation("an attached upper bound is dropped", f"{IR}/ScaleFolder.cpp",
             "clampMax ? narrowed(clampMax) : high", "high", FOLDED),
    Mutation("of bounds that exclude each other the lower one wins",
             f"{IR}/ScaleFolder.cpp", "{f32(std::min(least, largest)), f32(largest)}",
             "{f32(least), f32(std::max(least, largest))}", [RANDOM_INT8]),
    Mutation("divided by the first window's count", f"{OPS}/Pools.cpp",
             "in.scale / (out.scale * count)", "in.scale / (out.scale * std::min(count, counts[0]))",
             [RANDOM_INT8]),
    Mutation("parts of another zero point are joined as they are",
             f"{OPS}/Concat.cpp",
             "in.scale != out.scale || in.zeroPoint != out.zeroPoint",
             "in.scale != out.scale", FOLDED),
    Mutation("a normalization divides for multiplies", SCALES,
             "factor[c] *= step->factorOf(c);", "factor[c] /= step->factorOf(c);",
             ["Quantization/fold-scales.mlir"]),
    Mutation("a negative slope scales positive values", f"{OPS}/PRelu.cpp",
             "negative.push_back(k * positive);",
             "negative.push_back((void(k), positive));",
             ["Dialect/Octet/prelu.mlir"]),
    # What is quantized.
    Mutation("QS-11 is not asked", QUANTIZE, "if (bound >= 2147483647.0)",
             "if (bound >= 1e300)", QUANTIZED),
    Mutation("a concatenation's scale for all users", JOIN,
             "if (isUsedOnlyBy(input, observer))",
             "if (true || isUsedOnlyBy(input, observer))", JOINED),
    Mutation("a concatenation of any ranges", JOIN,
             "if (widest > widestJoin * narrowest)",
             "if (false && widest > widestJoin * narrowest)", JOINED),
    Mutation("ranges end where functions still change",
             "lib/Quantization/Transforms/FunctionRanges.cpp",
             "if (most - y <= tolerance && y - least <= tolerance)",
             "if (most - least <= 2 * tolerance)",
             ["Quantization/apply-ranges-functions.mlir"]),
    Mutation("a convolution's table is turned the other way",
             f"{OPS}/IntegerConv2D.cpp", "entries.end() - (offset & 255)",
             "entries.begin() + (offset & 255)",
             ["Dialect/Octet/canonicalize.mlir"]),
    Mutation("what is on its way out is rounded", JOIN,
             "if (isOnItsWayOut(result.getOutput()))",
             "if (false && isOnItsWayOut(result.getOutput()))", JOINED),
    Mutation("moves between f32 values are of 8 bits",
             "lib/Quantization/Transforms/PropagateQuantization.cpp",
             "if (isOnlyMoved(cast.getResult()))",
             "if (false && isOnlyMoved(cast.getResult()))",
             ["Quantization/propagate-quantization.mlir"]),
    Mutation("a pad of any value keeps the scale", f"{OPS}/Pad.cpp",
             "return scale * static_cast<float>(q - type.getZeroPoint()) == value;",
             "(void)q; return true;",
             ["Quantization/propagate-quantization.mlir"]),
    Mutation("no room for a dead channel's bias", f"{IR}/Scheme.cpp",
             "scale = std::max(scale, forBias);", "(void)forBias;",
             ["unit/unit.test"]),
    # Lowering.
    Mutation("half rounds away from zero", f"{IR}/Lowering.cpp",
             "math::RoundEvenOp::create", "math::RoundOp::create",
             ["Conversion/octet-to-linalg.mlir", RANDOM_INT8]),
    Mutation("a sum's second zero point is the first's",
             f"{OPS}/IntegerElementwise.cpp", "op.getRhsZeroPoint());",
             "op.getLhsZeroPoint());", [RANDOM_INT8]),
    Mutation("a sum forgets a lane", f"{IR}/SumAlong.cpp",
             "i < apart && i + apart < count; ++i", "i + 1 < apart && i + apart < count; ++i",
             [RANDOM + " --precision fp32"]),
    # Samples and memory.
    Mutation("pads along the batch", f"{OPS}/Pad.cpp",
             "return getLow()[d] == 0 && getHigh()[d] == 0;", "return true;", SAMPLES),
    Mutation("joins along the batch", f"{OPS}/Concat.cpp",
             "return d != static_cast<int64_t>(getAxis());", "return true;", SAMPLES),
    Mutation("slices backwards along the batch", f"{OPS}/Slice.cpp",
             "getOffsets()[d] == 0 && getStrides()[d] == 1 &&", "", SAMPLES),
    Mutation("two paddings for one border", "lib/Codegen/AssignLayouts.cpp",
             "if (border.value && !border.value->bitwiseIsEqual(pad.getValue()))",
             "if (border.value && false)", ["Codegen/assign-layouts.mlir"]),
    Mutation("a border is one column short", "lib/Codegen/OutlineKernels.cpp",
             "{border[0], border[1] + columns, rows, border[3]}",
             "{border[0], border[1] + columns, rows, border[3] / 2}",
             [RANDOM + " --precision fp32"]),
    Mutation("samples that are not there are read", "lib/Runtime/context.c",
             "given + (size_t)(b < present ? b : present - 1) * sample",
             "given + (size_t)b * sample", ["runtime/guard.test"]),
    Mutation("sizes of zip64 are not read", "lib/Harness/zip.c",
             "if (*wide[i] == WIDE && field_end - field >= 8) {",
             "if (*wide[i] == WIDE - 1 && field_end - field >= 8) {",
             ["e2e/zip64.test"]),
    Mutation("a window that starts in the padding is kept",
             "lib/Import/ONNX/PoolCompositions.cpp",
             "      --windows;\n", "      ;\n", ["Import/operators.test"]),
    # Parts of the data.
    Mutation("bins widen toward zero",
             "lib/Quantization/Calibration/MergeRanges.cpp",
             "static_cast<int64_t>(i)) >> shift] += count;",
             "static_cast<int64_t>(i)) / (int64_t(1) << shift)] += count;",
             ["unit", "Tools/merge.test"]),
    Mutation("weighed samples are the first ones", "lib/Harness/simulate.c",
             "(i + k) * among / runs * whole / among", "i + k + 0 * among",
             ["Tools/merge.test"]),
    Mutation("weights have a step for all channels",
             "lib/Quantization/Transforms/RoundWeights.cpp",
             "values.size() / weights.getType().getDimSize(0)", "values.size()",
             ["Quantization/round-weights.mlir"]),
]
