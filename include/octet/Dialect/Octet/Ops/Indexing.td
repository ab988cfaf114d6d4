//===- Indexing.td -----------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations whose places are computed at run time.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_INDEXING_TD
#define OCTET_DIALECT_OCTET_OPS_INDEXING_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

def Octet_Indices : RankedTensorOf<[I32, I64]>;

def Octet_GatherNdOp : Octet_InferredOp<"gather_nd",
    [Octet_OwnDimensions, Octet_SameScale], [Octet_StorageOpInterface]> {
  let summary = "Slices of the input, chosen by tuples of indices";
  let description = [{
    `out[b..., i..., s...] = in[b..., indices[b..., i...], s...]`: `batch_dims`
    dimensions in front are common, the indices' last one is a tuple, of an index
    for each dimension that follows them. An index is read as `gather` reads it.

    ```mlir
    %1 = octet.gather_nd %x, %i {batch_dims = 1 : i64}
        : tensor<4x10x3xf32>, tensor<4x5x1xi64> -> tensor<4x5x3xf32>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$input, Octet_Indices:$indices,
                       I64Attr:$batch_dims);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = [{
    $input `,` $indices attr-dict `:` type($input) `,` type($indices) `->`
    type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let extraDeclarations = [{
    ::octet::OperandRole getOperandRole(unsigned index);
  }];
}

def Octet_ScatterKind : I32EnumAttr<"ScatterKind", "what a scattered value does", [
      I32EnumAttrCase<"Set", 0, "set">,
      I32EnumAttrCase<"Add", 1, "add">,
      I32EnumAttrCase<"Mul", 2, "mul">,
      I32EnumAttrCase<"Max", 3, "max">,
      I32EnumAttrCase<"Min", 4, "min">
    ]> {
  let cppNamespace = "::octet";
  let genSpecializedAttr = 0;
}
def Octet_ScatterKindAttr : EnumAttr<Octet_Dialect, Octet_ScatterKind, "scatter_kind">;

def Octet_ScatterOp : Octet_InferredOp<"scatter",
    [Octet_OwnDimensions, Octet_FloatScale]> {
  let summary = "A copy of the input with values set, or combined, at tuples of indices";
  let description = [{
    `out[b..., indices[b..., i...], s...] ∘= updates[b..., i..., s...]` after `out =
    in`: the places are those that `gather_nd` reads. Updates are taken in their
    row-major order, each rounded once: of several at one place `set` leaves the
    last. The larger and the smaller of two numbers is NaN where one of them is;
    integers wrap around.

    ```mlir
    %1 = octet.scatter add %x, %i, %u {batch_dims = 1 : i64}
        : tensor<4x10x3xf32>, tensor<4x5x1xi64>, tensor<4x5x3xf32> -> tensor<4x10x3xf32>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$input, Octet_Indices:$indices,
                       Octet_AnyTensor:$updates, Octet_ScatterKindAttr:$kind,
                       I64Attr:$batch_dims);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = [{
    $kind $input `,` $indices `,` $updates attr-dict `:` type($input) `,`
    type($indices) `,` type($updates) `->` type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let extraDeclarations = [{
    ::octet::OperandRole getOperandRole(unsigned index);
  }];
}

def Octet_TopIndicesOp : Octet_InferredOp<"top_indices",
    [Octet_OwnDimensions, Octet_PermutableDimensions, Octet_FloatScale]> {
  let summary = "Indices of the largest (or smallest) elements along one dimension";
  let description = [{
    The `k` first of all indices in the order of their elements, the largest
    first, or with `smallest` the smallest. Of equal elements, as both zeros are,
    the lower index comes first; a NaN is larger than all numbers.

    ```mlir
    %1 = octet.top_indices %x {axis = 1 : i64, k = 3 : i64}
        : tensor<4x10xf32> -> tensor<4x3xi64>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$input, I64Attr:$axis, I64Attr:$k,
                       UnitAttr:$smallest);
  let results = (outs RankedTensorOf<[I64]>:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // OCTET_DIALECT_OCTET_OPS_INDEXING_TD
