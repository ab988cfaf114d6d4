//===- ConstantView.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/ConstantView.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Memory.h"
#include "llvm/Support/xxhash.h"
#include <cfloat>
#include <cmath>
#include <mutex>

using namespace mlir;
using namespace octet;

/// Up to as many bytes, MLIR keeps a constant for ever.
static constexpr size_t mostUniqued = 4096;
/// From as many bytes on, memory is the system's, which has it back at once:
/// what a heap keeps between what is still in use adds up.
static constexpr size_t leastMapped = size_t(1) << 18;

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

ConstantView::ConstantView(Attribute attribute) {
  auto candidate = dyn_cast_or_null<ElementsAttr>(attribute);
  auto type = candidate ? dyn_cast<RankedTensorType>(candidate.getShapedType())
                        : RankedTensorType();
  if (!type || !type.getElementType().isIntOrFloat())
    return;
  bits = type.getElementTypeBitWidth();
  bool isSplat = type.getNumElements() == 1;
  if (auto dense = dyn_cast<DenseElementsAttr>(attribute)) {
    raw = dense.getRawData();
    isSplat |= dense.isSplat();
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    const AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || !isOfWholeBytes(type.getElementType()) ||
        blob->getData().size() !=
            static_cast<size_t>(type.getNumElements()) * bits / 8)
      return;
    raw = blob->getData();
  } else {
    return;
  }
  elements = candidate;
  if (!isSplat)
    stride = bits == 1 ? 1 : llvm::divideCeil(bits, 8);
}

template <> bool ConstantView::getValue<bool>(int64_t index) const {
  assert(bits == 1 && "elements are no truth values");
  int64_t bit = index * stride;
  return (static_cast<uint8_t>(raw[bit / 8]) >> (bit % 8)) & 1;
}

template <> APInt ConstantView::getValue<APInt>(int64_t index) const {
  if (bits == 1)
    return APInt(1, getValue<bool>(index));
  assert(bits <= 64 && "integers are too wide");
  uint64_t word = 0;
  std::memcpy(&word, raw.data() + index * stride, llvm::divideCeil(bits, 8));
  return APInt(bits, word, /*isSigned=*/false, /*implicitTrunc=*/true);
}

int64_t ConstantView::getInteger(int64_t index) const {
  if (bits == 1)
    return getValue<bool>(index);
  assert(bits <= 64 && "integers are too wide");
  uint64_t word = 0;
  std::memcpy(&word, raw.data() + index * stride, llvm::divideCeil(bits, 8));
  return getElementType().isUnsignedInteger()
             ? static_cast<int64_t>(word &
                                    llvm::maskTrailingOnes<uint64_t>(bits))
             : llvm::SignExtend64(word, bits);
}

template <> APFloat ConstantView::getValue<APFloat>(int64_t index) const {
  return APFloat(cast<FloatType>(getElementType()).getFloatSemantics(),
                 getValue<APInt>(index));
}

ElementsAttr ConstantView::reshape(ArrayRef<int64_t> shape) const {
  auto type = RankedTensorType::get(shape, getElementType());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  auto dense = cast<DenseElementsAttr>(elements);
  return dense.isSplat() ? dense.resizeSplat(type) : dense.reshape(type);
}

ElementsAttr ConstantView::bitcast(Type element) const {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements))
    return DenseResourceElementsAttr::get(
        RankedTensorType::get(getType().getShape(), element),
        resource.getRawHandle());
  return cast<DenseElementsAttr>(elements).bitcast(element);
}

ConstantView octet::matchConstant(Value value) {
  Attribute attribute;
  return matchPattern(value, m_Constant(&attribute)) ? ConstantView(attribute)
                                                     : ConstantView();
}

ConstantView octet::floatConstant(ConstantView constant) {
  return constant && constant.getElementType().isF32() ? constant
                                                       : ConstantView();
}

ConstantView octet::integerConstant(ConstantView constant) {
  return constant && isa<IntegerType>(constant.getElementType())
             ? constant
             : ConstantView();
}

ConstantView octet::matchFloats(Value value) {
  return floatConstant(matchConstant(value));
}

ConstantView octet::matchIntegers(Value value) {
  return integerConstant(matchConstant(value));
}

/// Of weights, which are many, all are looked at whatever the first ones say:
/// several at a time.
template <typename Test> static bool anyOf(ConstantView constant, Test test) {
  bool found = false;
  if (constant.isSplat())
    return test(constant.getValue<float>(0));
  for (float x : constant.getArray<float>())
    found |= test(x);
  return found;
}

bool octet::isFinite(ConstantView constant) {
  return !anyOf(constant, [](float x) { return !(std::fabs(x) <= FLT_MAX); });
}

bool octet::hasNaN(ConstantView constant) {
  return anyOf(constant, [](float x) { return x != x; });
}

//===----------------------------------------------------------------------===//
// Making constants
//===----------------------------------------------------------------------===//

/// Memory for elements of `width` bytes, all zero.
static AsmResourceBlob allocate(size_t elements, size_t width) {
  size_t size = elements * width;
  if (size < leastMapped) {
    AsmResourceBlob blob = HeapAsmResourceBlob::allocate(size, width);
    std::fill_n(blob.getMutableData().data(), size, 0);
    return blob;
  }
  std::error_code error;
  auto memory = llvm::sys::Memory::allocateMappedMemory(
      size, nullptr, llvm::sys::Memory::MF_READ | llvm::sys::Memory::MF_WRITE,
      error);
  if (error)
    llvm::report_bad_alloc_error("memory of a constant");
  return AsmResourceBlob(
      ArrayRef(static_cast<const char *>(memory.base()), size), width,
      [memory](void *, size_t, size_t) {
        llvm::sys::MemoryBlock block = memory;
        (void)llvm::sys::Memory::releaseMappedMemory(block);
      },
      /*dataIsMutable=*/true);
}

ConstantBuffer::ConstantBuffer(RankedTensorType type)
    : type(type),
      blob(allocate(type.getNumElements(), type.getElementTypeBitWidth() / 8)) {
  assert(isOfWholeBytes(type.getElementType()) && "elements share bytes");
}

/// The resource that holds `blob`, the one there is if that has the same bytes:
/// equal constants are one attribute, as small ones are. The name says what is
/// inside, so that IR does not depend on what was compiled before.
static DenseResourceElementsHandle enter(MLIRContext *context,
                                         AsmResourceBlob blob) {
  static std::mutex mutex;
  auto &interface = DenseResourceElementsHandle::getManagerInterface(context);
  auto bytes = blob.getData();
  std::string name =
      "c" +
      llvm::utohexstr(llvm::xxh3_64bits(StringRef(bytes.data(), bytes.size())),
                      /*LowerCase=*/true);
  std::lock_guard<std::mutex> lock(mutex);
  if (auto *entry = interface.getBlobManager().lookup(name)) {
    AsmResourceBlob *known = entry->getBlob();
    bool isFree = !known || known->getData().empty();
    if (isFree)
      entry->setBlob(std::move(blob));
    if (isFree || known->getData() == bytes)
      return DenseResourceElementsHandle(
          entry, cast<BuiltinDialect>(interface.getDialect()));
  }
  return interface.insert(name, std::move(blob));
}

ElementsAttr octet::makeConstant(RankedTensorType type, AsmResourceBlob blob) {
  auto bytes = blob.getData();
  size_t width = type.getElementTypeBitWidth() / 8;
  assert(bytes.size() == type.getNumElements() * width);
  if (bytes.size() <= mostUniqued)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  if (std::memcmp(bytes.data(), bytes.data() + width, bytes.size() - width) ==
      0)
    return DenseElementsAttr::getFromRawBuffer(type, bytes.take_front(width));
  return DenseResourceElementsAttr::get(
      type, enter(type.getContext(), std::move(blob)));
}

template <>
ElementsAttr octet::makeConstant<bool>(RankedTensorType type,
                                       ArrayRef<bool> values) {
  return DenseElementsAttr::get(type, values);
}

template <>
ElementsAttr octet::makeConstant<APInt>(RankedTensorType type,
                                        ArrayRef<APInt> values) {
  if (!isOfWholeBytes(type.getElementType()))
    return DenseElementsAttr::get(type, values);
  ConstantBuffer buffer(type);
  size_t width = type.getElementTypeBitWidth() / 8;
  char *to = buffer.data();
  for (const APInt &value : values) {
    uint64_t word = value.getZExtValue();
    std::memcpy(to, &word, width);
    to += width;
  }
  return buffer.finish();
}

template <>
ElementsAttr octet::makeConstant<APFloat>(RankedTensorType type,
                                          ArrayRef<APFloat> values) {
  return makeConstant<APInt>(
      type, llvm::map_to_vector(values, [](const APFloat &value) {
        return value.bitcastToAPInt();
      }));
}
