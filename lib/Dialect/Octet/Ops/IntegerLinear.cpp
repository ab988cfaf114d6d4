//===- IntegerLinear.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// integer_linear: linear layers of rows that have scales of their own.
//
//===----------------------------------------------------------------------===//

#include "ConvLowering.h"
#include "Verify.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult IntegerLinearOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  auto blocks = typeOf(adaptor.getFilter()).getShape();
  auto filter = getFilterShape(blocks, adaptor.getLanes(), /*groups=*/1,
                               blocks.size() == 6 ? blocks.back() : 1);
  Shape shape(typeOf(adaptor.getInput()).getShape());
  if (!filter || shape.size() != 4)
    return emitOptionalError(location, "takes images of rank 4 and a filter of "
                                       "rank 4, or blocked by its lanes");
  shape.back() = filter->outputs;
  types.push_back(RankedTensorType::get(shape, Float32Type::get(context)));
  return success();
}

LogicalResult IntegerLinearOp::verify() {
  auto rows = typeOf(getInput()).getShape().drop_back();
  if (typeOf(getScale()).getShape() != rows ||
      typeOf(getZeroPoint()).getShape() != rows)
    return emitOpError("scale and zero point must have a value for each row");
  auto filter = getFilterShape(typeOf(getFilter()).getShape(), getLanes(),
                               /*groups=*/1, getPack());
  if (!filter || filter->height != 1 || filter->width != 1)
    return emitOpError("filter must have the size 1x1");
  if (typeOf(getMultiplier()).getShape() != ArrayRef{filter->outputs} ||
      typeOf(getSums()).getShape() != ArrayRef{filter->outputs})
    return emitOpError("sums and multiplier must have one value for each "
                       "output channel");
  return verifyConv(*this, getInput(), getFilter(), getBias(), getResidual(),
                    getLanes(), /*groups=*/1, getPack());
}

SmallVector<int64_t> IntegerLinearOp::getDimensionSources(unsigned operand,
                                                          unsigned) {
  Value value = getOperand(operand);
  if (value == getResidual())
    return {0, 1, 2, 3};
  bool isOfRows =
      value == getInput() || value == getScale() || value == getZeroPoint();
  return isOfRows ? SmallVector<int64_t>{0, 1, 2, -1}
                  : SmallVector<int64_t>{-1, -1, -1, -1};
}

int64_t IntegerLinearOp::countMacs() {
  return countConvMacs(getInput(), getFilter(), getOutput(), getLanes(),
                       /*groups=*/1);
}

Shape IntegerLinearOp::getKernelShape(unsigned index) {
  return blockedKernelShape(*this, index, getLanes(), /*groups=*/1, getPack());
}

LogicalResult IntegerLinearOp::convertStorage(StorageConverter &) {
  // What made the rows has moved their zero points along.
  if (!StorageConverter::isSigned(getInput()))
    return emitOpError("takes what octet.dynamic_quantize gives");
  return success();
}

FailureOr<SmallVector<Value>> IntegerLinearOp::lower(OpBuilder &builder,
                                                     ValueRange inputs,
                                                     ValueRange outputs) {
  ContractionForm form;
  form.input = inputs[0];
  form.filter = inputs[1];
  form.perChannel = {getSums(), getMultiplier()};
  if (getBias())
    form.perChannel.push_back(getBias());
  form.perPosition = {getScale(), getZeroPoint()};
  form.residual = getResidual();
  form.signedInput = isSignedStorage(getInput());
  form.destination = outputs[0];
  auto finish = [&](OpBuilder &b, const ContractionForm &form) {
    Value start = tensor::EmptyOp::create(
        b, getLoc(), typeOf(form.destination).getShape(), b.getI32Type());
    Value sum = contract(b, getLoc(), form, b.getI32Type(), start);
    auto identity = b.getMultiDimIdentityMap(form.parallel);
    SmallVector<Value> operands{sum};
    SmallVector<AffineMap> maps{identity};
    auto take = [&](ValueRange values, AffineMap map) {
      llvm::append_range(operands, values);
      maps.append(values.size(), map);
    };
    take(form.perPosition, form.positionMap);
    take(form.perChannel, form.channelMap);
    if (form.residual)
      take(form.residual, identity);
    return createElementwise(
        b, getLoc(), operands, maps, form.destination,
        [&](OpBuilder &nested, Location at, ValueRange args) {
          Value scale = args[1], zeroPoint = args[2], sums = args[3],
                multiplier = args[4];
          Value shift = arith::MulIOp::create(nested, at, zeroPoint, sums);
          Value t = arith::SubIOp::create(nested, at, args[0], shift);
          Value x = arith::SIToFPOp::create(nested, at, nested.getF32Type(), t);
          x = arith::MulFOp::create(nested, at, x, multiplier);
          if (getBias())
            x = contractible(nested, at, x, scale, args[5]);
          else
            x = arith::MulFOp::create(nested, at, x, scale);
          if (form.residual)
            x = arith::AddFOp::create(nested, at, x, args.drop_back().back());
          return clamp(nested, at, x, getClampMin(), getClampMax());
        });
  };
  return SmallVector<Value>{
      lowerConv(builder, getLoc(), form,
                {{1, 1}, {1, 1}, /*groups=*/1, getLanes(), getPack()}, finish)};
}
