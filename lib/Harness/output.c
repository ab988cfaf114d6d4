//===- output.c -----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE /* mkostemp */
#include "octet/Harness/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot_write(const char *path, int cause, octet_error *error) {
  return octet_fail(error, "%s: cannot be written: %s", path, strerror(cause));
}

/* A template for mkostemps beside `path`; null without memory. */
static char *part_beside(const char *path) {
  enum { LONGEST = 200 }; /* of a name, which may have 255 bytes */
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  size_t length = strlen(path) + sizeof ".XXXXXX.part";
  char *part = malloc(length);
  if (part)
    snprintf(part, length, "%.*s%.*s.XXXXXX.part", (int)(name - path), path,
             LONGEST, name);
  return part;
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
  /* A link's target is replaced, not the link. */
  output->real = realpath(path, NULL);
  if (!output->real)
    output->real = strdup(path);
  output->part = output->real ? part_beside(output->real) : NULL;
  if (!output->part) {
    free(output->real);
    return cannot_write(path, ENOMEM, error);
  }
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
  free(output->real);
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
  if (!status && !cause && output->part && rename(output->part, output->real))
    cause = errno;
  if ((status || cause) && output->part)
    unlink(output->part);
  free(output->part);
  free(output->real);
  if (status)
    return -1;
  return cause ? cannot_write(output->path, cause, error) : 0;
}
