//===- Session.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Session.h"
#include "ModelFlags.h"
#include "mlir/IR/Diagnostics.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "octet/Harness/harness.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace octet;

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Session::Session(StringRef file)
    : context(makeRegistry(), MLIRContext::Threading::ENABLED), file(file) {
  context.loadAllAvailableDialects();
  context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    Message message;
    switch (diagnostic.getSeverity()) {
    case DiagnosticSeverity::Note:
      return success();
    case DiagnosticSeverity::Remark:
      message.kind = "note";
      break;
    case DiagnosticSeverity::Warning:
      message.kind = "warning";
      break;
    case DiagnosticSeverity::Error:
      break;
    }
    message.file = this->file;
    message.node = getOnnxNodeName(diagnostic.getLocation()).str();
    if (message.node == this->file)
      message.node.clear();
    message.text = sentence(diagnostic);
    print(message);
    return success();
  });
}

std::string Session::sentence(Diagnostic &diagnostic) const {
  std::string result;
  llvm::raw_string_ostream os(result);
  StringRef node = getOnnxNodeName(diagnostic.getLocation());
  if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
    os << place.getLine() << ":" << place.getColumn() << ": ";
  else if (!node.empty() && node != file)
    os << "node '" << node << "': ";
  os << diagnostic.str();
  return result;
}

void octet::print(const Message &message) {
  bool isError = message.kind == "error" || message.kind == "misuse";
  std::string place = message.file.empty() ? "" : message.file + ": ";
  if (!octet_messages_are_json()) {
    llvm::errs() << "octet: " << place
                 << (isError ? "" : (message.kind + ": ").str()) << message.text
                 << "\n";
    return;
  }
  llvm::json::Object object{{"kind", message.kind},
                            {"text", jsonText(place + message.text)}};
  if (!message.file.empty())
    object["file"] = jsonText(message.file);
  if (!message.node.empty())
    object["node"] = jsonText(message.node);
  llvm::errs() << llvm::json::Value(std::move(object)) << "\n";
}

int octet::refuse(const Twine &message) {
  print({"error", "", "", message.str()});
  return 1;
}

llvm::Expected<SmallVector<const TargetInfo *, 2>>
octet::findTargets(StringRef names) {
  SmallVector<StringRef> parts;
  names.split(parts, ',');
  // `generic` goes along with the others' architecture.
  StringRef architecture;
  for (StringRef name : parts)
    if (const TargetInfo *target = lookupTarget(name);
        target && name != "generic" && architecture.empty())
      architecture = target->architecture;
  SmallVector<const TargetInfo *, 2> targets;
  for (StringRef name : parts) {
    const TargetInfo *target = lookupTarget(name);
    if (!target) {
      return llvm::createStringError(
          "target '" + name + "' is unknown; choose one of " + listTargets() +
          ", or several separated by commas");
    }
    if (name != "host")
      target = lookupTarget(name, architecture);
    if (!target ||
        (!architecture.empty() && target->architecture != architecture))
      return llvm::createStringError(
          "targets '" + names +
          "' are of several architectures; compile one file for each");
    if (!llvm::is_contained(targets, target))
      targets.push_back(target);
  }
  // The table's order is the order of preference.
  llvm::sort(targets);
  return targets;
}

std::optional<PipelineOptions>
octet::makePipeline(const CommandOptions &options) {
  auto targets = findTargets(options.target);
  if (!targets) {
    refuse(llvm::toString(targets.takeError()));
    return std::nullopt;
  }
  PipelineOptions pipeline;
  pipeline.targets = std::move(*targets);
  if (!options.noCache)
    pipeline.cache = ObjectCache::forUser();
  pipeline.compileTo = options.compileTo;
  pipeline.dumpFolder = options.dumpFolder;
  pipeline.form = options.form;
  pipeline.leastSqnr = options.leastSqnr;
  pipeline.threads = options.threads;
  pipeline.roundWeights = !options.weights.empty();
  if (options.method == "minmax")
    pipeline.percentile = 100.0;
  else if (options.method == "mse")
    pipeline.leastError = true;
  else if (options.percentile || options.method == "percentile")
    pipeline.percentile = options.percentile.value_or(99.999);
  return pipeline;
}

void octet::adoptTarget(const CommandOptions &options, ModuleOp module,
                        PipelineOptions &pipeline) {
  auto name = module->getAttrOfType<StringAttr>(targetAttr);
  const TargetInfo *target =
      name ? lookupQualifiedTarget(name.getValue()) : nullptr;
  if (target && options.target == "host")
    pipeline.targets = {target};
}

std::optional<Program> Program::open(const std::string &path,
                                     const CommandOptions &options) {
  Program result;
  result.given = path;
  if (!llvm::sys::fs::exists(path)) {
    refuse(path + ": no such file");
    return std::nullopt;
  }
  StringRef extension = llvm::sys::path::extension(path);
  if (extension != ".onnx" && extension != ".mlir") {
    if (!llvm::sys::fs::can_execute(path)) {
      refuse(path + ": neither a model (.onnx, .mlir) nor a compiled program");
      return std::nullopt;
    }
    SmallString<128> absolute(path);
    llvm::sys::fs::make_absolute(absolute);
    result.program = absolute.str().str();
    return result;
  }
  auto program = TemporaryFile::create("octet-program", "");
  if (!program) {
    refuse(llvm::toString(program.takeError()));
    return std::nullopt;
  }
  result.program = program->path().str();
  result.temporary = std::make_shared<TemporaryFile>(std::move(*program));
  Session session(path);
  auto pipeline = makePipeline(options);
  auto module =
      loadModel(path, &session.context,
                isOnnxModel(path) ? options.model : OnnxImportOptions());
  if (!pipeline || !module)
    return std::nullopt;
  adoptTarget(options, *module, *pipeline);
  if (failed(octet::compileTo(*module, *pipeline, result.program)))
    return std::nullopt;
  return result;
}

int octet::finishStdout() {
  llvm::outs().flush();
  if (!llvm::outs().has_error())
    return 0;
  std::string why = llvm::outs().error().message();
  llvm::outs().clear_error();
  return refuse("stdout cannot be written: " + why);
}

llvm::json::Value octet::jsonText(StringRef text) {
  return llvm::json::fixUTF8(text);
}

int octet::writeJson(StringRef path, llvm::json::Value value) {
  if (path.empty())
    return 0;
  return writeFile(path, [&](llvm::raw_ostream &os) {
    os << llvm::formatv("{0:2}\n", value);
  });
}

int octet::writeFile(StringRef path,
                     llvm::function_ref<void(llvm::raw_ostream &)> write) {
  if (path == "-") {
    write(llvm::outs());
    return finishStdout();
  }
  auto error = writeWholeFile(path, write);
  return error ? refuse(llvm::toString(std::move(error))) : 0;
}
