//===- OutlineKernels.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BoxCopies.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

Type signless(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element;
}

/// The memory of a tensor, as signless elements of its physical shape.
MemRefType bufferType(RankedTensorType type) {
  return MemRefType::get(getPhysicalShape(type),
                         signless(type.getElementType()));
}

/// The type of `value`, operand `index` of `op` (results follow operands),
/// inside the kernel: logical, except that blocked operations see whole blocks.
RankedTensorType kernelType(LoweringOpInterface op, Value value,
                            unsigned index) {
  return RankedTensorType::get(op.getKernelShape(index),
                               typeOf(value).getElementType());
}

/// Where the tensor lies in its memory.
SmallVector<OpFoldResult> interior(OpBuilder &builder, RankedTensorType type) {
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0));
  if (type.getRank() == 4) {
    offsets[1] = builder.getIndexAttr(getBorder(type)[0]);
    offsets[2] = builder.getIndexAttr(getBorder(type)[1]);
  }
  return offsets;
}

/// True for a number, most often a zero point, with which there is nothing to
/// compute: a kernel is made for it. Others are arguments, so that kernels are
/// shared.
bool isZero(Value operand) {
  return !isa<RankedTensorType>(operand.getType()) &&
         (matchPattern(operand, m_Zero()) ||
          matchPattern(operand, m_PosZeroFloat()));
}

struct OutlineKernelsPass
    : octet::impl::OutlineKernelsBase<OutlineKernelsPass> {
  void runOnOperation() override {
    buffers.clear();
    globals.clear();
    kernels = KernelTable(getOperation());
    observed.clear();
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main) {
      getOperation().emitError("has no function main");
      return signalPassFailure();
    }
    OpBuilder builder(main);
    Operation *terminator = main.getBody().front().getTerminator();

    SmallVector<Type> types;
    for (Value value : llvm::concat<Value>(
             llvm::to_vector_of<Value>(main.getArguments()),
             llvm::to_vector_of<Value>(terminator->getOperands())))
      types.push_back(bufferType(typeOf(value)));
    auto run = func::FuncOp::create(builder, main.getLoc(), runFunction,
                                    builder.getFunctionType(types, {}));
    Block *body = run.addEntryBlock();
    unsigned inputs = main.getNumArguments();
    for (auto [i, argument] : llvm::enumerate(main.getArguments()))
      buffers[argument] = body->getArgument(i);
    for (OpOperand &operand : terminator->getOpOperands())
      buffers[operand.get()] =
          body->getArgument(inputs + operand.getOperandNumber());

    builder.setInsertionPointToEnd(body);
    for (Operation &op : main.getBody().front()) {
      if (isa<OctetDialect>(op.getDialect())) {
        if (failed(lower(builder, op)))
          return signalPassFailure();
      } else if (auto constant = dyn_cast<arith::ConstantOp>(op);
                 constant && isa<RankedTensorType>(constant.getType()) &&
                 !ConstantView(constant.getValue())) {
        op.emitOpError("has no data");
        return signalPassFailure();
      } else if (!matchPattern(&op, m_Constant()) && !isa<func::ReturnOp>(op)) {
        op.emitOpError("cannot stand in a function that is outlined");
        return signalPassFailure();
      }
    }
    numKernels += kernels.size();
    func::ReturnOp::create(builder, main.getLoc());
    // What callers must know of the interface stays with the function.
    for (unsigned i = 0; i < inputs; ++i)
      run.setArgAttrs(i, main.getArgAttrDict(i));
    for (unsigned i = 0; i < main.getNumResults(); ++i)
      run.setArgAttrs(inputs + i, main.getResultAttrDict(i));
    auto interface = llvm::concat<const Type>(main.getArgumentTypes(),
                                              main.getResultTypes());
    for (auto [i, type] : llvm::enumerate(interface))
      run.setArgAttr(i, elementTypeAttr,
                     TypeAttr::get(getElementTypeOrSelf(type)));
    run->setAttr(numInputsAttr, builder.getI64IntegerAttr(inputs));
    main.erase();
  }

private:
  LogicalResult lower(OpBuilder &builder, Operation &op) {
    if (auto observe = dyn_cast<ObserveOp>(op)) {
      emitObserve(builder, observe);
      return success();
    }
    if (auto border = dyn_cast<BorderOp>(op)) {
      emitBorder(builder, border);
      return success();
    }
    SmallVector<Value> operands;
    for (Value operand : op.getOperands())
      if (!isZero(operand))
        operands.push_back(bufferOf(builder, operand));
    for (Value result : op.getResults()) {
      Value &out = buffers[result];
      if (!out)
        out = memref::AllocOp::create(builder, op.getLoc(),
                                      bufferType(typeOf(result)));
      operands.push_back(out);
    }
    auto boxes = cast<LoweringOpInterface>(op).getBoxes();
    if (boxes.empty()) {
      auto kernel = createKernel(op, ValueRange(operands).getTypes());
      emitCall(builder, op, kernel, operands);
    }
    for (auto [i, box] : llvm::enumerate(boxes)) {
      auto copy =
          createBoxCopy(kernels, op, box, ValueRange(operands).getTypes());
      auto place = [&](int64_t offset) -> Value {
        return arith::ConstantIndexOp::create(builder, op.getLoc(), offset);
      };
      emitCall(builder, op, copy.kernel,
               {operands[box.operand], operands.back(), place(copy.from),
                place(copy.to)},
               /*isFirst=*/i == 0);
    }
    return success();
  }

  /// The buffer or scalar that stands for `value`.
  Value bufferOf(OpBuilder &builder, Value value) {
    if (Value buffer = buffers.lookup(value))
      return buffer;
    Attribute constant;
    bool isConstant = matchPattern(value, m_Constant(&constant));
    assert(isConstant && "operands are computed before their uses");
    (void)isConstant;
    if (!isa<RankedTensorType>(value.getType()))
      return arith::ConstantOp::create(builder, value.getLoc(),
                                       cast<TypedAttr>(constant));
    return memref::GetGlobalOp::create(builder, value.getLoc(),
                                       bufferType(typeOf(value)),
                                       globalFor(constant));
  }

  StringRef globalFor(ConstantView constant) {
    auto type = RankedTensorType::get(constant.getType().getShape(),
                                      signless(constant.getElementType()));
    auto value = constant.bitcast(type.getElementType());
    memref::GlobalOp &global = globals[value];
    if (!global) {
      OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
      global = memref::GlobalOp::create(
          builder, getOperation().getLoc(),
          "constant_" + std::to_string(globals.size() - 1),
          builder.getStringAttr("private"),
          MemRefType::get(type.getShape(), type.getElementType()), value,
          /*constant=*/true, builder.getI64IntegerAttr(64));
    }
    return global.getSymName();
  }

  /// The first call of an operation says what that is; others are more of it.
  void emitCall(OpBuilder &builder, Operation &op, func::FuncOp kernel,
                ValueRange operands, bool isFirst = true) {
    auto call = func::CallOp::create(builder, op.getLoc(), kernel, operands);
    if (isFirst)
      call->setAttr(layerAttr, describeLayer(&op));
    ++numCalls;
  }

  func::FuncOp createKernel(Operation &op, TypeRange types) {
    OpBuilder builder(&getContext());
    auto kernel = KernelTable::start(builder, labelOf(&op), types);
    auto loc = builder.getUnknownLoc();
    auto ones = [&](int64_t rank) {
      return SmallVector<OpFoldResult>(rank, builder.getIndexAttr(1));
    };
    auto wholeTensor = [&](Value buffer, bool writable) -> Value {
      auto type = cast<MemRefType>(buffer.getType());
      return bufferization::ToTensorOp::create(
          builder, loc,
          RankedTensorType::get(type.getShape(), type.getElementType()), buffer,
          /*restrict=*/true, writable);
    };
    auto logical = cast<LoweringOpInterface>(op);
    auto plain = [](RankedTensorType type) {
      return RankedTensorType::get(type.getShape(),
                                   signless(type.getElementType()));
    };
    SmallVector<Value> operands, outputs;
    for (BlockArgument argument :
         kernel.getArguments().take_back(op.getNumResults()))
      outputs.push_back(wholeTensor(argument, /*writable=*/true));
    auto arguments = kernel.getArguments();
    for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
      if (isZero(operand)) {
        operands.push_back(arith::ConstantOp::create(
            builder, loc, builder.getZeroAttr(operand.getType())));
        continue;
      }
      Value argument = arguments.front();
      arguments = arguments.drop_front();
      auto outer = dyn_cast<RankedTensorType>(operand.getType());
      if (!outer) {
        operands.push_back(argument);
        continue;
      }
      auto type = kernelType(logical, operand, i);
      Value tensor = wholeTensor(argument, /*writable=*/false);
      tensor = tensor::ExtractSliceOp::create(
          builder, loc, plain(type), tensor, interior(builder, outer),
          getAsIndexOpFoldResult(&getContext(), type.getShape()),
          ones(type.getRank()));
      if (tensor.getType() != type)
        tensor = tensor::BitcastOp::create(builder, loc, type, tensor);
      operands.push_back(tensor);
    }
    Operation *inner = builder.clone(op);
    inner->walk([&](Operation *nested) { nested->setLoc(loc); });
    inner->removeAttr(noteAttr);
    inner->setOperands(operands);
    for (auto [i, outer] : llvm::enumerate(op.getResults())) {
      unsigned index = op.getNumOperands() + i;
      auto type = kernelType(logical, outer, index);
      Value result = inner->getResult(i);
      result.setType(type);
      Value value = result;
      if (plain(type) != type)
        value = tensor::BitcastOp::create(builder, loc, plain(type), value);
      Value buffer = arguments[i];
      Value filled = tensor::InsertSliceOp::create(
          builder, loc, value, outputs[i], interior(builder, typeOf(outer)),
          getAsIndexOpFoldResult(&getContext(), type.getShape()),
          ones(type.getRank()));
      auto store = bufferization::MaterializeInDestinationOp::create(
          builder, loc, filled, buffer);
      store.setRestrict(true);
      store.setWritable(true);
    }
    func::ReturnOp::create(builder, loc);
    return kernels.unique(kernel);
  }

  /// Writes the border around the input; the result is the same memory.
  void emitBorder(OpBuilder &outer, BorderOp op) {
    auto type = typeOf(op.getInput());
    auto buffer = bufferOf(outer, op.getInput());
    buffers[op.getOutput()] = buffer;

    OpBuilder builder(&getContext());
    Type element = signless(type.getElementType());
    auto kernel =
        KernelTable::start(builder, "border", {buffer.getType(), element});
    auto loc = builder.getUnknownLoc();
    kernel->setAttr(disjointTilesAttr, builder.getUnitAttr());
    auto shape = getPhysicalShape(type);
    auto border = getBorder(type);
    // Rows above and below in full width, then what is left beside them.
    int64_t rows = type.getDimSize(1), columns = type.getDimSize(2);
    int64_t strips[4][4] = {{0, 0, border[0], shape[2]},
                            {border[0] + rows, 0, border[2], shape[2]},
                            {border[0], 0, rows, border[1]},
                            {border[0], border[1] + columns, rows, border[3]}};
    for (auto &[row, column, height, width] : strips) {
      if (height == 0 || width == 0)
        continue;
      Value strip = memref::SubViewOp::create(
          builder, loc, kernel.getArgument(0),
          ArrayRef<int64_t>{0, row, column, 0},
          ArrayRef<int64_t>{shape[0], height, width, shape[3]},
          ArrayRef<int64_t>{1, 1, 1, 1});
      linalg::FillOp::create(builder, loc, kernel.getArgument(1), strip);
    }
    func::ReturnOp::create(builder, loc);

    TypedAttr value = op.getValueAttr();
    if (element.isInteger(8))
      value = outer.getI8IntegerAttr(
          static_cast<int>(op.getValue().convertToFloat()));
    Value scalar = arith::ConstantOp::create(outer, op.getLoc(), value);
    emitCall(outer, *op, kernels.unique(kernel), {buffer, scalar});
  }

  /// Calls octet_observe(key index, pointer, 4 sizes, 3 strides in elements).
  void emitObserve(OpBuilder &builder, ObserveOp op) {
    auto loc = op.getLoc();
    auto type = typeOf(op.getInput());
    Value buffer = bufferOf(builder, op.getInput());
    buffers[op.getOutput()] = buffer;
    Shape sizes(type.getShape()), physical = getPhysicalShape(type);
    int64_t offset = 0;
    if (sizes.size() == 4)
      offset =
          (getBorder(type)[0] * physical[2] + getBorder(type)[1]) * physical[3];
    while (sizes.size() > 4) { // dense: only tensors of rank 4 have a layout
      sizes[1] *= sizes[0];
      physical[1] = sizes[1];
      sizes.erase(sizes.begin());
      physical.erase(physical.begin());
    }
    sizes.insert(sizes.begin(), 4 - sizes.size(), 1);
    physical.insert(physical.begin(), 4 - physical.size(), 1);
    SmallVector<Value> operands;
    auto integer = [&](int64_t value) {
      operands.push_back(arith::ConstantOp::create(
          builder, loc, builder.getI64IntegerAttr(value)));
    };
    integer(observed.size());
    observed.push_back(op.getKeyAttr());
    Value pointer =
        memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, buffer);
    operands.push_back(arith::IndexCastOp::create(
        builder, loc, builder.getI64Type(), pointer));
    integer(offset);
    for (int64_t size : sizes)
      integer(size);
    integer(physical[1] * physical[2] * physical[3]);
    integer(physical[2] * physical[3]);
    integer(physical[3]);
    auto function = getOperation().lookupSymbol<func::FuncOp>("octet_observe");
    if (!function) {
      OpBuilder atEnd = OpBuilder::atBlockEnd(getOperation().getBody());
      function = func::FuncOp::create(
          atEnd, loc, "octet_observe",
          atEnd.getFunctionType(ValueRange(operands).getTypes(), {}));
      function.setPrivate();
    }
    func::CallOp::create(builder, loc, function, operands);
    getOperation()->setAttr(observedAttr, builder.getArrayAttr(observed));
  }

  DenseMap<Value, Value> buffers;
  DenseMap<Attribute, memref::GlobalOp> globals;
  KernelTable kernels;
  SmallVector<Attribute> observed;
};

} // namespace
