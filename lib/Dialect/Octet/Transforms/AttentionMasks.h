//===- AttentionMasks.h ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is done to the scores of an attention between product and softmax so
// that some keys are not seen.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_TRANSFORMS_ATTENTIONMASKS_H
#define OCTET_LIB_DIALECT_OCTET_TRANSFORMS_ATTENTIONMASKS_H

#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

namespace octet {

/// The mask as octet.attention takes it; `value` is null where there is
/// nothing to add.
struct MaskOperand {
  mlir::Value value;
  std::optional<int64_t> causal;
};

/// Masks that are added to scores, or choose between them and a number that no
/// score stands out against.
class AttentionMasks {
public:
  /// Takes the mask that `value` applies to scores; `isScore` says which of its
  /// operands may be these. The scores before it, or null if it is no mask.
  mlir::Value take(mlir::Value value,
                   llvm::function_ref<bool(mlir::Value)> isScore);

  /// The scores' shape where masks are applied, or `other` if there is none.
  llvm::ArrayRef<int64_t> shape(llvm::ArrayRef<int64_t> other) const {
    return masks.empty() ? other : llvm::ArrayRef<int64_t>(applied);
  }

  /// All masks of scores of shape `full`, of which the leading dimensions that
  /// hold `samples` become the first of four, and others but the last two the
  /// second. None if a mask spans part of one of them.
  std::optional<MaskOperand> build(mlir::OpBuilder &builder, mlir::Location loc,
                                   llvm::ArrayRef<int64_t> full,
                                   int64_t samples) const;

private:
  struct Mask {
    /// Numbers to be added, or truth values.
    mlir::Value value;
    /// Of truth values: which of them lets scores through, and the number
    /// that takes the place of others.
    bool passes = true;
    float other = 0.0f;
  };

  static std::optional<int64_t> findCausal(const Mask &mask,
                                           llvm::ArrayRef<int64_t> full);

  llvm::SmallVector<Mask> masks;
  Shape applied;
};

} // namespace octet

#endif // OCTET_LIB_DIALECT_OCTET_TRANSFORMS_ATTENTIONMASKS_H
