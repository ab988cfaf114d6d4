//===- Interfaces.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What answers to interfaces have in common.
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Interfaces.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"

using namespace mlir;
using namespace octet;

#include "octet/Dialect/Octet/IR/OctetInterfaces.cpp.inc"

/// True for a constant whose slices along dimension `d` are all the same.
static bool isSameAlong(Value value, int64_t d) {
  ConstantView constant = matchConstant(value);
  if (!constant)
    return false;
  if (constant.isSplat())
    return true;
  auto shape = constant.getType().getShape();
  int64_t inner = 1;
  for (int64_t size : shape.drop_front(d + 1))
    inner *= size;
  int64_t outer = constant.getNumElements() / (shape[d] * inner);
  for (int64_t block = 0; block < outer; ++block)
    for (int64_t i = inner; i < shape[d] * inner; ++i) {
      int64_t at = block * shape[d] * inner + i;
      if (constant.getValue<APInt>(at) !=
          constant.getValue<APInt>(at - i / inner * inner))
        return false;
    }
  return true;
}

std::optional<int64_t> facts::inferRowsFromSources(Operation *op,
                                                   ArrayRef<int64_t> rows) {
  auto dimensions = cast<DimensionOpInterface>(op);
  int64_t result = 0;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type)
      continue;
    auto sources = dimensions.getDimensionSources(i, /*result=*/0);
    int64_t source = sources.empty() ? -1 : sources.front();
    if (rows[i] == 0) {
      // What is the same for all samples must not differ along them.
      if (source >= 0 && type.getDimSize(source) != 1 &&
          !isSameAlong(operand, source))
        return std::nullopt;
      continue;
    }
    if (source != 0 || (result != 0 && result != rows[i]))
      return std::nullopt;
    result = rows[i];
  }
  return result;
}

SmallVector<int64_t> facts::broadcastSources(Operation *op, unsigned operand,
                                             unsigned result) {
  auto to = typeOf(op->getResult(result));
  SmallVector<int64_t> sources(to.getRank(), -1);
  auto from = dyn_cast<RankedTensorType>(op->getOperand(operand).getType());
  if (!from || from.getRank() > to.getRank())
    return sources;
  int64_t skip = to.getRank() - from.getRank();
  for (int64_t d = 0; d < from.getRank(); ++d)
    if (from.getDimSize(d) == to.getDimSize(skip + d))
      sources[skip + d] = d;
  return sources;
}

std::string facts::explainRole(ScaleRole role) {
  return role == ScaleRole::Float ? "has no integer form" : "";
}

FailureOr<Value> facts::foldByRole(Operation *op, ScaleFolder &folder) {
  auto scales = cast<ScaleOpInterface>(op);
  switch (scales.getScaleRole()) {
  case ScaleRole::Same: {
    Operation *moved = folder.builder.clone(*op);
    moved->setOperand(0, folder.integer(op->getOperand(0)));
    moved->getResult(0).setType(folder.storageLike(op->getResult(0)));
    return moved->getResult(0);
  }
  case ScaleRole::Function:
    return folder.lookup(folder.integer(op->getOperand(0)),
                         Affine(op->getOperand(0)), Affine(op->getResult(0)),
                         [&](double x) { return scales.evaluate(x); });
  default:
    return op->emitOpError("has no integer form");
  }
}

LogicalResult facts::convertStorageByTypes(Operation *op,
                                           StorageConverter &converter) {
  auto isStorage = [](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && type.getElementType().isInteger(8) &&
           !type.getElementType().isSignlessInteger();
  };
  // What moves bytes that no operation has made signed moves them as they are.
  bool moves = cast<ScaleOpInterface>(op).getScaleRole() != ScaleRole::Integer;
  if (moves && llvm::none_of(op->getOperands(), StorageConverter::isSigned))
    return success();
  for (OpOperand &operand : op->getOpOperands()) {
    if (isStorage(operand.get()))
      converter.takeSigned(operand);
    else if (operand.get().getType().isInteger(32))
      converter.shift(operand);
  }
  converter.keepSigned(op);
  return success();
}

Shape facts::logicalShape(Operation *op, unsigned index) {
  unsigned operands = op->getNumOperands();
  Value value = index < operands ? op->getOperand(index)
                                 : op->getResult(index - operands);
  return Shape(typeOf(value).getShape());
}

bool facts::haveOneShape(TypeRange inferred, TypeRange actual, bool butLast) {
  return llvm::equal(inferred, actual, [&](Type a, Type b) {
    auto left = cast<ShapedType>(a).getShape();
    auto right = cast<ShapedType>(b).getShape();
    return left.size() == right.size() &&
           left.drop_back(butLast) == right.drop_back(butLast);
  });
}

LogicalResult facts::verifyStaticShapes(Operation *op) {
  for (Type type : llvm::concat<const Type>(
           llvm::to_vector(op->getOperandTypes()), op->getResultTypes()))
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        tensor && !tensor.hasStaticShape())
      return op->emitOpError("takes tensors of static shape only");
  // What an operation's own verifier asks may rest on the inferred shape.
  if (isa<InferTypeOpInterface>(op))
    return mlir::detail::verifyInferredResultTypes(op);
  return success();
}
