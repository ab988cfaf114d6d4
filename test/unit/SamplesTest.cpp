//===- SamplesTest.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/samples.h"
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

using Shape = std::vector<int64_t>;

/// A model of float tensors and a data set for it, without elements.
class Samples : public testing::Test {
protected:
  struct Tensor {
    std::string name;
    Shape shape;
    bool symbolic = false;
  };
  std::vector<Tensor> inputs, outputs;
  octet_error error = {};
  octet_samples samples = {};

  void TearDown() override { octet_samples_free(&samples); }

  /// The status for arrays of `shapes`, one for each input.
  int find(const std::vector<Shape> &shapes) {
    tensors.clear();
    for (const auto *list : {&inputs, &outputs})
      for (const Tensor &t : *list)
        tensors.push_back({t.name.c_str(), t.shape.data(),
                           int32_t(t.shape.size()), OCTET_F32, t.symbolic});
    octet_model model = {};
    model.num_inputs = inputs.size();
    model.num_outputs = outputs.size();
    model.inputs = tensors.data();
    model.outputs = tensors.data() + inputs.size();
    std::vector<octet_array> arrays(shapes.size());
    for (size_t i = 0; i < shapes.size(); ++i) {
      octet_array_set_dtype(&arrays[i], OCTET_F32);
      arrays[i].name = const_cast<char *>(inputs[i].name.c_str());
      arrays[i].rank = shapes[i].size();
      std::copy(shapes[i].begin(), shapes[i].end(), arrays[i].shape);
    }
    octet_npz npz = {int(arrays.size()), arrays.data(), nullptr, 0};
    octet_samples_free(&samples);
    error.text[0] = 0;
    return octet_samples_find(&model, "d.npz", &npz, &samples, &error);
  }

  Shape outputShape(int i = 0) {
    octet_array array;
    octet_samples_describe(&samples, &tensors[inputs.size() + i], &array);
    return Shape(array.shape, array.shape + array.rank);
  }
  int64_t rows(int i = 0) {
    return octet_samples_rows(&samples, &tensors[inputs.size() + i]);
  }

  void expectRefused(const std::vector<Shape> &shapes,
                     const std::vector<std::string> &texts) {
    EXPECT_EQ(find(shapes), -1);
    for (const std::string &text : texts)
      EXPECT_NE(std::string(error.text).find(text), std::string::npos)
          << error.text << " lacks " << text;
  }

private:
  std::vector<octet_tensor> tensors;
};

TEST_F(Samples, OfASymbolicBatch) {
  inputs = {{"x", {4, 3}, true}, {"shared", {5}}};
  outputs = {{"y", {4, 2}, true}, {"pairs", {8, 1}, true}};
  ASSERT_EQ(find({{7, 3}, {5}}), 0) << error.text;
  EXPECT_EQ(samples.samples, 7);
  EXPECT_EQ(samples.batch, 4);
  EXPECT_EQ(outputShape(), (Shape{7, 2}));
  EXPECT_EQ(outputShape(1), (Shape{14, 1}));
  EXPECT_EQ(rows(1), 7);
  expectRefused({{7, 1, 3}, {5}},
                {"'x'", "[7, 1, 3]", "must have shape [samples, 3]"});
  expectRefused({{0, 3}, {5}}, {"'x'", "[0, 3]", "at least one sample"});
  expectRefused({{3}, {5}}, {"[3]", "[samples, 3]"});
  expectRefused({{7, 3}, {7, 5}}, {"'shared'", "[7, 5]", "shape [5]"});
}

TEST_F(Samples, OfSymbolicInputsThatDisagree) {
  inputs = {{"a", {1, 3}, true}, {"b", {1}, true}};
  outputs = {{"y", {1, 2}, true}};
  ASSERT_EQ(find({{7, 3}, {7}}), 0) << error.text;
  expectRefused({{7, 3}, {6}}, {"'b' has shape [6]", "must have shape [7]",
                                "'a' of shape [7, 3]"});
}

TEST_F(Samples, OfAFixedBatch) {
  inputs = {{"x", {4, 3}}};
  outputs = {{"y", {4, 2}}};
  ASSERT_EQ(find({{4, 3}}), 0);
  EXPECT_EQ(samples.samples, 1);
  EXPECT_EQ(outputShape(), (Shape{4, 2}));
  EXPECT_EQ(rows(), 4);
  ASSERT_EQ(find({{5, 4, 3}}), 0);
  EXPECT_EQ(samples.samples, 5);
  EXPECT_EQ(outputShape(), (Shape{5, 4, 2}));
  EXPECT_EQ(rows(), 5);
  ASSERT_EQ(find({{8, 3}}), 0);
  EXPECT_EQ(samples.samples, 2);
  EXPECT_EQ(outputShape(), (Shape{8, 2}));
  EXPECT_EQ(rows(), 8);
  for (const Shape &shape : {Shape{3, 3},
                             {6, 3},
                             {1, 3},
                             {0, 3},
                             {0, 4, 3},
                             {3},
                             {4, 4},
                             {5, 3, 4},
                             {1, 1, 4, 3}})
    expectRefused({shape}, {"'x'", "[4, 3], which is one sample",
                            "[samples, 4, 3]", "[samples * 4, 3]"});
}

TEST_F(Samples, WhereAnOutputBeginsWithAnotherDimension) {
  inputs = {{"x", {20, 5}}};
  outputs = {{"y", {5, 7}}};
  ASSERT_EQ(find({{20, 5}}), 0);
  EXPECT_EQ(rows(), 1);
  ASSERT_EQ(find({{3, 20, 5}}), 0);
  EXPECT_EQ(outputShape(), (Shape{3, 5, 7}));
  ASSERT_EQ(find({{40, 5}}), 0);
  EXPECT_EQ(rows(), 2);
  EXPECT_EQ(outputShape(), (Shape{10, 7}));
  expectRefused({{30, 5}}, {"[30, 5]", "[20, 5]", "[samples, 20, 5]",
                            "[samples * 20, 5]"});
}

TEST_F(Samples, WhereAnInputBeginsWithAnotherDimension) {
  inputs = {{"a", {1, 3}}, {"b", {10, 3}}};
  outputs = {{"y", {10, 3}}};
  ASSERT_EQ(find({{1, 3}, {10, 3}}), 0);
  ASSERT_EQ(find({{2, 1, 3}, {2, 10, 3}}), 0);
  EXPECT_EQ(outputShape(), (Shape{2, 10, 3}));
  expectRefused({{2, 3}, {2, 3}}, {"'a'", "[2, 3]"});
  expectRefused({{2, 1, 3}, {10, 3}},
                {"'b' has shape [10, 3]", "must have shape [2, 10, 3]"});
  expectRefused({{1, 3}, {2, 10, 3}},
                {"'b' has shape [2, 10, 3]", "must have shape [10, 3]"});
}

TEST_F(Samples, OfJoinedInputsThatDisagree) {
  inputs = {{"a", {2, 3}}, {"b", {2}}};
  outputs = {{"y", {2, 3}}};
  ASSERT_EQ(find({{6, 3}, {6}}), 0);
  expectRefused({{6, 3}, {4}}, {"'b' has shape [4]", "must have shape [6]"});
  expectRefused({{6, 3}, {3, 2}}, {"'b' has shape [3, 2]", "[6]"});
}

TEST_F(Samples, OfScalars) {
  inputs = {{"x", {}}};
  outputs = {{"y", {}}};
  ASSERT_EQ(find({{}}), 0);
  EXPECT_EQ(outputShape(), Shape{});
  EXPECT_EQ(rows(), 1);
  ASSERT_EQ(find({{6}}), 0);
  EXPECT_EQ(samples.samples, 6);
  EXPECT_EQ(outputShape(), Shape{6});
  expectRefused({{6, 1}}, {"shape []", "[samples]"});
}

TEST_F(Samples, OfAHundredInputs) {
  std::vector<Shape> shapes;
  for (int i = 0; i < 100; ++i) {
    inputs.push_back({"x" + std::to_string(i), {2}});
    shapes.push_back({9, 2});
  }
  outputs = {{"y", {2}}};
  ASSERT_EQ(find(shapes), 0) << error.text;
  EXPECT_EQ(samples.samples, 9);
}

TEST_F(Samples, AMissingArrayIsNamed) {
  inputs = {{"x", {2}}, {"z", {2}}};
  outputs = {{"y", {2}}};
  expectRefused({{2}}, {"no array named 'z'"});
}

TEST(Labels, AreClassesOfEachRow) {
  octet_error error = {};
  int64_t values[] = {0, 2, 3, -1};
  octet_array labels = {};
  octet_array_set_dtype(&labels, OCTET_I64);
  labels.name = const_cast<char *>("labels");
  labels.rank = 1;
  labels.shape[0] = 2;
  labels.data = reinterpret_cast<const unsigned char *>(values);
  auto check = [&](int64_t rows) {
    return octet_check_labels("d.npz", &labels, rows, 3, "y", &error);
  };
  EXPECT_EQ(check(2), 0);
  labels.rank = 2; // [2, 1]
  labels.shape[1] = 1;
  EXPECT_EQ(check(2), 0);
  labels.rank = 1;
  EXPECT_EQ(check(3), -1);
  EXPECT_NE(std::string(error.text).find("must have shape [3]"),
            std::string::npos);
  labels.shape[0] = 4;
  EXPECT_EQ(check(4), -1);
  EXPECT_NE(std::string(error.text).find("entry 2 of array 'labels' is 3"),
            std::string::npos)
      << error.text;
  float fractions[] = {0.5f};
  octet_array_set_dtype(&labels, OCTET_F32);
  labels.shape[0] = 1;
  labels.data = reinterpret_cast<const unsigned char *>(fractions);
  EXPECT_EQ(check(1), -1);
}

} // namespace
