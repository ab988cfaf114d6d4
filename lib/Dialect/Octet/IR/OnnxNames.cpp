//===- OnnxNames.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace octet;

/// The outer of two nested names is the node's, the inner one the value's.
static NameLoc findName(Location location, bool wantValue) {
  if (auto fused = dyn_cast<FusedLoc>(location))
    return findName(fused.getLocations().back(), wantValue);
  auto name = dyn_cast<NameLoc>(location);
  if (!name)
    return {};
  if (auto child = dyn_cast<NameLoc>(name.getChildLoc()); child && wantValue)
    return child;
  return name;
}

Location octet::getOnnxLocation(MLIRContext *context, StringRef node,
                                StringRef value) {
  Location child = NameLoc::get(StringAttr::get(context, value));
  return NameLoc::get(StringAttr::get(context, node.empty() ? value : node),
                      child);
}

StringRef octet::getOnnxValueName(Location location) {
  auto name = findName(location, /*wantValue=*/true);
  return name ? name.getName().getValue() : StringRef();
}

StringRef octet::getOnnxNodeName(Location location) {
  auto name = findName(location, /*wantValue=*/false);
  return name ? name.getName().getValue() : StringRef();
}

void octet::printOnnxNames() {
  registerAsmPrinterCLOptions();
  auto *option = static_cast<llvm::cl::opt<bool> *>(
      llvm::cl::getRegisteredOptions().lookup("mlir-print-debuginfo"));
  assert(option && "MLIR has this option");
  option->setInitialValue(true);
}
