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

FailureOr<std::string> Importer::externalData(const TensorProto &tensor,
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
  auto buffer = readInputFile(full);
  if (!buffer)
    return emitError(location) << "cannot read external data '" << full
                               << "': " << buffer.getError().message();
  StringRef bytes = (*buffer)->getBuffer();
  if (offset > bytes.size() || (length && *length > bytes.size() - offset))
    return emitError(location)
           << "external data reaches beyond the end of '" << full << "'";
  return bytes.substr(offset, length.value_or(StringRef::npos)).str();
}

/// The elements of `tensor`: `typed` where they are kept as numbers, else from
/// little-endian bytes.
template <typename T, typename Typed>
static DenseElementsAttr elements(RankedTensorType type, StringRef raw,
                                  const Typed &typed) {
  // What the data fill is checked before memory is asked for.
  size_t count = type.getNumElements();
  bool isRaw = !raw.empty() || count == 0;
  if (isRaw ? raw.size() != count * sizeof(T)
            : static_cast<size_t>(typed.size()) != count)
    return {};
  std::vector<T> values(count);
  if (isRaw) {
    if (!raw.empty())
      std::memcpy(values.data(), raw.data(), raw.size());
  } else {
    llvm::transform(typed, values.begin(),
                    [](auto x) { return static_cast<T>(x); });
  }
  return DenseElementsAttr::get(type, ArrayRef<T>(values));
}

DenseElementsAttr Importer::convert(const TensorProto &tensor,
                                    Location location) {
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  auto count = countElements(shape);
  if (!count) {
    emitError(location) << "tensor has the impossible shape ["
                        << ArrayRef(shape) << "]";
    return {};
  }
  std::string external;
  StringRef raw = tensor.raw_data();
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    auto data = externalData(tensor, location);
    if (failed(data))
      return {};
    external = std::move(*data);
    raw = external;
  }
  DenseElementsAttr result;
  Type computed = computedType(tensor.data_type());
  auto type =
      RankedTensorType::get(shape, computed ? computed : builder.getNoneType());
  // Half floats are bits, in the lower half of 32 where they are numbers.
  auto halves = [&](const llvm::fltSemantics &semantics) {
    auto bits = elements<uint16_t>(
        RankedTensorType::get(shape, builder.getIntegerType(16)), raw,
        tensor.int32_data());
    return bits ? bits.mapValues(builder.getF32Type(),
                                 [&](const APInt &x) {
                                   APFloat value(semantics, x);
                                   bool lossy;
                                   value.convert(APFloat::IEEEsingle(),
                                                 APFloat::rmNearestTiesToEven,
                                                 &lossy);
                                   return value.bitcastToAPInt();
                                 })
                : bits;
  };
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    result = elements<float>(type, raw, tensor.float_data());
    break;
  case TensorProto::DOUBLE:
    result =
        elements<double>(RankedTensorType::get(shape, builder.getF64Type()),
                         raw, tensor.double_data());
    if (result)
      result = result.mapValues(computed, [](const APFloat &x) {
        return APFloat(static_cast<float>(x.convertToDouble()))
            .bitcastToAPInt();
      });
    break;
  case TensorProto::FLOAT16:
    result = halves(APFloat::IEEEhalf());
    break;
  case TensorProto::BFLOAT16:
    result = halves(APFloat::BFloat());
    break;
  case TensorProto::INT64:
    result = elements<int64_t>(type, raw, tensor.int64_data());
    break;
  case TensorProto::INT32:
    result = elements<int32_t>(type, raw, tensor.int32_data());
    break;
  case TensorProto::INT16:
    result = elements<int16_t>(type, raw, tensor.int32_data());
    break;
  case TensorProto::INT8:
    result = elements<int8_t>(type, raw, tensor.int32_data());
    break;
  case TensorProto::UINT64:
    result = elements<uint64_t>(type, raw, tensor.uint64_data());
    break;
  case TensorProto::UINT32:
    result = elements<uint32_t>(type, raw, tensor.uint64_data());
    break;
  case TensorProto::UINT16:
    result = elements<uint16_t>(type, raw, tensor.int32_data());
    break;
  case TensorProto::UINT8:
    result = elements<uint8_t>(type, raw, tensor.int32_data());
    break;
  case TensorProto::BOOL:
    if (auto bytes = elements<uint8_t>(
            RankedTensorType::get(
                shape, builder.getIntegerType(8, /*isSigned=*/false)),
            raw, tensor.int32_data()))
      result = bytes.mapValues(
          computed, [](const APInt &x) { return APInt(1, !x.isZero()); });
    break;
  default:
    emitError(location) << "tensor has element type "
                        << ONNX_NAMESPACE::TensorProto_DataType_Name(
                               tensor.data_type())
                        << ", which is not supported; export the model in "
                           "float32";
    return {};
  }
  if (!result) {
    emitError(location) << "tensor's data does not fill its shape ["
                        << ArrayRef(shape) << "]";
    return result;
  }
  return result;
}

DenseElementsAttr Importer::convertAndWarn(const TensorProto &tensor,
                                           Location location) {
  auto result = convert(tensor, location);
  if (result && result.getElementType().isF32() &&
      llvm::any_of(result.getValues<float>(),
                   [](float x) { return std::isnan(x); }))
    emitWarning(location)
        << "the tensor holds NaN, and so may what is computed of it";
  return result;
}
