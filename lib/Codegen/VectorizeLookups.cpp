//===- VectorizeLookups.cpp -------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_VECTORIZELOOKUPS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// out[i] = table[in[i]] on bytes, of equal shapes and static strides.
struct Lookup {
  Value input, output, table;
};

std::optional<Lookup> matchLookup(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() != 1 ||
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
  return Lookup{op.getDpsInputs()[0], op.getDpsInits()[0], load.getMemRef()};
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

/// vpshufb looks up 16 bytes in each 128-bit part: for every high nibble the
/// indices that have it keep their low one, all others get their highest bit
/// set and give zero.
struct Pshufb final : TableIsa {
  explicit Pshufb(int64_t width) : TableIsa(width) {}
  SmallVector<Value> load(ImplicitLocOpBuilder &b, Value table) const override {
    SmallVector<int64_t> repeat;
    for (int64_t i = 0; i < width; ++i)
      repeat.push_back(i % 16);
    return llvm::map_to_vector(llvm::seq<int64_t>(0, 16), [&](int64_t i) {
      Value row = part(b, table, 16 * i, 16);
      return Value(vector::ShuffleOp::create(b, row, row, repeat));
    });
  }
  Value lookUp(ImplicitLocOpBuilder &b, ArrayRef<Value> table,
               Value indices) const override {
    StringRef name =
        width == 64 ? "llvm.x86.avx512.pshuf.b.512" : "llvm.x86.avx2.pshuf.b";
    Value result, limit = splat(b, 0x70);
    for (int64_t nibble = 0; nibble < 16; ++nibble) {
      Value low = arith::XOrIOp::create(b, indices, splat(b, nibble * 16));
      low = call(b, "llvm.uadd.sat", {low, limit});
      Value found = call(b, name, {table[nibble], low});
      result = result ? Value(arith::OrIOp::create(b, result, found)) : found;
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
  /// Loops over rows that are contiguous on both sides, in vectors; the last
  /// vector of a row overlaps the one before it. False for rows that are
  /// shorter than a vector.
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
    if (row < table.width)
      return false;

    ImplicitLocOpBuilder b(op.getLoc(), op);
    SmallVector<ReassociationIndices> groups;
    for (int64_t i = 0; i < first; ++i)
      groups.push_back({i});
    groups.push_back(
        llvm::to_vector<2>(llvm::seq<int64_t>(first, inputType.getRank())));
    auto collapse = [&](Value value) -> Value {
      return first + 1 == inputType.getRank()
                 ? value
                 : memref::CollapseShapeOp::create(b, value, groups);
    };
    Value input = collapse(lookup.input), output = collapse(lookup.output);
    SmallVector<Value> registers = table.load(b, lookup.table);
    auto index = [&](int64_t i) -> Value {
      return arith::ConstantIndexOp::create(b, i);
    };
    SmallVector<Value> position;
    for (int64_t i = 0; i < first; ++i) {
      auto loop = scf::ForOp::create(b, index(0), index(shape[i]), index(1));
      b.setInsertionPointToStart(loop.getBody());
      position.push_back(loop.getInductionVar());
    }
    auto type = VectorType::get({table.width}, b.getI8Type());
    auto emit = [&](Value at) {
      SmallVector<Value> here(position);
      here.push_back(at);
      Value indices = vector::LoadOp::create(b, type, input, here);
      vector::StoreOp::create(b, table.lookUp(b, registers, indices), output,
                              here);
    };
    int64_t whole = row / table.width * table.width;
    auto loop =
        scf::ForOp::create(b, index(0), index(whole), index(table.width));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      emit(loop.getInductionVar());
    }
    if (whole < row)
      emit(index(row - table.width));
    op.erase();
    return true;
  }
};

} // namespace
