// RUN: octet-opt %s --octet-contract-to-fma | FileCheck %s

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// Two rows, one lane block, two steps: each output is one chain in ascending k.
// CHECK-LABEL: func @rows
func.func @rows(%a: vector<2x2xf32>, %b: vector<2x8xf32>, %c: vector<2x8xf32>) -> vector<2x8xf32> {
  // CHECK: %[[R0:.*]] = math.fma %{{.*}}, %[[B0:.*]], %{{.*}} : vector<8xf32>
  // CHECK: %[[R1:.*]] = math.fma %{{.*}}, %[[B0]], %{{.*}} : vector<8xf32>
  // CHECK: math.fma %{{.*}}, %[[B1:.*]], %[[R0]] : vector<8xf32>
  // CHECK: math.fma %{{.*}}, %[[B1]], %[[R1]] : vector<8xf32>
  // CHECK-NOT: vector.contract
  %0 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>} %a, %b, %c : vector<2x2xf32>, vector<2x8xf32> into vector<2x8xf32>
  return %0 : vector<2x8xf32>
}
