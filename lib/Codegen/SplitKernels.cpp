//===- SplitKernels.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/ControlFlowSinkUtils.h"
#include "octet/Codegen/Passes.h"
#include "octet/Codegen/VectorUtils.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_SPLITKERNELS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// Iterations that are enough to keep many threads equally busy.
constexpr int64_t enoughParts = 24;

/// About how many cycles the kernel takes: operations that are executed, of
/// which many are none in machine code and those on single values may become
/// vectors.
int64_t estimateWork(func::FuncOp kernel) {
  constexpr int64_t perCycle = 8, registerBits = 512, someTrips = 8;
  double executed = 0;
  kernel.walk([&](Operation *op) {
    if (op == kernel || op->hasTrait<OpTrait::IsTerminator>() ||
        op->hasTrait<OpTrait::ConstantLike>())
      return;
    // Of what is computed, or stored.
    double times = 1;
    for (Type type : op->getNumResults() > 0 ? TypeRange(op->getResultTypes())
                                             : TypeRange(op->getOperandTypes()))
      if (auto vector = dyn_cast<VectorType>(type)) {
        int64_t bits = vector.getElementType().isIndex()
                           ? IndexType::kInternalStorageBitWidth
                           : vector.getElementTypeBitWidth();
        times = std::max<double>(times, double(vector.getNumElements()) * bits /
                                            registerBits);
      }
    for (Operation *at = op->getParentOp(); at != kernel;
         at = at->getParentOp())
      if (auto loop = dyn_cast<LoopLikeOpInterface>(at)) {
        auto lower = loop.getLoopLowerBounds(),
             upper = loop.getLoopUpperBounds(), step = loop.getLoopSteps();
        if (!lower || !upper || !step)
          continue;
        for (auto [l, u, by] : llvm::zip_equal(*lower, *upper, *step))
          times *= constantTripCount(l, u, by, /*isSigned=*/true,
                                     scf::computeUbMinusLb)
                       .value_or(APInt(64, someTrips))
                       .getSExtValue();
      }
    executed += times;
  });
  return executed / perCycle;
}

/// A nest of loops with constant bounds whose iterations are independent: an
/// scf.forall or scf.parallel.
struct Nest {
  Operation *op;
  SmallVector<int64_t> lower, step, count;
  ValueRange variables;
};

std::optional<Nest> matchNest(Operation *op) {
  Nest nest{op, {}, {}, {}, {}};
  SmallVector<OpFoldResult> lower, upper, step;
  if (auto loop = dyn_cast<scf::ForallOp>(op)) {
    if (loop.getNumResults() > 0)
      return std::nullopt;
    lower = loop.getMixedLowerBound();
    upper = loop.getMixedUpperBound();
    step = loop.getMixedStep();
    nest.variables = loop.getInductionVars();
  } else if (auto loop = dyn_cast<scf::ParallelOp>(op)) {
    if (loop.getNumReductions() > 0)
      return std::nullopt;
    lower = getAsOpFoldResult(loop.getLowerBound());
    upper = getAsOpFoldResult(loop.getUpperBound());
    step = getAsOpFoldResult(loop.getStep());
    nest.variables = loop.getInductionVars();
  } else {
    return std::nullopt;
  }
  for (auto [l, u, s] : llvm::zip_equal(lower, upper, step)) {
    auto from = getConstantIntValue(l), to = getConstantIntValue(u),
         by = getConstantIntValue(s);
    if (!from || !to || !by || *by <= 0 || *to <= *from)
      return std::nullopt;
    nest.lower.push_back(*from);
    nest.step.push_back(*by);
    nest.count.push_back(llvm::divideCeil(*to - *from, *by));
  }
  return nest.count.empty() ? std::nullopt : std::optional(nest);
}

struct Accesses {
  SmallPtrSet<Value, 4> read, written;
  /// Something whose effects are not known.
  bool unknown = false;
};

Accesses collectAccesses(Operation *op) {
  Accesses result;
  op->walk([&](Operation *nested) {
    if (nested->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
      return;
    auto interface = dyn_cast<MemoryEffectOpInterface>(nested);
    if (!interface) {
      // A kernel's memory is reached through what it is given alone.
      result.unknown |= llvm::any_of(nested->getOperandTypes(), [](Type type) {
        return !type.isIntOrIndexOrFloat() && !isa<VectorType>(type);
      });
      return;
    }
    SmallVector<MemoryEffects::EffectInstance> effects;
    interface.getEffects(effects);
    for (const auto &effect : effects) {
      if (isa<MemoryEffects::Allocate, MemoryEffects::Free>(effect.getEffect()))
        continue;
      if (!effect.getValue()) {
        result.unknown = true;
        continue;
      }
      auto &set = isa<MemoryEffects::Write>(effect.getEffect()) ? result.written
                                                                : result.read;
      Value memory = findMemory(effect.getValue());
      auto argument = dyn_cast<BlockArgument>(memory);
      result.unknown |=
          argument
              ? !isa<func::FuncOp>(argument.getOwner()->getParentOp())
              : !isa<memref::AllocOp, memref::AllocaOp, memref::GetGlobalOp>(
                    memory.getDefiningOp());
      set.insert(memory);
    }
  });
  return result;
}

class Splitter {
public:
  explicit Splitter(func::FuncOp kernel)
      : kernel(kernel), rewriter(kernel.getContext()) {}

  /// Adds the arguments; returns the number of parts, one unless they are
  /// `worth` it.
  int64_t run(bool worth) {
    auto index = rewriter.getIndexType();
    for (int i = 0; i < 2; ++i)
      (void)kernel.insertArgument(kernel.getNumArguments(), index, {},
                                  kernel.getLoc());
    int64_t parts = 1;
    if (worth && findWork())
      for (Nest &nest : nests)
        parts = std::max(parts, countOuter(nest));
    if (parts > 1) {
      for (Nest &nest : nests)
        split(nest, parts);
      for (auto [i, op] : llvm::enumerate(singles))
        runInPart(op, parts - 1 - i % parts, parts);
    }
    makeSequential();
    return parts;
  }

private:
  Value begin() { return kernel.getArguments().end()[-2]; }
  Value end() { return kernel.getArguments().end()[-1]; }

  /// Finds what is to be shared; fails where the kernel stays whole.
  bool findWork() {
    SmallPtrSet<Value, 4> results; // operands that are written
    SmallVector<Accesses> all;
    for (Operation &op : kernel.getBody().front()) {
      Accesses accesses = collectAccesses(&op);
      if (accesses.unknown)
        return false;
      auto written = llvm::make_filter_range(
          accesses.written, [&](Value memory) { return !isPrivate(memory); });
      if (!written.empty()) {
        if (auto nest = matchNest(&op))
          nests.push_back(*nest);
        else
          singles.push_back(&op);
        for (Value memory : written)
          if (!results.insert(memory).second &&
              !kernel->hasAttr(disjointTilesAttr))
            return false;
      }
      all.push_back(std::move(accesses));
    }
    // What one operation writes into a result no other may read; what it reads
    // itself is of the same iteration.
    return llvm::none_of(all, [&](const Accesses &accesses) {
      return llvm::any_of(accesses.read, [&](Value memory) {
        return results.contains(memory) &&
               llvm::any_of(all, [&](const Accesses &other) {
                 return &other != &accesses && other.written.contains(memory);
               });
      });
    });
  }

  /// Each call has what the kernel allocates, and scratch memory, for itself.
  bool isPrivate(Value memory) {
    return memory.getDefiningOp<memref::AllocOp>() || isScratch(memory);
  }

  /// Scratch memory is the argument before the range.
  bool isScratch(Value memory) {
    return kernel->hasAttr(scratchAttr) &&
           memory == kernel.getArguments().end()[-3];
  }

  /// The product of the leading dimensions that are split; sets how many.
  static int64_t countOuter(const Nest &nest, unsigned *dims = nullptr) {
    int64_t product = 1;
    unsigned taken = 0;
    while (taken < nest.count.size() && product < enoughParts)
      product *= nest.count[taken++];
    if (dims)
      *dims = taken;
    return product;
  }

  /// Runs the iterations [total * begin / parts, total * end / parts) of
  /// `nest`, both rounded up.
  void split(Nest &nest, int64_t parts) {
    unsigned outer;
    int64_t total = countOuter(nest, &outer);
    auto loc = nest.op->getLoc();
    rewriter.setInsertionPoint(nest.op);
    auto bound = [&](Value part) -> Value {
      if (total == parts)
        return part;
      Value scaled = arith::MulIOp::create(rewriter, loc, part, index(total));
      return arith::CeilDivUIOp::create(rewriter, loc, scaled, index(parts));
    };
    SmallVector<Value> variables;
    emitLoops(nest, 0, outer, bound(begin()), bound(end()), variables);
    rewriter.eraseOp(nest.op);
  }

  /// Loops over dimensions `dim` and further; of those before `outer` the
  /// iterations [from, to) in row-major order.
  void emitLoops(Nest &nest, unsigned dim, unsigned outer, Value from, Value to,
                 SmallVectorImpl<Value> &variables) {
    auto loc = nest.op->getLoc();
    if (dim == nest.count.size()) {
      Block *body = &nest.op->getRegion(0).front();
      rewriter.eraseOp(body->getTerminator());
      rewriter.inlineBlockBefore(body, rewriter.getInsertionBlock(),
                                 rewriter.getInsertionPoint(), variables);
      return;
    }
    int64_t inner = 1;
    for (unsigned d = dim + 1; d < outer; ++d)
      inner *= nest.count[d];
    Value first = index(0), last = index(nest.count[dim]);
    if (dim < outer && inner == 1) {
      first = from;
      last = to;
    } else if (dim < outer) {
      first = arith::DivUIOp::create(rewriter, loc, from, index(inner));
      last = arith::CeilDivUIOp::create(rewriter, loc, to, index(inner));
    }
    auto loop = scf::ForOp::create(rewriter, loc, first, last, index(1));
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(loop.getBody());
    Value at = loop.getInductionVar(), variable = at;
    if (nest.step[dim] != 1)
      variable =
          arith::MulIOp::create(rewriter, loc, at, index(nest.step[dim]));
    if (nest.lower[dim] != 0)
      variable = arith::AddIOp::create(rewriter, loc, variable,
                                       index(nest.lower[dim]));
    variables.push_back(variable);
    Value innerFrom, innerTo;
    if (dim + 1 < outer) {
      Value start = arith::MulIOp::create(rewriter, loc, at, index(inner));
      auto relative = [&](Value bound) -> Value {
        return arith::SubIOp::create(rewriter, loc, bound, start);
      };
      innerFrom =
          arith::MaxSIOp::create(rewriter, loc, relative(from), index(0));
      innerTo =
          arith::MinSIOp::create(rewriter, loc, relative(to), index(inner));
    }
    emitLoops(nest, dim + 1, outer, innerFrom, innerTo, variables);
  }

  /// Leaves `op`, and what is computed for it alone, to the call whose range
  /// has `part`.
  void runInPart(Operation *op, int64_t part, int64_t parts) {
    auto loc = op->getLoc();
    rewriter.setInsertionPoint(op);
    auto compare = [&](arith::CmpIPredicate how, Value bound) -> Value {
      return arith::CmpIOp::create(rewriter, loc, how, bound, index(part));
    };
    Value isHere = arith::AndIOp::create(
        rewriter, loc, compare(arith::CmpIPredicate::ule, begin()),
        compare(arith::CmpIPredicate::ugt, end()));
    auto branch = scf::IfOp::create(rewriter, loc, isHere,
                                    /*withElseRegion=*/false);
    op->moveBefore(branch.thenYield());
    DominanceInfo dominance(kernel);
    // What it reads is not written here: findWork has seen to that, but for
    // private memory.
    controlFlowSink(
        {&branch.getThenRegion()}, dominance,
        [&](Operation *sunk, Region *) {
          Accesses accesses = collectAccesses(sunk);
          return !accesses.unknown && accesses.written.empty() &&
                 !isa<memref::AllocOp>(sunk) &&
                 llvm::none_of(accesses.read,
                               [&](Value memory) { return isPrivate(memory); });
        },
        [](Operation *sunk, Region *region) {
          sunk->moveBefore(&region->front(), region->front().begin());
        });
  }

  /// What is parallel within a part runs one behind the other.
  void makeSequential() {
    SmallVector<Operation *> loops;
    kernel.walk([&](Operation *op) {
      if (isa<scf::ForallOp, scf::ParallelOp>(op))
        loops.push_back(op);
    });
    for (Operation *op : loops) {
      rewriter.setInsertionPoint(op);
      if (auto loop = dyn_cast<scf::ForallOp>(op))
        (void)scf::forallToForLoop(rewriter, loop);
      else
        (void)scf::parallelForToNestedFors(rewriter, cast<scf::ParallelOp>(op));
    }
  }

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(rewriter, kernel.getLoc(), value);
  }

  func::FuncOp kernel;
  IRRewriter rewriter;
  SmallVector<Nest> nests;
  /// What writes a result without being a nest: tiles that stand alone.
  SmallVector<Operation *> singles;
};

struct SplitKernelsPass : octet::impl::SplitKernelsBase<SplitKernelsPass> {
  using SplitKernelsBase::SplitKernelsBase;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kernelAttr) || kernel.isDeclaration())
      return;
    int64_t work = estimateWork(kernel);
    int64_t parts = Splitter(kernel).run(work >= minWork);
    numSplit += parts > 1;
    Builder builder(&getContext());
    kernel->setAttr(partsAttr, builder.getI64IntegerAttr(parts));
    kernel->setAttr(workAttr, builder.getI64IntegerAttr(work));
  }
};

} // namespace
