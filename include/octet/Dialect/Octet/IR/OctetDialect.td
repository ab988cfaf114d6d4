//===- OctetDialect.td -------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_OCTETDIALECT_TD
#define OCTET_DIALECT_OCTET_IR_OCTETDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Octet_Dialect : Dialect {
  let name = "octet";
  let cppNamespace = "::octet";
  let summary = "Neural networks before and after quantization to 8 bits";
  let description = [{
    The graph dialect of Octet. It holds a network in three forms that share
    their operations where the meaning is the same:

    - on `f32` tensors, as imported;
    - on `!quant.uniform` tensors between `quant.qcast` and `quant.dcast`, where
      scales and zero points are visible in the types;
    - on `ui8` tensors, with scales folded into integer operations
      (`octet.integer_*`, `octet.lookup`, `octet.quantize`,
      `octet.dequantize`), free of any target.

    Spatial operations are channels-last: images are `[N, H, W, C]`, filters
    `[O, KH, KW, I / groups]`. The importer brackets them with
    `octet.transpose`, which `octet-to-channels-last` then moves and cancels.

    Operations on `f32` and `ui8` compute exactly what the numerics contract in
    `docs/QuantSpec.md` says; the labels there are cited here as `QS-n`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::quant::QuantDialect"
  ];
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    /// The innermost one that is open, or null.
    ConstantScope *constantScope = nullptr;
  }];
}

#endif // OCTET_DIALECT_OCTET_IR_OCTETDIALECT_TD
