//===- octet-translate.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "octet/Import/ONNX/Import.h"

int main(int argc, char **argv) {
  octet::registerOnnxTranslation();
  octet::printOnnxNames();
  return mlir::failed(
      mlir::mlirTranslateMain(argc, argv, "Octet translation driver\n"));
}
