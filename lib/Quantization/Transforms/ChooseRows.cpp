//===- ChooseRows.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Quantization/Passes.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_CHOOSEROWS
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {

/// Below this a layer costs less than the search for its rows' ranges.
constexpr int64_t fewestInputs = 16, fewestOutputs = 16;

struct ChooseRowsPass : octet::impl::ChooseRowsBase<ChooseRowsPass> {
  void runOnOperation() override {
    floats.clear();
    for (Operation &op : getOperation().getBody().front())
      if (auto scales = dyn_cast<ScaleOpInterface>(op);
          scales && staysFloat(scales))
        floats.insert(op.result_begin(), op.result_end());
  }

private:
  bool isFloat(Value value) const { return floats.contains(value); }

  /// True if the results are f32 whatever is calibrated.
  bool staysFloat(ScaleOpInterface op) {
    if (!typeOf(op->getResult(0)).getElementType().isF32())
      return false;
    switch (op.getScaleRole()) {
    case ScaleRole::Float:
      return true;
    case ScaleRole::Same:
      return op->getNumOperands() > 0 &&
             (isFloat(op->getOperand(0)) ||
              matchPattern(op->getOperand(0), m_Constant()));
    case ScaleRole::Own:
    case ScaleRole::Joined:
    case ScaleRole::Function:
      break;
    default:
      return false;
    }
    if (auto conv = dyn_cast<Conv2DOp>(op.getOperation()))
      return chooses(conv);
    // A factor for each channel, say, leaves the rest what it is.
    if (countMacs(op) > 0 || llvm::none_of(op->getOperands(), [&](Value value) {
          return isFloat(value) && typeOf(value).getShape() ==
                                       typeOf(op->getResult(0)).getShape();
        }))
      return false;
    if (!op->hasAttr(noteAttr))
      op->setAttr(noteAttr, StringAttr::get(&getContext(),
                                            "it is computed from f32 values"));
    return true;
  }

  /// A linear layer of f32 rows.
  bool chooses(Conv2DOp op) {
    auto filter = typeOf(op.getFilter()).getShape();
    if (op->hasAttr(noteAttr) || !isFloat(op.getInput()) || !op.isLinear() ||
        filter[0] < fewestOutputs || filter[3] < fewestInputs ||
        !op.explainFloat().empty())
      return false;
    op->setAttr(rowsAttr, UnitAttr::get(&getContext()));
    ++numRows;
    return true;
  }

  llvm::DenseSet<Value> floats;
};

} // namespace
