// RUN: octet-opt %s -split-input-file -verify-diagnostics

func.func @arguments(%x: tensor<4xf32>) {
  // expected-error @+1 {{has a body of one f32 that ends with octet.yield}}
  %0 = octet.map %x : tensor<4xf32> -> tensor<4xf32> {
  ^bb0(%a: f32, %b: f32):
    octet.yield %a : f32
  }
  return
}

// -----

func.func @operation(%x: tensor<4xf32>) {
  %0 = octet.map %x : tensor<4xf32> -> tensor<4xf32> {
  ^bb0(%a: f32):
    // expected-error @+1 {{is no operation of a map's body}}
    %1 = math.cbrt %a : f32
    octet.yield %1 : f32
  }
  return
}

// -----

func.func @types(%x: tensor<4xf32>) {
  %0 = octet.map %x : tensor<4xf32> -> tensor<4xf32> {
  ^bb0(%a: f32):
    // expected-error @+1 {{is no operation of a map's body}}
    %1 = arith.extf %a : f32 to f64
    octet.yield %a : f32
  }
  return
}
