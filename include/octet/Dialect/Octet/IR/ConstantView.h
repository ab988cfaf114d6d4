//===- ConstantView.h ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constant tensors. MLIR keeps the elements of a DenseElementsAttr as long as
// its context and hashes them all to find equal ones, which is of use for small
// tensors only. Large ones are resources (DenseResourceElementsAttr), whose
// memory ConstantScope frees. Constants are made by makeConstant or
// ConstantBuffer and read through ConstantView, whichever they are.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_CONSTANTVIEW_H
#define OCTET_DIALECT_OCTET_IR_CONSTANTVIEW_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>
#include <vector>

namespace octet {

template <typename T> class ConstantRange;
template <typename T> class ConstantArray;

/// The elements of a constant tensor, or null. It refers to memory of the
/// attribute: pass it by value, and keep it no longer than the attribute is
/// sure to be in use.
class ConstantView {
public:
  ConstantView() = default;
  /// Null if `attribute` is null, is no tensor of numbers, or is a resource
  /// without its data, as is read from text with constants left out.
  ConstantView(mlir::Attribute attribute);

  explicit operator bool() const { return bool(elements); }
  bool operator==(const ConstantView &other) const {
    return elements == other.elements;
  }
  mlir::ElementsAttr getAttr() const { return elements; }
  mlir::RankedTensorType getType() const {
    return llvm::cast<mlir::RankedTensorType>(elements.getShapedType());
  }
  mlir::Type getElementType() const { return getType().getElementType(); }
  int64_t getNumElements() const { return getType().getNumElements(); }
  /// True if all elements are known to be the same: of those that are not kept
  /// once for all, and of a tensor of one element.
  bool isSplat() const { return stride == 0; }

  /// All elements, row-major. T is float, an integer or bool, as wide as the
  /// elements are; or APInt or APFloat.
  template <typename T> ConstantRange<T> getValues() const;
  /// The same in consecutive memory. T is float or an integer.
  template <typename T> ConstantArray<T> getArray() const;
  template <typename T> T getValue(int64_t index) const;
  /// The same of integers, extended by their sign, or by zeros where they have
  /// none: of unsigned ones and truth values.
  int64_t getInteger(int64_t index) const;
  template <typename T> T getSplatValue() const {
    assert(isSplat() && "elements differ");
    return getValue<T>(0);
  }

  /// The bytes of all elements or, of a splat, of one. Elements of one bit are
  /// packed, the lowest bit of each byte first.
  llvm::ArrayRef<char> getRawData() const { return raw; }

  /// The same elements as a tensor of `shape`, which has as many; of a splat,
  /// any number.
  mlir::ElementsAttr reshape(llvm::ArrayRef<int64_t> shape) const;
  /// The same bits as elements of `element`, which is as wide.
  mlir::ElementsAttr bitcast(mlir::Type element) const;

private:
  mlir::ElementsAttr elements;
  llvm::ArrayRef<char> raw;
  /// From one element to the next, in bytes, or in bits where these are packed.
  int64_t stride = 0;
  /// Of an element.
  unsigned bits = 0;
};

/// The constant that `value` is, or null.
ConstantView matchConstant(mlir::Value value);
/// The same of elements of f32, or of integers, alone.
ConstantView matchFloats(mlir::Value value);
ConstantView matchIntegers(mlir::Value value);
/// `constant` if its elements are f32, else null.
ConstantView floatConstant(ConstantView constant);
/// `constant` if its elements are integers, else null.
ConstantView integerConstant(ConstantView constant);

/// True if all elements, which are f32, are finite numbers.
bool isFinite(ConstantView constant);
/// True if one of the elements, which are f32, is no number.
bool hasNaN(ConstantView constant);

/// A constant of `type` with elements `values`, row-major: floats, integers or
/// bools as wide as those of `type`, or APInts or APFloats.
template <typename T>
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type,
                                llvm::ArrayRef<T> values);
/// A constant of `type` whose elements all are `value`.
template <typename T>
mlir::ElementsAttr makeSplat(mlir::RankedTensorType type, const T &value) {
  return mlir::DenseElementsAttr::get(type, value);
}
/// A constant of `type` that owns the memory `blob`: row-major elements of
/// whole bytes, aligned to their width.
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type,
                                mlir::AsmResourceBlob blob);

/// The memory of a constant that is being computed.
class ConstantBuffer {
public:
  /// For elements of whole bytes; they are zero.
  explicit ConstantBuffer(mlir::RankedTensorType type);

  char *data() { return blob.getMutableData().data(); }
  template <typename T> llvm::MutableArrayRef<T> getValues() {
    assert(sizeof(T) * 8 == type.getElementTypeBitWidth());
    return {reinterpret_cast<T *>(data()),
            static_cast<size_t>(type.getNumElements())};
  }
  /// The constant; the buffer is of no use any more.
  mlir::ElementsAttr finish() { return makeConstant(type, std::move(blob)); }

private:
  mlir::RankedTensorType type;
  mlir::AsmResourceBlob blob;
};

/// True for elements that ConstantBuffer takes.
inline bool isOfWholeBytes(mlir::Type element) {
  return element.isIntOrFloat() && element.getIntOrFloatBitWidth() % 8 == 0;
}

//===----------------------------------------------------------------------===//
// Details
//===----------------------------------------------------------------------===//

template <typename T>
class ConstantRange
    : public llvm::indexed_accessor_range<ConstantRange<T>, ConstantView, T,
                                          T *, T> {
  using Base =
      llvm::indexed_accessor_range<ConstantRange<T>, ConstantView, T, T *, T>;

public:
  explicit ConstantRange(ConstantView view)
      : Base(view, 0, view.getNumElements()) {}
  using Base::Base;
  static T dereference(const ConstantView &view, ptrdiff_t index) {
    return view.getValue<T>(index);
  }
};

/// Elements in consecutive memory: the attribute's own, or a copy of a splat's.
template <typename T> class ConstantArray {
public:
  explicit ConstantArray(ConstantView view) {
    if (view.isSplat()) {
      copy.assign(view.getNumElements(), view.getValue<T>(0));
      values = copy;
    } else {
      auto raw = view.getRawData();
      values = {reinterpret_cast<const T *>(raw.data()),
                raw.size() / sizeof(T)};
    }
  }
  ConstantArray(ConstantArray &&) = default;
  ConstantArray &operator=(ConstantArray &&) = default;

  operator llvm::ArrayRef<T>() const { return values; }
  const T &operator[](size_t index) const { return values[index]; }
  size_t size() const { return values.size(); }
  const T *begin() const { return values.begin(); }
  const T *end() const { return values.end(); }

private:
  // Moving a vector leaves its elements where they are.
  std::vector<T> copy;
  llvm::ArrayRef<T> values;
};

template <typename T> ConstantRange<T> ConstantView::getValues() const {
  return ConstantRange<T>(*this);
}

template <typename T> ConstantArray<T> ConstantView::getArray() const {
  assert(sizeof(T) * 8 == bits && "elements have another width");
  return ConstantArray<T>(*this);
}

template <typename T> T ConstantView::getValue(int64_t index) const {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
  assert(sizeof(T) * 8 == bits && "elements have another width");
  T value;
  std::memcpy(&value, raw.data() + index * stride, sizeof(T));
  return value;
}

template <> bool ConstantView::getValue<bool>(int64_t index) const;
template <>
llvm::APInt ConstantView::getValue<llvm::APInt>(int64_t index) const;
template <>
llvm::APFloat ConstantView::getValue<llvm::APFloat>(int64_t index) const;

template <typename T>
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type,
                                llvm::ArrayRef<T> values) {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
  ConstantBuffer buffer(type);
  llvm::copy(values, buffer.getValues<T>().begin());
  return buffer.finish();
}

template <>
mlir::ElementsAttr makeConstant<bool>(mlir::RankedTensorType type,
                                      llvm::ArrayRef<bool> values);
template <>
mlir::ElementsAttr
makeConstant<llvm::APInt>(mlir::RankedTensorType type,
                          llvm::ArrayRef<llvm::APInt> values);
template <>
mlir::ElementsAttr
makeConstant<llvm::APFloat>(mlir::RankedTensorType type,
                            llvm::ArrayRef<llvm::APFloat> values);

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_CONSTANTVIEW_H
