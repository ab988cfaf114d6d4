//===- octet-opt.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/AsmState.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "octet/Pipelines/Pipelines.h"
#include "llvm/Support/CommandLine.h"

/// Makes --mlir-print-debuginfo the default: locations carry ONNX names, which
/// ranges.json and reports know values and layers by.
static void keepLocations() {
  mlir::registerAsmPrinterCLOptions();
  auto &options = llvm::cl::getRegisteredOptions();
  auto *option = static_cast<llvm::cl::opt<bool> *>(
      options.lookup("mlir-print-debuginfo"));
  assert(option && "MLIR has this option");
  option->setInitialValue(true);
}

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  octet::registerDialects(registry);
  mlir::registerAllPasses();
  octet::registerPasses();
  keepLocations();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Octet optimizer driver\n", registry));
}
