//===- ModelFlags.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelFlags.h"
#include "Session.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace octet;
using llvm::StringRef;

/// Reads a size; the sentence that says what it must be, or an empty one.
static std::string readSize(StringRef text, int64_t &size) {
  StringRef digits = text;
  bool isNegative = digits.consume_front("-");
  if (digits.empty() || !llvm::all_of(digits, llvm::isDigit))
    return "sizes are whole numbers, as in 1x3x480x640";
  // Only numbers beyond 64 bits are none now.
  if (digits.getAsInteger(10, size))
    size = std::numeric_limits<int64_t>::max();
  return isNegative || size == 0 ? "a size is at least 1" : "";
}

std::string octet::readShape(CommandOptions &options, StringRef value) {
  // Names of inputs may hold the sign.
  auto [name, sizes] = value.rsplit('=');
  if (name.empty() || name.size() == value.size())
    return "give an input's name and shape, as in x=1x3x480x640";
  llvm::SmallVector<StringRef> parts;
  if (!sizes.empty())
    sizes.split(parts, 'x');
  std::vector<int64_t> shape;
  for (StringRef part : parts)
    if (std::string wrong = readSize(part, shape.emplace_back());
        !wrong.empty())
      return wrong;
  if (shape.size() > 16)
    return "an input has at most 16 dimensions";
  if (!countElements(shape))
    return "an input has at most 2^31 elements";
  for (const auto &[other, given] : options.model.shapes)
    if (other == name)
      return given == shape ? "" : "the input is given another shape before";
  options.model.shapes.emplace_back(name, std::move(shape));
  return "";
}

std::string octet::readDimension(CommandOptions &options, StringRef value) {
  auto [name, text] = value.rsplit('=');
  if (name.empty() || name.size() == value.size() || text.empty())
    return "give a dimension's name and size, as in height=480";
  int64_t size = 0;
  if (std::string wrong = readSize(text, size); !wrong.empty())
    return wrong;
  if (size > maxElements)
    return "an input has at most 2^31 elements";
  for (const auto &[other, given] : options.model.dims)
    if (other == name)
      return given == size ? "" : "the dimension is given another size before";
  options.model.dims.emplace_back(name, size);
  return "";
}

std::string octet::readOutput(CommandOptions &options, StringRef value) {
  if (value.empty())
    return "give the name of a value of the model";
  if (llvm::is_contained(options.model.outputs, value))
    return "it is given twice";
  options.model.outputs.push_back(value.str());
  return "";
}

bool octet::isOnnxModel(StringRef path) {
  return llvm::sys::path::extension(path) == ".onnx";
}

int octet::checkModelFlags(const CommandOptions &options) {
  const OnnxImportOptions &model = options.model;
  if (!model.isChanged() || llvm::any_of(options.inputs, isOnnxModel))
    return 0;
  StringRef flag = !model.shapes.empty() ? "--shape"
                   : !model.dims.empty() ? "--dim"
                                         : "--output";
  bool isGraph = llvm::sys::path::extension(options.inputs[0]) == ".mlir";
  return refuse(options.inputs[0] + ": " + flag +
                " is for .onnx models: " + (isGraph ? "a graph" : "a program") +
                " has its " + (flag == "--output" ? "outputs" : "shapes") +
                " already; give " + flag + " when it is " +
                (isGraph ? "imported" : "compiled"));
}
