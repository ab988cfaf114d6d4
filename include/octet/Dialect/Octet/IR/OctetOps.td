//===- OctetOps.td -----------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_OCTETOPS_TD
#define OCTET_DIALECT_OCTET_IR_OCTETOPS_TD

include "octet/Dialect/Octet/IR/OctetGraphOps.td"
include "octet/Dialect/Octet/IR/OctetIntegerOps.td"

#endif // OCTET_DIALECT_OCTET_IR_OCTETOPS_TD
