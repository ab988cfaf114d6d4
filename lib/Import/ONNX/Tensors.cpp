//===- Tensors.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX tensors, inline and external, to attributes.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/IR/Diagnostics.h"
#include "octet/Support/InputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

FailureOr<RawData> Importer::externalData(const TensorProto &tensor,
                                          Location location) {
  std::string file;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const auto &entry : tensor.external_data()) {
    uint64_t number = 0;
    bool numeric = entry.key() == "offset" || entry.key() == "length";
    if (numeric && StringRef(entry.value()).getAsInteger(10, number))
      return emitError(location) << "external data has the malformed "
                                 << entry.key() << " '" << entry.value() << "'";
    if (entry.key() == "location")
      file = entry.value();
    else if (entry.key() == "offset")
      offset = number;
    else if (entry.key() == "length")
      length = number;
  }
  if (file.empty() || llvm::sys::path::is_absolute(file) ||
      llvm::is_contained(llvm::make_range(llvm::sys::path::begin(file),
                                          llvm::sys::path::end(file)),
                         ".."))
    return emitError(location) << "external data lies at '" << file
                               << "', outside the model's folder";
  SmallString<128> full(llvm::sys::path::parent_path(path));
  SmallString<128> realFolder, realFile;
  (void)llvm::sys::fs::real_path(full.empty() ? StringRef(".") : full.str(),
                                 realFolder);
  llvm::sys::path::append(full, file);
  // A link may lead out of the folder too.
  if (!llvm::sys::fs::real_path(full, realFile)) {
    realFolder += llvm::sys::path::get_separator();
    if (!realFile.str().starts_with(realFolder))
      return emitError(location) << "external data lies at '" << realFile
                                 << "', outside the model's folder";
  }
  auto refuse = [&](std::error_code error) -> LogicalResult {
    return emitError(location)
           << "cannot read external data '" << full << "': " << error.message();
  };
  auto size = inputSize(full);
  if (!size)
    return refuse(size.getError());
  if (offset > *size || (length && *length > *size - offset))
    return emitError(location)
           << "external data reaches beyond the end of '" << full << "'";
  auto buffer = readInputSlice(full, offset, length.value_or(*size - offset));
  if (!buffer)
    return refuse(buffer.getError());
  StringRef bytes = (*buffer)->getBuffer();
  return RawData{bytes,
                 std::shared_ptr<llvm::MemoryBuffer>(std::move(*buffer))};
}

/// The bytes that `tensor`, which has them inline, holds no longer.
static RawData takeRaw(TensorProto &tensor) {
  std::shared_ptr<const std::string> text(tensor.release_raw_data());
  return {text ? StringRef(*text) : StringRef(), text};
}

namespace {
/// The numbers of a tensor: little-endian bytes or, where there are none, what
/// protobuf keeps as numbers.
template <typename T, typename Typed> class Numbers {
public:
  Numbers(RankedTensorType type, const RawData &raw, Typed *typed)
      : count(type.getNumElements()), raw(raw) {
    // They are of no use any more.
    numbers.Swap(typed);
  }

  /// Checked before memory is asked for.
  bool fillShape() const {
    return isRaw() ? raw.bytes.size() == count * sizeof(T)
                   : static_cast<size_t>(numbers.size()) == count;
  }
  bool isRaw() const { return !raw.bytes.empty() || count == 0; }
  bool isAligned() const {
    return reinterpret_cast<uintptr_t>(raw.bytes.data()) % sizeof(T) == 0;
  }

  T operator[](size_t i) const {
    if (!isRaw())
      return static_cast<T>(numbers[i]);
    T value;
    std::memcpy(&value, raw.bytes.data() + i * sizeof(T), sizeof(T));
    return value;
  }

  const size_t count;
  const RawData &raw;

private:
  Typed numbers;
};
} // namespace

/// The elements as they are; null if they do not fill the shape.
template <typename T, typename Typed>
static ElementsAttr elements(RankedTensorType type, const RawData &raw,
                             Typed *typed) {
  Numbers<T, Typed> numbers(type, raw, typed);
  if (!numbers.fillShape())
    return {};
  if (numbers.isRaw() && numbers.isAligned())
    return makeConstant(
        type, AsmResourceBlob(
                  ArrayRef(raw.bytes.data(), raw.bytes.size()), sizeof(T),
                  [owner = raw.owner](void *, size_t, size_t) {},
                  /*dataIsMutable=*/false));
  ConstantBuffer buffer(type);
  for (auto [i, value] : llvm::enumerate(buffer.getValues<T>()))
    value = numbers[i];
  return buffer.finish();
}

/// convert(x) for the elements x, which are floats.
template <typename T, typename Typed>
static ElementsAttr floats(RankedTensorType type, const RawData &raw,
                           Typed *typed, llvm::function_ref<float(T)> convert) {
  Numbers<T, Typed> numbers(type, raw, typed);
  if (!numbers.fillShape())
    return {};
  ConstantBuffer buffer(type);
  for (auto [i, value] : llvm::enumerate(buffer.getValues<float>()))
    value = convert(numbers[i]);
  return buffer.finish();
}

/// The half floats of `tensor`, whose numbers are bits in the lower half of 32.
static ElementsAttr halves(RankedTensorType type, const RawData &raw,
                           TensorProto &tensor,
                           const llvm::fltSemantics &semantics) {
  auto convert = [&](uint16_t bits) {
    APFloat value(semantics, APInt(16, bits));
    bool lossy;
    value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &lossy);
    return value.convertToFloat();
  };
  // Of many, each one comes again and again.
  constexpr int64_t different = 1 << 16;
  std::vector<float> all;
  if (type.getNumElements() > different)
    for (int64_t bits = 0; bits < different; ++bits)
      all.push_back(convert(bits));
  return floats<uint16_t>(
      type, raw, tensor.mutable_int32_data(),
      [&](uint16_t bits) { return all.empty() ? convert(bits) : all[bits]; });
}

static ElementsAttr truthValues(RankedTensorType type, const RawData &raw,
                                TensorProto &tensor) {
  Numbers<uint8_t, google::protobuf::RepeatedField<int32_t>> numbers(
      type, raw, tensor.mutable_int32_data());
  if (!numbers.fillShape())
    return {};
  SmallVector<bool> values;
  for (size_t i = 0; i < numbers.count; ++i)
    values.push_back(numbers[i] != 0);
  return makeConstant<bool>(type, values);
}

ElementsAttr Importer::convert(const TensorProto &tensor, Location location) {
  auto it = model.tensors.find(&tensor);
  if (it != model.tensors.end())
    return it->second;
  // The model is nobody else's, and what is converted is kept instead.
  auto result = takeTensor(const_cast<TensorProto &>(tensor), location);
  if (result)
    model.tensors[&tensor] = result;
  return result;
}

ElementsAttr Importer::takeTensor(TensorProto &tensor, Location location) {
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  auto count = countElements(shape);
  if (!count) {
    emitError(location) << "tensor has the impossible shape ["
                        << ArrayRef(shape) << "]";
    return {};
  }
  RawData raw;
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    auto data = externalData(tensor, location);
    if (failed(data))
      return {};
    raw = std::move(*data);
  } else {
    raw = takeRaw(tensor);
  }
  ElementsAttr result;
  Type computed = computedType(tensor.data_type());
  auto type =
      RankedTensorType::get(shape, computed ? computed : builder.getNoneType());
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    result = elements<float>(type, raw, tensor.mutable_float_data());
    break;
  case TensorProto::DOUBLE:
    result = floats<double>(type, raw, tensor.mutable_double_data(),
                            [](double x) { return static_cast<float>(x); });
    break;
  case TensorProto::FLOAT16:
    result = halves(type, raw, tensor, APFloat::IEEEhalf());
    break;
  case TensorProto::BFLOAT16:
    result = halves(type, raw, tensor, APFloat::BFloat());
    break;
  case TensorProto::INT64:
    result = elements<int64_t>(type, raw, tensor.mutable_int64_data());
    break;
  case TensorProto::INT32:
    result = elements<int32_t>(type, raw, tensor.mutable_int32_data());
    break;
  case TensorProto::INT16:
    result = elements<int16_t>(type, raw, tensor.mutable_int32_data());
    break;
  case TensorProto::INT8:
    result = elements<int8_t>(type, raw, tensor.mutable_int32_data());
    break;
  case TensorProto::UINT64:
    result = elements<uint64_t>(type, raw, tensor.mutable_uint64_data());
    break;
  case TensorProto::UINT32:
    result = elements<uint32_t>(type, raw, tensor.mutable_uint64_data());
    break;
  case TensorProto::UINT16:
    result = elements<uint16_t>(type, raw, tensor.mutable_int32_data());
    break;
  case TensorProto::UINT8:
    result = elements<uint8_t>(type, raw, tensor.mutable_int32_data());
    break;
  case TensorProto::BOOL:
    result = truthValues(type, raw, tensor);
    break;
  default:
    emitError(location) << "tensor has element type "
                        << ONNX_NAMESPACE::TensorProto_DataType_Name(
                               tensor.data_type())
                        << ", which is not supported; export the model in "
                           "float32";
    return {};
  }
  if (!result)
    emitError(location) << "tensor's data does not fill its shape ["
                        << ArrayRef(shape) << "]";
  return result;
}

ElementsAttr Importer::convertAndWarn(const TensorProto &tensor,
                                      Location location) {
  ElementsAttr result = convert(tensor, location);
  if (ConstantView values = floatConstant(result); values && hasNaN(values))
    emitWarning(location)
        << "the tensor holds NaN, and so may what is computed of it";
  return result;
}
