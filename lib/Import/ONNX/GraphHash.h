//===- GraphHash.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The identity of a graph, whatever wrote it down.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_IMPORT_ONNX_GRAPHHASH_H
#define OCTET_LIB_IMPORT_ONNX_GRAPHHASH_H

#include "octet/Dialect/Octet/IR/ConstantView.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace octet::onnx_import {

/// Hashes what a graph computes: its entries, in any order. Shapes of inputs,
/// names of nodes, producers and encodings are no part of it.
class GraphHash {
public:
  /// One entry under construction; parts keep their order.
  class Entry {
  public:
    Entry &add(llvm::StringRef text);
    Entry &add(uint64_t number);
    /// Element type, shape and contents.
    Entry &add(octet::ConstantView tensor);

  private:
    friend class GraphHash;
    std::string bytes;
  };

  void add(const Entry &entry);
  /// Of all entries, in hexadecimal digits.
  std::string finish();

private:
  std::vector<uint64_t> entries;
};

} // namespace octet::onnx_import

#endif // OCTET_LIB_IMPORT_ONNX_GRAPHHASH_H
