//===- OperationsTest.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every registered operation answers what passes ask of all of them, and the
// answers agree with each other and with the operation's operands.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"
#include <gtest/gtest.h>
#include <set>

using namespace mlir;
using namespace octet;

namespace {

class Operations : public testing::Test {
protected:
  void SetUp() override {
    context
        .loadDialect<OctetDialect, func::FuncDialect, arith::ArithDialect,
                     linalg::LinalgDialect, math::MathDialect, scf::SCFDialect,
                     tensor::TensorDialect, vector::VectorDialect>();
    module = parseSourceFile<ModuleOp>(
        OCTET_TEST_DIR "/unit/Inputs/operations.mlir", &context);
    ASSERT_TRUE(module);
  }

  /// Of the dialect, without what ends a body, which is no operation of the
  /// graph.
  std::vector<RegisteredOperationName> registered() {
    std::vector<RegisteredOperationName> names;
    for (RegisteredOperationName name : context.getRegisteredOperations())
      if (name.getDialectNamespace() == OctetDialect::getDialectNamespace() &&
          !name.hasTrait<OpTrait::IsTerminator>())
        names.push_back(name);
    return names;
  }

  /// Calls `body` for each operation of the dialect, under its name.
  template <typename Body> void forEach(Body body) {
    module->walk([&](Operation *op) {
      // What ends a body is no operation of the graph.
      if (!isa_and_nonnull<OctetDialect>(op->getDialect()) ||
          op->hasTrait<OpTrait::IsTerminator>())
        return;
      SCOPED_TRACE(op->getName().getStringRef().str());
      body(op);
    });
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

bool isStorage(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && (type.getElementType().isUnsignedInteger(8) ||
                  type.getElementType().isSignedInteger(8));
}

TEST_F(Operations, AreAllThere) {
  std::set<std::string> seen;
  forEach(
      [&](Operation *op) { seen.insert(op->getName().getStringRef().str()); });
  ASSERT_FALSE(registered().empty());
  for (RegisteredOperationName name : registered())
    EXPECT_EQ(seen.count(name.getStringRef().str()), 1u)
        << name.getStringRef().str() << " is missing in operations.mlir";
}

TEST_F(Operations, AnswerEveryQuestion) {
  for (RegisteredOperationName name : registered()) {
    SCOPED_TRACE(name.getStringRef().str());
    EXPECT_TRUE(name.hasInterface<DimensionOpInterface>());
    EXPECT_TRUE(name.hasInterface<ScaleOpInterface>());
    EXPECT_TRUE(name.hasInterface<LoweringOpInterface>());
  }
}

TEST_F(Operations, SayWhereDimensionsComeFrom) {
  forEach([](Operation *op) {
    auto dimensions = cast<DimensionOpInterface>(op);
    for (auto [r, result] : llvm::enumerate(op->getResults()))
      for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
        auto from = dyn_cast<RankedTensorType>(operand.getType());
        if (!from)
          continue;
        auto to = typeOf(result);
        auto sources = dimensions.getDimensionSources(i, r);
        ASSERT_EQ(static_cast<int64_t>(sources.size()), to.getRank());
        for (auto [d, source] : llvm::enumerate(sources)) {
          if (source < 0)
            continue;
          ASSERT_LT(source, from.getRank());
          EXPECT_EQ(from.getDimSize(source), to.getDimSize(d));
        }
      }
  });
}

TEST_F(Operations, KeepSamplesApartOnlyWhereDimensionsSaySo) {
  forEach([](Operation *op) {
    auto dimensions = cast<DimensionOpInterface>(op);
    SmallVector<int64_t> none(op->getNumOperands(), 0);
    // Constants alone tell nothing of samples, unless they vary along them.
    auto rows = none;
    if (!rows.empty())
      rows[0] = 1;
    auto result = dimensions.inferRows(rows, /*batch=*/2);
    auto sources = dimensions.getDimensionSources(0, 0);
    if (result && *result != 0 && typeOf(op->getResult(0)).getRank() > 0)
      EXPECT_EQ(sources.front(), 0);
  });
}

TEST_F(Operations, PermuteWhatTheyAllowTo) {
  forEach([](Operation *op) {
    auto rank = typeOf(op->getResult(0)).getRank();
    auto permutation =
        llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rank)));
    auto moved = [&](RankedTensorType type) {
      return RankedTensorType::get(permute(type.getShape(), permutation),
                                   type.getElementType());
    };
    for (Value operand : op->getOperands())
      if (auto type = dyn_cast<RankedTensorType>(operand.getType());
          !type || type.getRank() != rank || type.getEncoding())
        return;
    Operation *other = op->clone();
    auto inferred = dyn_cast<InferTypeOpInterface>(other);
    if (cast<DimensionOpInterface>(other).permuteDimensions(permutation) &&
        inferred) {
      OpBuilder builder(op);
      for (OpOperand &operand : other->getOpOperands()) {
        auto type = moved(typeOf(operand.get()));
        operand.set(tensor::EmptyOp::create(
            builder, op->getLoc(), type.getShape(), type.getElementType()));
      }
      SmallVector<Type> types;
      ASSERT_TRUE(succeeded(inferred.inferReturnTypes(
          op->getContext(), op->getLoc(), other->getOperands(),
          other->getDiscardableAttrDictionary(), other->getPropertiesStorage(),
          {}, types)));
      EXPECT_EQ(cast<ShapedType>(types[0]).getShape(),
                moved(typeOf(op->getResult(0))).getShape());
    }
    other->destroy();
  });
}

TEST_F(Operations, SayWhatScalesAre) {
  forEach([](Operation *op) {
    auto scales = cast<ScaleOpInterface>(op);
    bool touchesStorage = llvm::any_of(op->getOperands(), isStorage) ||
                          llvm::any_of(op->getResults(), isStorage);
    // Operations on integers are of their own; the others move, compute, or say
    // why they stay in f32.
    if (touchesStorage) {
      EXPECT_EQ(scales.getScaleRole(), ScaleRole::Integer);
      EXPECT_TRUE(isa<StorageOpInterface>(op));
      return;
    }
    EXPECT_NE(scales.getScaleRole(), ScaleRole::Integer);
    if (scales.getScaleRole() == ScaleRole::Float)
      EXPECT_FALSE(scales.explainFloat().empty());
    if (scales.getScaleRole() == ScaleRole::Function)
      EXPECT_TRUE(std::isfinite(scales.evaluate(0.5)));
    if (scales.getScaleRole() == ScaleRole::Same)
      EXPECT_EQ(typeOf(op->getOperand(0)).getElementType(),
                typeOf(op->getResult(0)).getElementType());
  });
}

TEST_F(Operations, TakeTheirClampsAndPads) {
  forEach([](Operation *op) {
    for (StringRef name : {"clamp_min", "clamp_max"})
      if (op->getName().getStringRef() != "octet.clamp" &&
          llvm::is_contained(op->getName().getAttributeNames(), name))
        EXPECT_TRUE(isa<EpilogueOpInterface>(op));
    bool hasKernel =
        llvm::is_contained(op->getName().getAttributeNames(), "strides");
    bool hasPads =
        llvm::is_contained(op->getName().getAttributeNames(), "pads");
    if (hasKernel && hasPads)
      EXPECT_TRUE(isa<WindowOpInterface>(op));
  });
}

TEST_F(Operations, ConvertTheirStorage) {
  forEach([&](Operation *op) {
    auto storage = dyn_cast<StorageOpInterface>(op);
    // Weights and tables must be constants, which these are not.
    if (!storage || !llvm::any_of(op->getResults(), isStorage) ||
        op->getName().getStringRef() == "octet.lookup" ||
        op->getName().getStringRef() == "octet.integer_conv2d")
      return;
    StorageConverter converter(&context);
    converter.builder.setInsertionPoint(op);
    auto stored = llvm::filter_to_vector(op->getResults(), isStorage);
    EXPECT_TRUE(succeeded(storage.convertStorage(converter)));
    for (Value value : stored)
      EXPECT_TRUE(StorageConverter::isSigned(value));
    for (Value value : op->getOperands())
      EXPECT_FALSE(isStorage(value) && !StorageConverter::isSigned(value));
  });
}

TEST_F(Operations, HaveALowering) {
  forEach([](Operation *op) {
    // Written in place, and a call of the harness.
    if (op->getName().getStringRef() == "octet.border" ||
        op->getName().getStringRef() == "octet.observe")
      return;
    OpBuilder builder(op);
    SmallVector<Value> inputs, outputs;
    for (Value operand : op->getOperands())
      inputs.push_back(
          isa<RankedTensorType>(operand.getType())
              ? lowering::toSignless(builder, op->getLoc(), operand)
              : operand);
    for (Value result : op->getResults()) {
      auto type = lowering::signlessType(typeOf(result));
      outputs.push_back(tensor::EmptyOp::create(
          builder, op->getLoc(), type.getShape(), type.getElementType()));
    }
    auto values = cast<LoweringOpInterface>(op).lower(builder, inputs, outputs);
    ASSERT_TRUE(succeeded(values));
    ASSERT_EQ(values->size(), op->getNumResults());
    for (auto [value, output] : llvm::zip(*values, outputs))
      EXPECT_EQ(value.getType(), output.getType());
  });
  EXPECT_TRUE(succeeded(verify(*module)));
}

} // namespace
