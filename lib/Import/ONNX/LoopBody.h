//===- LoopBody.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The body of a loop, whose steps are put one behind the other.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_IMPORT_ONNX_LOOPBODY_H
#define OCTET_LIB_IMPORT_ONNX_LOOPBODY_H

#include "Importer.h"

namespace octet::onnx_import {

/// The body of a loop, and the steps that have been made of it.
class LoopBody {
public:
  /// Enters the body of `node`, which takes `inputs` values.
  static mlir::FailureOr<LoopBody> enter(Importer &importer, Scope &scope,
                                         const NodeProto &node, int64_t inputs,
                                         int64_t leastOutputs);

  /// What the body makes of `inputs`.
  mlir::FailureOr<llvm::SmallVector<Item>> step(llvm::ArrayRef<Item> inputs);
  /// An error if so many steps more would be too many.
  mlir::LogicalResult checkSteps(int64_t steps);

  int64_t numOutputs() const { return graph.output_size(); }
  std::string outputName(unsigned i) const { return graph.output(i).name(); }

private:
  LoopBody(Importer &importer, Scope &scope, const NodeProto &node,
           const GraphProto &graph)
      : importer(importer), scope(scope), node(node), graph(graph),
        info(importer.inspect(graph)) {}

  Importer &importer;
  Scope &scope;
  const NodeProto &node;
  const GraphProto &graph;
  const BodyInfo &info;
  /// Holds what does not depend on the step.
  Scope *shared = nullptr;
  int64_t steps = 0;
};

/// Values that each step of a loop adds to one of its outputs.
struct Collected {
  llvm::SmallVector<mlir::Value> parts;

  mlir::LogicalResult add(OnnxNode &node, const LoopBody &body, unsigned result,
                          const Item &item);
};

/// Puts the steps of a Scan one behind the other.
mlir::LogicalResult unrollScan(Importer &importer, Scope &scope,
                               const NodeProto &node);

} // namespace octet::onnx_import

#endif // OCTET_LIB_IMPORT_ONNX_LOOPBODY_H
