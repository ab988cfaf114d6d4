//===- Map.td ---------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_MAP_TD
#define OCTET_DIALECT_OCTET_OPS_MAP_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

def Octet_MapOp : Octet_InferredOp<"map",
    [Octet_ElementwiseDimensions, Octet_FunctionScale],
    [IsolatedFromAbove, SingleBlock]> {
  let summary = "A function of one value, given by its scalar body";
  let description = [{
    The body holds operations of `arith` and `math` on f32 and i1 scalars and
    ends with `octet.yield`. `octet-fuse-functions` makes it of connected
    operations; in 8 bits it is one table, evaluated in double and rounded once
    (QS-9).

    ```mlir
    %1 = octet.map %x : tensor<1x8xf32> -> tensor<1x8xf32> {
    ^bb0(%a: f32):
      %2 = math.tanh %a : f32
      %3 = arith.mulf %a, %2 : f32
      octet.yield %3 : f32
    }
    ```
  }];
  let arguments = (ins Octet_Tensor:$input);
  let results = (outs Octet_Tensor:$output);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `->` type($output) $body
  }];
  let hasRegionVerifier = 1;
  let extraDeclarations = [{
    double evaluate(double x);
  }];
}

// No operation of the graph: it answers no questions.
def Octet_YieldOp : Op<Octet_Dialect, "yield",
    [Pure, Terminator, HasParent<"MapOp">]> {
  let summary = "The value of a map's body";
  let arguments = (ins F32:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // OCTET_DIALECT_OCTET_OPS_MAP_TD
