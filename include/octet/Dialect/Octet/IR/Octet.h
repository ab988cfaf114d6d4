//===- Octet.h --------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The octet dialect: see OctetDialect.td for what it holds.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_OCTET_H
#define OCTET_DIALECT_OCTET_IR_OCTET_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "octet/Dialect/Octet/IR/OctetDialect.h.inc"
#include "octet/Dialect/Octet/IR/OctetEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "octet/Dialect/Octet/IR/OctetAttributes.h.inc"
#define GET_OP_CLASSES
#include "octet/Dialect/Octet/IR/OctetOps.h.inc"

#endif // OCTET_DIALECT_OCTET_IR_OCTET_H
