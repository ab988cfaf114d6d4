//===- Importer.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The state of one import: scopes of names, and the nodes of a graph.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_IMPORT_ONNX_IMPORTER_H
#define OCTET_LIB_IMPORT_ONNX_IMPORTER_H

#include "GraphHash.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Import/ONNX/Import.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"
#include <map>
#include <onnx/onnx_pb.h>

namespace octet::onnx_import {

using ONNX_NAMESPACE::AttributeProto;
using ONNX_NAMESPACE::FunctionProto;
using ONNX_NAMESPACE::GraphProto;
using ONNX_NAMESPACE::NodeProto;
using ONNX_NAMESPACE::TensorProto;

/// What a name can be bound to: a tensor, a sequence of tensors whose length is
/// known, or, where both are null, an optional that holds nothing.
struct Item {
  mlir::Value tensor;
  std::shared_ptr<const llvm::SmallVector<mlir::Value>> list;
};

/// Names of values and what they stand for: those of the graph, of one call of
/// a function, of the branch of an If, or of one step of a loop.
struct Scope {
  /// The scope whose names are visible too: that around a branch or a body.
  Scope *outer = nullptr;
  /// Of a function: who calls it, where and which.
  Scope *caller = nullptr;
  const NodeProto *call = nullptr;
  const FunctionProto *function = nullptr;
  unsigned depth = 0;

  /// Put in front of names, so that each value of the module has its own.
  std::string prefix;
  int64_t opset = 0;

  std::vector<const NodeProto *> nodes;
  /// A step of a loop behind the first, whose nodes are the same.
  bool isRepeated = false;
  /// From a value to the node that computes it, and which output it is.
  llvm::StringMap<std::pair<const NodeProto *, int>> producers;
  llvm::StringMap<const TensorProto *> initializers;
  /// From a function's parameter to the caller's name, empty if absent.
  llvm::StringMap<std::string> arguments;
  /// What is built already: tensors, and what is no tensor.
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<Item> items;
};

/// What a name stands for in a scope.
struct Source {
  enum Kind {
    /// A parameter that the caller does not give, or an empty name.
    Absent,
    /// No node, input or initializer has the name.
    Missing,
    /// The name is defined by itself.
    Circular,
    Known,
    Initializer,
    /// A node that has not been built, or has no such output.
    Node,
    /// An error has been emitted.
    Failed
  };
  Kind kind;
  Scope *scope = nullptr;
  std::string name = {};
  const NodeProto *node = nullptr;
};

/// Bytes, and what keeps them.
struct RawData {
  llvm::StringRef bytes;
  std::shared_ptr<const void> owner;
};

/// A model as it was read, of which imports are made.
struct ParsedModel {
  ONNX_NAMESPACE::ModelProto proto;
  /// Of the file's bytes.
  uint64_t hash = 0;
  int64_t opset = 0;
  /// Constants that hold, in place of `proto`, what tensors do.
  llvm::DenseMap<const TensorProto *, mlir::ElementsAttr> tensors;
  /// Default attributes of functions.
  llvm::DenseMap<const FunctionProto *,
                 std::vector<std::unique_ptr<AttributeProto>>>
      defaults;
};

using NodeKey = std::pair<Scope *, const NodeProto *>;

/// An input of the graph, with the sizes that the model or the caller gives it.
struct GraphInput {
  const ONNX_NAMESPACE::ValueInfoProto *proto;
  bool hasRank = false;
  /// ShapedType::kDynamic where nobody says.
  Shape shape = {};
  /// Of symbolic dimensions that have one; else empty.
  llvm::SmallVector<std::string> names = {};
  /// The first dimension is symbolic, and nobody gives it a size: the batch.
  bool isBatched = false;
  /// Some output may depend on it.
  bool isLive = true;
};

/// An output of the graph, or what the caller asks for instead.
struct GraphOutput {
  std::string name;
  /// The element type that the model declares, or UNDEFINED.
  int64_t declared = TensorProto::UNDEFINED;
  /// The caller asks for it.
  bool isCut = false;
  /// The model has it for an input or output, whose types bind.
  bool isDeclared = true;
};

/// A graph inside a node, as its names show it.
struct BodyInfo {
  /// Names of outer scopes that it reads.
  std::vector<std::string> captures;
  /// Nodes that depend on its inputs, and those that do not.
  std::vector<const NodeProto *> variant, invariant;
};

class ImportedNode;

class Importer {
public:
  Importer(mlir::MLIRContext *context, llvm::StringRef path, ParsedModel &model,
           const OnnxImportOptions &options)
      : builder(context), path(path), options(options), model(model),
        proto(model.proto) {}

  mlir::OwningOpRef<mlir::ModuleOp> run();
  std::optional<OnnxDescription> describe();

  mlir::OpBuilder builder;

  /// What `name` stands for in `scope`, through calls and branches.
  Source resolve(Scope &scope, llvm::StringRef name);
  /// The attribute of a node in `scope`, or null; references to attributes of
  /// calls are followed.
  const AttributeProto *attribute(Scope &scope, const NodeProto &node,
                                  llvm::StringRef name);

  /// An ONNX tensor as an attribute, float numbers as f32; null after an error.
  mlir::ElementsAttr convert(const TensorProto &tensor,
                             mlir::Location location);
  /// The same with a warning where it holds a NaN.
  mlir::ElementsAttr convertAndWarn(const TensorProto &tensor,
                                    mlir::Location location);
  /// The type in which elements of ONNX's type are computed, or null.
  mlir::Type computedType(int64_t onnxType);

  /// Counts what sequences hold; an error at `node` where that is absurd.
  mlir::LogicalResult countListed(ImportedNode &node, size_t elements);

private:
  friend class LoopBody;

  /// Enters functions, constants and inputs, with their shapes, but no node.
  mlir::LogicalResult enterGraph();
  /// Chooses outputs and marks live what they depend on.
  mlir::LogicalResult enterOutputs();
  mlir::LogicalResult importGraph();

  // Inputs and outputs
  // ---------------------------------------------------------------------

  /// Finds the inputs' shapes by the model and the caller's pins.
  mlir::LogicalResult pinInputs();
  mlir::LogicalResult pinShape(llvm::StringRef name,
                               llvm::ArrayRef<int64_t> shape);
  /// Refuses live inputs with dimensions that nobody gives a size, all at once.
  mlir::LogicalResult checkPinned();
  GraphInput *findInput(llvm::StringRef name);
  /// `x=1x3xHxW`, as the flag takes it.
  std::string suggestShape(const GraphInput &input) const;
  /// `--shape x=1x3xHxW or --dim height=N --dim width=N`: flags that fix what
  /// is not, the batch too if that is asked for.
  std::string suggestPins(llvm::ArrayRef<const GraphInput *> inputs,
                          bool withBatch = false) const;
  /// An error that begins with the model's path alone.
  mlir::InFlightDiagnostic emitModelError();

  mlir::LogicalResult chooseOutputs();
  mlir::LogicalResult checkCut(llvm::StringRef name);
  /// Finds the inputs on which outputs may depend, whatever branches are taken.
  mlir::LogicalResult findLiveInputs();
  mlir::LogicalResult importInputs(mlir::func::FuncOp function);
  mlir::LogicalResult importOutputs(mlir::func::FuncOp function);
  /// What the program must know of an input or output.
  mlir::Attribute interfaceAttributes(llvm::StringRef name, bool symbolic);
  /// The type of an input or output whose elements are of ONNX's type, or null.
  mlir::Type interfaceType(int64_t onnxType);

  // Scopes
  // ---------------------------------------------------------------------

  const FunctionProto *findFunction(const NodeProto &node) const;
  /// Enters names; an error if a value is computed twice.
  mlir::LogicalResult fill(Scope &scope, std::vector<const NodeProto *> nodes);
  /// The scope of the call `node` of `function`, or null after an error.
  Scope *enterFunction(Scope &scope, const NodeProto &node,
                       const FunctionProto &function);

  // Control flow
  // ---------------------------------------------------------------------

  /// What is inside `body`, found once.
  const BodyInfo &inspect(const GraphProto &body);
  /// Names that must be built before `node`, in the order in which they are
  /// asked for: its inputs, then what its bodies capture. Empty behind the
  /// last.
  std::optional<llvm::StringRef> dependency(Scope &scope, const NodeProto &node,
                                            unsigned i);
  /// A scope inside `outer` for a graph of its own, `prefix` behind its prefix.
  Scope *enterBody(Scope &outer, const llvm::Twine &prefix);
  /// Takes the branch of the If `node` that its condition, which is built,
  /// says, or both where only a program knows.
  mlir::LogicalResult buildIf(Scope &scope, const NodeProto &node);
  mlir::LogicalResult chooseAtRunTime(Scope &scope, const NodeProto &node,
                                      mlir::Value condition);
  /// Puts the steps of a Loop, a Scan or a SequenceMap one behind the other.
  mlir::LogicalResult unroll(Scope &scope, const NodeProto &node);
  /// What `name` stands for once what computes it has been built.
  mlir::FailureOr<Source> resolveBuilt(Scope &scope, llvm::StringRef name);
  /// What `name` is in `scope`, built if it has not been; an error at `reader`.
  mlir::FailureOr<Item> require(Scope &scope, const std::string &name,
                                ImportedNode &reader);

  /// Marks the nodes live on which `names` depend.
  mlir::LogicalResult markLive(Scope &scope, llvm::ArrayRef<std::string> names);
  /// An error that names all operators of live nodes that are not supported.
  mlir::LogicalResult judge();
  /// True if nodes of this operator have a builder.
  static bool isSupported(const NodeProto &node);
  /// By operator, with its domain if that is not ONNX's own.
  using Operators = std::map<std::string, OnnxDescription::Operator>;
  /// Counts `node` among `operators`.
  static void count(Operators &operators, const Scope &scope,
                    const NodeProto &node);
  /// The operators of live nodes, or of those that are not supported alone.
  Operators countLive(bool supported) const;
  /// Calls `action` for the live nodes of a scope and of what it calls, in the
  /// order of the file.
  mlir::LogicalResult
  walkLive(Scope &scope,
           llvm::function_ref<mlir::LogicalResult(Scope &, const NodeProto &)>
               action);
  /// Builds a node, after those on which it depends.
  mlir::LogicalResult build(Scope &scope, const NodeProto &node);
  mlir::LogicalResult buildOne(Scope &scope, const NodeProto &node);
  mlir::LogicalResult materialize(const Source &initializer);

  mlir::FailureOr<RawData> externalData(const TensorProto &tensor,
                                        mlir::Location location);
  /// Converts `tensor`, whose data it takes away.
  mlir::ElementsAttr takeTensor(TensorProto &tensor, mlir::Location location);
  mlir::Location nameLocation(llvm::StringRef node, llvm::StringRef value);

  std::string path;
  OnnxImportOptions options;
  ParsedModel &model;
  const ONNX_NAMESPACE::ModelProto &proto;
  GraphHash hash;
  bool symbolicBatch = false;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  std::vector<GraphInput> inputs;
  std::vector<GraphOutput> outputs;
  /// Sizes given to symbolic dimensions; ShapedType::kDynamic where shapes of
  /// inputs give several.
  llvm::StringMap<int64_t> dimensions;

  llvm::StringMap<const FunctionProto *> functions;
  std::vector<std::unique_ptr<Scope>> scopes;
  Scope *graph = nullptr;
  /// Nodes in all scopes; functions may call functions that call functions.
  int64_t nodeCount = 0;
  llvm::DenseMap<NodeKey, Scope *> calls;
  /// The branch taken of each If, if it is known, and the names of its results.
  llvm::DenseMap<NodeKey, std::pair<Scope *, const GraphProto *>> branches;
  llvm::DenseSet<NodeKey> live, done, active;
  llvm::DenseMap<const GraphProto *, std::unique_ptr<BodyInfo>> bodies;
  /// Nodes that loops have been unrolled to, and elements of all sequences.
  int64_t unrolledNodes = 0, listedElements = 0;
  /// A live node's operator is not supported.
  bool isAnyMissing = false;
};

/// A node in a scope, as builders see it.
class ImportedNode : public OnnxNode {
public:
  ImportedNode(Importer &importer, Scope &scope, const NodeProto &proto);

  llvm::StringRef type() const override { return proto.op_type(); }
  bool hasAttribute(llvm::StringRef name) const override;
  int64_t getInt(llvm::StringRef name, int64_t fallback) const override;
  float getFloat(llvm::StringRef name, float fallback) const override;
  std::string getString(llvm::StringRef name,
                        llvm::StringRef fallback) const override;
  std::optional<Shape> getInts(llvm::StringRef name) const override;
  std::optional<llvm::SmallVector<float>>
  getFloats(llvm::StringRef name) const override;
  std::optional<llvm::SmallVector<std::string>>
  getStrings(llvm::StringRef name) const override;
  mlir::ElementsAttr getTensor(llvm::StringRef name) override;
  unsigned numInputs() const override { return proto.input_size(); }
  unsigned numOutputs() const override { return proto.output_size(); }
  bool hasInput(unsigned i) override;
  bool hasOutput(unsigned i) const override;
  std::string inputName(unsigned i) const override { return proto.input(i); }
  mlir::Value input(unsigned i) override;
  mlir::LogicalResult setOutputs(llvm::ArrayRef<mlir::Value> values) override;
  void nameOutput(unsigned i) override;
  mlir::Type typeNumbered(int64_t number) override;
  mlir::Type typeNamed(llvm::StringRef name) override;

  /// Input `i`, whatever it is; an error if it is missing.
  mlir::FailureOr<Item> item(unsigned i);
  /// Input `i`, which must be a sequence.
  mlir::FailureOr<llvm::ArrayRef<mlir::Value>> list(unsigned i);
  /// The one integer of constant input `i`; an error if it is computed at run
  /// time, `what` saying what it is.
  mlir::FailureOr<int64_t> constantInt(unsigned i, llvm::StringRef what);
  mlir::LogicalResult setItem(unsigned i, const Item &item);
  mlir::LogicalResult setList(unsigned i,
                              llvm::SmallVector<mlir::Value> elements);

private:
  const AttributeProto *attribute(llvm::StringRef name) const {
    return importer.attribute(scope, proto, name);
  }

  Importer &importer;
  Scope &scope;
  const NodeProto &proto;
};

inline std::vector<const NodeProto *>
pointers(const google::protobuf::RepeatedPtrField<NodeProto> &nodes) {
  std::vector<const NodeProto *> result;
  for (const NodeProto &node : nodes)
    result.push_back(&node);
  return result;
}

/// All builders by operator, of the domain `ai.onnx`.
const OnnxBuilders &onnxBuilders();

/// True for the names of ONNX's own domain.
inline bool isOnnxDomain(llvm::StringRef domain) {
  return domain.empty() || domain == "ai.onnx";
}
/// ONNX's name of an element type, in lower case.
std::string typeName(int64_t onnxType);
/// By which functions of a model are found.
inline std::string functionKey(llvm::StringRef domain, llvm::StringRef name) {
  return ((isOnnxDomain(domain) ? "" : domain) + "\n" + name).str();
}
/// True for ONNX's If.
inline bool isIf(const NodeProto &node) {
  return isOnnxDomain(node.domain()) && node.op_type() == "If";
}
/// True for what repeats a body.
inline bool isLoop(const NodeProto &node) {
  return isOnnxDomain(node.domain()) &&
         (node.op_type() == "Loop" || node.op_type() == "Scan" ||
          node.op_type() == "SequenceMap");
}

/// Builders of what takes or makes sequences and optionals.
using ItemBuilder = mlir::LogicalResult (*)(ImportedNode &node);
const llvm::StringMap<ItemBuilder> &itemBuilders();

/// `parts` side by side along `axis`, a new one if so asked; null after an
/// error at `node`.
mlir::Value join(OnnxNode &node, llvm::ArrayRef<mlir::Value> parts,
                 int64_t axis, bool isNew);
/// The element at `position` along `axis`, which goes; null after an error.
mlir::Value elementAt(OnnxNode &node, mlir::Value value, int64_t axis,
                      int64_t position);

} // namespace octet::onnx_import

#endif // OCTET_LIB_IMPORT_ONNX_IMPORTER_H
