//===- ModelInfoTest.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
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

TEST(ModelInfo, BytesOfALayerAreOfItsBuffersOnceEach) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::func::FuncDialect, mlir::memref::MemRefDialect,
                      mlir::arith::ArithDialect, octet::OctetDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      R"(memref.global "private" constant @weights : memref<5xi8>
         func.func private @copy(memref<8xf32>, memref<4xi32>, memref<5xi8>)
             attributes {octet.kernel_hash = "1"}
         func.func private @parts(memref<8xf32>, memref<99xi8>, index, index)
             attributes {octet.kernel_hash = "2", octet.parts = 1}
         func.func private @watch(memref<8xf32>)
         func.func @octet_run(%x: memref<8xf32>, %y: memref<4xi32>)
             attributes {octet.num_inputs = 1} {
           %w0 = memref.get_global @weights : memref<5xi8>
           %w1 = memref.get_global @weights : memref<5xi8>
           %c = arith.constant 0 : index
           %s = memref.alloc() : memref<99xi8>
           %z = memref.alloc() : memref<8xf32>
           call @copy(%x, %y, %w0) {octet.layer = {
             node = "a", op = "b", precision = "fp32", output = array<i64>,
             macs = 0, weight_bytes = 5}}
             : (memref<8xf32>, memref<4xi32>, memref<5xi8>) -> ()
           call @copy(%x, %y, %w1)
             : (memref<8xf32>, memref<4xi32>, memref<5xi8>) -> ()
           call @watch(%z) : (memref<8xf32>) -> ()
           call @parts(%x, %s, %c, %c) {octet.layer = {
             node = "c", op = "d", precision = "fp32", output = array<i64>,
             macs = 0, weight_bytes = 0}}
             : (memref<8xf32>, memref<99xi8>, index, index) -> ()
           return
         })",
      &context);
  ASSERT_TRUE(module);
  octet::ModelInfo info = octet::collectModelInfo(*module);
  ASSERT_EQ(info.layers.size(), 2u);
  EXPECT_EQ(info.layers[0].bytes, 8 * 4 + 4 * 4 + 5);
  EXPECT_EQ(info.layers[1].bytes, 8 * 4);
}

} // namespace
