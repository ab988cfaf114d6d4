//===- OnnxFlips.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Damages one model in many ways: OnnxFlips MODEL FLIPS CUTS [SEED]. Each copy,
// with one byte changed or cut short, is imported and simplified, or refused.

#include "mlir/IR/Diagnostics.h"
#include "octet/Harness/harness.h"
#include "octet/Import/ONNX/Import.h"
#include "octet/Pipelines/Pipelines.h"
#include "llvm/Support/MemoryBuffer.h"
#include <google/protobuf/stubs/logging.h>
#include <random>

using namespace mlir;
using namespace octet;

static unsigned taken, refused;

/// Traps where a model is refused without an error, or taken with one.
static void tryModel(llvm::StringRef bytes, llvm::StringRef path,
                     const DialectRegistry &registry) {
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  bool error = false;
  context.getDiagEngine().registerHandler([&](Diagnostic &d) {
    error |= d.getSeverity() == DiagnosticSeverity::Error;
  });
  auto model = OnnxModel::fromBytes(bytes, path, &context);
  auto module = model ? model->importModule() : OwningOpRef<ModuleOp>();
  PipelineOptions options;
  options.targets = {lookupTarget("generic")};
  options.observe = true;
  bool good = module && succeeded(runPhases(*module, graphPhases(options),
                                            options, /*target=*/nullptr,
                                            /*dumpFolder=*/""));
  if (good == error)
    __builtin_trap();
  ++(good ? taken : refused);
}

int main(int argc, char **argv) {
  google::protobuf::LogSilencer silencer;
  auto file = argc == 4 || argc == 5
                  ? llvm::MemoryBuffer::getFile(argv[1])
                  : std::make_error_code(std::errc::invalid_argument);
  if (!file) {
    llvm::errs() << "usage: OnnxFlips MODEL FLIPS CUTS [SEED]\n";
    return 2;
  }
  DialectRegistry registry;
  registerDialects(registry);
  std::string bytes = (*file)->getBuffer().str();
  std::mt19937_64 random(argc == 5 ? atoll(argv[4]) : bytes.size());
  int64_t flips = atoll(argv[2]), cuts = atoll(argv[3]);
  for (int64_t i = 0; i < flips; ++i) {
    // Half of them where the graph is: weights fill nearly all of the file.
    size_t range = i % 2 ? std::min<size_t>(bytes.size(), 16384) : bytes.size();
    size_t at = random() % range;
    if (i % 4 == 3)
      at = bytes.size() - 1 - at;
    char old = bytes[at];
    bytes[at] ^= 1 + random() % 255;
    tryModel(bytes, argv[1], registry);
    bytes[at] = old;
    octet_progress("flips", i + 1, flips);
  }
  for (int64_t i = 0; i < cuts; ++i) {
    tryModel(llvm::StringRef(bytes).take_front(random() % bytes.size()),
             argv[1], registry);
    octet_progress("cuts", i + 1, cuts);
  }
  llvm::outs() << argv[1] << ": " << flips << " flips and " << cuts << " cuts, "
               << taken << " taken, " << refused << " refused\n";
  return 0;
}
