// RUN: octet-opt %s | octet-opt | FileCheck %s
// RUN: octet-opt %s --mlir-print-op-generic | octet-opt | FileCheck %s

// CHECK-LABEL: func @binary
// CHECK-SAME: (%[[A:.*]]: tensor<2x3xf32>, %[[B:.*]]: tensor<3xf32>, %[[I:.*]]: tensor<3xi64>, %[[T:.*]]: tensor<3xi1>)
func.func @binary(%a: tensor<2x3xf32>, %b: tensor<3xf32>, %i: tensor<3xi64>, %t: tensor<3xi1>) {
  // CHECK-NEXT: octet.binary add %[[A]], %[[B]] clamp(min 0.000000e+00 max 6.000000e+00) : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: octet.binary sub %[[B]], %[[A]] clamp(max 6.000000e+00) : tensor<3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: octet.binary mul %[[A]], %[[A]] clamp(min -1.000000e+00) : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: octet.binary div %[[A]], %[[B]] : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: octet.binary max %[[A]], %[[B]] :
  // CHECK-NEXT: octet.binary min %[[A]], %[[B]] :
  // CHECK-NEXT: octet.binary pow %[[A]], %[[B]] :
  // CHECK-NEXT: octet.binary mod %[[A]], %[[B]] :
  // CHECK-NEXT: octet.binary rem %[[A]], %[[B]] :
  // CHECK-NEXT: octet.binary and %[[I]], %[[I]] : tensor<3xi64>, tensor<3xi64> -> tensor<3xi64>
  // CHECK-NEXT: octet.binary or %[[T]], %[[T]] : tensor<3xi1>, tensor<3xi1> -> tensor<3xi1>
  // CHECK-NEXT: octet.binary xor %[[T]], %[[T]] :
  // CHECK-NEXT: octet.binary shift_left %[[I]], %[[I]] :
  // CHECK-NEXT: octet.binary shift_right %[[I]], %[[I]] :
  // CHECK-NEXT: return
  %0 = octet.binary add %a, %b clamp(min 0.0 max 6.0) : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %1 = octet.binary sub %b, %a clamp(max 6.0) : tensor<3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %2 = octet.binary mul %a, %a clamp(min -1.0) : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %3 = octet.binary div %a, %b : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %4 = octet.binary max %a, %b : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %5 = octet.binary min %a, %b : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %6 = octet.binary pow %a, %b : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %7 = octet.binary mod %a, %b : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %8 = octet.binary rem %a, %b : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %9 = octet.binary and %i, %i : tensor<3xi64>, tensor<3xi64> -> tensor<3xi64>
  %10 = octet.binary or %t, %t : tensor<3xi1>, tensor<3xi1> -> tensor<3xi1>
  %11 = octet.binary xor %t, %t : tensor<3xi1>, tensor<3xi1> -> tensor<3xi1>
  %12 = octet.binary shift_left %i, %i : tensor<3xi64>, tensor<3xi64> -> tensor<3xi64>
  %13 = octet.binary shift_right %i, %i : tensor<3xi64>, tensor<3xi64> -> tensor<3xi64>
  return
}

// Parameters are printed where they are not zero.
// CHECK-LABEL: func @unary
func.func @unary(%x: tensor<4xf32>) {
  // CHECK-NEXT: octet.unary leaky_relu %arg0 {alpha = 1.000000e-01 : f32} : tensor<4xf32> -> tensor<4xf32>
  // CHECK-NEXT: octet.unary sigmoid %arg0 : tensor<4xf32> -> tensor<4xf32>
  // CHECK-NEXT: octet.unary hard_sigmoid %arg0 {alpha = 2.000000e-01 : f32, beta = 5.000000e-01 : f32} :
  // CHECK-NEXT: octet.unary hard_swish %arg0 :
  // CHECK-NEXT: octet.unary tanh %arg0 :
  // CHECK-NEXT: octet.unary neg %arg0 :
  // CHECK-NEXT: octet.unary abs %arg0 :
  // CHECK-NEXT: octet.unary sqrt %arg0 :
  // CHECK-NEXT: octet.unary exp %arg0 :
  // CHECK-NEXT: octet.unary log %arg0 :
  // CHECK-NEXT: octet.unary floor %arg0 :
  // CHECK-NEXT: octet.unary ceil %arg0 :
  // CHECK-NEXT: octet.unary round %arg0 :
  // CHECK-NEXT: octet.unary sign %arg0 :
  // CHECK-NEXT: octet.unary reciprocal %arg0 :
  // CHECK-NEXT: octet.unary erf %arg0 :
  // CHECK-NEXT: octet.unary sin %arg0 :
  // CHECK-NEXT: octet.unary cos %arg0 :
  // CHECK-NEXT: octet.unary softplus %arg0 :
  // CHECK-NEXT: octet.unary softsign %arg0 :
  // CHECK-NEXT: octet.unary elu %arg0 :
  // CHECK-NEXT: octet.unary selu %arg0 {beta = 2.000000e+00 : f32} :
  // CHECK-NEXT: octet.unary thresholded_relu %arg0 :
  // CHECK-NEXT: octet.unary tan %arg0 :
  // CHECK-NEXT: octet.unary asin %arg0 :
  // CHECK-NEXT: octet.unary acos %arg0 :
  // CHECK-NEXT: octet.unary atan %arg0 :
  // CHECK-NEXT: octet.unary sinh %arg0 :
  // CHECK-NEXT: octet.unary cosh %arg0 :
  // CHECK-NEXT: octet.unary asinh %arg0 :
  // CHECK-NEXT: octet.unary acosh %arg0 :
  // CHECK-NEXT: octet.unary atanh %arg0 :
  // CHECK-NEXT: return
  %0 = octet.unary leaky_relu %x {alpha = 0.1 : f32} : tensor<4xf32> -> tensor<4xf32>
  %1 = octet.unary sigmoid %x {alpha = 0.0 : f32} : tensor<4xf32> -> tensor<4xf32>
  %2 = octet.unary hard_sigmoid %x {alpha = 0.2 : f32, beta = 0.5 : f32} : tensor<4xf32> -> tensor<4xf32>
  %3 = octet.unary hard_swish %x : tensor<4xf32> -> tensor<4xf32>
  %4 = octet.unary tanh %x : tensor<4xf32> -> tensor<4xf32>
  %5 = octet.unary neg %x : tensor<4xf32> -> tensor<4xf32>
  %6 = octet.unary abs %x : tensor<4xf32> -> tensor<4xf32>
  %7 = octet.unary sqrt %x : tensor<4xf32> -> tensor<4xf32>
  %8 = octet.unary exp %x : tensor<4xf32> -> tensor<4xf32>
  %9 = octet.unary log %x : tensor<4xf32> -> tensor<4xf32>
  %10 = octet.unary floor %x : tensor<4xf32> -> tensor<4xf32>
  %11 = octet.unary ceil %x : tensor<4xf32> -> tensor<4xf32>
  %12 = octet.unary round %x : tensor<4xf32> -> tensor<4xf32>
  %13 = octet.unary sign %x : tensor<4xf32> -> tensor<4xf32>
  %14 = octet.unary reciprocal %x : tensor<4xf32> -> tensor<4xf32>
  %15 = octet.unary erf %x : tensor<4xf32> -> tensor<4xf32>
  %16 = octet.unary sin %x : tensor<4xf32> -> tensor<4xf32>
  %17 = octet.unary cos %x : tensor<4xf32> -> tensor<4xf32>
  %18 = octet.unary softplus %x : tensor<4xf32> -> tensor<4xf32>
  %19 = octet.unary softsign %x : tensor<4xf32> -> tensor<4xf32>
  %20 = octet.unary elu %x : tensor<4xf32> -> tensor<4xf32>
  %21 = octet.unary selu %x {beta = 2.0 : f32} : tensor<4xf32> -> tensor<4xf32>
  %22 = octet.unary thresholded_relu %x : tensor<4xf32> -> tensor<4xf32>
  %23 = octet.unary tan %x : tensor<4xf32> -> tensor<4xf32>
  %24 = octet.unary asin %x : tensor<4xf32> -> tensor<4xf32>
  %25 = octet.unary acos %x : tensor<4xf32> -> tensor<4xf32>
  %26 = octet.unary atan %x : tensor<4xf32> -> tensor<4xf32>
  %27 = octet.unary sinh %x : tensor<4xf32> -> tensor<4xf32>
  %28 = octet.unary cosh %x : tensor<4xf32> -> tensor<4xf32>
  %29 = octet.unary asinh %x : tensor<4xf32> -> tensor<4xf32>
  %30 = octet.unary acosh %x : tensor<4xf32> -> tensor<4xf32>
  %31 = octet.unary atanh %x : tensor<4xf32> -> tensor<4xf32>
  return
}

// CHECK-LABEL: func @compare
func.func @compare(%a: tensor<1x8xf32>, %b: tensor<8xf32>, %u: tensor<2x1xui8>, %t: tensor<i1>) {
  // CHECK-NEXT: octet.compare eq %arg3, %arg3 : tensor<i1>, tensor<i1> -> tensor<i1>
  // CHECK-NEXT: octet.compare lt %arg0, %arg1 : tensor<1x8xf32>, tensor<8xf32> -> tensor<1x8xi1>
  // CHECK-NEXT: octet.compare le %arg1, %arg0 : tensor<8xf32>, tensor<1x8xf32> -> tensor<1x8xi1>
  // CHECK-NEXT: octet.compare gt %arg2, %arg2 : tensor<2x1xui8>, tensor<2x1xui8> -> tensor<2x1xi1>
  // CHECK-NEXT: octet.compare ge %arg0, %arg1 :
  // CHECK-NEXT: return
  %0 = octet.compare eq %t, %t : tensor<i1>, tensor<i1> -> tensor<i1>
  %1 = octet.compare lt %a, %b : tensor<1x8xf32>, tensor<8xf32> -> tensor<1x8xi1>
  %2 = octet.compare le %b, %a : tensor<8xf32>, tensor<1x8xf32> -> tensor<1x8xi1>
  %3 = octet.compare gt %u, %u : tensor<2x1xui8>, tensor<2x1xui8> -> tensor<2x1xi1>
  %4 = octet.compare ge %a, %b : tensor<1x8xf32>, tensor<8xf32> -> tensor<1x8xi1>
  return
}

// CHECK-LABEL: func @select
func.func @select(%c: tensor<2x1x1xi1>, %a: tensor<8xi64>, %b: tensor<3x1xi64>) -> tensor<2x3x8xi64> {
  // CHECK-NEXT: octet.select %arg0, %arg1, %arg2 : tensor<2x1x1xi1>, tensor<8xi64>, tensor<3x1xi64> -> tensor<2x3x8xi64>
  %0 = octet.select %c, %a, %b : tensor<2x1x1xi1>, tensor<8xi64>, tensor<3x1xi64> -> tensor<2x3x8xi64>
  return %0 : tensor<2x3x8xi64>
}

// CHECK-LABEL: func @broadcast
func.func @broadcast(%x: tensor<8x1xf16>, %s: tensor<i1>) -> (tensor<4x8x3xf16>, tensor<2x0xi1>) {
  // CHECK-NEXT: octet.broadcast %arg0 : tensor<8x1xf16> -> tensor<4x8x3xf16>
  // CHECK-NEXT: octet.broadcast %arg1 : tensor<i1> -> tensor<2x0xi1>
  %0 = octet.broadcast %x : tensor<8x1xf16> -> tensor<4x8x3xf16>
  %1 = octet.broadcast %s : tensor<i1> -> tensor<2x0xi1>
  return %0, %1 : tensor<4x8x3xf16>, tensor<2x0xi1>
}

// CHECK-LABEL: func @cast
func.func @cast(%x: tensor<3xf64>) -> tensor<3xf16> {
  // CHECK-NEXT: %[[U:.*]] = octet.cast %arg0 : tensor<3xf64> -> tensor<3xui64>
  // CHECK-NEXT: %[[T:.*]] = octet.cast %[[U]] : tensor<3xui64> -> tensor<3xi1>
  // CHECK-NEXT: %[[F:.*]] = octet.cast %[[T]] : tensor<3xi1> -> tensor<3xf16>
  // CHECK-NEXT: return %[[F]]
  %0 = octet.cast %x : tensor<3xf64> -> tensor<3xui64>
  %1 = octet.cast %0 : tensor<3xui64> -> tensor<3xi1>
  %2 = octet.cast %1 : tensor<3xi1> -> tensor<3xf16>
  return %2 : tensor<3xf16>
}
