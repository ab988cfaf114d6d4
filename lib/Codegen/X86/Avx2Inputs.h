//===- Avx2Inputs.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inputs of AVX2 contractions, widened to words once for a whole kernel.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_CODEGEN_X86_AVX2INPUTS_H
#define OCTET_LIB_CODEGEN_X86_AVX2INPUTS_H

#include "octet/Codegen/InputSource.h"

namespace octet {

/// A step of a contraction puts the words of its inputs in all lanes. Where a
/// kernel takes each input several times, for other output channels or window
/// positions, the bytes are widened once into a buffer, and two neighbours, one
/// operand of vpmaddwd, are a 32-bit value to broadcast.
class WidenedInputs {
public:
  /// Adds buffers, and loops that fill them, in front of the loops that take
  /// the inputs of `contractions`.
  explicit WidenedInputs(llvm::ArrayRef<LaneContraction> contractions);

  /// True if `contraction` has its input in a buffer.
  bool contains(const LaneContraction &contraction) const;

  /// The first and the last two of the 4 inputs that `contraction` takes at
  /// `position`, as two i32; it must be contained.
  std::array<mlir::Value, 2> load(mlir::OpBuilder &builder, mlir::Location loc,
                                  const LaneContraction &contraction,
                                  llvm::ArrayRef<int64_t> position) const;

private:
  /// What a kernel does with one view.
  struct Buffer {
    /// How often it takes a group of 4 bytes.
    int64_t uses = 0;
    /// [height, width, 2 * groups] of i32, each two words; null if uses are too
    /// few.
    mlir::Value words;
  };

  static mlir::Value widen(const InputSource &source);

  llvm::DenseMap<mlir::Operation *, InputSource> sources;
  llvm::DenseMap<mlir::Value, Buffer> buffers;
};

} // namespace octet

#endif // OCTET_LIB_CODEGEN_X86_AVX2INPUTS_H
