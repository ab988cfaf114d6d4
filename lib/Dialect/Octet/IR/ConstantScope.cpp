//===- ConstantScope.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/ConstantScope.h"
#include "octet/Dialect/Octet/IR/Octet.h"

using namespace mlir;
using namespace octet;

static DialectResourceBlobManager &managerOf(MLIRContext *context) {
  return DenseResourceElementsHandle::getManagerInterface(context)
      .getBlobManager();
}

static ConstantScope *&innermost(MLIRContext *context) {
  return context->getOrLoadDialect<OctetDialect>()->constantScope;
}

ConstantScope::ConstantScope(MLIRContext *context)
    : context(context), outer(innermost(context)), kept(present()) {
  innermost(context) = this;
}

ConstantScope::~ConstantScope() {
  assert(innermost(context) == this && "scopes end in another order");
  innermost(context) = outer;
}

ConstantScope::Entries ConstantScope::present() const {
  Entries entries;
  managerOf(context).getBlobMap([&](const llvm::StringMap<Entry> &map) {
    for (const auto &named : map)
      if (const AsmResourceBlob *blob = named.second.getBlob();
          blob && !blob->getData().empty())
        entries.insert(&named.second);
  });
  return entries;
}

ConstantScope::Entries ConstantScope::usedBy(ModuleOp module) {
  Entries entries;
  if (!module)
    return entries;
  // Elements stand in attributes of operations, not inside of others.
  module.walk([&](Operation *op) {
    for (NamedAttribute attribute : op->getAttrs())
      if (auto resource =
              dyn_cast<DenseResourceElementsAttr>(attribute.getValue()))
        entries.insert(resource.getRawHandle().getResource());
  });
  return entries;
}

void ConstantScope::takeOver(ModuleOp module) {
  auto isKeptAround = [&](const Entry *entry) {
    for (ConstantScope *scope = outer; scope; scope = scope->outer)
      if (scope->kept.contains(entry))
        return true;
    return false;
  };
  for (const Entry *entry : usedBy(module))
    if (!isKeptAround(entry))
      kept.erase(entry);
}

void ConstantScope::collect(ModuleOp module) {
  Entries used = usedBy(module);
  for (const Entry *entry : present())
    if (!kept.contains(entry) && !used.contains(entry))
      managerOf(context).lookup(entry->getKey())->setBlob(AsmResourceBlob());
}
