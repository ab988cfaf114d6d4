//===- OnnxNode.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One ONNX node, as the builders of operations see it. The importer implements
// it; operations whose ONNX operators map to them enter builders in its table
// (Octet_Op's hasOnnxBuilders).
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_ONNXNODE_H
#define OCTET_DIALECT_OCTET_IR_ONNXNODE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "octet/Dialect/Octet/IR/ConstantView.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "llvm/ADT/StringMap.h"

namespace octet {

class OnnxNode {
public:
  OnnxNode(mlir::OpBuilder &builder, mlir::Location location, int64_t opset)
      : builder(builder), location(location), opset(opset) {}
  virtual ~OnnxNode();

  mlir::OpBuilder &builder;
  /// Of the operations that are built: names the node and the ONNX value.
  mlir::Location location;
  /// Version of the operator set that the model imports for the node's domain.
  const int64_t opset;

  virtual llvm::StringRef type() const = 0;

  //===--------------------------------------------------------------------===//
  // Attributes: `fallback` where the node has none of that name
  //===--------------------------------------------------------------------===//

  virtual bool hasAttribute(llvm::StringRef name) const = 0;
  virtual int64_t getInt(llvm::StringRef name, int64_t fallback) const = 0;
  virtual float getFloat(llvm::StringRef name, float fallback) const = 0;
  virtual std::string getString(llvm::StringRef name,
                                llvm::StringRef fallback) const = 0;
  virtual std::optional<Shape> getInts(llvm::StringRef name) const = 0;
  virtual std::optional<llvm::SmallVector<float>>
  getFloats(llvm::StringRef name) const = 0;
  virtual std::optional<llvm::SmallVector<std::string>>
  getStrings(llvm::StringRef name) const = 0;
  /// The tensor attribute `name`, float numbers as f32; null after an error.
  virtual mlir::ElementsAttr getTensor(llvm::StringRef name) = 0;

  //===--------------------------------------------------------------------===//
  // Inputs and outputs
  //===--------------------------------------------------------------------===//

  virtual unsigned numInputs() const = 0;
  virtual unsigned numOutputs() const = 0;
  /// True if input `i` is given (an empty name means: absent).
  virtual bool hasInput(unsigned i) = 0;
  /// True if output `i` has a name and so may be used.
  virtual bool hasOutput(unsigned i) const = 0;
  virtual std::string inputName(unsigned i) const = 0;

  /// Input `i`, or null after an error.
  virtual mlir::Value input(unsigned i) = 0;
  /// Input `i` as an f32 value, or null after an error.
  mlir::Value floatInput(unsigned i);
  /// All inputs, or f32 inputs; empty after an error, also where there is none.
  llvm::SmallVector<mlir::Value> allInputs(bool floats = false);
  /// Input `i` if it is a constant, else null.
  ConstantView constantInput(unsigned i);
  /// The integers of constant input `i`, or before operator set `since` those
  /// of the attribute `name`. Absent: none. Computed at run time: an error.
  mlir::FailureOr<std::optional<Shape>> intsFrom(llvm::StringRef name,
                                                 unsigned i, int64_t since);

  /// The one number that constant input `i` holds, or before operator set
  /// `since` the attribute `name`. Absent: none. Computed at run time: an
  /// error.
  mlir::FailureOr<std::optional<float>> floatFrom(llvm::StringRef name,
                                                  unsigned i, int64_t since);

  /// Binds outputs 0, 1, … to `values`. An output without a value is refused
  /// where it is read. Null values mean that an error has been emitted.
  virtual mlir::LogicalResult
  setOutputs(llvm::ArrayRef<mlir::Value> values) = 0;
  mlir::LogicalResult setOutput(mlir::Value value) { return setOutputs(value); }
  /// Softmax and its like: binds the output to body(input, axis) of the f32
  /// input. Before operator set 13 they work on all dimensions from `axis` on.
  mlir::LogicalResult
  setAlongAxis(llvm::function_ref<mlir::Value(mlir::Value, int64_t)> body);
  /// Reductions: binds the output to body(input, axes), which keeps the reduced
  /// dimensions with size one. The axes are an attribute before operator set
  /// `since`, then input 1; none are all, or none with noop_with_empty_axes.
  mlir::LogicalResult setReduced(
      mlir::Value input, int64_t since,
      llvm::function_ref<mlir::Value(mlir::Value, llvm::ArrayRef<int64_t>)>
          body);
  /// Operations built from here on compute output `i`: their location says so.
  virtual void nameOutput(unsigned i) = 0;

  /// The type in which elements of ONNX's type (its number, or its name in
  /// TensorProto.DataType) are computed: f32 for all floats. Null: none.
  virtual mlir::Type typeNumbered(int64_t number) = 0;
  virtual mlir::Type typeNamed(llvm::StringRef name) = 0;

  /// Emits an error at the node and returns failure.
  mlir::LogicalResult fail(const llvm::Twine &message);

  //===--------------------------------------------------------------------===//
  // Building
  //===--------------------------------------------------------------------===//

  /// The operation's result, folded where it can be; its type is inferred.
  /// `arguments` are operands and attributes in the order of the definition.
  /// Null, after an error at the node, if they do not fit together.
  template <typename Op, typename... Arguments>
  mlir::Value create(Arguments &&...arguments) {
    mlir::OperationState state(location, Op::getOperationName());
    Op::build(builder, state, mlir::Type(builder.getNoneType()),
              std::forward<Arguments>(arguments)...);
    return finish(state, /*infer=*/true);
  }
  /// The same with a result of `type`.
  template <typename Op, typename... Arguments>
  mlir::Value createAs(mlir::RankedTensorType type, Arguments &&...arguments) {
    mlir::OperationState state(location, Op::getOperationName());
    Op::build(builder, state, mlir::Type(type),
              std::forward<Arguments>(arguments)...);
    return finish(state, /*infer=*/false);
  }

  mlir::Value constant(mlir::ElementsAttr value);
  mlir::Value constant(llvm::ArrayRef<float> values,
                       llvm::ArrayRef<int64_t> shape);
  /// A constant of i64, [values.size()].
  mlir::Value constantInts(llvm::ArrayRef<int64_t> values);
  /// A scalar of the element type of `like`.
  mlir::Value scalarLike(mlir::Value like, double number);
  /// `value` with elements of `type`.
  mlir::Value castTo(mlir::Type type, mlir::Value value);
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);
  /// Elements offsets + i · strides.
  mlir::Value slice(mlir::Value value, llvm::ArrayRef<int64_t> offsets,
                    llvm::ArrayRef<int64_t> sizes,
                    llvm::ArrayRef<int64_t> strides);
  /// `value` broadcast to `shape`.
  mlir::Value broadcast(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// [N, C, L] or [N, C, H, W] -> [N, H, W, C] (H = 1 for the former).
  mlir::Value toChannelsLast(mlir::Value value);
  /// The inverse, to a value of `rank` 3 or 4.
  mlir::Value fromChannelsLast(mlir::Value value, int64_t rank);

  /// `axis` counted from the front; none if out of range.
  static std::optional<int64_t> normalizeAxis(int64_t axis, int64_t rank) {
    if (axis < -rank || axis >= rank)
      return std::nullopt;
    return axis < 0 ? axis + rank : axis;
  }

private:
  mlir::Value finish(mlir::OperationState &state, bool infer);
  /// Refuses values of run time that no program can hold.
  mlir::LogicalResult checkTensors(mlir::Operation *op);
};

/// What no program can hold of a tensor: no elements, or more than 2^31 or than
/// 16 dimensions. A clause after "has"; empty if there is nothing.
std::string explainUnusable(mlir::RankedTensorType type);

/// Builds the operations of one node and binds its outputs.
using OnnxBuilder = mlir::LogicalResult (*)(OnnxNode &node);
/// From operator name to builder.
using OnnxBuilders = llvm::StringMap<OnnxBuilder>;

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_ONNXNODE_H
