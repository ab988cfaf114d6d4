//===- npz.c --------------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/npz.h"
#include "octet/Harness/output.h"
#include "zip.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reading */

static int inflate_entry(const char *path, const zip_entry *entry,
                         octet_array *array, octet_error *error) {
  uint64_t size = entry->size, packed = entry->packed_size;
  /* Deflate cannot expand more than about 1032 times, and data of more than a
   * gigabyte are not that redundant unless they are meant to fill memory. */
  if (size / 1100 > packed ||
      (size > (UINT64_C(1) << 30) && size / 100 > packed))
    return octet_fail(error, "%s: entry '%s' claims an impossible size", path,
                      array->name);
  array->owned = malloc(size ? size : 1);
  if (!array->owned)
    return octet_fail(error, "%s: array '%s' needs %llu bytes, out of memory",
                      path, array->name, (unsigned long long)size);
  struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
  if (!inflater)
    return octet_fail(error, "out of memory");
  /* Bytes behind the last block are nobody's. */
  size_t consumed;
  enum libdeflate_result result = libdeflate_deflate_decompress_ex(
      inflater, entry->data, packed, array->owned, size, &consumed, NULL);
  libdeflate_free_decompressor(inflater);
  if (result != LIBDEFLATE_SUCCESS ||
      libdeflate_crc32(0, array->owned, size) != entry->crc)
    return octet_fail(error, "%s: entry '%s' is damaged", path, array->name);
  return octet_npy_parse(path, array->owned, size, array, error);
}

static int name_array(const zip_entry *entry, octet_array *array,
                      octet_error *error) {
  array->name = calloc(entry->name_length + 1, 1);
  if (!array->name)
    return octet_fail(error, "out of memory");
  memcpy(array->name, entry->name, entry->name_length);
  size_t length = strlen(array->name);
  if (length > 4 && !strcmp(array->name + length - 4, ".npy"))
    array->name[length - 4] = '\0';
  return 0;
}

static int read_entry(const char *path, const zip_entry *entry,
                      octet_array *array, octet_error *error) {
  if (!entry->data)
    return octet_fail(error, "%s: entry '%s' is damaged, or cut short", path,
                      array->name);
  if (entry->encrypted)
    return octet_fail(error, "%s: entry '%s' is encrypted", path, array->name);
  if (entry->method == ZIP_DEFLATED)
    return inflate_entry(path, entry, array, error);
  if (entry->method == ZIP_STORED && entry->size == entry->packed_size)
    return octet_npy_parse(path, entry->data, entry->size, array, error);
  return octet_fail(error, "%s: entry '%s' is compressed in an unknown way",
                    path, array->name);
}

static int read_entries(const char *path, zip_reader *zip, octet_npz *npz,
                        octet_error *error) {
  zip_entry entry;
  uint64_t packed = 0;
  int room = 0, status;
  while ((status = zip_next(zip, &entry)) == 1) {
    /* Entries that overlap could unpack the same bytes again and again. */
    if (entry.data && entry.packed_size > zip->size - packed)
      return octet_fail(error, "%s: the archive's entries overlap", path);
    packed += entry.data ? entry.packed_size : 0;
    if (npz->count == room) {
      room = room ? 2 * room : 16;
      octet_array *more =
          room > INT32_MAX / 2
              ? NULL
              : realloc(npz->arrays, (size_t)room * sizeof *more);
      if (!more)
        return octet_fail(error, "%s: has too many arrays, out of memory",
                          path);
      npz->arrays = more;
    }
    octet_array *array = &npz->arrays[npz->count++];
    memset(array, 0, sizeof *array);
    if (name_array(&entry, array, error))
      return -1;
    octet_error problem = {""};
    if (!read_entry(path, &entry, array, &problem))
      continue;
    array->problem = strdup(problem.text);
    array->rank = 0;
    array->data = NULL;
    if (!array->problem)
      return octet_fail(error, "out of memory");
  }
  if (status < 0)
    return octet_fail(error, "%s: the archive's directory is damaged", path);
  return 0;
}

int octet_npz_parse(const char *path, const void *bytes, size_t size,
                    octet_npz *npz, octet_error *error) {
  memset(npz, 0, sizeof *npz);
  zip_reader zip;
  if (zip_open(&zip, bytes, size))
    return octet_fail(error, "%s: not an .npz file, or cut short", path);
  int status = read_entries(path, &zip, npz, error);
  if (status)
    octet_npz_close(npz);
  return status;
}

int octet_npz_read(const char *path, octet_npz *npz, octet_error *error) {
  memset(npz, 0, sizeof *npz);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0) {
    octet_fail(error, "%s: cannot be read: %s", path, strerror(errno));
    if (file >= 0)
      close(file);
    return -1;
  }
  if (!S_ISREG(info.st_mode) || info.st_size == 0) {
    close(file);
    return octet_fail(error, "%s: not an .npz file, or cut short", path);
  }
  size_t size = (size_t)info.st_size;
  void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (map == MAP_FAILED)
    return octet_fail(error, "%s: cannot be mapped: %s", path, strerror(errno));
  if (octet_npz_parse(path, map, size, npz, error)) {
    munmap(map, size);
    return -1;
  }
  npz->map = map;
  npz->map_size = size;
  return 0;
}

void octet_npz_close(octet_npz *npz) {
  for (int i = 0; i < npz->count; ++i) {
    free(npz->arrays[i].name);
    free(npz->arrays[i].owned);
    free(npz->arrays[i].problem);
  }
  free(npz->arrays);
  if (npz->map)
    munmap(npz->map, npz->map_size);
  memset(npz, 0, sizeof *npz);
}

const octet_array *octet_npz_find(const octet_npz *npz, const char *name,
                                  octet_error *error) {
  /* Of several the last, as NumPy does. */
  for (int i = npz->count; i-- > 0;) {
    const octet_array *array = &npz->arrays[i];
    if (strcmp(array->name, name) != 0)
      continue;
    if (array->problem)
      octet_fail(error, "%s", array->problem);
    return array->problem ? NULL : array;
  }
  return NULL;
}

/* Writing */

typedef struct {
  char header[512];
  char *name;
} entry_text;

static int write_arrays(FILE *file, const octet_array *arrays, int count) {
  size_t some = count > 0 ? (size_t)count : 1;
  zip_source *sources = calloc(some, sizeof *sources);
  entry_text *texts = calloc(some, sizeof *texts);
  int status = sources && texts ? 0 : -1;
  for (int i = 0; i < count && !status; ++i) {
    const octet_array *array = &arrays[i];
    size_t length = strlen(array->name);
    texts[i].name = malloc(length + sizeof ".npy");
    if (!texts[i].name) {
      status = -1;
      break;
    }
    memcpy(texts[i].name, array->name, length);
    memcpy(texts[i].name + length, ".npy", sizeof ".npy");
    sources[i] =
        (zip_source){.name = texts[i].name,
                     .parts = {texts[i].header, array->data},
                     .sizes = {octet_npy_header(array, texts[i].header),
                               (uint64_t)octet_array_elements(array) *
                                   (uint64_t)array->itemsize}};
  }
  if (!status)
    status = zip_write(file, sources, count);
  for (int i = 0; texts && i < count; ++i)
    free(texts[i].name);
  free(texts);
  free(sources);
  return status;
}

int octet_npz_write(const char *path, const octet_array *arrays, int count,
                    octet_error *error) {
  octet_output output;
  if (octet_output_open(&output, path, error))
    return -1;
  errno = 0;
  int status = write_arrays(output.file, arrays, count);
  if (status)
    octet_fail(error, "%s: cannot be written: %s", path,
               strerror(errno ? errno : EIO));
  return octet_output_close(&output, status, error);
}
