// One of each operation: OperationsTest asks every one of them all that passes
// ask, and fails where one is missing here.

!border = tensor<1x6x6x4xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>>
!inside = tensor<1x8x8x4xf32, #octet.layout<channels = 4, border = 0, 0, 0, 0>>

func.func @float(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>, %b: tensor<6xf32>,
                 %r: tensor<2x6x6x6xf32>, %l: !border, %m: tensor<2x3xf32>, %n: tensor<3x5xf32>,
                 %c: tensor<4xf32>, %t: tensor<2x8x8x4xi1>, %i: tensor<3xi64>,
                 %g: tensor<2x5x12xf32>, %h: tensor<4x12xf32>, %j: tensor<2x1x4xf32>,
                 %p: tensor<2x5x2xi64>, %u: tensor<2x5x4xf32>, %s: tensor<5x2xi64>,
                 %k: tensor<5x2xf32>, %t4: tensor<1x8x1x8xf32>) {
  %0 = octet.conv2d %x, %w bias(%b) residual(%r) clamp(min 0.0) : tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>, tensor<6xf32> residual tensor<2x6x6x6xf32> -> tensor<2x6x6x6xf32>
  %1 = octet.matmul %m, %n : tensor<2x3xf32>, tensor<3x5xf32> -> tensor<2x5xf32>
  %2 = octet.max_pool2d %x {kernel = array<i64: 2, 2>} : tensor<2x8x8x4xf32> -> tensor<2x7x7x4xf32>
  %3 = octet.avg_pool2d %x {kernel = array<i64: 2, 2>} : tensor<2x8x8x4xf32> -> tensor<2x7x7x4xf32>
  %4 = octet.reduce mean %x {axes = array<i64: 1, 3>} : tensor<2x8x8x4xf32> -> tensor<2x1x8x1xf32>
  %5 = octet.softmax %x {axis = 3 : i64} : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xf32>
  %6 = octet.binary add %x, %c : tensor<2x8x8x4xf32>, tensor<4xf32> -> tensor<2x8x8x4xf32>
  %7 = octet.unary tanh %x : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xf32>
  %8 = octet.clamp %x clamp(max 6.0) : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xf32>
  %9 = octet.cast %x : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xi32>
  %10 = octet.reshape %x : tensor<2x8x8x4xf32> -> tensor<2x64x4xf32>
  %11 = octet.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : tensor<2x8x8x4xf32> -> tensor<2x4x8x8xf32>
  %12 = octet.slice %x {offsets = array<i64: 0, 1, 0, 0>, sizes = array<i64: 2, 2, 8, 4>, strides = array<i64: 1, 2, 1, 1>} : tensor<2x8x8x4xf32> -> tensor<2x2x8x4xf32>
  %13 = octet.pad %x {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 0, 1, 0>, value = 0.0 : f32} : tensor<2x8x8x4xf32> -> tensor<2x9x9x4xf32>
  %14 = octet.border %l {pads = array<i64: 1, 1, 1, 1>, value = 0.0 : f32} : !border -> !inside
  %15 = octet.concat %x, %x {axis = 1 : i64} : tensor<2x8x8x4xf32>, tensor<2x8x8x4xf32> -> tensor<2x16x8x4xf32>
  %16 = octet.copy %x : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xf32>
  %17 = octet.observe %x {key = "x"} : tensor<2x8x8x4xf32>
  %18 = octet.compare lt %x, %c : tensor<2x8x8x4xf32>, tensor<4xf32> -> tensor<2x8x8x4xi1>
  %19 = octet.select %t, %x, %c : tensor<2x8x8x4xi1>, tensor<2x8x8x4xf32>, tensor<4xf32> -> tensor<2x8x8x4xf32>
  %20 = octet.broadcast %c : tensor<4xf32> -> tensor<2x8x4xf32>
  %21 = octet.gather %x, %i {axis = 1 : i64} : tensor<2x8x8x4xf32>, tensor<3xi64> -> tensor<2x3x8x4xf32>
  %22 = octet.prelu %x, %c : tensor<2x8x8x4xf32>, tensor<4xf32> -> tensor<2x8x8x4xf32>
  %28 = octet.resample %x, %s, %k {axis = 1 : i64} : tensor<2x8x8x4xf32>, tensor<5x2xi64>, tensor<5x2xf32> -> tensor<2x5x8x4xf32>
  %23 = octet.map %x : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xf32> {
  ^bb0(%a: f32):
    %e = math.exp %a : f32
    octet.yield %e : f32
  }
  %24:2 = octet.recurrence gru %g, %h initial(%j) {activations = [#octet<activation sigmoid>, #octet<activation tanh>], alphas = array<f32: 0.0, 0.0>, betas = array<f32: 0.0, 0.0>} : (tensor<2x5x12xf32>, tensor<4x12xf32>, tensor<2x1x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  %25 = octet.gather_nd %x, %p {batch_dims = 1 : i64} : tensor<2x8x8x4xf32>, tensor<2x5x2xi64> -> tensor<2x5x4xf32>
  %26 = octet.scatter add %x, %p, %u {batch_dims = 1 : i64} : tensor<2x8x8x4xf32>, tensor<2x5x2xi64>, tensor<2x5x4xf32> -> tensor<2x8x8x4xf32>
  %27 = octet.top_indices %x {axis = 2 : i64, k = 3 : i64} : tensor<2x8x8x4xf32> -> tensor<2x8x3x4xi64>
  %29 = octet.attention %x, %x, %x mask(%t4) {causal = 0 : i64, scale = 0.5 : f32} : (tensor<2x8x8x4xf32>, tensor<2x8x8x4xf32>, tensor<2x8x8x4xf32>, tensor<1x8x1x8xf32>) -> tensor<2x8x8x4xf32>
  %31 = octet.layer_norm %x scale(%c) shift(%c) {epsilon = 1.0e-5 : f32} : tensor<2x8x8x4xf32>, tensor<4xf32> shift tensor<4xf32> -> tensor<2x8x8x4xf32>
  %30 = octet.cumulative cumulative_sum %x {axis = 1 : i64, exclusive} : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xf32>
  return
}

func.func @integer(%x: tensor<2x8x8x4xf32>, %q: tensor<2x8x8x4xui8>, %w: tensor<6x3x3x4xsi8>,
                   %b: tensor<6xi32>, %m: tensor<6xf32>, %one: tensor<1xf32>, %s: tensor<1x1xf32>,
                   %t: tensor<256xui8>, %c: tensor<4xf32>, %p: tensor<5x2xi64>,
                   %k: tensor<5x2xf32>, %l: tensor<6x1x1x4xsi8>, %f: f32, %z: i32) {
  %0 = octet.quantize %x, %one, %one, %f, %f, %z {permutation = array<i64: 0, 1, 2, 3>} : tensor<2x8x8x4xf32>, tensor<1xf32>, tensor<1xf32> -> tensor<2x8x8x4xui8>
  %1 = octet.dequantize %q, %f, %z : tensor<2x8x8x4xui8> -> tensor<2x8x8x4xf32>
  %2 = octet.integer_conv2d %q, %w, %b, %m, %f, %f, %z : tensor<2x8x8x4xui8>, tensor<6x3x3x4xsi8>, tensor<6xi32>, tensor<6xf32> -> tensor<2x6x6x6xui8>
  %3 = octet.integer_avg_pool2d %q, %z, %s, %f, %f, %z {kernel = array<i64: 2, 2>} : tensor<2x8x8x4xui8>, tensor<1x1xf32> -> tensor<2x7x7x4xui8>
  %4 = octet.integer_add %q, %z, %f, %q, %z, %f, %f, %f, %z : tensor<2x8x8x4xui8>, tensor<2x8x8x4xui8> -> tensor<2x8x8x4xui8>
  %9 = octet.integer_extreme %q, %z, %f, %q, %z, %f, %f, %f, %z {smaller} : tensor<2x8x8x4xui8>, tensor<2x8x8x4xui8> -> tensor<2x8x8x4xui8>
  %5 = octet.integer_mul %q, %z, %q, %z, %f, %f, %f, %z : tensor<2x8x8x4xui8>, tensor<2x8x8x4xui8> -> tensor<2x8x8x4xui8>
  %8 = octet.integer_resample %q, %z, %p, %k, %f, %f, %z {axis = 1 : i64} : tensor<2x8x8x4xui8>, tensor<5x2xi64>, tensor<5x2xf32> -> tensor<2x5x8x4xui8>
  %7 = octet.integer_prelu %q, %z, %f, %c, %f, %f, %z : tensor<2x8x8x4xui8>, tensor<4xf32> -> tensor<2x8x8x4xui8>
  %6 = octet.lookup %q, %t : tensor<2x8x8x4xui8>, tensor<256xui8> -> tensor<2x8x8x4xui8>
  %10:3 = octet.dynamic_quantize %x : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xui8>, tensor<2x8x8xf32>, tensor<2x8x8xi32>
  %11 = octet.integer_linear %10#0, %l, %b, %m, %10#1, %10#2 bias(%m) : tensor<2x8x8x4xui8>, tensor<6x1x1x4xsi8>, tensor<6xi32>, tensor<6xf32>, tensor<2x8x8xf32>, tensor<2x8x8xi32>, tensor<6xf32> -> tensor<2x8x8x6xf32>
  return
}
