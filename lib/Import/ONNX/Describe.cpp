//===- Describe.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a model says of itself.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

using ONNX_NAMESPACE::ValueInfoProto;

/// The tensor as the model declares it.
static OnnxDescription::Tensor describeTensor(const ValueInfoProto &value) {
  OnnxDescription::Tensor result;
  result.name = value.name();
  const auto &tensor = value.type().tensor_type();
  result.type = value.type().has_tensor_type() ? typeName(tensor.elem_type())
                                               : "no tensor";
  result.hasRank = tensor.has_shape();
  for (const auto &dim : tensor.shape().dim())
    result.dims.push_back(!dim.dim_param().empty() ? dim.dim_param()
                          : dim.has_dim_value() && dim.dim_value() >= 0
                              ? std::to_string(dim.dim_value())
                              : "?");
  return result;
}

std::optional<OnnxDescription> Importer::describe() {
  if (failed(enterGraph()) || failed(enterOutputs()))
    return std::nullopt;
  OnnxDescription result;
  result.opset = model.opset;
  for (const GraphInput &input : inputs) {
    if (!input.isLive)
      continue;
    auto &tensor = result.inputs.emplace_back(describeTensor(*input.proto));
    tensor.hasRank = input.hasRank;
    tensor.dims.resize(input.shape.size());
    for (auto [i, size] : llvm::enumerate(input.shape))
      if (size != ShapedType::kDynamic && !(i == 0 && input.isBatched))
        tensor.dims[i] = std::to_string(size);
    tensor.isBatched = input.isBatched;
    if (!input.hasRank || input.isBatched ||
        llvm::is_contained(input.shape, ShapedType::kDynamic))
      tensor.pin = suggestPins(&input, /*withBatch=*/true);
  }
  for (const GraphOutput &output : outputs) {
    const ValueInfoProto *declared = nullptr;
    for (const auto *list :
         {&proto.graph().value_info(), &proto.graph().output()})
      for (const ValueInfoProto &value : *list)
        if (value.name() == output.name)
          declared = &value;
    auto &tensor = result.outputs.emplace_back();
    if (declared)
      tensor = describeTensor(*declared);
    tensor.name = output.name;
  }
  // Which branches are taken shows when the graph is built. What is in the way
  // of that, the caller hears when it imports the model.
  {
    ScopedDiagnosticHandler ignored(builder.getContext(),
                                    [](Diagnostic &) { return success(); });
    (void)importGraph();
  }
  for (auto &[name, entry] : countLive(/*supported=*/true))
    result.operators.push_back(std::move(entry));
  return result;
}
