//===- WeightsFile.cpp ---------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/WeightsFile.h"
#include "octet/Runtime/octet.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace octet;
namespace elf = llvm::ELF;

/// The header comes first, then the section; OCTET_ALIGNMENT divides where it
/// begins.
static constexpr int64_t sectionStart = sizeof(elf::Elf64_Ehdr);
static_assert(sectionStart % OCTET_ALIGNMENT == 0);

llvm::Expected<WeightsFile> WeightsFile::create() {
  auto file = TemporaryFile::create("octet-weights", "o");
  if (!file)
    return file.takeError();
  std::error_code error;
  auto os = std::make_unique<llvm::raw_fd_ostream>(file->path(), error);
  if (error)
    return llvm::createStringError(
        error, file->path() + ": cannot be written: " + error.message());
  os->write_zeros(sectionStart);
  return WeightsFile(std::move(*file), std::move(os));
}

std::optional<int64_t> WeightsFile::add(ConstantView elements) {
  unsigned bits = elements.getElementType().getIntOrFloatBitWidth();
  if (bits == 1) { // each a byte in memory
    SmallVector<char> bytes(elements.getValues<bool>());
    return addBytes(bytes);
  }
  if (bits % 8 != 0)
    return std::nullopt;
  ArrayRef<char> raw = elements.getRawData();
  if (!elements.isSplat())
    return addBytes(raw);
  SmallVector<char> bytes;
  for (int64_t i = 0; i < elements.getNumElements(); ++i)
    llvm::append_range(bytes, raw);
  return addBytes(bytes);
}

int64_t WeightsFile::addBytes(ArrayRef<char> bytes) {
  auto hash = llvm::xxh3_128bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  auto [place, isNew] = known.try_emplace({hash.low64, hash.high64}, end);
  if (isNew) {
    os->write(bytes.data(), bytes.size());
    int64_t padded = llvm::alignTo(bytes.size(), OCTET_ALIGNMENT);
    os->write_zeros(padded - bytes.size());
    end += padded;
  }
  return place->second;
}

llvm::Error WeightsFile::finish(StringRef symbol, StringRef architecture) {
  auto write = [&](const auto &part) {
    os->write(reinterpret_cast<const char *>(&part), sizeof part);
  };
  // An empty symbol, as the format asks for, and ours.
  enum { Null, Section, Symbols, Names, Count };
  elf::Elf64_Sym symbols[2] = {};
  symbols[1].st_name = 1;
  symbols[1].setBindingAndType(elf::STB_GLOBAL, elf::STT_OBJECT);
  symbols[1].st_other = elf::STV_HIDDEN;
  symbols[1].st_shndx = Section;
  symbols[1].st_size = end;
  write(symbols);

  std::string names(1, '\0');
  names += symbol;
  names += '\0';
  elf::Elf64_Shdr headers[Count] = {};
  auto describe = [&](int index, StringRef name, unsigned type) -> auto & {
    headers[index].sh_name = names.size();
    headers[index].sh_type = type;
    headers[index].sh_addralign = 1;
    names += name;
    names += '\0';
    return headers[index];
  };
  auto &section = describe(Section, ".octet_weights", elf::SHT_PROGBITS);
  section.sh_flags = elf::SHF_ALLOC;
  // Out of the way between code and what it refers to by 32 bits.
  if (architecture == "x86_64" && end >= int64_t(1) << 30)
    section.sh_flags |= elf::SHF_X86_64_LARGE;
  section.sh_offset = sectionStart;
  section.sh_size = end;
  section.sh_addralign = OCTET_ALIGNMENT;
  auto &table = describe(Symbols, ".symtab", elf::SHT_SYMTAB);
  table.sh_offset = sectionStart + end;
  table.sh_size = sizeof symbols;
  table.sh_entsize = sizeof symbols[0];
  table.sh_link = Names;
  table.sh_info = 1; // the first that is not local
  table.sh_addralign = 8;
  auto &strings = describe(Names, ".strtab", elf::SHT_STRTAB);
  strings.sh_offset = table.sh_offset + table.sh_size;
  strings.sh_size = names.size();
  *os << names;
  uint64_t headersAt =
      llvm::alignTo(strings.sh_offset + names.size(), alignof(uint64_t));
  os->write_zeros(headersAt - strings.sh_offset - names.size());
  write(headers);

  elf::Elf64_Ehdr header = {};
  llvm::copy(StringRef(elf::ElfMagic, 4), header.e_ident);
  header.e_ident[elf::EI_CLASS] = elf::ELFCLASS64;
  header.e_ident[elf::EI_DATA] = elf::ELFDATA2LSB;
  header.e_ident[elf::EI_VERSION] = elf::EV_CURRENT;
  header.e_type = elf::ET_REL;
  header.e_machine =
      architecture == "aarch64" ? elf::EM_AARCH64 : elf::EM_X86_64;
  header.e_version = elf::EV_CURRENT;
  header.e_shoff = headersAt;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof headers[0];
  header.e_shnum = Count;
  header.e_shstrndx = Names;
  os->seek(0);
  write(header);
  os->close();
  std::error_code error = os->error();
  os->clear_error();
  if (error)
    return llvm::createStringError(
        error, path() + ": cannot be written: " + error.message());
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
WeightsFile::readBytes() const {
  auto bytes = llvm::MemoryBuffer::getFileSlice(path(), end, sectionStart);
  if (!bytes)
    return llvm::createStringError(
        bytes.getError(),
        path() + ": cannot be read: " + bytes.getError().message());
  return std::move(*bytes);
}
