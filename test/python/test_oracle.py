"""The reference's operations: on numbers worked out by hand, and against programs."""

import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import reference_nets as nets
from octet import errors
from octet.reference import __main__ as command
from octet.reference import graph, mlir_text, mlir_types, numerics
from octet.reference.interpreter import Graph, run_graph
from reference_nets import BOOL, I64, F, Net, tensor

ORACLE = nets.ROOT / "test" / "oracle"


@pytest.mark.parametrize("name", ["integers", "scales"])
def test_numbers_worked_out_by_hand(name, monkeypatch, capsys):
    text = (ORACLE / f"{name}.mlir").read_text()
    expected = re.findall(r"^// CHECK(?:-NEXT)?: (.*)$", text, re.MULTILINE)
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    command.main()
    printed = capsys.readouterr().out.splitlines()
    assert len(expected) == len(printed) > 10
    for line, pattern in zip(printed, expected, strict=True):
        parts = re.split(r"\{\{(.*?)\}\}", pattern)
        parts[::2] = map(re.escape, parts[::2])
        assert re.fullmatch("".join(parts), line), f"{line}: not {pattern}"


def test_the_oracle_needs_numpy_alone():
    """It runs before the package's native part is built, and without the compiler."""
    code = ("import sys, octet.reference.interpreter; print([m for m in sys.modules if "
            "m in ('octet._native', 'octet._driver', 'onnx', 'torch')])")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True,
                            check=True, text=True, timeout=60,
                            env={**os.environ, "PYTHONPATH": str(nets.ROOT / "python")})
    assert result.stdout == "[]\n"


# Against programs in f32 ------------------------------------------------------------

UNARY = ("Neg", "Abs", "Sqrt", "Exp", "Log", "Floor", "Ceil", "Round", "Sign", "Erf",
         "Reciprocal", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh",
         "Asinh", "Acosh", "Atanh", "Sigmoid", "Tanh", "Softplus", "Softsign", "Elu",
         "Selu", "LeakyRelu", "ThresholdedRelu", "HardSigmoid", "HardSwish", "Relu",
         "Gelu", "Mish")


def unary(path):
    n = Net(tensor("x", F, ["N", 64]))
    outputs = []
    for op in UNARY:
        # Where the function is defined, but for some.
        x = n.node("Add", "x", n.constant(np.float32(3))) if op == "Acosh" else "x"
        outputs.append(n.node(op, x, name=op))
    return n.save(path, *(tensor(o, F, ["N", 64]) for o in outputs), opset=20), {
        "x": np.random.default_rng(1).uniform(-2, 2, (3, 64))}


def floats(path):
    n = Net(tensor("a", F, ["N", 6, 5]), tensor("b", F, ["N", 6, 5]))
    pairs = [n.node(op, "a", "b") for op in ("Add", "Sub", "Mul", "Div", "Pow", "Max",
                                             "Min")]
    pairs += [n.node("Mod", "a", "b", fmod=1)]
    pairs += [n.node("Where", n.node(op, "a", "b"), "a", "b")
              for op in ("Less", "Equal", "GreaterOrEqual")]
    pairs += [n.node("CumSum", "a", n.constant(np.int64(1)), exclusive=1, reverse=1)]
    pairs += [n.node("CumSum", "a", n.constant(np.int64(2)))]
    pairs += [n.node("Pad", n.node("Slice", "b", *(n.constant(np.array([v])) for v in (
        4, 0, 2, -1))), n.constant(np.array([0, 0, 0, 0, 0, 1])),
        n.constant(np.float32(0.5)), name="padded")]
    pairs += [n.node("Softmax", "a", axis=1)]
    outputs = [tensor(p, F, [None] * 3) for p in pairs]
    axes = n.constant(np.array([1, 2]))
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"):
        outputs.append(tensor(n.node(op, "a", axes, keepdims=1), F, ["N", 1, 1]))
    values, places = "TopK_v", "TopK_i"
    n.nodes.append(nets.helper.make_node(
        "TopK", ["a", n.constant(np.array([3]))], [values, places], axis=1, name="top"))
    outputs += [tensor(values, F, ["N", 3, 5]), tensor(places, I64, ["N", 3, 5])]
    rng = np.random.default_rng(2)
    return n.save(path, *outputs, opset=18), {
        "a": rng.uniform(0.5, 2, (2, 6, 5)), "b": rng.uniform(-2, 2, (2, 6, 5))}


def integers(path):
    n = Net(tensor("a", I64, ["N", 9]), tensor("b", I64, ["N", 9]),
            tensor("x", F, ["N", 9]), tensor("t", BOOL, ["N", 9]))
    outputs = [tensor(n.node(op, "a", "b"), I64, ["N", 9]) for op in (
        "Add", "Mul", "Div", "Mod", "Pow", "Max", "BitwiseAnd", "BitwiseOr",
        "BitwiseXor")]
    outputs += [tensor(n.node("Mod", "a", "b", fmod=1), I64, ["N", 9])]
    unsigned = [n.node("Cast", v, to=nets.TensorProto.UINT8) for v in "ab"]
    for direction in ("LEFT", "RIGHT"):
        shifted = n.node("BitShift", *unsigned, direction=direction)
        outputs.append(tensor(shifted, nets.TensorProto.UINT8, ["N", 9]))
    outputs += [tensor(n.node("Cast", "x", to=to), to, ["N", 9]) for to in (
        I64, BOOL, nets.TensorProto.INT8, nets.TensorProto.UINT8)]
    outputs += [tensor(n.node("Xor", "t", n.node("Less", "a", "b")), BOOL, ["N", 9])]
    outputs += [tensor(n.node(op, "a", n.constant(np.array([1]))), I64, ["N", 1])
                for op in ("ReduceSum", "ReduceMax", "ReduceProd")]
    rng = np.random.default_rng(3)
    return n.save(path, *outputs, opset=18), {
        "a": rng.integers(-9, 9, (4, 9)), "b": rng.integers(-3, 9, (4, 9)),
        "x": rng.uniform(-1e3, 1e3, (4, 9)), "t": rng.integers(0, 2, (4, 9))}


def layers(path):
    n = Net(tensor("x", F, ["N", 4, 9, 9]), tensor("i", I64, ["N", 2, 1]))
    x = n.node("Conv", "x", n.random(6, 2, 3, 3), n.random(6), group=2, pads=[1] * 4)
    x = n.node("PRelu", x, n.random(6, 1, 1))
    pooled = n.node("AveragePool", x, kernel_shape=[3, 2], strides=[2, 2],
                    pads=[1, 1, 1, 1])
    largest = n.node("MaxPool", x, kernel_shape=[3, 3], dilations=[2, 2])
    resized = n.node("Resize", x, "", n.constant(np.array([1, 1, 2, 2], np.float32)),
                     mode="linear")
    product = n.node("MatMul", x, n.node("Transpose", x, perm=[0, 1, 3, 2]))
    gathered = n.node("GatherND", "x", "i", batch_dims=1)
    joined = n.node("Concat", n.node("Gather", x, n.constant(np.array([0, -1])),
                                     axis=2), n.node("Expand", n.node(
                                         "ReduceMax", "x", axes=[2, 3]),
                                         n.constant(np.array([1, 4, 2, 9]))), axis=1)
    outputs = [tensor(o, F, [None] * 4) for o in (pooled, largest, resized, product,
                                                  joined)]
    outputs.append(tensor(gathered, F, [None] * 4))
    rng = np.random.default_rng(4)
    return n.save(path, *outputs), {"x": rng.standard_normal((2, 4, 9, 9)),
                                    "i": rng.integers(-4, 4, (2, 2, 1))}


def scattered(path):
    """A fixed first dimension: updates may meet."""
    n = Net(tensor("x", F, [2, 5]), tensor("u", F, [3, 5]))
    outputs = [n.node("ScatterND", "x", n.constant(np.array([[0], [1], [0]])), "u",
                      reduction=r) for r in ("none", "add", "mul", "max", "min")]
    rng = np.random.default_rng(5)
    return n.save(path, *(tensor(o, F, [2, 5]) for o in outputs), opset=18), {
        "x": rng.standard_normal((2, 5)), "u": rng.standard_normal((3, 5))}


def recurrences(path):
    n = Net(tensor("x", F, [4, "N", 3]), tensor("n", nets.TensorProto.INT32, ["N"]))
    outputs = []
    for op, gates, activations in (
            ("RNN", 1, ["Affine", "ScaledTanh"]), ("GRU", 3, ["Sigmoid", "Tanh"] * 2),
            ("LSTM", 4, ["Sigmoid", "Tanh", "Tanh"] * 2)):
        weights = [n.random(2, gates * 5, 3), n.random(2, gates * 5, 5),
                   n.random(2, 2 * gates * 5)]
        more = {"activations": activations, "hidden_size": 5,
                "direction": "bidirectional"}
        if op == "RNN":
            more |= {"activation_alpha": [0.5, 0.7], "activation_beta": [0.1, 0.2]}
        if op == "GRU":
            more["linear_before_reset"] = 1
        if op == "LSTM":
            more |= {"input_forget": 1, "clip": 0.5}
            weights += ["n", "", "", n.random(2, 15)]
        outputs.append(n.node(op, "x", *weights, **more))
    outputs.append(n.node("GRU", "x", n.random(1, 15, 3), n.random(1, 15, 5),
                          hidden_size=5))
    rng = np.random.default_rng(6)
    return n.save(path, *(tensor(o, F, [None] * 4) for o in outputs)), {
        "x": rng.standard_normal((4, 2, 3)), "n": np.array([3, 4])}


@pytest.mark.parametrize("make", [unary, floats, integers, layers, scattered])
@pytest.mark.parametrize("phase", ["import", "simplify"])
def test_operations_equal_those_of_programs(make, phase, tmp_path):
    model, arrays = make(tmp_path / "m.onnx")
    expected = nets.program_outputs(model, [], arrays, tmp_path)
    found = run_graph(nets.generic_form(model, phase, tmp_path), arrays)
    assert found.keys() == expected.keys()
    wrong = {k: v.difference(expected[k]) for k, v in found.items()}
    assert not any(wrong.values()), {k: v for k, v in wrong.items() if v}


def test_recurrences_equal_those_of_programs(tmp_path):
    model, arrays = recurrences(tmp_path / "m.onnx")
    flags = ["--dim", "N=2"]
    expected = nets.program_outputs(model, flags, arrays, tmp_path)
    found = run_graph(nets.generic_form(model, "simplify", tmp_path, *flags), arrays)
    wrong = {k: v.difference(expected[k]) for k, v in found.items()}
    assert len(wrong) == 4
    assert not any(wrong.values()), wrong
    assert all(v.slack == graph.ROUNDED for v in found.values())


def test_resampled_integers_equal_those_of_programs(tmp_path):
    """Behind fold-scales, where integers and multipliers are the compiler's."""
    for name in ("mixed", "convolutional"):
        model = getattr(nets, name)(tmp_path / f"{name}.onnx")
        ranges = nets.calibrate(model, nets.data(name, 8), tmp_path)
        arrays = nets.data(name, 2, 7)
        flags = ["--ranges", ranges]
        expected = nets.program_outputs(model, flags, arrays, tmp_path)
        found = run_graph(nets.generic_form(model, "fold-scales", tmp_path, *flags),
                          arrays)
        for key, value in found.items():
            assert value.difference(expected[key]) is None


# Arithmetic -------------------------------------------------------------------------


def test_fma_rounds_once():
    """The exact product is a hair above, or below, the middle of two f32."""
    one = np.float32(1 + 2.0 ** -12)  # squared: 1 + 2^-11 + 2^-24
    tiny = np.float32(2.0 ** -60)
    for c, expected in ((tiny, 1 + 2.0 ** -11 + 2.0 ** -23), (-tiny, 1 + 2.0 ** -11),
                        (0, 1 + 2.0 ** -11)):
        assert numerics.fma(np.array([one]), np.array([one]), np.array([c])) == \
            np.float32(expected)


def test_accumulators_that_leave_32_bits():
    with pytest.raises(OverflowError, match="leaves 32 bits"):
        numerics.to_i32(np.array([2 ** 31]))


def test_differences_are_told():
    value = graph.Value(np.float32([[1, 2]]))
    assert value.difference(np.float32([[1, 2]])) is None
    assert value.difference(np.float32([[1, 3]])) == (
        "1 of 2 values differ, first at [0, 1]: np.float32(3.0), not np.float32(2.0)")
    assert value.difference(np.float32([1, 2])) == "float32[2], not float32[1, 2]"
    rounded = graph.Value(np.float32([1, 2]), graph.ROUNDED)
    assert rounded.difference(np.float32([1 + 1e-7, 2])) is None
    wild = graph.Value(np.float32([np.nan, np.inf, 2]), graph.ROUNDED)
    assert wild.difference(np.float32([np.nan, np.inf, 2])) is None
    assert wild.difference(np.float32([1, np.inf, 2])) == "noise is nan of the signal"
    assert rounded.difference(np.float32([1.1, 2])) == "noise is 0.002 of the signal"


# Text -------------------------------------------------------------------------------


def function(body, arguments="", results="tensor<2xf32>"):
    return ('"builtin.module"() ({"func.func"() <{function_type = () -> ' + results +
            ', sym_name = "main"}> ({\n' + arguments + body + '\n}) : () -> ()}) '
            '{octet.phase = "simplify"} : () -> ()')


def constant(value, kind="tensor<2xf32>"):
    return (f'%x = "arith.constant"() <{{value = dense<{value}> : {kind}}}> : () -> '
            f'{kind} loc(#loc3)\n"func.return"(%x) : ({kind}) -> ()')


@pytest.mark.parametrize(("value", "kind", "expected"), [
    ("[0x7FC00000, 0xFF800000]", "tensor<2xf32>", [np.nan, -np.inf]),
    ('"0x0000803F00000040"', "tensor<2xf32>", [1, 2]),
    ("1.5", "tensor<3xf64>", [1.5] * 3),
    ("0x3FF0000000000000", "tensor<1xf64>", [1]),
    ('"0x05"', "tensor<5xi1>", [1, 0, 1, 0, 0]),
    ("[true, false]", "tensor<2xi1>", [1, 0]),
    ("[-1, 0x7F]", "tensor<2xi64>", [-1, 127]),
    ("", "tensor<0xf32>", [])])
def test_constants(value, kind, expected):
    main = mlir_text.functions(function(constant(value, kind)))["main"]
    (found,) = Graph(main).run([])
    np.testing.assert_array_equal(found.array, expected)


def test_resources_and_names():
    text = function(
        '%x = "arith.constant"() <{value = dense_resource<w> : tensor<2xf32>}> '
        '{a = @sym, b, c = array<i1: true, false>, d = array<f32: 1.5>, e = array<i64>,'
        ' f = true, g = "q\\22\\C3\\A9" : none, h = {i = 1 : i32}} '
        ': () -> tensor<2xf32>'
        ' loc(fused<"x">["g.mlir":1:2, #loc2, callsite("a" at "b"), "own"])\n'
        '"func.return"(%x) : (tensor<2xf32>) -> () loc(unknown)') + (
        '\n#loc1 = loc("value")\n#loc2 = loc("node"(#loc1))\n{-# dialect_resources: '
        '{builtin: {w: "0x040000000000803F00000040"}} #-}')
    module = mlir_text.module(text)
    assert module.attributes == {"octet.phase": "simplify"}
    op, end = module.functions["main"].regions[0][2]
    assert op.nodes == ["node", "own"]
    assert op.node == "own"
    assert end.node == ""
    assert op.get("c") == [True, False]
    assert (op.get("a"), op.get("b"), op.get("d"), op.get("e"), op.get("g")) == (
        "@sym", True, [1.5], [], 'q"é')
    assert op.get("h") == {"i": 1}
    assert op.get("value").tolist() == [1, 2]


@pytest.mark.parametrize(("text", "said"), [
    ("\n~", "line 2: cannot read '~'"),
    ("%0 = octet.copy %x", "line 1: not MLIR's generic form: 'octet.copy'"),
    ('"a"() : () ->', "the text ends too early"),
    ('"a"() ; ()', "cannot read ';"),
    ('"a"() ({ : ', "not MLIR's generic form")])
def test_text_that_cannot_be_read(text, said):
    with pytest.raises(mlir_types.MlirError, match=said):
        mlir_text.module(text)


def unary_op(name, attributes="", operand="tensor<2xf32>", result="tensor<2xf32>"):
    return function(
        f'%x = "arith.constant"() <{{value = dense<1.0> : tensor<2xf32>}}> : () -> '
        f'{operand}\n%y = "{name}"(%x) {{{attributes}}} : ({operand}) -> {result}\n'
        f'"func.return"(%y) : ({result}) -> ()')


U8 = "!quant.uniform<u8:f32, 0.5:10>"


@pytest.mark.parametrize(("text", "said"), [
    (unary_op("octet.fold"), "the reference does not know 'octet.fold'"),
    (unary_op("octet.unary", "kind = #octet<unary_kind haar>"), "'haar' of"),
    (unary_op("octet.reshape", result="tensor<1x2xf32>", operand="tensor<2xf32>"
              ).replace("tensor<1x2xf32>", "tensor<3xf32>"), "cannot reshape"),
    (unary_op("octet.copy", result="tensor<3xf32>"), r"gives \(2,\), not \(3,\)"),
    (unary_op("quant.dcast"), "f32 has no scale for the whole tensor"),
    (unary_op("quant.qcast"), "a result without a scale"),
    (unary_op("octet.copy").replace("dense<1.0>", "dense_resource<__elided__>"),
     "a constant that was left out"),
    (unary_op("octet.copy").replace("dense<1.0>", "dense_resource<c0123456789abcdef>"),
     "a constant that was left out"),
    (function('"octet.nothing"() : () -> ()').replace("octet.nothing", "octet.end"),
     "does not know 'octet.end'"),
    (function(""), "a function without func.return"),
    (unary_op("octet.map").replace("{}", "({^bb0(%v: f32):})", 1), "octet.yield"),
    (unary_op("octet.map").replace(
        "{}", '({^bb0(%v: f32): %w = "math.haar"(%v) : (f32) -> f32})', 1),
     "'math.haar' of 'octet.map'")])
def test_graphs_that_cannot_be_computed(text, said):
    with pytest.raises((errors.Error, ValueError), match=said):
        Graph(mlir_text.functions(text)["main"]).run([])


def test_integers_that_leave_their_type():
    text = unary_op("octet.copy", result=f"tensor<2x{U8}>").replace(
        "dense<1.0>", "dense<300.0>")
    with pytest.raises(OverflowError, match="leaves u8"):
        Graph(mlir_text.functions(text)["main"]).run([])


def test_types_without_values():
    with pytest.raises(mlir_types.MlirError, match="no values of type !a"):
        mlir_types.Type("!a").dtype()
    with pytest.raises(mlir_types.MlirError, match="is not stored in 8 bits"):
        graph.storage_bounds(mlir_types.Type("f32"))
