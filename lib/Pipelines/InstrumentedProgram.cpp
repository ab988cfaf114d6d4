//===- InstrumentedProgram.cpp ----------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InstrumentedProgram.h"
#include "mlir/IR/TypeUtilities.h"
#include "octet/Dialect/Octet/IR/ConstantScope.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace octet;

/// True if only functions of one value read `value`.
static bool isReadByFunctions(Value value) {
  return !value.use_empty() &&
         llvm::all_of(value.getUsers(), [](Operation *user) {
           auto op = dyn_cast<ScaleOpInterface>(user);
           return op && op.getScaleRole() == ScaleRole::Function;
         });
}

FailureOr<TemporaryFile>
InstrumentedProgram::create(StringRef prefix, StringRef extension) const {
  auto file = TemporaryFile::create(prefix, extension);
  if (!file)
    return emitError(loc) << llvm::toString(file.takeError());
  return std::move(*file);
}

LogicalResult InstrumentedProgram::compile(const PipelineOptions &method) {
  // What all copies have in common.
  PipelineOptions simplified = method;
  simplified.compileTo = "simplify";
  if (getPhase(module) == importPhase &&
      failed(runPhases(module, lookupPhase("simplify"), simplified,
                       /*target=*/nullptr, method.dumpFolder, {},
                       ConstantUse::Sole)))
    return failure();
  auto file = create("octet-calibrate", "");
  if (failed(file))
    return failure();
  program.emplace(std::move(*file));
  PipelineOptions options;
  options.targets = {lookupTarget("host")};
  options.observe = true;
  options.cache = cache;
  {
    ConstantScope scope(module.getContext());
    OwningOpRef<ModuleOp> copy = module.clone();
    auto compiled = compileTo(*copy, options, program->path());
    copy = nullptr;
    scope.collect(ModuleOp());
    if (failed(compiled))
      return failure();
  }
  observed = module.clone();
  if (failed(runPhases(*observed, graphPhases(options), options, nullptr, "")))
    return failure();
  observed->walk([&](ObserveOp op) {
    if (!isReadByFunctions(op.getOutput()))
      counting.push_back(numObserved);
    ++numObserved;
  });
  auto main = *observed->getOps<func::FuncOp>().begin();
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    auto name = main.getResultAttrOfType<StringAttr>(i, nameAttr);
    outputs.push_back(name ? name.str() : "output" + std::to_string(i));
    if (isa<FloatType>(getElementTypeOrSelf(main.getResultTypes()[i])))
      judged.push_back(numObserved + i);
  }
  return success();
}

/// The program says itself what is wrong with the data.
LogicalResult
InstrumentedProgram::execute(std::initializer_list<StringRef> arguments) const {
  SmallVector<StringRef> all{"octet"};
  llvm::append_range(all, arguments);
  if (!threads.empty())
    all.append({"--threads", threads});
  std::string message;
  int status = llvm::sys::ExecuteAndWait(program->path(), all, std::nullopt, {},
                                         0, 0, &message);
  if (status == 0)
    return success();
  if (status != 1)
    return emitError(loc) << data << ": calibration failed"
                          << (message.empty() ? "" : ": ") << message;
  return failure();
}

FailureOr<std::string> InstrumentedProgram::observe() const {
  auto ranges = create("octet-ranges", "json");
  if (failed(ranges) ||
      failed(execute({"calibrate", "--data", data, "-o", ranges->path()})))
    return failure();
  auto text = llvm::MemoryBuffer::getFile(ranges->path());
  if (!text)
    return emitError(loc, "the ranges cannot be read back");
  return (*text)->getBuffer().str();
}

FailureOr<std::vector<Noises>>
InstrumentedProgram::simulate(ArrayRef<ArrayRef<Rounding>> candidates,
                              int64_t samples) const {
  auto scales = create("octet-scales", "txt");
  if (failed(scales))
    return failure();
  auto result = create("octet-qualities", "txt");
  if (failed(result))
    return failure();
  auto error = writeWholeFile(scales->path(), [&](llvm::raw_ostream &os) {
    os << candidates.size() << "\n";
    for (ArrayRef<Rounding> candidate : candidates) {
      os << candidate.size() << "\n";
      for (const Rounding &r : candidate)
        os << r.key.size() << " " << r.key
           << llvm::format(" %.9g %lld\n", r.scale,
                           static_cast<long long>(r.zeroPoint));
    }
  });
  if (error)
    return emitError(loc) << llvm::toString(std::move(error));
  std::string runs = std::to_string(samples);
  if (failed(execute({"simulate", "--data", data, "--runs", runs, "--rounding",
                      scales->path(), "-o", result->path()})))
    return failure();
  auto text = llvm::MemoryBuffer::getFile(result->path());
  SmallVector<StringRef> lines;
  if (text)
    (*text)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  size_t each = numObserved + outputs.size();
  if (lines.size() != candidates.size() * each)
    return emitError(loc, "what rounding does cannot be read back");
  std::vector<Noises> noises(candidates.size());
  for (auto [index, line] : llvm::enumerate(lines)) {
    auto [signal, noise] = line.split(' ');
    double s = 0, n = 0;
    if (signal.getAsDouble(s) || noise.getAsDouble(n))
      n = std::numeric_limits<double>::infinity();
    noises[index / each].push_back(n > 0 ? n / s : 0.0);
  }
  return noises;
}
