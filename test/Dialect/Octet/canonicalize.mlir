// RUN: octet-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func @transposes_cancel
func.func @transposes_cancel(%x: tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32> {
  // CHECK-NEXT: return %arg0
  %0 = octet.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : tensor<2x3x4x5xf32> -> tensor<2x4x5x3xf32>
  %1 = octet.transpose %0 {permutation = array<i64: 0, 3, 1, 2>} : tensor<2x4x5x3xf32> -> tensor<2x3x4x5xf32>
  return %1 : tensor<2x3x4x5xf32>
}

// CHECK-LABEL: func @unit_transpose_is_a_reshape
func.func @unit_transpose_is_a_reshape(%x: tensor<1x1x1x5xf32>) -> tensor<1x5xf32> {
  // CHECK-NEXT: %[[R:.*]] = octet.reshape %arg0 : tensor<1x1x1x5xf32> -> tensor<1x5xf32>
  // CHECK-NEXT: return %[[R]]
  %0 = octet.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : tensor<1x1x1x5xf32> -> tensor<1x5x1x1xf32>
  %1 = octet.reshape %0 : tensor<1x5x1x1xf32> -> tensor<1x5xf32>
  return %1 : tensor<1x5xf32>
}

// CHECK-LABEL: func @constants
func.func @constants() -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  // CHECK-DAG: arith.constant dense<{{\[\[}}1.100000e+01, 1.200000e+01], [2.100000e+01, 2.200000e+01]]>
  // CHECK-DAG: arith.constant dense<{{\[\[}}0.000000e+00, 2.000000e+00], [1.000000e+00, 3.000000e+00]]>
  %a = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %b = arith.constant dense<[[10.0], [20.0]]> : tensor<2x1xf32>
  %0 = octet.binary add %a, %b : tensor<1x2xf32>, tensor<2x1xf32> -> tensor<2x2xf32>
  %c = arith.constant dense<[[-5.0, 1.0], [2.0, 9.0]]> : tensor<2x2xf32>
  %1 = octet.transpose %c {permutation = array<i64: 1, 0>} : tensor<2x2xf32> -> tensor<2x2xf32>
  %2 = octet.clamp %1 clamp(min 0.0 max 3.0) : tensor<2x2xf32> -> tensor<2x2xf32>
  return %0, %2 : tensor<2x2xf32>, tensor<2x2xf32>
}

// Integers are divided toward zero; a remainder has the divisor's sign, or the
// dividend's.
// CHECK-LABEL: func @divisions
func.func @divisions() -> (tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<2xf32>, tensor<2xf32>) {
  // CHECK-DAG: %[[DIV:.*]] = arith.constant dense<[3, -3, -3, 3]> : tensor<4xi32>
  // CHECK-DAG: %[[MOD:.*]] = arith.constant dense<[1, 1, -1, -1]> : tensor<4xi32>
  // CHECK-DAG: %[[REM:.*]] = arith.constant dense<[1, -1, 1, -1]> : tensor<4xi32>
  // CHECK-DAG: %[[FMOD:.*]] = arith.constant dense<[2.500000e+00, -2.500000e+00]> : tensor<2xf32>
  // CHECK-DAG: %[[FREM:.*]] = arith.constant dense<[-5.000000e-01, 5.000000e-01]> : tensor<2xf32>
  // CHECK: return %[[DIV]], %[[MOD]], %[[REM]], %[[FMOD]], %[[FREM]] :
  %a = arith.constant dense<[7, -7, 7, -7]> : tensor<4xi32>
  %b = arith.constant dense<[2, 2, -2, -2]> : tensor<4xi32>
  %x = arith.constant dense<[-6.5, 6.5]> : tensor<2xf32>
  %y = arith.constant dense<[3.0, -3.0]> : tensor<2xf32>
  %0 = octet.binary div %a, %b : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
  %1 = octet.binary mod %a, %b : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
  %2 = octet.binary rem %a, %b : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
  %3 = octet.binary mod %x, %y : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %4 = octet.binary rem %x, %y : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  return %0, %1, %2, %3, %4 : tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<2xf32>, tensor<2xf32>
}

// 200 and 100 are -56 and 100 where they are signed; sums and powers wrap.
// CHECK-LABEL: func @integers
func.func @integers() -> (tensor<1xui8>, tensor<1xui8>, tensor<1xi8>, tensor<4xi32>, tensor<3xi1>) {
  // CHECK-DAG: %[[SUM:.*]] = arith.constant dense<44> : tensor<1xui8>
  // CHECK-DAG: %[[LARGER:.*]] = arith.constant dense<200> : tensor<1xui8>
  // CHECK-DAG: %[[SIGNED:.*]] = arith.constant dense<100> : tensor<1xi8>
  // CHECK-DAG: %[[POW:.*]] = arith.constant dense<[81, 0, -1, 0]> : tensor<4xi32>
  // CHECK-DAG: %[[XOR:.*]] = arith.constant dense<[false, true, false]> : tensor<3xi1>
  // CHECK: return %[[SUM]], %[[LARGER]], %[[SIGNED]], %[[POW]], %[[XOR]] :
  %a = arith.constant dense<200> : tensor<1xui8>
  %b = arith.constant dense<100> : tensor<1xui8>
  %c = arith.constant dense<-56> : tensor<1xi8>
  %d = arith.constant dense<100> : tensor<1xi8>
  %base = arith.constant dense<[3, 2, -1, 2]> : tensor<4xi32>
  %exponent = arith.constant dense<[4, -1, -3, 32]> : tensor<4xi32>
  %s = arith.constant dense<[true, true, false]> : tensor<3xi1>
  %t = arith.constant dense<[true, false, false]> : tensor<3xi1>
  %0 = octet.binary add %a, %b : tensor<1xui8>, tensor<1xui8> -> tensor<1xui8>
  %1 = octet.binary max %a, %b : tensor<1xui8>, tensor<1xui8> -> tensor<1xui8>
  %2 = octet.binary max %c, %d : tensor<1xi8>, tensor<1xi8> -> tensor<1xi8>
  %3 = octet.binary pow %base, %exponent : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
  %4 = octet.binary xor %s, %t : tensor<3xi1>, tensor<3xi1> -> tensor<3xi1>
  return %0, %1, %2, %3, %4 : tensor<1xui8>, tensor<1xui8>, tensor<1xi8>, tensor<4xi32>, tensor<3xi1>
}

// A count beyond the bits, or a negative one, leaves nothing but a sign.
// CHECK-LABEL: func @shifts
func.func @shifts() -> (tensor<4xi8>, tensor<4xi8>, tensor<3xui8>) {
  // CHECK-DAG: %[[LEFT:.*]] = arith.constant dense<[32, 0, 0, -56]> : tensor<4xi8>
  // CHECK-DAG: %[[RIGHT:.*]] = arith.constant dense<[-14, -1, -1, -56]> : tensor<4xi8>
  // CHECK-DAG: %[[UNSIGNED:.*]] = arith.constant dense<[50, 0, 0]> : tensor<3xui8>
  // CHECK: return %[[LEFT]], %[[RIGHT]], %[[UNSIGNED]] :
  %x = arith.constant dense<-56> : tensor<4xi8>
  %n = arith.constant dense<[2, 8, -1, 0]> : tensor<4xi8>
  %u = arith.constant dense<200> : tensor<3xui8>
  %m = arith.constant dense<[2, 8, 255]> : tensor<3xui8>
  %0 = octet.binary shift_left %x, %n : tensor<4xi8>, tensor<4xi8> -> tensor<4xi8>
  %1 = octet.binary shift_right %x, %n : tensor<4xi8>, tensor<4xi8> -> tensor<4xi8>
  %2 = octet.binary shift_right %u, %m : tensor<3xui8>, tensor<3xui8> -> tensor<3xui8>
  return %0, %1, %2 : tensor<4xi8>, tensor<4xi8>, tensor<3xui8>
}

// CHECK-LABEL: func @extremes_keep_nan
func.func @extremes_keep_nan() -> (tensor<3xf32>, tensor<3xf32>) {
  // CHECK-DAG: %[[MAX:.*]] = arith.constant dense<[0x7FC00000, 0x7FC00000, 2.000000e+00]> : tensor<3xf32>
  // CHECK-DAG: %[[MIN:.*]] = arith.constant dense<[0x7FC00000, 0x7FC00000, 1.000000e+00]> : tensor<3xf32>
  // CHECK: return %[[MAX]], %[[MIN]] :
  %a = arith.constant dense<[0x7FC00000, 1.0, 1.0]> : tensor<3xf32>
  %b = arith.constant dense<[1.0, 0x7FC00000, 2.0]> : tensor<3xf32>
  %0 = octet.binary max %a, %b : tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>
  %1 = octet.binary min %a, %b : tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}

// A NaN compares false with everything; zeros of either sign are equal.
// CHECK-LABEL: func @compare_floats
func.func @compare_floats() -> (tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>) {
  // CHECK-DAG: %[[EQ:.*]] = arith.constant dense<[false, true, false, false, true]>
  // CHECK-DAG: %[[LT:.*]] = arith.constant dense<[true, false, false, false, false]>
  // CHECK-DAG: %[[LE:.*]] = arith.constant dense<[true, true, false, false, true]>
  // CHECK-DAG: %[[NONE:.*]] = arith.constant dense<false> : tensor<5xi1>
  // CHECK: return %[[EQ]], %[[LT]], %[[LE]], %[[NONE]], %[[EQ]] :
  %a = arith.constant dense<[1.0, 2.0, 0x7FC00000, 0x7FC00000, -0.0]> : tensor<5xf32>
  %b = arith.constant dense<[1.5, 2.0, 0x7FC00000, 3.0, 0.0]> : tensor<5xf32>
  %0 = octet.compare eq %a, %b : tensor<5xf32>, tensor<5xf32> -> tensor<5xi1>
  %1 = octet.compare lt %a, %b : tensor<5xf32>, tensor<5xf32> -> tensor<5xi1>
  %2 = octet.compare le %a, %b : tensor<5xf32>, tensor<5xf32> -> tensor<5xi1>
  %3 = octet.compare gt %a, %b : tensor<5xf32>, tensor<5xf32> -> tensor<5xi1>
  %4 = octet.compare ge %a, %b : tensor<5xf32>, tensor<5xf32> -> tensor<5xi1>
  return %0, %1, %2, %3, %4 : tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>
}

// 200 is more than 100 but for its sign; true is more than false.
// CHECK-LABEL: func @compare_integers
func.func @compare_integers() -> (tensor<2x3xi1>, tensor<i1>, tensor<i1>) {
  // CHECK-DAG: %[[UNSIGNED:.*]] = arith.constant dense<{{\[\[}}true, false, false], [true, true, false]]> : tensor<2x3xi1>
  // CHECK-DAG: %[[SIGNED:.*]] = arith.constant dense<false> : tensor<i1>
  // CHECK-DAG: %[[TRUTH:.*]] = arith.constant dense<true> : tensor<i1>
  // CHECK: return %[[UNSIGNED]], %[[SIGNED]], %[[TRUTH]] :
  %a = arith.constant dense<[[100], [200]]> : tensor<2x1xui8>
  %b = arith.constant dense<[50, 100, 200]> : tensor<3xui8>
  %c = arith.constant dense<-56> : tensor<i8>
  %d = arith.constant dense<100> : tensor<i8>
  %true = arith.constant dense<true> : tensor<i1>
  %false = arith.constant dense<false> : tensor<i1>
  %0 = octet.compare gt %a, %b : tensor<2x1xui8>, tensor<3xui8> -> tensor<2x3xi1>
  %1 = octet.compare gt %c, %d : tensor<i8>, tensor<i8> -> tensor<i1>
  %2 = octet.compare gt %true, %false : tensor<i1>, tensor<i1> -> tensor<i1>
  return %0, %1, %2 : tensor<2x3xi1>, tensor<i1>, tensor<i1>
}

// CHECK-LABEL: func @select_constants
func.func @select_constants() -> (tensor<2x3xi64>, tensor<2x2xi1>) {
  // CHECK-DAG: %[[NUMBERS:.*]] = arith.constant dense<{{\[\[}}1, 2, 3], [9, 9, 9]]> : tensor<2x3xi64>
  // CHECK-DAG: %[[TRUTHS:.*]] = arith.constant dense<{{\[\[}}false, true], [false, false]]> : tensor<2x2xi1>
  // CHECK: return %[[NUMBERS]], %[[TRUTHS]] :
  %c = arith.constant dense<[[true], [false]]> : tensor<2x1xi1>
  %a = arith.constant dense<[1, 2, 3]> : tensor<3xi64>
  %b = arith.constant dense<9> : tensor<i64>
  %s = arith.constant dense<[false, true]> : tensor<2xi1>
  %t = arith.constant dense<false> : tensor<i1>
  %0 = octet.select %c, %a, %b : tensor<2x1xi1>, tensor<3xi64>, tensor<i64> -> tensor<2x3xi64>
  %1 = octet.select %c, %s, %t : tensor<2x1xi1>, tensor<2xi1>, tensor<i1> -> tensor<2x2xi1>
  return %0, %1 : tensor<2x3xi64>, tensor<2x2xi1>
}

// One operand alone, unless it is smaller than the result.
// CHECK-LABEL: func @select_one
func.func @select_one(%a: tensor<2x3xf32>, %b: tensor<3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  // CHECK-DAG: %[[FALSE:.*]] = arith.constant dense<false>
  // CHECK: %[[SMALL:.*]] = octet.select %[[FALSE]], %arg0, %arg1 :
  // CHECK-NEXT: return %arg0, %arg0, %[[SMALL]] :
  %true = arith.constant dense<true> : tensor<3xi1>
  %false = arith.constant dense<false> : tensor<3xi1>
  %0 = octet.select %true, %a, %b : tensor<3xi1>, tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %1 = octet.select %false, %b, %a : tensor<3xi1>, tensor<3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %2 = octet.select %false, %a, %b : tensor<3xi1>, tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  return %0, %1, %2 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// An index counts from the end or is cut off at either end.
// CHECK-LABEL: func @gather
func.func @gather() -> (tensor<2x2x2xf32>, tensor<3xf32>, tensor<i1>, tensor<2xui8>) {
  // CHECK-DAG: %[[INNER:.*]] = arith.constant dense<{{\[\[\[}}1.200000e+01, 1.100000e+01], [1.000000e+01, 1.200000e+01]], {{\[\[}}2.200000e+01, 2.100000e+01], [2.000000e+01, 2.200000e+01]]]> : tensor<2x2x2xf32>
  // CHECK-DAG: %[[ROW:.*]] = arith.constant dense<[2.000000e+01, 2.100000e+01, 2.200000e+01]> : tensor<3xf32>
  // CHECK-DAG: %[[TRUTH:.*]] = arith.constant dense<true> : tensor<i1>
  // CHECK-DAG: %[[SPLAT:.*]] = arith.constant dense<7> : tensor<2xui8>
  // CHECK: return %[[INNER]], %[[ROW]], %[[TRUTH]], %[[SPLAT]] :
  %x = arith.constant dense<[[10.0, 11.0, 12.0], [20.0, 21.0, 22.0]]> : tensor<2x3xf32>
  %i = arith.constant dense<[[-1, 1], [-4, 3]]> : tensor<2x2xi64>
  %last = arith.constant dense<-1> : tensor<i32>
  %t = arith.constant dense<[false, false, true]> : tensor<3xi1>
  %s = arith.constant dense<7> : tensor<5xui8>
  %j = arith.constant dense<[0, 4]> : tensor<2xi32>
  %0 = octet.gather %x, %i {axis = 1 : i64} : tensor<2x3xf32>, tensor<2x2xi64> -> tensor<2x2x2xf32>
  %1 = octet.gather %x, %last {axis = 0 : i64} : tensor<2x3xf32>, tensor<i32> -> tensor<3xf32>
  %2 = octet.gather %t, %last {axis = 0 : i64} : tensor<3xi1>, tensor<i32> -> tensor<i1>
  %3 = octet.gather %s, %j {axis = 0 : i64} : tensor<5xui8>, tensor<2xi32> -> tensor<2xui8>
  return %0, %1, %2, %3 : tensor<2x2x2xf32>, tensor<3xf32>, tensor<i1>, tensor<2xui8>
}

// CHECK-LABEL: func @broadcast
func.func @broadcast(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x2x3xi64>, tensor<2x2xi1>) {
  // CHECK-DAG: %[[NUMBERS:.*]] = arith.constant dense<{{\[\[\[}}1, 1, 1], [2, 2, 2]], {{\[\[}}1, 1, 1], [2, 2, 2]]]> : tensor<2x2x3xi64>
  // CHECK-DAG: %[[TRUTHS:.*]] = arith.constant dense<{{\[\[}}true, false], [true, false]]> : tensor<2x2xi1>
  // CHECK: return %arg0, %[[NUMBERS]], %[[TRUTHS]] :
  %column = arith.constant dense<[[1], [2]]> : tensor<2x1xi64>
  %row = arith.constant dense<[true, false]> : tensor<2xi1>
  %0 = octet.broadcast %x : tensor<2x3xf32> -> tensor<2x3xf32>
  %1 = octet.broadcast %column : tensor<2x1xi64> -> tensor<2x2x3xi64>
  %2 = octet.broadcast %row : tensor<2xi1> -> tensor<2x2xi1>
  return %0, %1, %2 : tensor<2x3xf32>, tensor<2x2x3xi64>, tensor<2x2xi1>
}

// Toward zero, then to the nearest that there is. A NaN gives zero, but is true.
// CHECK-LABEL: func @cast_floats
func.func @cast_floats() -> (tensor<6xi8>, tensor<6xui8>, tensor<6xi1>, tensor<6xf16>) {
  // CHECK-DAG: %[[SIGNED:.*]] = arith.constant dense<[-1, 0, 127, 0, -128, 0]> : tensor<6xi8>
  // CHECK-DAG: %[[UNSIGNED:.*]] = arith.constant dense<[0, 0, 255, 0, 0, 0]> : tensor<6xui8>
  // CHECK-DAG: %[[TRUTHS:.*]] = arith.constant dense<[true, true, true, true, true, false]> : tensor<6xi1>
  // CHECK-DAG: %[[HALVES:.*]] = arith.constant dense<[-1.900390e+00, 2.500000e-01, 3.000000e+02, 0x7E00, 0xFC00, -0.000000e+00]> : tensor<6xf16>
  // CHECK: return %[[SIGNED]], %[[UNSIGNED]], %[[TRUTHS]], %[[HALVES]] :
  %x = arith.constant dense<[-1.9, 0.25, 300.0, 0x7FC00000, -70000.0, -0.0]> : tensor<6xf32>
  %0 = octet.cast %x : tensor<6xf32> -> tensor<6xi8>
  %1 = octet.cast %x : tensor<6xf32> -> tensor<6xui8>
  %2 = octet.cast %x : tensor<6xf32> -> tensor<6xi1>
  %3 = octet.cast %x : tensor<6xf32> -> tensor<6xf16>
  return %0, %1, %2, %3 : tensor<6xi8>, tensor<6xui8>, tensor<6xi1>, tensor<6xf16>
}

// Ties of floats go to even; smaller integers keep the low bits.
// CHECK-LABEL: func @cast_integers
func.func @cast_integers(%x: tensor<3xi32>) -> (tensor<3xf32>, tensor<3xui8>, tensor<3xi1>, tensor<1xi32>, tensor<1xi32>, tensor<2xi64>, tensor<3xi32>) {
  // CHECK-DAG: %[[FLOATS:.*]] = arith.constant dense<[0x4B800000, 0x4B800002, 2.560000e+02]> : tensor<3xf32>
  // CHECK-DAG: %[[LOW:.*]] = arith.constant dense<[1, 3, 0]> : tensor<3xui8>
  // CHECK-DAG: %[[TRUTHS:.*]] = arith.constant dense<true> : tensor<3xi1>
  // CHECK-DAG: %[[UNSIGNED:.*]] = arith.constant dense<200> : tensor<1xi32>
  // CHECK-DAG: %[[SIGNED:.*]] = arith.constant dense<-56> : tensor<1xi32>
  // CHECK-DAG: %[[WIDE:.*]] = arith.constant dense<[1, 0]> : tensor<2xi64>
  // CHECK: return %[[FLOATS]], %[[LOW]], %[[TRUTHS]], %[[UNSIGNED]], %[[SIGNED]], %[[WIDE]], %arg0 :
  %a = arith.constant dense<[16777217, 16777219, 256]> : tensor<3xi32>
  %b = arith.constant dense<200> : tensor<1xui8>
  %c = arith.constant dense<-56> : tensor<1xi8>
  %d = arith.constant dense<[true, false]> : tensor<2xi1>
  %0 = octet.cast %a : tensor<3xi32> -> tensor<3xf32>
  %1 = octet.cast %a : tensor<3xi32> -> tensor<3xui8>
  %2 = octet.cast %a : tensor<3xi32> -> tensor<3xi1>
  %3 = octet.cast %b : tensor<1xui8> -> tensor<1xi32>
  %4 = octet.cast %c : tensor<1xi8> -> tensor<1xi32>
  %5 = octet.cast %d : tensor<2xi1> -> tensor<2xi64>
  %6 = octet.cast %x : tensor<3xi32> -> tensor<3xi32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<3xf32>, tensor<3xui8>, tensor<3xi1>, tensor<1xi32>, tensor<1xi32>, tensor<2xi64>, tensor<3xi32>
}

// All of a dimension backward is not the whole.
// CHECK-LABEL: func @slice
func.func @slice(%x: tensor<1x4xui8>) -> (tensor<1x4xui8>, tensor<1x4xui8>, tensor<2x2xui8>, tensor<2xi1>) {
  // CHECK-DAG: %[[NUMBERS:.*]] = arith.constant dense<{{\[\[}}23, 21], [13, 11]]> : tensor<2x2xui8>
  // CHECK-DAG: %[[TRUTHS:.*]] = arith.constant dense<[false, true]> : tensor<2xi1>
  // CHECK: %[[BACKWARD:.*]] = octet.slice %arg0
  // CHECK-NEXT: return %arg0, %[[BACKWARD]], %[[NUMBERS]], %[[TRUTHS]] :
  %c = arith.constant dense<[[10, 11, 12, 13], [20, 21, 22, 23]]> : tensor<2x4xui8>
  %t = arith.constant dense<[true, true, false]> : tensor<3xi1>
  %0 = octet.slice %x {offsets = array<i64: 0, 0>, sizes = array<i64: 1, 4>, strides = array<i64: 1, 1>} : tensor<1x4xui8> -> tensor<1x4xui8>
  %1 = octet.slice %x {offsets = array<i64: 0, 3>, sizes = array<i64: 1, 4>, strides = array<i64: 1, -1>} : tensor<1x4xui8> -> tensor<1x4xui8>
  %2 = octet.slice %c {offsets = array<i64: 1, 3>, sizes = array<i64: 2, 2>, strides = array<i64: -1, -2>} : tensor<2x4xui8> -> tensor<2x2xui8>
  %3 = octet.slice %t {offsets = array<i64: 2>, sizes = array<i64: 2>, strides = array<i64: -2>} : tensor<3xi1> -> tensor<2xi1>
  return %0, %1, %2, %3 : tensor<1x4xui8>, tensor<1x4xui8>, tensor<2x2xui8>, tensor<2xi1>
}

// CHECK-LABEL: func @concat
func.func @concat(%x: tensor<2x1xi32>) -> (tensor<2x1xi32>, tensor<2x3xi32>, tensor<3x1xi32>) {
  // CHECK-DAG: %[[COLUMNS:.*]] = arith.constant dense<{{\[\[}}1, 9, 9], [2, 9, 9]]> : tensor<2x3xi32>
  // CHECK-DAG: %[[ROWS:.*]] = arith.constant dense<{{\[\[}}1], [2], [8]]> : tensor<3x1xi32>
  // CHECK: return %arg0, %[[COLUMNS]], %[[ROWS]] :
  %a = arith.constant dense<[[1], [2]]> : tensor<2x1xi32>
  %b = arith.constant dense<9> : tensor<2x2xi32>
  %c = arith.constant dense<8> : tensor<1x1xi32>
  %0 = octet.concat %x {axis = 0 : i64} : tensor<2x1xi32> -> tensor<2x1xi32>
  %1 = octet.concat %a, %b {axis = 1 : i64} : tensor<2x1xi32>, tensor<2x2xi32> -> tensor<2x3xi32>
  %2 = octet.concat %a, %c {axis = 0 : i64} : tensor<2x1xi32>, tensor<1x1xi32> -> tensor<3x1xi32>
  return %0, %1, %2 : tensor<2x1xi32>, tensor<2x3xi32>, tensor<3x1xi32>
}

// CHECK-LABEL: func @reshape
func.func @reshape(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3x2xf32>, tensor<3x2xi1>, tensor<6xui8>) {
  // CHECK-DAG: %[[TRUTHS:.*]] = arith.constant dense<{{\[\[}}true, false], [false, true], [true, true]]> : tensor<3x2xi1>
  // CHECK-DAG: %[[SPLAT:.*]] = arith.constant dense<7> : tensor<6xui8>
  // CHECK: %[[MERGED:.*]] = octet.reshape %arg0 : tensor<2x3xf32> -> tensor<3x2xf32>
  // CHECK-NEXT: return %arg0, %[[MERGED]], %[[TRUTHS]], %[[SPLAT]] :
  %t = arith.constant dense<[[true, false, false], [true, true, true]]> : tensor<2x3xi1>
  %s = arith.constant dense<7> : tensor<2x3xui8>
  %0 = octet.reshape %x : tensor<2x3xf32> -> tensor<6xf32>
  %1 = octet.reshape %0 : tensor<6xf32> -> tensor<2x3xf32>
  %2 = octet.reshape %0 : tensor<6xf32> -> tensor<3x2xf32>
  %3 = octet.reshape %t : tensor<2x3xi1> -> tensor<3x2xi1>
  %4 = octet.reshape %s : tensor<2x3xui8> -> tensor<6xui8>
  return %1, %2, %3, %4 : tensor<2x3xf32>, tensor<3x2xf32>, tensor<3x2xi1>, tensor<6xui8>
}

// What programs compute: 0 where there is no quotient, a zero's own sign, nothing of a
// NaN.
// CHECK-LABEL: func @as_at_run_time
func.func @as_at_run_time() -> (tensor<2xi32>, tensor<2xf32>, tensor<2xf32>) {
  // CHECK-DAG: %[[DIV:.*]] = arith.constant dense<[0, -2147483648]> : tensor<2xi32>
  // CHECK-DAG: %[[SIGN:.*]] = arith.constant dense<[-0.000000e+00, 0x7FC00000]> : tensor<2xf32>
  // CHECK-DAG: %[[THRESHOLD:.*]] = arith.constant dense<0.000000e+00> : tensor<2xf32>
  // CHECK: return %[[DIV]], %[[SIGN]], %[[THRESHOLD]] :
  %a = arith.constant dense<-2147483648> : tensor<2xi32>
  %b = arith.constant dense<[-1, 1]> : tensor<2xi32>
  %x = arith.constant dense<[-0.0, 0x7FC00000]> : tensor<2xf32>
  %0 = octet.binary div %a, %b : tensor<2xi32>, tensor<2xi32> -> tensor<2xi32>
  %1 = octet.unary sign %x : tensor<2xf32> -> tensor<2xf32>
  %2 = octet.unary thresholded_relu %x : tensor<2xf32> -> tensor<2xf32>
  return %0, %1, %2 : tensor<2xi32>, tensor<2xf32>, tensor<2xf32>
}

// Constants do not multiply without bound.
// CHECK-LABEL: func @large_constants
func.func @large_constants() -> (tensor<80000000xf32>, tensor<9000x9000xf32>) {
  // CHECK: octet.concat
  // CHECK: octet.binary add
  %a = arith.constant dense<1.0> : tensor<40000000xf32>
  %b = arith.constant dense<1.0> : tensor<9000x1xf32>
  %c = arith.constant dense<2.0> : tensor<9000xf32>
  %0 = octet.concat %a, %a {axis = 0 : i64} : tensor<40000000xf32>, tensor<40000000xf32> -> tensor<80000000xf32>
  %1 = octet.binary add %b, %c : tensor<9000x1xf32>, tensor<9000xf32> -> tensor<9000x9000xf32>
  return %0, %1 : tensor<80000000xf32>, tensor<9000x9000xf32>
}

// A convolution's table is looked up without a zero point: entry i becomes what
// entry i + 10, modulo 256, was.
// CHECK-LABEL: func @rotatedTable
// CHECK-DAG: %[[Z:.*]] = arith.constant 0 : i32
// CHECK-DAG: %[[T:.*]] = arith.constant dense<"0x0A0B{{[0-9A-F]*}}FEFF0001{{[0-9A-F]*}}0809"> : tensor<256xui8>
// CHECK: octet.integer_conv2d {{.*}}, %arg4, %arg4, %[[Z]] table(%[[T]])
// CHECK: octet.integer_conv2d {{.*}}, %arg4, %arg4, %c10_i32 :
func.func @rotatedTable(%x: tensor<1x1x1x1xui8>, %w: tensor<2x1x1x1xsi8>, %b: tensor<2xi32>, %m: tensor<2xf32>, %f: f32) -> (tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>) {
  %z = arith.constant 10 : i32
  %t = arith.constant dense<"0x000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF"> : tensor<256xui8>
  %0 = octet.integer_conv2d %x, %w, %b, %m, %f, %f, %z table(%t) : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> table tensor<256xui8> -> tensor<1x1x1x2xui8>
  %1 = octet.integer_conv2d %x, %w, %b, %m, %f, %f, %z : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> -> tensor<1x1x1x2xui8>
  return %0, %1 : tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>
}

// Where a clamp is that to 8 bits, integers are clamped: with a table, as signed
// ones, entry 0 becoming what entry 128 was.
// CHECK-LABEL: func @saturates
// CHECK-DAG: %[[Z:.*]] = arith.constant -118 : i32
// CHECK-DAG: %[[T:.*]] = arith.constant dense<"0x8081{{[0-9A-F]*}}FEFF0001{{[0-9A-F]*}}7E7F"> : tensor<256xui8>
// CHECK: octet.integer_conv2d {{.*}}, %c10_i32 {saturates}
// CHECK: octet.integer_conv2d {{.*}}, %[[Z]] table(%[[T]]) {saturates}
// CHECK: octet.integer_conv2d {{.*}}, %c10_i32 residual(%{{.*}}) {saturates}
// A clamp to less, a large multiplier, and one that is computed:
// CHECK-COUNT-4: octet.integer_conv2d {{.*}}, %c10_i32 :
func.func @saturates(%x: tensor<1x1x1x1xui8>, %w: tensor<2x1x1x1xsi8>, %b: tensor<2xi32>, %n: tensor<2xf32>, %r: tensor<1x1x1x2xui8>) -> (tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>) {
  %z = arith.constant 10 : i32
  %low = arith.constant -10.0 : f32
  %zero = arith.constant 0.0 : f32
  %high = arith.constant 245.0 : f32
  %less = arith.constant 244.0 : f32
  %rm = arith.constant 3.0 : f32
  %m = arith.constant dense<[0.5, 0.01]> : tensor<2xf32>
  %large = arith.constant dense<[0.5, 0.75]> : tensor<2xf32>
  %t = arith.constant dense<"0x000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF"> : tensor<256xui8>
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %z : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> -> tensor<1x1x1x2xui8>
  %1 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %z table(%t) : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> table tensor<256xui8> -> tensor<1x1x1x2xui8>
  %2 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %z residual(%r, %rm, %z) : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> residual tensor<1x1x1x2xui8> -> tensor<1x1x1x2xui8>
  %3 = octet.integer_conv2d %x, %w, %b, %m, %zero, %high, %z : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> -> tensor<1x1x1x2xui8>
  %4 = octet.integer_conv2d %x, %w, %b, %m, %low, %less, %z : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> -> tensor<1x1x1x2xui8>
  %5 = octet.integer_conv2d %x, %w, %b, %large, %low, %high, %z : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> -> tensor<1x1x1x2xui8>
  %6 = octet.integer_conv2d %x, %w, %b, %n, %low, %high, %z : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> -> tensor<1x1x1x2xui8>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>
}
