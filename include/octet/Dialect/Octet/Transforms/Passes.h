// Passes on the f32 graph.

#ifndef OCTET_DIALECT_OCTET_TRANSFORMS_PASSES_H
#define OCTET_DIALECT_OCTET_TRANSFORMS_PASSES_H

#include "octet/Dialect/Octet/IR/Octet.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace octet {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"

} // namespace octet

#endif // OCTET_DIALECT_OCTET_TRANSFORMS_PASSES_H
