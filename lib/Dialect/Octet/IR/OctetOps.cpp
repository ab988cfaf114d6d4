//===- OctetOps.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The generated parts of operations, and the words of their assembly form.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/OpImplementation.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"

using namespace mlir;
using namespace octet;

/// `clamp(min 0.0 max 6.0)`, either bound or all of it absent.
static ParseResult parseClamp(OpAsmParser &parser, FloatAttr &low,
                              FloatAttr &high) {
  if (failed(parser.parseOptionalKeyword("clamp")))
    return success();
  auto bound = [&](StringRef word, FloatAttr &value) -> ParseResult {
    if (failed(parser.parseOptionalKeyword(word)))
      return success();
    return parser.parseAttribute(value, parser.getBuilder().getF32Type());
  };
  if (parser.parseLParen() || bound("min", low) || bound("max", high))
    return failure();
  if (!low && !high)
    return parser.emitError(parser.getCurrentLocation(),
                            "a clamp has a min or a max");
  return parser.parseRParen();
}

static void printClamp(OpAsmPrinter &printer, Operation *, FloatAttr low,
                       FloatAttr high) {
  if (!low && !high)
    return;
  printer << " clamp(";
  if (low) {
    printer << "min ";
    printer.printAttributeWithoutType(low);
  }
  if (high) {
    printer << (low ? " max " : "max ");
    printer.printAttributeWithoutType(high);
  }
  printer << ")";
}

#define GET_OP_CLASSES
#include "octet/Dialect/Octet/IR/OctetOps.cpp.inc"
