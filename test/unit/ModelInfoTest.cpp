//===- ModelInfoTest.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Runtime/octet.h"
#include "octet/Target/Emit.h"
#include <gtest/gtest.h>

namespace {

TEST(ModelInfo, TypesAreTheGraphsWhereMemoryHasLostThem) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::func::FuncDialect, octet::OctetDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      R"(func.func @octet_run(
             %0: memref<2xi8> {octet.name = "bytes", octet.element_type = ui8},
             %1: memref<2xi8> {octet.name = "signed", octet.element_type = i8},
             %2: memref<2xi8> {octet.name = "said", octet.element_type = si8},
             %3: memref<2xi8> {octet.name = "flags", octet.element_type = i1},
             %4: memref<2xi8> {octet.name = "unsaid"},
             %5: memref<2xi1>, %6: memref<2xi32>, %7: memref<i64>,
             %8: memref<2xf16>, %9: memref<2xf32>, %10: memref<2xf64>)
             attributes {octet.num_inputs = 3} { return })",
      &context);
  ASSERT_TRUE(module);
  octet::ModelInfo info = octet::collectModelInfo(*module);
  ASSERT_EQ(info.inputs.size(), 3u);
  EXPECT_EQ(info.inputs[1].name, "signed");
  std::vector<int> types;
  for (const auto *list : {&info.inputs, &info.outputs})
    for (const auto &tensor : *list)
      types.push_back(tensor.dtype);
  EXPECT_EQ(types, (std::vector<int>{OCTET_U8, OCTET_I8, OCTET_I8, OCTET_BOOL,
                                     OCTET_U8, OCTET_BOOL, OCTET_I32, OCTET_I64,
                                     OCTET_F16, OCTET_F32, OCTET_F64}));
}

} // namespace
