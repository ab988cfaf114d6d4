//===- Steps.cpp ---------------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/Steps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Runtime/octet.h"

using namespace mlir;
using namespace octet;

namespace {

/// The bits of a number, in the low bytes of a word.
std::optional<int64_t> bitsOf(Attribute value) {
  if (auto integer = dyn_cast<IntegerAttr>(value))
    return integer.getValue().getZExtValue();
  if (auto number = dyn_cast<FloatAttr>(value))
    return number.getValue().bitcastToAPInt().getZExtValue();
  return std::nullopt;
}

class StepReader {
public:
  StepReader(ModuleOp module, WeightsFile &weights)
      : module(module), weights(weights) {}

  FailureOr<std::vector<Step>> run() {
    auto main = module.lookupSymbol<func::FuncOp>(runFunction);
    std::vector<Step> steps;
    for (auto call : main.getOps<func::CallOp>()) {
      auto step = read(call);
      if (failed(step))
        return failure();
      steps.push_back(std::move(*step));
    }
    return steps;
  }

private:
  FailureOr<Step> read(func::CallOp call) {
    auto kernel = module.lookupSymbol<func::FuncOp>(call.getCallee());
    Step step;
    step.kernel = call.getCallee().str();
    if (call->hasAttr(layerAttr))
      ++layers;
    step.layer = kernel->hasAttr(kernelHashAttr) ? layers : -1;
    OperandRange operands = call.getOperands();
    if (auto parts = kernel->getAttrOfType<IntegerAttr>(partsAttr)) {
      step.parts = parts.getInt();
      step.work = kernel->getAttrOfType<IntegerAttr>(workAttr).getInt();
      auto scratch = argumentFor(operands[operands.size() - 3]);
      if (failed(scratch))
        return failure();
      // octet_step has as many bits of them.
      if (!llvm::isInt<32>(step.parts) ||
          scratch->offset % OCTET_ALIGNMENT != 0 ||
          !llvm::isUInt<32>(scratch->offset / OCTET_ALIGNMENT))
        return call.emitOpError("is too large: it has more than 2^31 parts, or "
                                "scratch memory beyond 256 GiB of the arena; "
                                "give the model smaller inputs");
      step.scratchOffset = scratch->offset;
      step.scratchSize =
          kernel->getAttrOfType<IntegerAttr>(scratchAttr).getInt();
      operands = operands.drop_back(3);
    }
    for (Value operand : operands) {
      auto argument = argumentFor(operand);
      if (failed(argument))
        return failure();
      step.arguments.push_back(*argument);
    }
    return step;
  }

  FailureOr<Argument> argumentFor(Value value) {
    int64_t offset = 0;
    while (Operation *op = value.getDefiningOp()) {
      Attribute constant;
      if (matchPattern(value, m_Constant(&constant))) {
        if (auto bits = bitsOf(constant))
          return Argument{OCTET_NUMBER, *bits};
        break;
      }
      if (auto global = dyn_cast<memref::GetGlobalOp>(op)) {
        auto place = weightOffset(global);
        if (failed(place))
          return failure();
        return Argument{OCTET_WEIGHTS, offset + *place};
      }
      if (auto view = dyn_cast<memref::ViewOp>(op)) {
        APInt shift;
        if (!matchPattern(view.getByteShift(), m_ConstantInt(&shift)))
          break;
        offset += shift.getSExtValue();
        value = view.getSource();
      } else if (isa<memref::ExtractAlignedPointerAsIndexOp, arith::IndexCastOp,
                     memref::CastOp>(op)) {
        value = op->getOperand(0);
      } else {
        break;
      }
    }
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument)
      return value.getDefiningOp()->emitOpError(
          "is no buffer of the arena, tensor, constant or number");
    // The arena is the first.
    unsigned index = argument.getArgNumber();
    return Argument{index == 0 ? OCTET_ARENA
                               : OCTET_TENSOR + static_cast<int32_t>(index) - 1,
                    offset};
  }

  FailureOr<int64_t> weightOffset(memref::GetGlobalOp op) {
    auto [known, isNew] = offsets.try_emplace(op.getName());
    if (!isNew)
      return known->second;
    auto global = module.lookupSymbol<memref::GlobalOp>(op.getName());
    ConstantView elements(global ? global.getInitialValueAttr() : Attribute());
    auto place = elements ? weights.add(elements) : std::nullopt;
    if (!place)
      return op.emitOpError("has no constant of whole bytes");
    known->second = *place;
    return known->second;
  }

  ModuleOp module;
  WeightsFile &weights;
  llvm::StringMap<int64_t> offsets;
  int32_t layers = -1;
};

} // namespace

FailureOr<std::vector<Step>> octet::collectSteps(ModuleOp module,
                                                 WeightsFile &weights) {
  return StepReader(module, weights).run();
}
