//===- Passes.td -------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_CODEGEN_PASSES_TD
#define OCTET_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def MaterializePads : Pass<"octet-materialize-pads", "::mlir::func::FuncOp"> {
  let summary = "Turn the padding of windows into octet.pad";
  let description = [{
    Convolutions and pools then read padded inputs only, and padding is a matter
    of memory layout alone.
  }];
  let statistics = [Statistic<"numPads", "pads", "Paddings made explicit">];
}

def SignedStorage : Pass<"octet-signed-storage", "::mlir::func::FuncOp"> {
  let summary = "Keep quantized values as q - 128 in si8";
  let description = [{
    For targets whose dot products multiply signed bytes by signed bytes. Zero
    points move by 128, tables and constants change with them, and a
    convolution's bias makes up for what its products lose: `bias[o] +
    128 · Σ filter[o]`. Inputs of the model keep their bytes and are converted
    where an operation on quantized values takes them. Fails where a filter, a
    bias or a table is no constant.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def AssignLayouts : Pass<"octet-assign-layouts", "::mlir::func::FuncOp"> {
  let summary = "Decide borders and channel padding of every tensor";
  let description = [{
    A tensor of rank 4 gets the border that the `octet.pad`s of its consumers
    call for, as far as they agree on the value; such a pad then only writes the
    border. `channel-alignment` rounds up the allocated channels (tensors of at
    most 4 channels get 4). Results of the function stay dense.
  }];
  let options = [Option<"channelAlignment", "channel-alignment", "int64_t", "1",
                        "Allocated channels are a multiple of this">];
  let statistics = [Statistic<"numInPlace", "in-place", "Pads done in place">];
}

def PackConstants : Pass<"octet-pack-constants", "::mlir::func::FuncOp"> {
  let summary = "Block filters for the lanes of a register";
  let description = [{
    Dense filters become `[O / lanes, KH, KW, I / pack, lanes, pack]` in 8 bits
    and `[O / lanes, KH, KW, I, lanes]` in f32, depthwise ones `[KH, KW, O /
    lanes, lanes]`; bias and multiplier are padded to whole blocks, 8-bit input
    channels to whole steps. An input too narrow for that, an image's, is packed
    by 4. Grouped convolutions that are not depthwise are left as they are.
    Products of computed f32 matrices and attentions are marked to be blocked by
    their kernels.
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", "16", "Output channels of a block">,
    Option<"pack", "pack", "int64_t", "4", "Input channels in one lane">,
    Option<"step", "step", "int64_t", "4",
           "Input channels that one step of the reduction takes">,
    Option<"floatRegisters", "float-registers", "int64_t", "28",
           "Accumulators of one block of f32 that fit the register file">
  ];
  let statistics = [Statistic<"numPacked", "packed", "Convolutions blocked">];
}

def OutlineKernels : Pass<"octet-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Turn each operation into a call of a kernel on memory";
  let description = [{
    `main` on tensors becomes `octet_run` on memory: one buffer for each tensor,
    one call for each operation. Operations that differ only in constants share
    a kernel. Inside, the operation works on tensors again, read from and
    inserted into its arguments.
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernels made">,
    Statistic<"numCalls", "calls", "Calls of kernels">
  ];
}

def TileAndFuse : Pass<"octet-tile-and-fuse", "::mlir::func::FuncOp"> {
  let summary = "Tile each kernel's last operation and fuse what feeds it";
  let description = [{
    An accumulator then lives for one tile only. Blocked contractions get a tile
    that fills the registers and unit steps along the reductions; everything
    else is tiled to one position of all but the last dimension. Pools are
    interchanged so that channels, contiguous in memory, run innermost.
  }];
  let options = [
    Option<"registers", "registers", "int64_t", "28",
           "Accumulators of one block that fit the register file">,
    Option<"width", "width", "int64_t", "16", "32-bit lanes of a register">,
    Option<"step", "step", "int64_t", "4",
           "Input channels that one step of an 8-bit reduction takes">,
    Option<"floatRegisters", "float-registers", "int64_t", "0",
           "The same for f32, 0 for as many">,
    Option<"dotCost", "dot-cost", "double", "1.0",
           "Instructions of one 8-bit dot product">,
    Option<"splatCost", "splat-cost", "double", "0.35",
           "Cost of one 8-bit input in all lanes, in instructions">,
    Option<"loadCost", "load-cost", "double", "0.35",
           "Cost of one register of an 8-bit filter">,
    Option<"rows", "rows", "int64_t", "1",
           "Output positions that one 8-bit dot product computes">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [Statistic<"numTiled", "tiled", "Operations tiled">];
}

def VectorizeKernels : Pass<"octet-vectorize", "::mlir::func::FuncOp"> {
  let summary = "Vectorize kernels whose contraction is blocked";
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect"
  ];
  let statistics = [Statistic<"numVectorized", "vectorized", "Operations">];
}

def ContractToFma : Pass<"octet-contract-to-fma", "::mlir::func::FuncOp"> {
  let summary = "Rewrite f32 vector.contract as math.fma (QS-12)";
  let dependentDialects = [
    "::mlir::math::MathDialect", "::mlir::ub::UBDialect",
    "::mlir::vector::VectorDialect"
  ];
  let statistics = [Statistic<"numRewritten", "contractions", "Rewritten">];
}

def VectorizeLookups : Pass<"octet-vectorize-lookups", "::mlir::func::FuncOp"> {
  let summary = "Look bytes up in tables that lie in registers";
  let description = [{
    Rows of at least a vector's bytes are looked up by `vpermi2b`, `vpshufb` or
    `tbl`; shorter ones stay a loop of loads.
  }];
  let options = [Option<"isa", "isa", "std::string", "\"avx2\"",
                        "The target's name">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::vector::VectorDialect"
  ];
  let statistics = [Statistic<"numVectorized", "lookups", "Lookups vectorized">];
}

def VectorizeTransposes : Pass<"octet-vectorize-transposes", "::mlir::func::FuncOp"> {
  let summary = "Transpose square tiles in registers";
  let description = [{
    An elementwise operation that reads some of its inputs across the direction
    in which it writes takes tiles of them: lines are loaded, transposed by
    shuffles, and the operation is done on whole vectors.
  }];
  let options = [Option<"width", "width", "int64_t", "16",
                        "Elements of a tile's line, a power of two">];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
  let statistics = [Statistic<"numVectorized", "transposes", "Vectorized">];
}

def X86Dot : Pass<"octet-x86-dot", "::mlir::func::FuncOp"> {
  let summary = "Rewrite 8-bit vector.contract as x86 dot products";
  let description = [{
    Each register of accumulators takes one dot product a step
    (Codegen/ContractionRewriter.h); depthwise sums of products become dot
    products of interleaved rows.

    AVX2 has none on bytes: it multiplies words. A block of the filter that many
    positions share, and an input that a kernel takes several times, are widened
    once, into buffers in front of the loops that read them.
  }];
  let options = [Option<"isa", "isa", "std::string", "\"avx512vnni\"",
                        "avx512vbmi, avx512vnni, avx512vnni256, avxvnni or "
                        "avx2">];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::ub::UBDialect",
    "::mlir::vector::VectorDialect"
  ];
  let statistics = [Statistic<"numRewritten", "contractions", "Rewritten">];
}

def X86Round : Pass<"octet-x86-round", "::mlir::func::FuncOp"> {
  let summary = "Round f32 while converting it to i32";
  let description = [{
    cvtps2dq rounds half to even, as programs leave the rounding mode, so that
    a `math.roundeven` before `arith.fptosi` takes no instruction.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let statistics = [Statistic<"numRewritten", "conversions", "Rewritten">];
}

def ArmDot : Pass<"octet-arm-dot", "::mlir::func::FuncOp"> {
  let summary = "Rewrite 8-bit vector.contract as Arm dot products";
  let description = [{
    Each register of accumulators takes one dot product a step
    (Codegen/ContractionRewriter.h). Matrix multiplies take two positions at
    once: accumulators are 2 x 2 tiles throughout the loops, and where a kernel
    takes an input many times, its pairs of positions are put together once, into
    a buffer in front of the loops.
  }];
  let options = [Option<"isa", "isa", "std::string", "\"neon-dotprod\"",
                        "neon-i8mm, neon-dotprod or neon">];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::ub::UBDialect",
    "::mlir::vector::VectorDialect"
  ];
  let statistics = [Statistic<"numRewritten", "contractions", "Rewritten">];
}

def UnrollVectors : Pass<"octet-unroll-vectors", "::mlir::func::FuncOp"> {
  let summary = "Split multi-dimensional vectors into registers";
  let description = [{
    Transfers, elementwise operations and loop-carried values on n-D vectors
    become 1-D ones; LLVM spills whole n-D vectors that cross a loop.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::ub::UBDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def FuseMultiplyAdd : Pass<"octet-fuse-multiply-add", "::mlir::func::FuncOp"> {
  let summary = "Turn contractible products and sums into math.fma (QS-12)";
  let dependentDialects = ["::mlir::math::MathDialect"];
  let statistics = [Statistic<"numFused", "fused", "Products fused">];
}

def ExpandMath : Pass<"octet-expand-math", "::mlir::func::FuncOp"> {
  let summary = "Replace functions of f32 by polynomials (QS-13)";
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def Bufferize : Pass<"octet-bufferize", "::mlir::func::FuncOp"> {
  let summary = "Bufferize kernels in place";
  let description = [{
    Upstream's one-shot bufferization; copies become `linalg.copy`, which needs
    no run-time library.
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect"
  ];
}

def HoistTemporaries
    : Pass<"octet-hoist-temporaries", "::mlir::func::FuncOp"> {
  let summary = "Take kernels' large temporaries from their caller";
  let description = [{
    A buffer inside a kernel with which its buffers would be more than
    `max-stack-bytes` becomes part of a last argument, scratch memory of
    `octet.scratch` bytes: programs allocate nothing while they run. The others
    go on the stack.
  }];
  let options = [Option<"maxStackBytes", "max-stack-bytes", "int64_t", "65536",
                        "Bytes of a kernel's buffers left to the stack">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"
  ];
  let statistics = [Statistic<"numHoisted", "hoisted", "Buffers hoisted">];
}

def SplitKernels : Pass<"octet-split-kernels", "::mlir::func::FuncOp"> {
  let summary = "Let kernels compute a range of their parts";
  let description = [{
    Two last arguments, `begin` and `end`, say which of `octet.parts` equal parts
    a call computes. Each outermost loop nest whose iterations are independent
    runs the share of its iterations that lies in the range; several calls whose
    ranges cover all parts compute what one does, in any order and at the same
    time.

    A kernel has one part where it takes too few cycles (`octet.work`, an
    estimate), where a nest reads what another wrote into an operand, or where writes of two
    nests may meet; what writes into temporaries alone, which each call has for
    itself, is done by every call. Parallel loops become sequential ones.
  }];
  let options = [Option<"minWork", "min-work", "int64_t", "8000",
                        "Cycles that are worth being shared">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"
  ];
  let statistics = [Statistic<"numSplit", "split", "Kernels with several parts">];
}

def CompleteCalls : Pass<"octet-complete-calls", "::mlir::ModuleOp"> {
  let summary = "Give kernels what they take beside operands";
  let description = [{
    Each call of a kernel with a module of its own gets scratch memory and the
    range of all parts. The declarations take over `octet.scratch`, `octet.parts`
    and `octet.work`; one whose kernel is compiled already has them.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"
  ];
}

def PlanArena : Pass<"octet-plan-arena", "::mlir::ModuleOp"> {
  let summary = "Place all buffers of octet_run in one arena";
  let description = [{
    Buffers whose lifetimes overlap get disjoint bytes: one after the other, each
    at the lowest free offset, in that of several orders (large or long-lived
    ones first) which makes the smallest arena. The arena becomes the first argument
    of `octet_run`; its size is the module's `octet.arena_size`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"
  ];
  let statistics = [
    Statistic<"arenaBytes", "arena-bytes", "Size of the arena">,
    Statistic<"liveBytes", "live-bytes", "Most bytes that are live at a time">,
    Statistic<"totalBytes", "buffer-bytes", "Sum of all buffers">
  ];
}

#endif // OCTET_CODEGEN_PASSES_TD
