//===- InstrumentedProgram.h ------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model compiled with observers, which is run on calibration data: to count
// the values that are observed, or to see what rounding does to them.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_PIPELINES_INSTRUMENTEDPROGRAM_H
#define OCTET_LIB_PIPELINES_INSTRUMENTEDPROGRAM_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "octet/Pipelines/Pipelines.h"
#include "octet/Support/OutputFile.h"

namespace octet {

/// The scale and zero point of an observed value.
struct Rounding {
  std::string key;
  double scale;
  int64_t zeroPoint;
};

/// What rounding adds to observed values, then to outputs, by what they are,
/// both squared.
using Noises = std::vector<double>;

class InstrumentedProgram {
public:
  /// `data` is an .npz file.
  InstrumentedProgram(mlir::ModuleOp module, llvm::StringRef data,
                      const PipelineOptions &method)
      : module(module), loc(module.getLoc()), data(data), cache(method.cache) {
    if (method.threads)
      threads = std::to_string(*method.threads);
  }

  /// Simplifies the module and compiles a copy with observers; has to come
  /// first.
  mlir::LogicalResult compile(const PipelineOptions &method);

  /// The histograms of observed values over all samples, as ranges.json.
  mlir::FailureOr<std::string> observe() const;

  /// What each of `candidates` does by itself, on about as many samples; fewer
  /// where they are much work.
  mlir::FailureOr<std::vector<Noises>>
  simulate(llvm::ArrayRef<llvm::ArrayRef<Rounding>> candidates,
           int64_t samples) const;

  mlir::ModuleOp getModule() const { return module; }
  /// The module with observers.
  mlir::ModuleOp getObserved() const { return *observed; }
  size_t getNumObserved() const { return numObserved; }
  /// The observed values whose errors count. Those of what only functions read
  /// do in the functions' results: much of them may lie where these saturate.
  llvm::ArrayRef<size_t> getCounting() const { return counting; }
  llvm::ArrayRef<std::string> getOutputs() const { return outputs; }
  /// Where noises have those of outputs that are floats: of numbers of classes,
  /// say, one is no better than its neighbour.
  llvm::ArrayRef<size_t> getJudged() const { return judged; }

private:
  mlir::FailureOr<TemporaryFile> create(llvm::StringRef prefix,
                                        llvm::StringRef extension) const;
  mlir::LogicalResult
  execute(std::initializer_list<llvm::StringRef> arguments) const;

  mlir::ModuleOp module;
  mlir::Location loc;
  llvm::StringRef data;
  const ObjectCache &cache;
  /// Empty for what the program finds right.
  std::string threads;
  std::optional<TemporaryFile> program;
  mlir::OwningOpRef<mlir::ModuleOp> observed;
  size_t numObserved = 0;
  llvm::SmallVector<size_t> counting;
  llvm::SmallVector<std::string> outputs;
  llvm::SmallVector<size_t> judged;
};

} // namespace octet

#endif // OCTET_LIB_PIPELINES_INSTRUMENTEDPROGRAM_H
