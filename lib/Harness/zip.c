//===- zip.c --------------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "zip.h"

#include <errno.h>
#include <libdeflate.h>
#include <string.h>

/* What each record begins with, and its length without what varies. */
enum {
  LOCAL = 0x04034b50,
  LOCAL_SIZE = 30,
  CENTRAL = 0x02014b50,
  CENTRAL_SIZE = 46,
  END = 0x06054b50,
  END_SIZE = 22,
  END64 = 0x06064b50,
  END64_SIZE = 56,
  LOCATOR = 0x07064b50,
  LOCATOR_SIZE = 20
};
/* Stands for a field that zip64 has in 64 bits. */
static const uint32_t WIDE = 0xffffffffu;
/* Flags of an entry. */
enum { ENCRYPTED = 1, UTF8 = 1 << 11 };

/* Reading */

static uint32_t get16(const unsigned char *p) { return p[0] | p[1] << 8; }
static uint32_t get32(const unsigned char *p) {
  return get16(p) | get16(p + 2) << 16;
}
static uint64_t get64(const unsigned char *p) {
  return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* The record of `size` bytes at `at`, or null. */
static const unsigned char *record(const zip_reader *zip, uint64_t at,
                                   uint64_t size, uint32_t signature) {
  if (at > zip->size || zip->size - at < size ||
      get32(zip->bytes + at) != signature)
    return NULL;
  return zip->bytes + at;
}

int zip_open(zip_reader *zip, const void *bytes, uint64_t size) {
  *zip = (zip_reader){.bytes = bytes, .size = size};
  /* The last record may have a comment of up to 64 KiB behind it. */
  const unsigned char *end = NULL;
  for (uint64_t back = END_SIZE; back <= size && back <= END_SIZE + 65535u;
       ++back) {
    end = record(zip, size - back, END_SIZE, END);
    if (end && get16(end + 20) + (uint64_t)END_SIZE <= back)
      break;
    end = NULL;
  }
  if (!end)
    return -1;
  uint64_t place = (uint64_t)(end - zip->bytes);
  uint64_t length = get32(end + 12), offset = get32(end + 16);
  zip->left = get16(end + 10);
  const unsigned char *locator =
      place >= LOCATOR_SIZE
          ? record(zip, place - LOCATOR_SIZE, LOCATOR_SIZE, LOCATOR)
          : NULL;
  if (locator) {
    if (place < LOCATOR_SIZE + END64_SIZE)
      return -1;
    place -= LOCATOR_SIZE + END64_SIZE;
    const unsigned char *wide = record(zip, place, END64_SIZE, END64);
    if (!wide)
      return -1;
    zip->left = get64(wide + 32);
    length = get64(wide + 40);
    offset = get64(wide + 48);
  }
  /* The directory ends where the last records begin. */
  if (length > place || offset > place - length)
    return -1;
  zip->at = place - length;
  zip->base = zip->at - offset;
  return 0;
}

/* Replaces fields of 32 bits by those of the zip64 extra field, which has the
 * ones that are WIDE in this order. */
static void widen(const unsigned char *extra, const unsigned char *end,
                  uint64_t *size, uint64_t *packed_size, uint64_t *offset) {
  while (end - extra >= 4) {
    const unsigned char *field = extra + 4;
    if (get16(extra + 2) > end - field)
      return;
    const unsigned char *field_end = field + get16(extra + 2);
    uint64_t *wide[] = {size, packed_size, offset};
    if (get16(extra) == 1)
      for (int i = 0; i < 3; ++i)
        if (*wide[i] == WIDE && field_end - field >= 8) {
          *wide[i] = get64(field);
          field += 8;
        }
    extra = field_end;
  }
}

int zip_next(zip_reader *zip, zip_entry *entry) {
  if (zip->left == 0)
    return 0;
  const unsigned char *p = record(zip, zip->at, CENTRAL_SIZE, CENTRAL);
  if (!p)
    return -1;
  uint64_t name = get16(p + 28), extra = get16(p + 30);
  uint64_t length = CENTRAL_SIZE + name + extra + get16(p + 32);
  if (length > zip->size - zip->at)
    return -1;
  --zip->left;
  zip->at += length;
  uint64_t offset = get32(p + 42);
  *entry = (zip_entry){.name = p + CENTRAL_SIZE,
                       .name_length = name,
                       .method = (int)get16(p + 10),
                       .encrypted = get16(p + 8) & ENCRYPTED,
                       .crc = get32(p + 16),
                       .size = get32(p + 24),
                       .packed_size = get32(p + 20)};
  widen(entry->name + name, entry->name + name + extra, &entry->size,
        &entry->packed_size, &offset);
  if (offset > zip->size - zip->base)
    return 1;
  const unsigned char *local =
      record(zip, zip->base + offset, LOCAL_SIZE, LOCAL);
  if (!local)
    return 1;
  uint64_t start =
      zip->base + offset + LOCAL_SIZE + get16(local + 26) + get16(local + 28);
  if (start <= zip->size && entry->packed_size <= zip->size - start)
    entry->data = zip->bytes + start;
  return 1;
}

/* Writing */

/* A record that is being put together. */
typedef struct {
  unsigned char bytes[128];
  size_t size;
} buffer;

/* It is called for every field. */
__attribute__((noinline)) static void put(buffer *b, uint64_t x, int width) {
  for (int i = 0; i < width; ++i)
    b->bytes[b->size++] = (unsigned char)(x >> 8 * i);
}

static uint32_t narrow(uint64_t x) { return x < WIDE ? (uint32_t)x : WIDE; }

static void write_header(FILE *file, const zip_source *s, int central) {
  uint64_t size = s->sizes[0] + s->sizes[1];
  int large = size >= WIDE, far = central && s->offset >= WIDE;
  size_t name = strlen(s->name);
  int flags = 0;
  for (size_t i = 0; i < name; ++i)
    if ((unsigned char)s->name[i] > 127)
      flags = UTF8;
  int version = large || far ? 45 : 20, extra = 16 * large + 8 * far;
  buffer b = {.size = 0};
  put(&b, central ? CENTRAL : LOCAL, 4);
  if (central)
    put(&b, (uint64_t)version, 2);
  put(&b, (uint64_t)version, 2);
  put(&b, (uint64_t)flags, 2);
  put(&b, ZIP_STORED, 2);
  put(&b, 0, 2);
  put(&b, 33, 2); /* 1 January 1980: the same bytes every time */
  put(&b, s->crc, 4);
  put(&b, narrow(size), 4);
  put(&b, narrow(size), 4);
  put(&b, name, 2);
  put(&b, (uint64_t)(extra ? extra + 4 : 0), 2);
  if (central) {
    put(&b, 0, 8); /* comment, disk, attributes */
    put(&b, 0, 2);
    put(&b, narrow(s->offset), 4);
  }
  fwrite(b.bytes, 1, b.size, file);
  fwrite(s->name, 1, name, file);
  b.size = 0;
  if (extra) {
    put(&b, 1, 2);
    put(&b, (uint64_t)extra, 2);
  }
  if (large) {
    put(&b, size, 8);
    put(&b, size, 8);
  }
  if (far)
    put(&b, s->offset, 8);
  fwrite(b.bytes, 1, b.size, file);
}

static uint64_t header_size(const zip_source *s, int central) {
  uint64_t extra = 16 * (s->sizes[0] + s->sizes[1] >= WIDE) +
                   8 * (central && s->offset >= WIDE);
  return (central ? CENTRAL_SIZE : LOCAL_SIZE) + strlen(s->name) +
         (extra ? extra + 4 : 0);
}

static void write_end(FILE *file, uint64_t count, uint64_t directory,
                      uint64_t length) {
  buffer b = {.size = 0};
  if (directory >= WIDE || length >= WIDE || count >= 0xffff) {
    put(&b, END64, 4);
    put(&b, END64_SIZE - 12, 8);
    put(&b, 45, 2);
    put(&b, 45, 2);
    put(&b, 0, 8); /* disks */
    put(&b, count, 8);
    put(&b, count, 8);
    put(&b, length, 8);
    put(&b, directory, 8);
    put(&b, LOCATOR, 4);
    put(&b, 0, 4);
    put(&b, directory + length, 8);
    put(&b, 1, 4);
  }
  put(&b, END, 4);
  put(&b, 0, 4); /* disks */
  put(&b, count < 0xffff ? count : 0xffff, 2);
  put(&b, count < 0xffff ? count : 0xffff, 2);
  put(&b, narrow(length), 4);
  put(&b, narrow(directory), 4);
  put(&b, 0, 2);
  fwrite(b.bytes, 1, b.size, file);
}

int zip_write(FILE *file, zip_source *sources, int count) {
  uint64_t offset = 0, length = 0;
  for (int i = 0; i < count; ++i) {
    zip_source *s = &sources[i];
    if (strlen(s->name) > 0xffff) {
      errno = ENAMETOOLONG;
      return -1;
    }
    s->offset = offset;
    s->crc = 0;
    for (int part = 0; part < 2; ++part)
      if (s->parts[part]) /* for null, libdeflate starts anew */
        s->crc = libdeflate_crc32(s->crc, s->parts[part], s->sizes[part]);
    write_header(file, s, 0);
    for (int part = 0; part < 2; ++part)
      fwrite(s->parts[part], 1, s->sizes[part], file);
    offset += header_size(s, 0) + s->sizes[0] + s->sizes[1];
  }
  for (int i = 0; i < count; ++i) {
    write_header(file, &sources[i], 1);
    length += header_size(&sources[i], 1);
  }
  write_end(file, (uint64_t)count, offset, length);
  return ferror(file) ? -1 : 0;
}
