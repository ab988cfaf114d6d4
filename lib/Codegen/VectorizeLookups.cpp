//===- VectorizeLookups.cpp -------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "octet/Codegen/ContractionRewriter.h"
#include "octet/Codegen/Passes.h"
#include "octet/Codegen/VectorUtils.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_VECTORIZELOOKUPS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// Bytes of a row below which single loads are as fast as vectors.
constexpr int64_t shortestRow = 16;

/// out[i] = table[in[i]] on bytes, of equal shapes and static strides; input
/// and output may be one.
struct Lookup {
  Value input, output, table;
};

std::optional<Lookup> matchLookup(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() > 1 ||
      op.getNumDpsInits() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !llvm::all_of(op.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); }))
    return std::nullopt;
  Block &body = op.getRegion().front();
  auto yield = cast<linalg::YieldOp>(body.getTerminator());
  auto load = yield.getOperand(0).getDefiningOp<memref::LoadOp>();
  if (!load || load.getIndices().size() != 1 ||
      load.getMemRefType().getShape() != ArrayRef<int64_t>{256} ||
      !load.getMemRefType().getLayout().isIdentity())
    return std::nullopt;
  auto index = load.getIndices()[0].getDefiningOp<arith::IndexCastUIOp>();
  if (!index || index.getIn() != body.getArgument(0) ||
      !index.getIn().getType().isInteger(8))
    return std::nullopt;
  return Lookup{op->getOperand(0), op.getDpsInits()[0], load.getMemRef()};
}

/// A table in registers, and how a vector of indices is looked up in it.
class TableIsa {
public:
  explicit TableIsa(int64_t width) : width(width) {}
  virtual ~TableIsa() = default;

  /// The table's registers; loaded in front of all loops.
  virtual SmallVector<Value> load(ImplicitLocOpBuilder &b,
                                  Value table) const = 0;
  virtual Value lookUp(ImplicitLocOpBuilder &b, ArrayRef<Value> table,
                       Value indices) const = 0;

  /// Bytes of a vector.
  const int64_t width;

protected:
  VectorType bytes(ImplicitLocOpBuilder &b, int64_t count) const {
    return VectorType::get({count}, b.getI8Type());
  }
  Value part(ImplicitLocOpBuilder &b, Value table, int64_t from,
             int64_t count) const {
    Value at = arith::ConstantIndexOp::create(b, from);
    return vector::LoadOp::create(b, bytes(b, count), table, at);
  }
  Value splat(ImplicitLocOpBuilder &b, int64_t value) const {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(bytes(b, width), static_cast<int8_t>(value)));
  }
  Value call(ImplicitLocOpBuilder &b, StringRef name,
             ValueRange operands) const {
    return LLVM::CallIntrinsicOp::create(b, bytes(b, width),
                                         b.getStringAttr(name), operands)
        .getResults();
  }
};

/// vpermi2b looks up 128 bytes at once: two of them, and the index's highest
/// bit chooses.
struct Vbmi final : TableIsa {
  Vbmi() : TableIsa(64) {}
  SmallVector<Value> load(ImplicitLocOpBuilder &b, Value table) const override {
    return llvm::map_to_vector(llvm::seq<int64_t>(0, 4), [&](int64_t i) {
      return part(b, table, 64 * i, 64);
    });
  }
  Value lookUp(ImplicitLocOpBuilder &b, ArrayRef<Value> table,
               Value indices) const override {
    StringRef name = "llvm.x86.avx512.vpermi2var.qi.512";
    Value low = call(b, name, {table[0], indices, table[1]});
    Value high = call(b, name, {table[2], indices, table[3]});
    Value isHigh = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, indices,
                                         splat(b, 0));
    return arith::SelectOp::create(b, isHigh, high, low);
  }
};

/// vpshufb looks up 16 bytes in each 128-bit part, and gives zero for an index
/// whose highest bit is set. Each row of 16 bytes is kept as its difference to
/// the one before: an index takes part, and loses 16, until it falls below
/// zero, so that the differences up to its own row add up. The upper half of
/// the table is looked up likewise.
struct Pshufb final : TableIsa {
  explicit Pshufb(int64_t width) : TableIsa(width) {}
  SmallVector<Value> load(ImplicitLocOpBuilder &b, Value table) const override {
    SmallVector<int64_t> repeat;
    for (int64_t i = 0; i < width; ++i)
      repeat.push_back(i % 16);
    SmallVector<Value> rows, registers;
    for (int64_t i = 0; i < 16; ++i) {
      rows.push_back(part(b, table, 16 * i, 16));
      Value row = rows.back();
      if (i % 8 != 0)
        row = arith::XOrIOp::create(b, row, rows[i - 1]);
      registers.push_back(vector::ShuffleOp::create(b, row, row, repeat));
    }
    return registers;
  }
  Value lookUp(ImplicitLocOpBuilder &b, ArrayRef<Value> table,
               Value indices) const override {
    StringRef name =
        width == 64 ? "llvm.x86.avx512.pshuf.b.512" : "llvm.x86.avx2.pshuf.b";
    Value result, row = splat(b, 16);
    for (int64_t half : {0, 8}) {
      Value index = indices;
      if (half != 0)
        index = arith::XOrIOp::create(b, index, splat(b, -128));
      for (int64_t i = 0; i < 8; ++i) {
        if (i > 0)
          index = call(b, "llvm.ssub.sat", {index, row});
        Value found = call(b, name, {table[half + i], index});
        result =
            result ? Value(arith::XOrIOp::create(b, result, found)) : found;
      }
    }
    return result;
  }
};

/// tbl looks up 64 bytes; tbx keeps what lies outside of its 64.
struct Tbl final : TableIsa {
  Tbl() : TableIsa(16) {}
  SmallVector<Value> load(ImplicitLocOpBuilder &b, Value table) const override {
    return llvm::map_to_vector(llvm::seq<int64_t>(0, 16), [&](int64_t i) {
      return part(b, table, 16 * i, 16);
    });
  }
  Value lookUp(ImplicitLocOpBuilder &b, ArrayRef<Value> table,
               Value indices) const override {
    Value result = call(b, "llvm.aarch64.neon.tbl4",
                        {table[0], table[1], table[2], table[3], indices});
    for (int64_t i = 4; i < 16; i += 4)
      result =
          call(b, "llvm.aarch64.neon.tbx4",
               {result, table[i], table[i + 1], table[i + 2], table[i + 3],
                Value(arith::SubIOp::create(b, indices, splat(b, 16 * i)))});
    return result;
  }
};

struct VectorizeLookupsPass
    : octet::impl::VectorizeLookupsBase<VectorizeLookupsPass> {
  using VectorizeLookupsBase::VectorizeLookupsBase;

  void runOnOperation() override {
    std::unique_ptr<TableIsa> chosen;
    if (StringRef(isa).starts_with("neon"))
      chosen = std::make_unique<Tbl>();
    else if (isa == "avx512vbmi")
      chosen = std::make_unique<Vbmi>();
    else
      chosen = std::make_unique<Pshufb>(isa == "avx512vnni" ? 64 : 32);
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops)
      if (auto lookup = matchLookup(op))
        if (vectorize(op, *lookup, *chosen))
          ++numVectorized;
  }

private:
  /// `memory` as [outer..., row], where rows are contiguous. Its offset is
  /// taken once: indices of a collapsed shape would be divided at each access.
  static Value asRows(ImplicitLocOpBuilder &b, Value memory,
                      ArrayRef<int64_t> outer, int64_t row) {
    auto type = cast<MemRefType>(memory.getType());
    auto [strides, offset] = type.getStridesAndOffset();
    strides.truncate(outer.size());
    strides.push_back(1);
    SmallVector<int64_t> shape(outer);
    shape.push_back(row);
    OpFoldResult start = b.getIndexAttr(offset);
    if (ShapedType::isDynamic(offset))
      start = memref::ExtractStridedMetadataOp::create(b, memory).getOffset();
    return memref::ReinterpretCastOp::create(
        b,
        MemRefType::get(
            shape, type.getElementType(),
            StridedLayoutAttr::get(b.getContext(), offset, strides)),
        memory, start, getAsIndexOpFoldResult(b.getContext(), shape),
        getAsIndexOpFoldResult(b.getContext(), strides));
  }

  /// Loops over rows that are contiguous on both sides, in vectors; the last
  /// vector of a row overlaps the one before it, and is read before that one is
  /// written. A row that is shorter than a vector fills a part of one. False
  /// for rows of which there is little to gain.
  static bool vectorize(linalg::GenericOp op, const Lookup &lookup,
                        const TableIsa &table) {
    auto inputType = cast<MemRefType>(lookup.input.getType());
    auto outputType = cast<MemRefType>(lookup.output.getType());
    SmallVector<int64_t> from, to;
    int64_t offset;
    if (inputType.getRank() == 0 || !inputType.hasStaticShape() ||
        failed(inputType.getStridesAndOffset(from, offset)) ||
        failed(outputType.getStridesAndOffset(to, offset)) ||
        ShapedType::isDynamicShape(from) || ShapedType::isDynamicShape(to) ||
        from.back() != 1 || to.back() != 1)
      return false;
    // Trailing dimensions that are one row of bytes on both sides.
    auto shape = inputType.getShape();
    int64_t row = shape.back(), first = inputType.getRank() - 1;
    for (; first > 0 && from[first - 1] == row && to[first - 1] == row; --first)
      row *= shape[first - 1];
    if (row < shortestRow)
      return false;

    ImplicitLocOpBuilder b(op.getLoc(), op);
    Value input = asRows(b, lookup.input, shape.take_front(first), row),
          output = asRows(b, lookup.output, shape.take_front(first), row);
    SmallVector<Value> registers = table.load(b, lookup.table);
    auto index = [&](int64_t i) -> Value {
      return arith::ConstantIndexOp::create(b, i);
    };
    SmallVector<Value> position;
    int64_t width = std::min(row, table.width);
    auto type = VectorType::get({width}, b.getI8Type());
    auto whole = VectorType::get({table.width}, b.getI8Type());
    auto find = [&](Value at) {
      position.push_back(at);
      Value indices = vector::LoadOp::create(b, type, input, position);
      position.pop_back();
      if (type != whole)
        indices = vector::InsertStridedSliceOp::create(
            b, indices, arith::ConstantOp::create(b, b.getZeroAttr(whole)),
            ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1});
      return sliceVector(b, b.getLoc(), table.lookUp(b, registers, indices), 0,
                         width);
    };
    auto store = [&](Value found, Value at) {
      position.push_back(at);
      vector::StoreOp::create(b, found, output, position);
      position.pop_back();
    };
    // The last vector of a row overlaps the one before it, which must not have
    // been looked up where that is in place.
    bool inPlace = findMemory(lookup.input) == findMemory(lookup.output);
    SmallVector<int64_t> counts(shape.take_front(first));
    if (!inPlace)
      counts.push_back(llvm::divideCeil(row, width));
    if (!counts.empty()) {
      SmallVector<Value> highs = llvm::map_to_vector(counts, index);
      auto loops = scf::ParallelOp::create(
          b, SmallVector<Value>(counts.size(), index(0)), highs,
          SmallVector<Value>(counts.size(), index(1)));
      b.setInsertionPointToStart(loops.getBody());
      llvm::append_range(position, loops.getInductionVars());
    }
    if (!inPlace) {
      AffineExpr i = b.getAffineDimExpr(0);
      auto map = AffineMap::get(
          1, 0, {i * width, b.getAffineConstantExpr(row - width)},
          b.getContext());
      Value at = affine::AffineMinOp::create(b, map, position.pop_back_val());
      store(find(at), at);
      op.erase();
      return true;
    }
    int64_t inVectors = row / width * width;
    Value end = index(row - width), last;
    if (inVectors < row)
      last = find(end);
    auto loop = scf::ForOp::create(b, index(0), index(inVectors), index(width));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      store(find(loop.getInductionVar()), loop.getInductionVar());
    }
    if (last)
      store(last, end);
    op.erase();
    return true;
  }
};

} // namespace
