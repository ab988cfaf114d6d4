// RUN: octet-opt %s --octet-to-linalg | FileCheck %s

// The state, the output and the sums go from step to step; the last step is
// the first of a reverse recurrence.
// CHECK-LABEL: func @lstm
func.func @lstm(%x: tensor<4x5x64xf32>, %r: tensor<16x64xf32>) -> (tensor<4x5x16xf32>, tensor<4x2x16xf32>) {
  // The weight is packed once: blocks of lanes, rows, lanes.
  // CHECK: tensor.empty() : tensor<2x16x32xf32>
  // CHECK: scf.for %[[I:.*]] = {{.*}} iter_args({{.*}}) -> (tensor<4x5x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x64xf32>)
  // CHECK: %[[T:.*]] = arith.subi %{{.*}}, %[[I]]
  // CHECK: tensor.extract_slice %arg0[0, %[[T]], 0] [4, 1, 64] [1, 1, 1]
  // Sums of four sequences and 32 columns start from the projection and stay
  // in vectors along the weight's rows.
  // CHECK: vector.transfer_read {{.*}} : tensor<4x64xf32>, vector<16xf32>
  // CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
  // CHECK: arith.mulf {{.*}} fastmath<contract> : vector<16xf32>
  // CHECK: arith.addf {{.*}} fastmath<contract> : vector<16xf32>
  // The cell, which writes the output and both parts of the state.
  // CHECK: linalg.generic {{.*}}outs({{.*}} : tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>)
  // CHECK: tensor.insert_slice {{.*}}[0, %[[T]], 0] [4, 1, 16] [1, 1, 1]
  // CHECK: scf.yield
  %y, %s = octet.recurrence lstm %x, %r {activations = [#octet<activation sigmoid>, #octet<activation tanh>, #octet<activation tanh>], alphas = array<f32: 0.0, 0.0, 0.0>, betas = array<f32: 0.0, 0.0, 0.0>, reverse} : (tensor<4x5x64xf32>, tensor<16x64xf32>) -> (tensor<4x5x16xf32>, tensor<4x2x16xf32>)
  return %y, %s : tensor<4x5x16xf32>, tensor<4x2x16xf32>
}

// Behind a sequence's end the output is zero and the state stays.
// CHECK-LABEL: func @lengths
func.func @lengths(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>, %l: tensor<2xi64>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>) {
  // CHECK: %[[HAS:.*]] = arith.cmpi slt
  // CHECK: arith.select %[[HAS]]
  // CHECK: arith.select %[[HAS]]
  %y, %s = octet.recurrence rnn %x, %r lengths(%l) {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>} : (tensor<2x5x4xf32>, tensor<4x4xf32>, tensor<2xi64>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return %y, %s : tensor<2x5x4xf32>, tensor<2x1x4xf32>
}
