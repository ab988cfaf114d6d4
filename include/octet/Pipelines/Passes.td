//===- Passes.td -------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_PIPELINES_PASSES_TD
#define OCTET_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def EnterPhase : Pass<"octet-enter-phase", "::mlir::ModuleOp"> {
  let summary = "Record the phase that a module goes through";
  let description = [{
    The first pass of every phase. It fails if the module's `octet.phase` is
    none that the phase may follow, or its `octet.target` another target, and
    sets both. A module without `octet.phase` may enter any.

    It also puts the uses of every value in the order that the parser gives them,
    which patterns may depend on: a phase does the same to a module that was
    printed and read as to one that stayed in memory.
  }];
  let options = [
    Option<"phase", "phase", "std::string", [{""}], "The phase's name">,
    Option<"target", "target", "std::string", [{""}],
           "The target, for phases that depend on one">
  ];
}

#endif // OCTET_PIPELINES_PASSES_TD
