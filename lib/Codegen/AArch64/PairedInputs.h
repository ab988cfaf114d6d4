//===- PairedInputs.h -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inputs of matrix multiplies, paired once for a whole kernel.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_CODEGEN_AARCH64_PAIREDINPUTS_H
#define OCTET_LIB_CODEGEN_AARCH64_PAIREDINPUTS_H

#include "octet/Codegen/InputSource.h"

namespace octet {

/// The accumulators of a contraction: output positions, which the filter does
/// not know, and blocks of output channels, each an index in the accumulators'
/// leading dimensions.
struct AccumulatorGrid {
  explicit AccumulatorGrid(const LaneContraction &contraction);

  size_t pairs() const { return (rows.size() + 1) / 2; }
  /// The two rows of a pair; one row twice where there is no second.
  std::array<unsigned, 2> rowsOf(unsigned pair) const {
    unsigned first = 2 * pair;
    return {first, std::min<unsigned>(first + 1, rows.size() - 1)};
  }

  llvm::SmallVector<llvm::SmallVector<int64_t>> rows, blocks;
};

/// A matrix of two positions' inputs takes an instruction to put together in
/// each step. Where a kernel takes each input many times, all pairs it needs
/// lie in a buffer instead.
class PairedInputs {
public:
  /// Adds buffers, and loops that fill them, in front of the loops that take
  /// the inputs of `contractions`.
  explicit PairedInputs(llvm::ArrayRef<LaneContraction> contractions);

  /// True if `contraction` has its input in a buffer.
  bool contains(const LaneContraction &contraction) const;

  /// 16 bytes: the 8 inputs that `contraction` takes at `position`, the first
  /// row of a pair, and those of the second; it must be contained. Where there
  /// is no second row, what stands for it is arbitrary.
  mlir::Value load(mlir::OpBuilder &builder, mlir::Location loc,
                   const LaneContraction &contraction,
                   llvm::ArrayRef<int64_t> position) const;

private:
  /// The pairs that a kernel takes from one view whose rows are as far apart.
  struct Pairs {
    int64_t uses = 0;
    /// First rows have indices that are multiples of these; 0: the index 0.
    int64_t steps[2] = {0, 0};
    /// [height / steps[0], width / steps[1], groups * 16] of bytes.
    mlir::Value buffer;

    /// Makes `buffer`.
    void fill(const InputSource &source, int64_t down, int64_t right);
  };
  /// A view, and how far apart the rows of its pairs are in it.
  using Key = std::pair<mlir::Value, std::pair<int64_t, int64_t>>;
  struct Source {
    InputSource input;
    Key key;
  };

  llvm::DenseMap<mlir::Operation *, Source> sources;
  llvm::DenseMap<Key, Pairs> pairs;
};

} // namespace octet

#endif // OCTET_LIB_CODEGEN_AARCH64_PAIREDINPUTS_H
