//===- OctetAttributes.td ----------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_OCTETATTRIBUTES_TD
#define OCTET_DIALECT_OCTET_IR_OCTETATTRIBUTES_TD

include "octet/Dialect/Octet/IR/OctetDialect.td"

def Octet_LayoutAttr : AttrDef<Octet_Dialect, "Layout"> {
  let mnemonic = "layout";
  let summary = "How a tensor lies in memory";
  let description = [{
    The encoding of a tensor whose memory differs from its logical shape.
    `channels` is the allocated size of the last dimension: the lanes from the
    logical size up to it hold unspecified values that nothing may observe.
    `border` counts the extra rows and columns `[top, left, bottom, right]`
    around dimensions 1 and 2 of a rank-4 tensor; they hold what the
    `octet.pad` that uses them has written.

    ```mlir
    tensor<1x56x56x61xui8, #octet.layout<channels = 64, border = 1, 1, 1, 1>>
    ```
    occupies 1·58·58·64 bytes.
  }];
  let parameters = (ins "int64_t":$channels, ArrayRefParameter<"int64_t">:$border);
  let assemblyFormat = "`<` `channels` `=` $channels `,` `border` `=` $border `>`";
  let genVerifyDecl = 1;
}

#endif // OCTET_DIALECT_OCTET_IR_OCTETATTRIBUTES_TD
