"""40 values, each split and joined again, in front of a recurrence."""
T = "tensor<1x4x3xf32>"
H = "tensor<1x2x3xf32>"
print(f"func.func @main(%v0: {T} {{octet.name = \"x\"}}, %r: tensor<3x3xf32>) -> {T} {{")
for i in range(40):
    for part, first in (("a", 0), ("b", 2)):
        print(f"  %{part}{i} = octet.slice %v{i} {{offsets = array<i64: 0, {first}, 0>, "
              f"sizes = array<i64: 1, 2, 3>, strides = array<i64: 1, 1, 1>}} : {T} -> {H}")
    print(f"  %v{i + 1} = octet.concat %a{i}, %b{i} {{axis = 1 : i64}} : {H}, {H} -> {T}")
print(f"  %y, %s = octet.recurrence rnn %v40, %r {{activations = [#octet<activation tanh>], "
      f"alphas = array<f32: 0.0>, betas = array<f32: 0.0>}} : ({T}, tensor<3x3xf32>) -> "
      f"({T}, tensor<1x1x3xf32>)")
print(f"  return %y : {T}\n}}")
