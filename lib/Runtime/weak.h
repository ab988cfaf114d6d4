//===- weak.h -----------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_RUNTIME_WEAK_H
#define OCTET_LIB_RUNTIME_WEAK_H

/* Every model's object carries the run time; several in one program share it.
 * Hidden, so that a library does not lend its own to another's. */
#define OCTET_WEAK __attribute__((weak, visibility("hidden")))

#endif /* OCTET_LIB_RUNTIME_WEAK_H */
