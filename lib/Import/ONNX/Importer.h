//===- Importer.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The state of one import and the helpers that operator builders share.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_IMPORT_ONNX_IMPORTER_H
#define OCTET_LIB_IMPORT_ONNX_IMPORTER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "octet/Import/ONNX/Import.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <onnx/onnx_pb.h>

namespace octet::onnx_import {

/// One ONNX node with typed access to its attributes.
struct Node {
  const ONNX_NAMESPACE::NodeProto &proto;
  mlir::Location location;

  llvm::StringRef type() const { return proto.op_type(); }
  const ONNX_NAMESPACE::AttributeProto *attribute(llvm::StringRef name) const;
  int64_t getInt(llvm::StringRef name, int64_t fallback) const;
  float getFloat(llvm::StringRef name, float fallback) const;
  std::string getString(llvm::StringRef name, llvm::StringRef fallback) const;
  std::optional<Shape> getInts(llvm::StringRef name) const;
  /// True if input `i` is given (an empty name means: absent).
  bool hasInput(int i) const {
    return i < proto.input_size() && !proto.input(i).empty();
  }
};

class Importer {
public:
  Importer(mlir::MLIRContext *context, llvm::StringRef path,
           const OnnxImportOptions &options)
      : builder(context), path(path), options(options) {}

  mlir::OwningOpRef<mlir::ModuleOp> run(llvm::StringRef bytes);

  // What operator builders use ------------------------------------------------

  mlir::OpBuilder builder;

  int64_t opset() const { return opsetVersion; }

  /// Emits an error at `node` and returns failure.
  mlir::LogicalResult fail(const Node &node, const llvm::Twine &message);

  /// Input `i` as a value, or null after an error.
  mlir::Value input(const Node &node, int i);
  /// Input `i` as an f32 value, or null after an error.
  mlir::Value floatInput(const Node &node, int i);
  /// Input `i` as a constant, or null if it is computed at run time.
  mlir::DenseElementsAttr constantInput(const Node &node, int i);
  /// A constant integer input `i`, or after opset `since` that input and before
  /// it the attribute `name`. Absent: none. Not constant: an error.
  mlir::FailureOr<std::optional<Shape>>
  intsFrom(const Node &node, llvm::StringRef name, int i, int64_t since);

  mlir::LogicalResult setOutput(const Node &node, mlir::Value value);

  /// The named operation's result, verified so that errors name the node.
  template <typename Op, typename... Args>
  mlir::Value create(const Node &node, Args &&...args) {
    return Op::create(builder, node.location, std::forward<Args>(args)...)
        .getResult();
  }

  mlir::Value constant(const Node &node, llvm::ArrayRef<float> values,
                       llvm::ArrayRef<int64_t> shape);
  mlir::Value reshape(const Node &node, mlir::Value value,
                      llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(const Node &node, mlir::Value value,
                        llvm::ArrayRef<int64_t> permutation);
  /// [N, C, L] or [N, C, H, W] -> [N, H, W, C] (H = 1 for the former).
  mlir::Value toChannelsLast(const Node &node, mlir::Value value);
  /// The inverse, to a value of `rank` 3 or 4.
  mlir::Value fromChannelsLast(const Node &node, mlir::Value value,
                               int64_t rank);
  mlir::RankedTensorType f32(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, builder.getF32Type());
  }
  /// `axis` counted from the front; none if out of range.
  static std::optional<int64_t> normalizeAxis(int64_t axis, int64_t rank) {
    if (axis < -rank || axis >= rank)
      return std::nullopt;
    return axis < 0 ? axis + rank : axis;
  }

  /// An ONNX tensor as an attribute, or null after an error.
  mlir::DenseElementsAttr convert(const ONNX_NAMESPACE::TensorProto &tensor,
                                  mlir::Location location);

  /// Makes `name` a constant that is materialized where it is used.
  void setConstant(llvm::StringRef name, mlir::DenseElementsAttr value) {
    constants[name] = value;
  }

private:
  mlir::LogicalResult parse(llvm::StringRef bytes);
  mlir::LogicalResult checkOpsets();
  mlir::LogicalResult importGraph();
  mlir::LogicalResult importInputs(mlir::func::FuncOp function);
  /// What the program must know of an input or output.
  mlir::Attribute interfaceAttributes(llvm::StringRef name, bool symbolic);
  mlir::LogicalResult importNode(const ONNX_NAMESPACE::NodeProto &proto);
  mlir::LogicalResult importOutputs(mlir::func::FuncOp function);
  mlir::FailureOr<std::string>
  externalData(const ONNX_NAMESPACE::TensorProto &tensor,
               mlir::Location location);
  mlir::Location nameLocation(llvm::StringRef node, llvm::StringRef value);

  std::string path;
  OnnxImportOptions options;
  ONNX_NAMESPACE::ModelProto model;
  uint64_t hash = 0;
  int64_t opsetVersion = 0;
  bool symbolicBatch = false;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<mlir::DenseElementsAttr> constants;
};

/// Builds the operations of one node and binds its outputs.
using OperatorBuilder = mlir::LogicalResult (*)(Importer &, const Node &);

/// The tables from operator name to builder, one for each topic.
void addContractionBuilders(llvm::StringMap<OperatorBuilder> &table);
void addPoolBuilders(llvm::StringMap<OperatorBuilder> &table);
void addElementwiseBuilders(llvm::StringMap<OperatorBuilder> &table);
void addMovementBuilders(llvm::StringMap<OperatorBuilder> &table);

/// Window attributes shared by convolutions and pools, two-dimensional.
struct Window {
  Shape kernel, strides, dilations, pads;
};

/// Reads strides, dilations, pads or auto_pad of a window over `input`
/// ([N, C, spatial...]); a 1-D window gets a leading dimension of one.
mlir::FailureOr<Window> readWindow(Importer &importer, const Node &node,
                                   llvm::ArrayRef<int64_t> input,
                                   llvm::ArrayRef<int64_t> kernel);

} // namespace octet::onnx_import

#endif // OCTET_LIB_IMPORT_ONNX_IMPORTER_H
