// RUN: not octet-opt %s --octet-x86-dot=isa=mmx 2>&1 | FileCheck %s
// RUN: not octet-opt %s --octet-arm-dot=isa=sve 2>&1 | FileCheck %s --check-prefix=ARM

// CHECK: no x86 instruction set 'mmx'
// ARM: no Arm instruction set 'sve'
func.func @any() {
  return
}
