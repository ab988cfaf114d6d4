//===- KernelTable.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTable.h"
#include "octet/Codegen/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

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
  // Whatever tools print, the text is all that the kernel is, and nothing else.
  std::string text;
  llvm::raw_string_ostream os(text);
  kernel->print(os, OpPrintingFlags().useLocalScope().enableDebugInfo(false));
  func::FuncOp &known = kernels[text];
  if (known) {
    kernel.erase();
    return known;
  }
  llvm::XXH128_hash_t hash =
      llvm::xxh3_128bits(llvm::arrayRefFromStringRef(text));
  kernel->setAttr(kernelHashAttr,
                  StringAttr::get(kernel.getContext(),
                                  llvm::utohexstr(hash.high64, true, 16) +
                                      llvm::utohexstr(hash.low64, true, 16)));
  kernel.setSymName(
      (kernel.getSymName() + "_" + Twine(kernels.size() - 1)).str());
  auto own = ModuleOp::create(module.getLoc());
  own.push_back(kernel);
  known = func::FuncOp::create(module.getLoc(), kernel.getSymName(),
                               kernel.getFunctionType());
  known.setPrivate();
  known->setAttr(kernelHashAttr, kernel->getAttr(kernelHashAttr));
  module.push_back(known);
  module.push_back(own);
  return known;
}
