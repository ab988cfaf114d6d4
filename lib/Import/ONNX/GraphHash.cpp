//===- GraphHash.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphHash.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

GraphHash::Entry &GraphHash::Entry::add(uint64_t number) {
  char raw[8];
  llvm::support::endian::write64le(raw, number);
  bytes.append(raw, sizeof(raw));
  return *this;
}

GraphHash::Entry &GraphHash::Entry::add(StringRef text) {
  // The size in front keeps neighbours apart.
  add(text.size());
  bytes += text;
  return *this;
}

GraphHash::Entry &GraphHash::Entry::add(ConstantView tensor) {
  std::string type;
  llvm::raw_string_ostream(type) << tensor.getType();
  add(type);
  auto raw = tensor.getRawData();
  add(tensor.isSplat());
  add(llvm::xxh3_64bits(StringRef(raw.data(), raw.size())));
  return *this;
}

void GraphHash::add(const Entry &entry) {
  entries.push_back(llvm::xxh3_64bits(entry.bytes));
}

std::string GraphHash::finish() {
  llvm::sort(entries);
  Entry all;
  for (uint64_t entry : entries)
    all.add(entry);
  return llvm::utohexstr(llvm::xxh3_64bits(all.bytes), /*LowerCase=*/true);
}
