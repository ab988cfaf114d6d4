//===- KernelTable.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTable.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/AttributeNames.h"

using namespace mlir;
using namespace octet;

func::FuncOp KernelTable::start(OpBuilder &builder, StringRef name,
                                TypeRange types) {
  auto kernel = func::FuncOp::create(builder.getUnknownLoc(), name,
                                     builder.getFunctionType(types, {}));
  kernel.setPrivate();
  kernel->setAttr(kernelAttr, builder.getUnitAttr());
  for (unsigned i = 0; i < types.size(); ++i)
    if (isa<MemRefType>(types[i]))
      kernel.setArgAttr(i, "llvm.noalias", builder.getUnitAttr());
  builder.setInsertionPointToStart(kernel.addEntryBlock());
  return kernel;
}

func::FuncOp KernelTable::unique(func::FuncOp kernel) {
  std::string text;
  llvm::raw_string_ostream(text) << kernel;
  func::FuncOp &known = kernels[text];
  if (known) {
    kernel.erase();
    return known;
  }
  kernel.setSymName(
      (kernel.getSymName() + "_" + Twine(kernels.size() - 1)).str());
  module.push_back(kernel);
  return known = kernel;
}
