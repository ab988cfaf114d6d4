//===- Passes.td -------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_QUANTIZATION_PASSES_TD
#define OCTET_QUANTIZATION_PASSES_TD

include "mlir/Pass/PassBase.td"

def InsertObservers : Pass<"octet-insert-observers", "::mlir::func::FuncOp"> {
  let summary = "Put octet.observe behind every value that gets its own scale";
  let description = [{
    Operations that only move values, and max pools, pass their input's scale on
    and are not observed; nor are the steps of an input's normalization, of
    which only the result is. What computes an operand that is to be exact stays
    in f32 and is not observed either, but counts where values of one name are
    numbered.
  }];
  let statistics = [Statistic<"numObservers", "observers", "Observers">];
}

def ApplyRanges : Pass<"octet-apply-ranges", "::mlir::ModuleOp"> {
  let summary = "Record calibrated ranges on the observers";
  let description = [{
    Reads ranges.json. A range covers `percentile` percent of the values of its
    histogram; 100 is the smallest to the largest value. The
    default is what ranges.json asks for. With `least-error`, or where ranges.json
    asks for it, each range is then narrowed to that of the least squared error.
    Ranges of what only functions of one value read end where all of those
    saturate (QS-2).
  }];
  let options = [
    Option<"ranges", "ranges", "std::string", [{""}],
           "The text of ranges.json">,
    Option<"rangesFile", "ranges-file", "std::string", [{""}],
           "The file ranges.json">,
    Option<"percentile", "percentile", "double", "0.0",
           "Percentage of values inside the range; 0 for the file's">,
    Option<"leastError", "least-error", "bool", "false",
           "Narrow each range to that of the least squared error">
  ];
}

def JoinRanges : Pass<"octet-join-ranges", "::mlir::func::FuncOp"> {
  let summary = "Give what concatenations join the range of the whole";
  let description = [{
    An observed value that only a concatenation uses takes over the range of its
    result (QS-10). A concatenation of ranges too different for that stays in f32,
    as does one of values on their way to an output; the reason is in `octet.note`.
  }];
}

def Quantize : Pass<"octet-quantize", "::mlir::func::FuncOp"> {
  let summary = "Turn observed ranges into scales and zero points";
  let description = [{
    Every observer becomes a `quant.qcast`, `quant.dcast` pair with the type that
    its range gives (QS-2); constant filters get one with a scale for each output
    channel (QS-4). The values are those of a quantized network, the arithmetic
    is still f32.
  }];
  let dependentDialects = ["::mlir::quant::QuantDialect"];
  let statistics = [
    Statistic<"numActivations", "activations", "Activations with a scale">,
    Statistic<"numFilters", "filters", "Filters with scales">
  ];
}

def PropagateQuantization
    : Pass<"octet-propagate-quantization", "::mlir::func::FuncOp"> {
  let summary = "Let operations between casts work on quantized types";
  let description = [{
    An operation whose operands come from `quant.dcast` and whose result goes to
    `quant.qcast` works on the quantized types if it has an integer form.
    Operations that pass a scale on move above the `quant.dcast`. What stays in
    f32 is marked with the reason in `octet.note`, and loses casts that no
    integer operation needs.
  }];
  let dependentDialects = ["::mlir::quant::QuantDialect"];
  let statistics = [
    Statistic<"numQuantized", "quantized", "Operations in integers">,
    Statistic<"numFloat", "float", "Operations left in f32">
  ];
}

def ChooseRows : Pass<"octet-choose-rows", "::mlir::func::FuncOp"> {
  let summary = "Find the linear layers whose rows are quantized at run time";
  let description = [{
    Normalizations, softmax, recurrences and their like stay in f32. What is computed
    from them element by element does, too: it is marked by an `octet.note`. Linear
    layers of such values get the attribute `octet.rows`: each row is quantized by
    its own range (QS-15) rather than all by one, and their results are f32 again.
    So the stream of values that a transformer's blocks add to is never rounded.
  }];
  let statistics = [Statistic<"numRows", "rows", "Layers of quantized rows">];
}

def QuantizeRows : Pass<"octet-quantize-rows", "::mlir::func::FuncOp"> {
  let summary = "Give linear layers 8-bit weights, and quantize rows at run time";
  let description = [{
    A 1×1 convolution of f32 by a constant filter, which every linear layer is, if it
    is marked by `octet.rows`, or any with `all`, becomes `octet.dynamic_quantize` and `octet.integer_linear` (QS-15): no
    calibration has to say how large its inputs are. What cannot, as a filter that is
    not finite, stays in f32; `octet.note` says why.
  }];
  let options = [Option<"all", "all", "bool", "false",
                        "All linear layers, marked or not">];
  let statistics = [Statistic<"numLinear", "linear", "Linear layers in 8 bits">];
}

def RoundWeights : Pass<"octet-round-weights", "::mlir::func::FuncOp"> {
  let summary = "Round constant weights to 8 bits, and leave them floats";
  let description = [{
    Each output channel's weights become multiples of its scale (QS-4), as far as 8
    bits reach. The arithmetic is f32's.
  }];
  let statistics = [Statistic<"numRounded", "rounded", "Weights rounded">];
}

def FoldScales : Pass<"octet-fold-scales", "::mlir::func::FuncOp"> {
  let summary = "Fold scales into integer operations";
  let description = [{
    Filters become i8 constants; biases i32 with the zero-point terms folded in;
    each output channel gets one f32 multiplier. Functions of one value become
    tables of 256 entries. An input's normalization becomes part of its
    quantization. No quantized type is left.
  }];
}

#endif // OCTET_QUANTIZATION_PASSES_TD
