//===- output.c -----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE /* mkostemp */
#include "octet/Runtime/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot_write(const char *path, int cause, octet_error *error) {
  snprintf(error->text, sizeof error->text, "%s: cannot be written: %s", path,
           strerror(cause));
  return -1;
}

int octet_output_open(octet_output *output, const char *path,
                      octet_error *error) {
  memset(output, 0, sizeof *output);
  output->path = path;
  struct stat info;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
    output->file = fopen(path, "wbe");
    return output->file ? 0 : cannot_write(path, errno, error);
  }
  size_t length = strlen(path) + sizeof ".XXXXXX.part";
  output->part = malloc(length);
  if (!output->part)
    return cannot_write(path, ENOMEM, error);
  snprintf(output->part, length, "%s.XXXXXX.part", path);
  int descriptor = mkostemps(output->part, 5, O_CLOEXEC);
  if (descriptor >= 0) {
    mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor, 0666 & ~mask);
    output->file = fdopen(descriptor, "wb");
  }
  if (output->file)
    return 0;
  int cause = errno;
  if (descriptor >= 0) {
    close(descriptor);
    unlink(output->part);
  }
  free(output->part);
  return cannot_write(path, cause, error);
}

int octet_output_close(octet_output *output, int status, octet_error *error) {
  int cause = 0;
  if (ferror(output->file))
    cause = EIO;
  errno = 0;
  if (fflush(output->file))
    cause = errno;
  if (fclose(output->file) && !cause)
    cause = errno;
  if (!status && !cause && output->part && rename(output->part, output->path))
    cause = errno;
  if ((status || cause) && output->part)
    unlink(output->part);
  free(output->part);
  if (status)
    return -1;
  return cause ? cannot_write(output->path, cause, error) : 0;
}
