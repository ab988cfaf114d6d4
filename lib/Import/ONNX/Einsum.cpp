//===- Einsum.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Einsum, as products of matrices: two operands at a time, what only one of
// them has is summed first.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// Dimensions by name: a letter's code, or firstOfEllipsis and more, counted
/// from the last dimension that an ellipsis stands for.
using Labels = SmallVector<int64_t>;
static constexpr int64_t firstOfEllipsis = 256;

namespace {
struct Term {
  Value value;
  Labels labels;
};

class Einsum {
public:
  explicit Einsum(OnnxNode &node) : node(node) {}

  LogicalResult build() {
    SmallVector<Term> terms;
    if (failed(read(terms)))
      return failure();
    for (Term &term : terms)
      if (failed(takeDiagonals(term)) || failed(broadcast(term)))
        return failure();
    Term result = terms.front();
    for (size_t i = 1; i < terms.size(); ++i) {
      Labels kept = output;
      for (const Term &later : ArrayRef(terms).drop_front(i + 1))
        llvm::append_range(kept, later.labels);
      result = multiply(result, terms[i], kept);
      if (!result.value)
        return failure();
    }
    result = sum(result, output);
    return node.setOutput(arrange(result, output));
  }

private:
  LogicalResult fail(const Twine &what) {
    return node.fail("equation '" + node.getString("equation", "") + "' " +
                     what);
  }

  /// The labels of a term whose ellipsis, if any, stands for `extra`
  /// dimensions; none if it is ill-formed.
  static std::optional<Labels> parse(StringRef text, int64_t extra) {
    Labels labels;
    bool hasEllipsis = false;
    while (!text.empty()) {
      if (text.consume_front("...")) {
        if (std::exchange(hasEllipsis, true))
          return std::nullopt;
        for (int64_t i = extra; i > 0; --i)
          labels.push_back(firstOfEllipsis + i - 1);
        continue;
      }
      if (!llvm::isAlpha(text.front()))
        return std::nullopt;
      labels.push_back(text.front());
      text = text.drop_front();
    }
    return labels;
  }

  LogicalResult read(SmallVector<Term> &terms) {
    std::string text = node.getString("equation", "");
    llvm::erase(text, ' ');
    auto [left, right] = StringRef(text).split("->");
    bool isExplicit = left.size() != text.size();
    SmallVector<StringRef> parts;
    left.split(parts, ',');
    if (parts.size() != node.numInputs())
      return fail("has not one term for each input");
    int64_t widest = 0;
    for (auto [i, part] : llvm::enumerate(parts)) {
      Value value = node.input(i);
      if (!value)
        return failure();
      int64_t rank = typeOf(value).getRank();
      auto letters = parse(part, 0);
      int64_t extra =
          letters ? rank - static_cast<int64_t>(letters->size()) : -1;
      if (extra < 0 || (extra > 0 && !part.contains("...")))
        return fail("does not fit the dimensions of input " + Twine(i));
      widest = std::max(widest, extra);
      terms.push_back({value, *parse(part, extra)});
      for (auto [label, size] :
           llvm::zip(terms.back().labels, typeOf(value).getShape())) {
        int64_t &known = sizes.try_emplace(label, size).first->second;
        if (known == 1)
          known = size;
        if (size != known && size != 1)
          return fail("gives one name to dimensions of sizes " + Twine(known) +
                      " and " + Twine(size));
      }
    }
    if (isExplicit) {
      auto parsed = parse(right, widest);
      if (!parsed)
        return fail("has an ill-formed result");
      output = *parsed;
    } else {
      output = implicitOutput(terms, widest);
    }
    for (auto [i, label] : llvm::enumerate(output))
      if (!sizes.contains(label) ||
          llvm::is_contained(ArrayRef(output).take_front(i), label))
        return fail("must name in its result dimensions of the inputs, each "
                    "once");
    return success();
  }

  /// What an ellipsis stands for, then the letters that occur once.
  static Labels implicitOutput(ArrayRef<Term> terms, int64_t widest) {
    std::map<int64_t, int> counts;
    for (const Term &term : terms)
      for (int64_t label : term.labels)
        ++counts[label];
    Labels result;
    for (int64_t i = widest; i > 0; --i)
      result.push_back(firstOfEllipsis + i - 1);
    for (auto [label, count] : counts)
      if (count == 1 && label < firstOfEllipsis)
        result.push_back(label);
    return result;
  }

  /// `term` with its dimensions in the order of `labels`, which it has.
  Value arrange(const Term &term, ArrayRef<int64_t> labels) {
    Shape order;
    for (int64_t label : labels)
      order.push_back(llvm::find(term.labels, label) - term.labels.begin());
    return llvm::is_sorted(order) ? term.value
                                  : node.transpose(term.value, order);
  }

  /// Of two dimensions of one name the diagonal: of n · n elements each
  /// n + 1-st.
  LogicalResult takeDiagonals(Term &term) {
    for (size_t i = 0; i < term.labels.size(); ++i)
      for (size_t j = term.labels.size() - 1; j > i; --j) {
        if (term.labels[i] != term.labels[j])
          continue;
        int64_t label = term.labels[i];
        Shape order, shape;
        Labels rest;
        auto from = typeOf(term.value).getShape();
        for (size_t d = 0; d < term.labels.size(); ++d)
          if (d != i && d != j) {
            order.push_back(d);
            shape.push_back(from[d]);
            rest.push_back(term.labels[d]);
          }
        order.append({static_cast<int64_t>(i), static_cast<int64_t>(j)});
        int64_t size = from[i];
        if (from[j] != size)
          return fail("gives one name to dimensions of different sizes");
        shape.push_back(size * size);
        Value flat = node.reshape(node.transpose(term.value, order), shape);
        Shape offsets(shape.size(), 0), strides(shape.size(), 1);
        shape.back() = size;
        strides.back() = size + 1;
        term.value = node.slice(flat, offsets, shape, strides);
        if (!term.value)
          return failure();
        rest.push_back(label);
        term.labels = rest;
        return takeDiagonals(term);
      }
    return success();
  }

  /// Gives dimensions of size one the size of their name.
  LogicalResult broadcast(Term &term) {
    Shape shape;
    for (int64_t label : term.labels)
      shape.push_back(sizes.lookup(label));
    if (ArrayRef(shape) != typeOf(term.value).getShape())
      term.value = node.broadcast(term.value, shape);
    return success(static_cast<bool>(term.value));
  }

  /// Sums over what is not `kept`.
  Term sum(const Term &term, ArrayRef<int64_t> kept) {
    Term result;
    Shape axes, shape;
    for (auto [d, label] : llvm::enumerate(term.labels)) {
      if (llvm::is_contained(kept, label)) {
        result.labels.push_back(label);
        shape.push_back(sizes.lookup(label));
      } else {
        axes.push_back(d);
      }
    }
    result.value = term.value;
    if (!axes.empty())
      result.value = node.reshape(
          node.create<ReduceOp>(term.value, ReduceKind::Sum, axes), shape);
    return result;
  }

  int64_t count(ArrayRef<int64_t> labels) {
    int64_t result = 1;
    for (int64_t label : labels)
      result *= sizes.lookup(label);
    return result;
  }

  /// The product of two terms, summed over what is not `kept`.
  Term multiply(Term lhs, Term rhs, ArrayRef<int64_t> kept) {
    Labels both(kept);
    llvm::append_range(both, rhs.labels);
    lhs = sum(lhs, both);
    both.assign(kept.begin(), kept.end());
    llvm::append_range(both, lhs.labels);
    rhs = sum(rhs, both);
    Labels batch, rows, columns, summed;
    for (int64_t label : lhs.labels) {
      bool isShared = llvm::is_contained(rhs.labels, label);
      bool isKept = llvm::is_contained(kept, label);
      (!isShared ? rows : isKept ? batch : summed).push_back(label);
    }
    for (int64_t label : rhs.labels)
      if (!llvm::is_contained(lhs.labels, label))
        columns.push_back(label);
    auto matrix = [&](const Term &term, ArrayRef<int64_t> first,
                      ArrayRef<int64_t> second) {
      Labels order(batch);
      llvm::append_range(order, first);
      llvm::append_range(order, second);
      Shape shape;
      if (!batch.empty())
        shape.push_back(count(batch));
      shape.push_back(count(first));
      shape.push_back(count(second));
      return node.reshape(arrange(term, order), shape);
    };
    Value left = matrix(lhs, rows, summed),
          right = matrix(rhs, summed, columns);
    // Without a sum, the product of a column and a row is one of elements.
    Value product = summed.empty()
                        ? binary(node, BinaryKind::Mul, left, right)
                        : node.create<MatMulOp>(left, right, Value());
    Term result;
    result.labels = batch;
    llvm::append_range(result.labels, rows);
    llvm::append_range(result.labels, columns);
    Shape shape;
    for (int64_t label : result.labels)
      shape.push_back(sizes.lookup(label));
    result.value = node.reshape(product, shape);
    return result;
  }

  OnnxNode &node;
  llvm::DenseMap<int64_t, int64_t> sizes;
  Labels output;
};
} // namespace

void onnx_import::addEinsum(OnnxBuilders &builders) {
  builders["Einsum"] = [](OnnxNode &node) { return Einsum(node).build(); };
}
