//===- InspectModel.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an .onnx model takes and needs, and what would become of it, before
// anything is compiled.
//
//===----------------------------------------------------------------------===//

#include "ModelFlags.h"
#include "Session.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Transforms/Passes.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "octet/Quantization/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace octet;

namespace {
/// Operations that would be computed alike, for the same reason.
struct Group {
  std::string op, precision, reason, first;
  int64_t count = 0, macs = 0;
  size_t order = 0;
};
} // namespace

/// ONNX's name of the type of an input's or output's elements.
static StringRef onnxType(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    switch (integer.getWidth()) {
    case 1:
      return "bool";
    case 8:
      return integer.isUnsigned() ? "uint8" : "int8";
    case 32:
      return "int32";
    default:
      return "int64";
    }
  return type.isF16() ? "float16" : type.isF64() ? "double" : "float";
}

/// The shape of an output as it was computed with batches of `batch`.
static std::vector<std::string> computedShape(RankedTensorType type,
                                              bool isBatched, int64_t batch) {
  std::vector<std::string> dims;
  for (int64_t size : type.getShape())
    dims.push_back(std::to_string(size));
  if (isBatched && !dims.empty() && type.getDimSize(0) % batch == 0) {
    int64_t rows = type.getDimSize(0) / batch;
    dims[0] = rows == 1 ? "batch" : std::to_string(rows) + " * batch";
  }
  return dims;
}

/// Quantizes `module` as if every value ranged from -1 to 1: which operations
/// become integers hangs on ranges in extreme cases only, and those are not
/// known yet.
static LogicalResult quantizeUncalibrated(ModuleOp module) {
  PipelineOptions options;
  options.precision = Precision::Int8;
  options.compileTo = "observe";
  if (failed(runPhases(module, graphPhases(options), options,
                       /*target=*/nullptr, /*dumpFolder=*/"")))
    return failure();
  Builder builder(module.getContext());
  module.walk([&](ObserveOp op) {
    op.setLowAttr(builder.getF32FloatAttr(-1.0f));
    op.setHighAttr(builder.getF32FloatAttr(1.0f));
  });
  PassManager pm(module.getContext());
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createQuantize());
  function.addPass(createPropagateQuantization());
  function.addPass(createCSEPass());
  return pm.run(module);
}

/// How the operations of a graph behind quantize are computed.
static std::vector<Group> groupLayers(ModuleOp module) {
  std::vector<Group> groups;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  for (Operation &op : main.getBody().front()) {
    if (!isa<OctetDialect>(op.getDialect()))
      continue;
    Group layer;
    layer.op = labelOf(&op).str();
    Type element = typeOf(op.getResult(0)).getElementType();
    auto note = op.getAttrOfType<StringAttr>(noteAttr);
    if (isa<quant::QuantizedType>(element))
      layer.precision = "int8";
    else if (element.isF32())
      layer.precision = "fp32";
    else
      llvm::raw_string_ostream(layer.precision) << element;
    if (note && layer.precision == "fp32")
      layer.reason = note.str();
    auto it = llvm::find_if(groups, [&](const Group &other) {
      return std::tie(other.op, other.precision, other.reason) ==
             std::tie(layer.op, layer.precision, layer.reason);
    });
    if (it == groups.end()) {
      layer.order = groups.size();
      layer.first = getOnnxNodeName(op.getLoc()).str();
      it = groups.insert(groups.end(), std::move(layer));
    }
    ++it->count;
    it->macs += countMacs(&op);
  }
  // INT8 first, then what most work goes into.
  llvm::sort(groups, [](const Group &a, const Group &b) {
    return std::make_tuple(a.precision != "int8", -a.macs, a.order) <
           std::make_tuple(b.precision != "int8", -b.macs, b.order);
  });
  return groups;
}

namespace {
struct Report {
  StringRef path;
  OnnxDescription description;
  std::vector<std::string> blocks;
  std::vector<Group> layers;
  int64_t macs = 0, int8Macs = 0;

  double int8Percent() const { return macs ? 100.0 * int8Macs / macs : 0.0; }
  void print(llvm::raw_ostream &os) const;
  llvm::json::Value toJson() const;
};
} // namespace

static void printTensors(llvm::raw_ostream &os, StringRef title,
                         ArrayRef<OnnxDescription::Tensor> tensors) {
  os << "\n" << title << "\n";
  for (const auto &tensor : tensors) {
    os << llvm::formatv("  {0,-28} {1,-8} ", tensor.name, tensor.type);
    if (tensor.hasRank)
      os << "[" << llvm::join(tensor.dims, ", ") << "]\n";
    else
      os << "unknown shape\n";
    if (tensor.isBatched)
      os << "    the first dimension is the batch\n";
    if (!tensor.pin.empty())
      os << "    fixed by " << tensor.pin << "\n";
  }
}

void Report::print(llvm::raw_ostream &os) const {
  os << path << ", operator set " << description.opset << "\n";
  printTensors(os, "inputs", description.inputs);
  printTensors(os, "outputs", description.outputs);
  os << "\noperators\n";
  for (const auto &entry : description.operators)
    os << llvm::formatv("  {0,-28} {1,6}{2}\n", entry.name, entry.count,
                        entry.isSupported
                            ? ""
                            : "  not supported, first '" + entry.first + "'");
  if (!blocks.empty()) {
    os << "\nin the way\n";
    for (const std::string &block : blocks)
      os << "  " << block << "\n";
    return;
  }
  os << llvm::format("\n%.2f MMAC, %.2f%% in INT8 once calibrated\n",
                     macs / 1e6, int8Percent());
  for (const Group &group : layers) {
    os << llvm::formatv("  {0,-5} {1,-20} {2,6} ", group.precision, group.op,
                        group.count)
       << llvm::formatv("{0,14} MACs", group.macs);
    if (!group.reason.empty())
      os << "  " << group.reason << ", first '" << group.first << "'";
    os << "\n";
  }
}

static llvm::json::Array toJson(ArrayRef<OnnxDescription::Tensor> tensors,
                                bool areInputs) {
  llvm::json::Array list;
  for (const auto &tensor : tensors) {
    llvm::json::Object entry{{"name", jsonText(tensor.name)},
                             {"type", tensor.type}};
    llvm::json::Array shape;
    for (StringRef dim : tensor.dims) {
      int64_t size;
      if (!dim.getAsInteger(10, size))
        shape.push_back(size);
      else if (dim == "?")
        shape.push_back(nullptr);
      else
        shape.push_back(jsonText(dim));
    }
    entry["shape"] = tensor.hasRank ? llvm::json::Value(std::move(shape))
                                    : llvm::json::Value(nullptr);
    if (areInputs) {
      entry["batch"] = tensor.isBatched;
      entry["pin"] = jsonText(tensor.pin);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

llvm::json::Value Report::toJson() const {
  llvm::json::Array operators, groups, blocked;
  for (const std::string &block : blocks)
    blocked.push_back(jsonText(block));
  for (const auto &entry : description.operators)
    operators.push_back(llvm::json::Object{{"name", jsonText(entry.name)},
                                           {"count", entry.count},
                                           {"supported", entry.isSupported},
                                           {"first", jsonText(entry.first)}});
  for (const Group &group : layers)
    groups.push_back(llvm::json::Object{{"op", group.op},
                                        {"precision", group.precision},
                                        {"count", group.count},
                                        {"macs", group.macs},
                                        {"first", jsonText(group.first)},
                                        {"note", group.reason}});
  return llvm::json::Object{
      {"model", jsonText(path)},
      {"opset", description.opset},
      {"inputs", ::toJson(description.inputs, /*areInputs=*/true)},
      {"outputs", ::toJson(description.outputs, /*areInputs=*/false)},
      {"operators", std::move(operators)},
      {"blocked_by", std::move(blocked)},
      {"macs", macs},
      {"int8_macs_percent", int8Percent()},
      {"layers", std::move(groups)}};
}

/// Fills in what the imported graph says; leaves a sentence in `blocks` if
/// there is none.
static void readGraph(Session &session, const CommandOptions &options,
                      Report &report) {
  ScopedDiagnosticHandler handler(
      &session.context, [&](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
          report.blocks.push_back(session.sentence(diagnostic));
        // It is said on stderr too.
        return failure();
      });
  auto module = loadModel(options.inputs[0], &session.context, options.model);
  if (!module) {
    std::string said = llvm::join(report.blocks, " ");
    for (const auto &entry : report.description.operators)
      if (!entry.isSupported &&
          !StringRef(said).contains(" " + entry.name + " ("))
        report.blocks.push_back(
            llvm::formatv("operator {0} is not supported ({1} {2}, first "
                          "'{3}')",
                          entry.name, entry.count,
                          entry.count == 1 ? "node" : "nodes", entry.first));
    return;
  }
  auto main = module->lookupSymbol<func::FuncOp>("main");
  for (auto [i, output] : llvm::enumerate(report.description.outputs)) {
    auto type = cast<RankedTensorType>(main.getResultTypes()[i]);
    bool isBatched = bool(main.getResultAttr(i, symbolicBatchAttr));
    output.dims = computedShape(type, isBatched, options.model.batch);
    output.type = onnxType(type.getElementType());
    output.hasRank = true;
  }
  if (failed(quantizeUncalibrated(*module)))
    return;
  report.layers = groupLayers(*module);
  for (const Group &group : report.layers) {
    report.macs += group.macs;
    if (group.precision == "int8")
      report.int8Macs += group.macs;
  }
}

int octet::runInspect(const CommandOptions &options) {
  const std::string &path = options.inputs[0];
  if (!isOnnxModel(path))
    return runProgram("inspect", options);
  if (options.target != "host")
    return refuse(path + ": --target is for programs: what is said of a model "
                         "is so for every target; compile it to see kernels");
  Session session(path);
  auto model = OnnxModel::read(path, &session.context);
  auto description =
      model ? model->describe(options.model) : std::optional<OnnxDescription>();
  if (!description)
    return 1;
  Report report;
  report.path = path;
  report.description = std::move(*description);
  readGraph(session, options, report);
  report.print(llvm::outs());
  int status = writeJson(options.json, report.toJson());
  if (int wrong = finishStdout())
    status = wrong;
  return report.blocks.empty() ? status : 1;
}
