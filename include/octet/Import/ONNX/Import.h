//===- Import.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX files to the octet dialect.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_IMPORT_ONNX_IMPORT_H
#define OCTET_IMPORT_ONNX_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace octet {

struct OnnxImportOptions {
  /// Size given to a symbolic first dimension of an input, where neither
  /// `shapes` nor `dims` give it one.
  int64_t batch = 1;
  /// Shapes of inputs, by name, whose dimensions are then fixed.
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes;
  /// Sizes of dimensions of inputs that have a name instead.
  std::vector<std::pair<std::string, int64_t>> dims;
  /// Values of the graph that become the outputs, in this order; those that the
  /// model declares if there are none. Inputs on which none of them depends are
  /// dropped.
  std::vector<std::string> outputs;

  /// True if a shape, a dimension or an output is given.
  bool isChanged() const {
    return !shapes.empty() || !dims.empty() || !outputs.empty();
  }
};

/// What an ONNX model says of itself, whether it can be imported or not.
struct OnnxDescription {
  struct Tensor {
    std::string name;
    /// ONNX's name of the element type, in lower case.
    std::string type;
    bool hasRank = false;
    /// Sizes, names of symbolic dimensions, or "?".
    std::vector<std::string> dims;
    /// Of an input: the first dimension is the batch, of which any number of
    /// samples runs.
    bool isBatched = false;
    /// Of an input: the flags that fix dimensions that are not, "--shape
    /// x=1x3xHxW or --dim height=N"; empty if there are none.
    std::string pin;
  };
  struct Operator {
    /// With its domain, if that is not ONNX's own.
    std::string name;
    int64_t count = 0;
    bool isSupported = false;
    /// The first node's name.
    std::string first;
  };
  int64_t opset = 0;
  std::vector<Tensor> inputs, outputs;
  /// Of the nodes on which outputs depend, by name; functions count as what
  /// they are made of.
  std::vector<Operator> operators;
};

namespace onnx_import {
struct ParsedModel;
} // namespace onnx_import

/// An ONNX model (any operator set), read once. Its tensors become constants of
/// the context, which all that is made of it shares.
class OnnxModel {
public:
  /// The model at `path`; null after an error.
  static std::unique_ptr<OnnxModel> read(llvm::StringRef path,
                                         mlir::MLIRContext *context);
  /// The same of a model in memory; external data are looked for beside `path`.
  static std::unique_ptr<OnnxModel> fromBytes(llvm::StringRef bytes,
                                              llvm::StringRef path,
                                              mlir::MLIRContext *context);
  ~OnnxModel();

  /// A module that holds one function `main` on tensors of static shape: what
  /// the outputs depend on, calls of the model's functions and branches of
  /// constant conditions inlined, and all that is known of constants and shapes
  /// computed. Argument and result attributes `octet.name` carry the ONNX
  /// names, `octet.symbolic_batch` marks inputs and outputs whose first
  /// dimension was symbolic. Inputs and outputs have the element types that the
  /// model declares; float numbers of any width are computed in f32. Every
  /// operation's location names its ONNX node and, as child, the ONNX value it
  /// computes. The module's `octet.model_hash` identifies what is computed,
  /// whatever the encoding and the shapes of inputs, `octet.file_hash` the
  /// file's bytes. On failure an error is emitted that names the node, and null
  /// is returned; a NaN among the weights is a warning.
  mlir::OwningOpRef<mlir::ModuleOp>
  importModule(const OnnxImportOptions &options = {});

  /// What the model says of itself; none after an error: `options` do not fit
  /// it.
  std::optional<OnnxDescription>
  describe(const OnnxImportOptions &options = {});

private:
  OnnxModel(mlir::MLIRContext *context, llvm::StringRef path);
  mlir::LogicalResult parse(llvm::StringRef bytes);

  mlir::MLIRContext *context;
  std::string path;
  std::unique_ptr<onnx_import::ParsedModel> parsed;
};

/// Names of the ONNX operators that are imported, sorted.
std::vector<std::string> importedOperators();

/// Registers `octet-translate --import-onnx`.
void registerOnnxTranslation();

} // namespace octet

#endif // OCTET_IMPORT_ONNX_IMPORT_H
