"""Graphs that the importer simplifies, takes in part, or refuses.

    graphs.py --octet BIN

What is taken must agree with ONNX Runtime (or, where that lacks the operator
set, with ONNX's reference) to 1e-5 of the largest value, in FP32 for `generic`;
what is folded must be gone from the imported graph; what is refused must be
refused in one sentence.
"""

import argparse
import filecmp
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.reference
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(11)
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
TYPES = {np.dtype(t): n for n, t in (
    (FLOAT, np.float32), (TensorProto.DOUBLE, np.float64), (TensorProto.FLOAT16, np.float16),
    (INT64, np.int64), (TensorProto.INT32, np.int32), (TensorProto.INT16, np.int16),
    (TensorProto.INT8, np.int8), (TensorProto.UINT8, np.uint8), (TensorProto.UINT16, np.uint16),
    (BOOL, np.bool_))}


def weights(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)


def node(op, inputs, outputs="y", name="", **attributes):
    return helper.make_node(op, inputs.split(" ") if inputs else [], outputs.split(" "),
                            name=name, **attributes)


def model(nodes, inputs, outputs=(("y", FLOAT),), opset=17, functions=(), domains=(),
          **initializers):
    """`inputs` are (name, type, shape), initializers NumPy arrays."""
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(*i) for i in inputs],
        [helper.make_tensor_value_info(n, t, None) for n, t in outputs],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in initializers.items()])
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=imports, functions=functions,
                             ir_version=8)


X = [("x", FLOAT, [2, 3, 4])]
BATCH = [("x", FLOAT, ["N", 3, 4])]


def branch(name, nodes, output, **initializers):
    return helper.make_graph(
        nodes, name, [], [helper.make_tensor_value_info(output, FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in initializers.items()])


def choose(condition, opset=17):
    """x · w (an outer name) or x + 1, by a constant."""
    return model(
        [node("If", "c", then_branch=branch("then", [node("Mul", "x w", "t")], "t"),
              else_branch=branch("else", [node("Unique", "x", "u"), node("Add", "u one", "e")],
                                 "e", one=np.float32(1)) if condition else
              branch("else", [node("Add", "x one", "e")], "e", one=np.float32(1)))],
        X, opset=opset, c=np.array(condition), w=np.float32(3))


def function(name, inputs, outputs, nodes, attributes=(), defaults=()):
    return helper.make_function("local", name, inputs, outputs, nodes,
                                [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)],
                                attributes, defaults)


def referring(op, inputs, output, attribute, to):
    made = node(op, inputs, output)
    made.attribute.append(helper.make_attribute(attribute, 0.0))
    made.attribute[0].CopyFrom(onnx.AttributeProto(
        name=attribute, ref_attr_name=to, type=onnx.AttributeProto.FLOAT))
    return made


LEAKY = function("Leaky", ["a", "b"], ["r"],
                 [referring("LeakyRelu", "a", "n", "alpha", "slope"),
                  node("Add", "n b", "r")], ["slope"])
DEFAULT = function("Default", ["a"], ["r"], [referring("Elu", "a", "r", "alpha", "size")],
                   defaults=[helper.make_attribute("size", 0.25)])
NESTED = function("Nested", ["a", "unused"], ["r", "s"],
                  [node("Leaky", "a a", "m", domain="local", slope=0.5),
                   node("Default", "m", "r", domain="local"),
                   node("Sin", "a", "s")])
DOMAIN = dict(domains=["local"])

# Name, model, operations that the imported graph must not hold (a pattern).
ONES = [("x", FLOAT, ["N", 5])]
TO_IMAGE = [node("Relu", "x", "q"), node("Reshape", "q shape", "r")]
QKV = [("x", FLOAT, ["N", 3, 8]), ("k", FLOAT, ["N", 5, 4]), ("v", FLOAT, ["N", 5, 6])]
SEEN = np.tril(np.ones((3, 5), bool), 1)
TAKEN = [
    *((f"attention {attributes}", model([node("Attention", "x k v m", q_num_heads=4, kv_num_heads=2, **attributes)], QKV,
                                        opset=23, m=mask), "")
      for attributes in ({}, dict(is_causal=1), dict(softcap=2.0, scale=0.3)) for mask in (SEEN, weights(4, 3, 5))),
    *((f"rotary embedding {attributes}", model([node("RotaryEmbedding", "x c s p", **attributes)], [
        ("x", FLOAT, [2, 2, 3, 8])], opset=23, p=ints(0, 3, 8, 1, 2, 7).reshape(2, 3), c=weights(9, half), s=weights(9, half)), "")
      for attributes, half in (({}, 4), (dict(interleaved=1), 4), (dict(rotary_embedding_dim=6), 3))),
    # Dimensions of size one that an operation mixes or moves are not broadcast.
    ("maximum of one", model([*TO_IMAGE, node("MaxPool", "r", kernel_shape=[1, 1])], ONES, shape=ints(-1, 5, 1, 1)), ""),
    ("mean of one", model([*TO_IMAGE, node("ReduceMean", "r", axes=[3])], ONES, shape=ints(-1, 5, 1, 1)), ""),
    ("softmax of one", model([*TO_IMAGE, node("Softmax", "r", axis=3)], ONES, shape=ints(-1, 5, 1, 1)), ""),
    ("product of one", model([*TO_IMAGE, node("MatMul", "r w")], ONES, shape=ints(-1, 1, 5, 1), w=weights(1, 1)), ""),
    ("filter of one", model([*TO_IMAGE, node("Conv", "r w")], [("x", FLOAT, ["N", 1])], shape=ints(-1, 1, 1, 1),
                            w=weights(1, 1, 1, 1)), ""),
    ("mean of a line of one", model([node("Slice", "x s e a", "q"), node("AveragePool", "q", kernel_shape=[1], strides=[2])],
                                    [("x", FLOAT, ["N", 3, 6])], s=ints(0), e=ints(1), a=ints(2)), ""),
    ("one in reverse", model([node("Conv", "x w", "q"), node("Slice", "q s e a t")], [("x", FLOAT, ["N", 1, 11])],
                             w=weights(1, 1, 1), s=ints(0), e=ints(-5), a=ints(1), t=ints(-1)), ""),
    ("reshape of a computed shape", model(
        [node("Shape", "x", "s"), node("Gather", "s zero", "n", axis=0),
         node("Unsqueeze", "n axes", "m"), node("Concat", "m rest", "t", axis=0),
         node("Reshape", "x t")], BATCH, zero=np.int64(0), axes=ints(0), rest=ints(-1)),
     "gather|concat"),
    ("slice of a shape, arithmetic", model(
        [node("Shape", "x", "s", start=1, end=3), node("Slice", "s b e", "first"),
         node("Slice", "s e l", "second"), node("Mul", "first second", "size"),
         node("Concat", "minus size", "t", axis=0), node("Reshape", "x t")], BATCH,
        b=ints(0), e=ints(1), l=ints(2), minus=ints(-1)), "concat|binary|slice"),
    ("product of a shape", model(
        [node("Shape", "x", "s"), node("Slice", "s b e", "d"), node("ReduceProd", "d", "p", keepdims=1),
         node("Concat", "minus p", "t", axis=0), node("Reshape", "x t")], BATCH,
        b=ints(1), e=ints(9), minus=ints(-1)), "reduce|concat"),
    ("product of no dimensions", model(
        [node("Shape", "w", "s"), node("ReduceProd", "s", "p", keepdims=1), node("Cast", "p", "f", to=FLOAT),
         node("Mul", "x f")], X, w=np.float32(4)), "reduce|cast"),
    ("integers and choices", model(
        [node("Size", "w", "n"), node("Less", "n five", "c"), node("Not", "c", "d"),
         node("And", "c d", "never"), node("Or", "c d", "always"), node("Xor", "always never", "z"),
         node("Where", "z a b", "k"), node("Mod", "k three", "m"), node("Neg", "m", "g"),
         node("Abs", "g", "h"), node("Max", "h five", "i"), node("Min", "i three", "j"),
         node("Cast", "j", "f", to=FLOAT), node("Mul", "x f")], X, w=weights(2, 5), five=np.int64(5),
        three=np.int64(3), a=ints(7, 8, -9, 4), b=ints(1, 2, 3, 4)), "select|cast|compare"),
    ("comparisons", model(
        [node("Greater", "a b", "p"), node("GreaterOrEqual", "a b", "q"), node("LessOrEqual", "a b", "r"),
         node("Equal", "a b", "s"), *(node("Cast", c, c + "f", to=FLOAT) for c in "pqrs"),
         node("Sum", "x pf qf rf sf")], X, a=ints(1, 5, -3, 2), b=ints(2, 5, -4, 0)), "compare|cast"),
    ("filled and counted", model(
        [node("ConstantOfShape", "s", "c", value=numpy_helper.from_array(np.array([2], np.float32))),
         node("Range", "zero four one", "r"), node("Cast", "r", "f", to=FLOAT), node("Mul", "c f", "w"),
         node("Add", "x w")], X, s=ints(3, 4), zero=np.int64(0), four=np.int64(4), one=np.int64(1)),
     "cast|Mul"),
    ("range down in floats", model(
        [node("Range", "a b c", "r"), node("Add", "x r")], X, a=np.float32(3), b=np.float32(0.5),
        c=np.float32(-0.7)), "cast"),
    ("expanded, tiled and padded", model(
        [node("Expand", "a s", "e"), node("Tile", "e t", "f"), node("Pad", "f p", "g"),
         node("Transpose", "g", "h", perm=[1, 0]), node("MatMul", "x h")], X,
        a=weights(1, 2), s=ints(3, 2), t=ints(1, 2), p=ints(0, 0, 2, 0)),
     "broadcast|pad|transpose"),
    ("weights of functions", model(
        [node("Exp", "w", "a"), node("Log", "a", "b"), node("Sqrt", "a", "c"), node("Floor", "b", "d"),
         node("Sigmoid", "b", "e"), node("Sum", "b c d e", "f"), node("ReduceMean", "f", "g", axes=[0]),
         node("Sub", "f g", "h"), node("MatMul", "x h")], X, w=weights(4, 6)), "unary|reduce|binary"),
    ("product of constants", model(
        [node("MatMul", "a b", "w"), node("MatMul", "x w")], X, a=weights(4, 3), b=weights(3, 6)), ""),
    ("scattered", model(
        [node("ScatterND", "a i u", "w"), node("MatMul", "x w")], X, a=weights(4, 3),
        i=ints(3, 0).reshape(2, 1), u=weights(2, 3)), ""),
    ("triangle and positions", model(
        [node("Trilu", "w k", "l", upper=0), node("NonZero", "l", "p"), node("ReduceMax", "p", "m", axes=[1], keepdims=0),
         node("Gather", "m one", "n"), node("Cast", "n", "f", to=FLOAT), node("MatMul", "x l", "z"),
         node("Mul", "z f")], X, w=weights(4, 4), k=np.int64(1), one=np.int64(1)), "select|reduce"),
    ("dequantized weights", model(
        [node("DequantizeLinear", "q s z", "w", axis=1), node("MatMul", "x w")], X,
        q=RNG.integers(-128, 128, (4, 6)).astype(np.int8), s=np.abs(weights(6)), z=np.arange(6, dtype=np.int8)),
     "cast|binary"),
    ("half and double weights", model(
        [node("Cast", "h", "a", to=FLOAT), node("Cast", "d", "b", to=FLOAT), node("Mul", "x a", "m"),
         node("Add", "m b")], X, h=weights(4).astype(np.float16), d=weights(4).astype(np.float64)), "cast"),
    ("an empty list of axes", model(
        [node("Slice", "s b b", "axes"), node("Concat", "axes one", "all", axis=0),
         node("Unsqueeze", "x all")], X, s=ints(1, 2), b=ints(0), one=ints(1)), "concat"),
    ("dead nodes", model(
        [node("Unique", "x", "dead"), node("Unique", "dead", "too"), node("Relu", "x")], X), "binary"),
    ("a mask that nobody reads", model([node("Dropout", "x", "y mask")], X), "constant"),
    ("indices that nobody reads", model(
        [node("MaxPool", "x", "y indices", kernel_shape=[2])], X), ""),
    ("parts", model(
        [node("Split", "x s", "a b c", axis=2), node("Concat", "c a", "y", axis=2)], X, s=ints(1, 2, 1)), ""),
    ("equal parts", model(
        [node("Split", "x", "a b", axis=2, num_outputs=2), node("Sub", "a b")], X, opset=18), ""),
    ("not sorted", model([node("Relu", "h"), node("Neg", "x", "h")], X), ""),
    ("a branch", choose(True), "[Ii]f"),
    ("the other branch", choose(False), "[Ii]f"),
    ("a function", model([node("Leaky", "x w", domain="local", slope=0.2)], X,
                         functions=[LEAKY], **DOMAIN, w=weights(4)), ""),
    ("functions in functions", model(
        [node("Nested", "x x", "h u", domain="local"), node("Nested", "h x", "y v", domain="local")], X,
        functions=[LEAKY, DEFAULT, NESTED], **DOMAIN), ""),
    ("bias at run time", model(
        [node("Gemm", "a w b")], [("a", FLOAT, [2, 4]), ("b", FLOAT, [6])], w=weights(4, 6)), ""),
    ("normalized by inputs", model(
        [node("BatchNormalization", "x s b m v")], X + [("s", FLOAT, [3])],
        b=weights(3), m=weights(3), v=np.abs(weights(3)) + 1), ""),
    ("clipped by an input", model([node("Clip", "x lo hi")], X + [("lo", FLOAT, [])], hi=np.float32(0.5)), ""),
    ("rows of the batch", model(
        [node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Concat", "n rest", "t", axis=0),
         node("Expand", "token t", "e"), node("Concat", "e x", "y", axis=1)], BATCH,
        zero=ints(0), rest=ints(1, 4), token=weights(1, 1, 4)), ""),
    ("a start of zeros", model(
        [node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Concat", "n rest", "t", axis=0),
         node("ConstantOfShape", "t", "h"), node("MatMul", "h w", "hw"), node("MatMul", "x u", "xu"),
         node("Add", "hw xu", "z"), node("Add", "z b", "y")], BATCH,
        zero=ints(0), rest=ints(3, 4), w=weights(4, 2), u=weights(4, 2), b=weights(2)), ""),
]

# Dimensions that flags fix: name, model, flags, shapes of inputs, operations that the imported graph must not hold.
IMAGE = [("x", FLOAT, [1, 3, "H", "W"])]
HALVED = [node("Shape", "x", "s"), node("Slice", "s two end", "hw"), node("Div", "hw two", "half"), node("Slice", "s zero two", "nc"),
          node("Concat", "nc half minus", "t", axis=0), node("Reshape", "x t")]
HALVES = dict(two=ints(2), end=ints(4), zero=ints(0), minus=ints(-1))


def stale():
    """Shapes of values as another size of the input would give them."""
    made = model([node("Relu", "x", "r"), node("Neg", "r")], IMAGE)
    made.graph.value_info.append(helper.make_tensor_value_info("r", FLOAT, [1, 3, 7, 7]))
    made.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", FLOAT, [1, 3, 7, "W"]))
    return made


def negative():
    made = model([node("Relu", "x")], [("x", FLOAT, [1, 2, 3])])
    for d in made.graph.input[0].type.tensor_type.shape.dim[:2]:
        d.dim_value = -1
    return made


STATE = [("x", FLOAT, ["N", 4]), ("h", FLOAT, [2, "N", 4])]
STEP = [node("Gather", "h i", "g", axis=0), node("Add", "x g")]
PINNED = [
    ("by name", model(HALVED, IMAGE, **HALVES), ["--dim", "H=4", "--dim", "W=6"], {"x": [1, 3, 4, 6]}, "concat|slice|binary"),
    ("by shape", model(HALVED, IMAGE, **HALVES), ["--shape", "x=1x3x4x6"], {"x": [1, 3, 4, 6]}, "concat|slice|binary"),
    ("by both", model(HALVED, IMAGE, **HALVES), ["--shape", "x=1x3x4x6", "--dim", "W=6", "--shape=x=1x3x4x6"], {"x": [1, 3, 4, 6]}, ""),
    ("the batch", model(HALVED, [("x", FLOAT, ["N", 3, 4, 6])], **HALVES), ["--dim", "N=5"], {"x": [5, 3, 4, 6]}, ""),
    ("samples that meet", model([node("ReduceMean", "x", axes=[0])], [("x", FLOAT, ["N", 4])]), ["--shape", "x=3x4"], {"x": [3, 4]}, ""),
    ("a batch that is second", model(STEP, STATE, i=np.int64(1)), ["--dim", "N=1"], {"x": [1, 4], "h": [2, 1, 4]}, ""),
    ("what has its name", model(STEP, STATE, i=np.int64(1)), ["--shape", "h=2x3x4"], {"x": [3, 4], "h": [2, 3, 4]}, ""),
    ("no shape", model([node("Mul", "x s")], [("x", FLOAT, None), ("s", FLOAT, None)]), ["--shape", "x=2x3", "--shape", "s="],
     {"x": [2, 3], "s": []}, ""),
    ("names of anything", model([node("Add", "a:0=b x=y")], [("a:0=b", FLOAT, ["n=m:1", 3]), ("x=y", FLOAT, ["x", 3])]),
     ["--shape", "a:0=b=2x3", "--dim=x=2"], {"a:0=b": [2, 3], "x=y": [2, 3]}, ""),
    ("no name", model([node("Add", "a b")], [("a", FLOAT, ["?", "?"]), ("b", FLOAT, [2, 3])]), ["--shape", "a=2x3"],
     {"a": [2, 3], "b": [2, 3]}, ""),
    ("one name for all", model([node("Relu", "x")], [("x", FLOAT, ["None", "None", 4])]), ["--shape", "x=2x3x4"], {"x": [2, 3, 4]}, ""),
    ("negative sizes", negative(), ["--shape", "x=2x5x3"], {"x": [2, 5, 3]}, ""),
    ("stale shapes", stale(), ["--dim", "H=4", "--dim", "W=5"], {"x": [1, 3, 4, 5]}, ""),
    ("positions", model(
        [node("Shape", "x", "s"), node("Gather", "s one", "n"), node("Range", "zero n one", "r"), node("Gather", "table r", "e"), node("Add", "x e")],
        [("x", FLOAT, ["N", "L", 4])], zero=np.int64(0), one=np.int64(1), table=weights(9, 4)), ["--dim", "L=5"], {"x": [1, 5, 4]}, "gather"),
]

# Types of inputs and outputs: name, model, what the imported function is like.
TYPED = [
    ("half", model([node("Add", "x w")], [("x", TensorProto.FLOAT16, [2, 3])], [("y", TensorProto.FLOAT16)],
                   w=weights(3).astype(np.float16)),
     r"tensor<2x3xf16>.*-> \(?tensor<2x3xf16>"),
    ("double", model([node("Mul", "x x")], [("x", TensorProto.DOUBLE, [2, 3])], [("y", TensorProto.DOUBLE)]),
     r"tensor<2x3xf64>.*-> \(?tensor<2x3xf64>"),
    ("indices", model([node("Gather", "w i")], [("i", INT64, [2, 3])], w=weights(5, 4)), r"tensor<2x3xi64>"),
    ("integers", model([node("Add", "a b", "c"), node("Mul", "c b")], [("a", TensorProto.INT32, [4]), ("b", TensorProto.INT32, [4])],
                       [("y", TensorProto.INT32)]), r"tensor<4xi32>.*-> \(?tensor<4xi32>"),
    ("bytes", model([node("Cast", "a", to=FLOAT)], [("a", TensorProto.INT8, [4])]), r"tensor<4xi8>"),
    ("truth", model([node("Where", "c x k")], [("c", BOOL, [2, 3]), ("x", FLOAT, [2, 3])], k=np.float32(2)), r"tensor<2x3xi1>"),
    ("comparison", model([node("Less", "x k")], [("x", FLOAT, [2, 3])], [("y", BOOL)], k=np.float32(0)),
     r"-> \(?tensor<2x3xi1>"),
    ("sum of integers", model([node("ReduceSum", "a ax", keepdims=0)], [("a", INT64, [4, 3])], [("y", INT64)], ax=ints(1)),
     r"-> \(?tensor<4xi64>"),
    ("powers", model([node("Pow", "a k")], [("a", INT64, [4])], [("y", INT64)], k=ints(3, 0, 2, 5)), "pow.*i64"),
    ("powers by floats", model([node("Pow", "a k")], [("a", TensorProto.INT32, [4])], [("y", TensorProto.INT32)], k=np.float32(2)), "f32"),
    ("shifted", model([node("BitShift", "a k", "s", direction="LEFT"), node("BitShift", "s j", direction="RIGHT")],
                      [("a", TensorProto.UINT8, [4])], [("y", TensorProto.UINT8)],
                      k=np.array([0, 1, 5, 7], np.uint8), j=np.array([2, 0, 5, 3], np.uint8)), "shift_left.*shift_right|shift_left"),
    ("bits", model([node("BitwiseAnd", "a b", "c"), node("BitwiseOr", "c k", "d"), node("BitwiseNot", "d", "e"), node("BitwiseXor", "e a")],
                   [("a", TensorProto.INT32, [4]), ("b", TensorProto.INT32, [4])], [("y", TensorProto.INT32)], opset=18, k=np.int32(5)), "xor"),
    ("infinite", model([node("Div", "x zero", "d"), node("IsInf", "d", detect_negative=0)], [("x", FLOAT, [2, 3])], [("y", BOOL)], zero=np.float32(0)), "compare"),
    ("sums of sizes", model([node("ReduceL1", "a", axes=[1], keepdims=0)], [("a", TensorProto.INT32, [4, 3])], [("y", TensorProto.INT32)]), r"octet.reduce +sum"),
    ("divided and powers", model([node("Div", "a b")], [("a", INT64, [4]), ("b", INT64, [4])], [("y", INT64)]), "i64"),
]

CONV = dict(w=weights(2, 3, 3))
SELF = function("Again", ["a"], ["r"], [node("Again", "a", "r", domain="local")])
REFUSED = [
    *((f"an input of type {TensorProto.DataType.Name(t)}",
       model([node("Cast", "a", to=FLOAT)], [("a", t, [4])]), "input has element type")
      for t in (TensorProto.INT16, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64)),
    *((f"an output of type {TensorProto.DataType.Name(t)}",
       model([node("Cast", "x", to=t)], [("x", FLOAT, [4])], [("y", t)]), "output is declared as")
      for t in (TensorProto.INT16, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64)),
    ("two operators", model(
        [node("DFT", "x w w", "a", name="rnn1"), node("DFT", "a w w", "b", name="rnn2"),
         node("Unique", "b", "y", name="u")], X, w=weights(3)),
     r"2 operators are not supported: DFT \(2 nodes, first 'rnn1'\), Unique \(1 node, 'u'; the size of its result depends on data\); .*--output VALUE"),
    ("another domain", model([node("FastGelu", "x", name="f", domain="com.microsoft")], X, domains=["com.microsoft"]),
     r"1 operator is not supported: com\.microsoft\.FastGelu \(1 node, 'f'\)"),
    ("in a function", model([node("Bad", "x", name="call", domain="local")], X, **DOMAIN, functions=[
        function("Bad", ["a"], ["r"], [node("DFT", "a a a", "r", name="inner")])]), r"DFT \(1 node, 'y/inner'\)"),
    ("in the branch taken", model([node("If", "c", then_branch=branch("t", [node("DFT", "x x x", "z")], "z"),
                                        else_branch=branch("e", [node("Relu", "x", "z")], "z"))], X, c=np.array(True)),
     r"DFT \(1 node, 'z'\)"),
    ("an endless function", model([node("Again", "x", domain="local")], X, **DOMAIN, functions=[SELF]), "calls itself"),
    ("a name that is itself", model([node("Same", "y", domain="local")], X, **DOMAIN, functions=[
        function("Same", ["a"], ["a"], [])]), "no node computes this output"),
    ("a recurrence's direction", model([node("LSTM", "x w w", direction="up")], X, w=weights(1, 16, 4)),
     "direction 'up' is unknown; it is forward, reverse or bidirectional"),
    ("a recurrence's layout", model([node("GRU", "x w w", layout=2)], X, w=weights(1, 12, 4)), "layout must be 0 or 1"),
    ("a recurrence's sizes", model([node("GRU", "x w w")], X, w=weights(1, 12, 5)), r"R must be of shape \[1, 15, 5\]"),
    ("a recurrence's rank", model([node("RNN", "x w w")], X, w=weights(4, 4)), "R must have three dimensions"),
    ("a recurrence's hidden size", model([node("RNN", "x w w", hidden_size=-3)], X, w=weights(1, 4, 4)),
     "hidden_size must be 4, the last dimension of R"),
    ("a recurrence's activation", model([node("RNN", "x w w", activations=["Swish"])], X, w=weights(1, 4, 4)),
     "activation 'Swish' is not supported"),
    ("a recurrence's activations", model([node("LSTM", "x w w", activations=["Tanh"])], X, w=weights(1, 16, 4)),
     "must name 3 activations"),
    ("an activation's numbers", model([node("RNN", "x w w", activations=["Affine"])], X, w=weights(1, 4, 4)),
     "activation 'Affine' needs its numbers in activation_alpha and activation_beta"),
    ("a recurrence's clip", model([node("RNN", "x w w", clip=-1.0)], X, w=weights(1, 4, 4)), "clip must not be negative"),
    ("an old recurrence", model([node("RNN", "x w w")], X, opset=6, w=weights(1, 4, 4)),
     "operator sets before 7 are not supported; convert the model to a newer one"),
    ("a large range", model([node("Range", "z b o", "r"), node("ReduceSum", "r", "t", keepdims=0), node("Add", "x t")], X,
                            z=np.float32(0), b=np.float32(2e9), o=np.float32(1)), "Range: does not end within 2\\^26 elements"),
    ("a large identity", model([node("ConstantOfShape", "s", "c"), node("EyeLike", "c", "e"), node("ReduceSum", "e", "t", keepdims=0),
                                node("Add", "x t")], X, s=ints(40000, 40000)), "EyeLike: its result has more than 2\\^26 elements"),
    ("a cycle", model([node("Add", "x y", "z", name="a"), node("Relu", "z", name="b")], X), "node '[ab]': .*cycle"),
    ("nothing", model([node("Add", "x q", name="a")], X), "node 'a': Add: input 'q' is computed by no node"),
    ("twice", model([node("Relu", "x"), node("Neg", "x", name="again")], X), "node 'again': .*computed twice"),
    ("statistics that are read", model([node("BatchNormalization", "x c c c c", "p i", name="norm"), node("Add", "x i")], X, opset=9, c=weights(3)),
     "node 'norm': BatchNormalization: its output 'i', which another node reads, is not supported"),
    ("the batch as a number", model(
        [node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Cast", "n", "f", to=FLOAT), node("Div", "x f", name="div")],
        BATCH, zero=np.int64(0)), "node 'div': computes with the number of samples"),
    ("positions in the batch", model(
        [node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Range", "zero n one", "r"), node("Cast", "r", "f", to=FLOAT),
         node("Reshape", "f t", "p"), node("Add", "x p", name="add")],
        BATCH, zero=np.int64(0), one=np.int64(1), t=ints(-1, 1, 1)), "node 'add': .*(mixes samples|number of samples)"),
    ("as many columns as samples", model(
        [node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Slice", "x zero n two", "y", name="cut")],
        BATCH, zero=ints(0), two=ints(2)), "several samples|number of samples"),
    ("no elements", model([node("MatMul", "x w", name="mm")], X, w=np.zeros((4, 0), np.float32)), "node 'mm': .*no elements"),
    ("17 dimensions", model([node("Reshape", "x s", name="r")], X, s=ints(*[1] * 14, 2, 3, 4)), "node 'r': .*more than 16 dimensions"),
    ("float to int only", model([node("Conv", "i w", name="c")], [("i", INT64, [1, 3, 4])], **CONV), "node 'c': Conv: input 'i' holds i64"),
    ("strings", model([node("Constant", "", "s", name="k", value_string="a"), node("Add", "x s")], X), "node 'k': Constant: is of strings"),
    ("complex", model([node("Relu", "x")], [("x", TensorProto.COMPLEX64, [2])]), "node 'x': input has element type complex64"),
    ("bfloat16", model([node("Relu", "x")], [("x", TensorProto.BFLOAT16, [2])]), "node 'x': input has element type bfloat16"),
    ("training", model([node("Dropout", "x r t", name="d")], X, r=np.float32(0.5), t=np.array(True)), "node 'd': .*training"),
    ("powers of truth", model([node("Pow", "c x", name="p")], [("c", BOOL, [4]), ("x", FLOAT, [4])], [("y", BOOL)]), "node 'p': Pow: takes no truth values"),
    ("bits of floats", model([node("BitwiseNot", "x", name="b")], X, opset=18), "node 'b': BitwiseNot: operands must be of integers"),
    ("a shift nowhere", model([node("BitShift", "a a", name="s", direction="UP")], [("a", TensorProto.UINT8, [4])], [("y", TensorProto.UINT8)]),
     "node 's': BitShift: direction must be LEFT or RIGHT"),
    ("a negative celu", model([node("Celu", "x", name="c", alpha=-1.0)], X), "node 'c': Celu: alpha must be positive"),
    ("layers of another shape", model([node("LayerNormalization", "x w", name="n")], X, w=weights(5)), "node 'n': .*does not broadcast"),
    ("no such layer", model([node("LayerNormalization", "x w", name="n", axis=7)], X, w=weights(4)), "node 'n': .*axis is out of range"),
    ("groups that do not fit", model([node("GroupNormalization", "x w w", name="g", num_groups=2)], X, opset=21, w=weights(3)),
     "node 'g': GroupNormalization: num_groups must divide the channels"),
    ("no groups", model([node("GroupNormalization", "x w w", name="g", num_groups=-3)], X, opset=21, w=weights(3)), "node 'g': .*num_groups"),
    ("a norm of three", model([node("LpNormalization", "x", name="l", p=3)], X), "node 'l': .*p must be 1 or 2"),
    ("all channels", model([node("LRN", "x", name="l", size=1 << 40)], X), "node 'l': LRN: size must be from 1 to"),
    ("moments nowhere", model([node("MeanVarianceNormalization", "x", name="m", axes=[-9])], X), "node 'm': .*axis -9 is out of range"),
    ("a loss without classes", model([node("NegativeLogLikelihoodLoss", "x t", name="l")], [("x", FLOAT, [4])], t=ints(1)), "node 'l': .*class dimension"),
    ("targets elsewhere", model([node("SoftmaxCrossEntropyLoss", "x t", name="l")], X, t=ints(1)), "node 'l': .*targets must be integers, one for each"),
    ("a loss unknown", model([node("SoftmaxCrossEntropyLoss", "x t", name="l", reduction="max")], [("x", FLOAT, [2, 3])], t=ints(1, 2)),
     "node 'l': .*reduction 'max' is unknown"),
    ("norms of integers", model([node("ReduceL2", "a", name="r")], [("a", INT64, [4])], [("y", INT64)]), "node 'r': ReduceL2: input 'a' holds i64"),
    ("random numbers", model([node("RandomNormalLike", "x", name="r")], X), "RandomNormalLike .*not supported|not supported: RandomNormalLike"),
    ("another index", model([node("Gather", "x i", name="g")], X, i=ints(2)), "node 'g': Gather: index 2 is out of range"),
    ("a size of run time", model([node("Cast", "x", "s", to=INT64), node("Expand", "x s", name="e")], [("x", FLOAT, [4])]),
     r"node 'e': Expand: input 's' \(shape\) must be a constant of integers; .*--output VALUE"),
    ("as many as there are", model([node("NonZero", "x", name="n")], X, [("y", INT64)]), "node 'n': NonZero: the size of its result .*--output VALUE"),
    ("too many first", model([node("TopK", "x k", name="t")], X, k=ints(99)), "node 't': TopK: k = 99 is not between 0 and "),
    ("a negative first", model([node("TopK", "x k", name="t")], X, k=ints(-1)), "node 't': TopK: k = -1 is not between 0 and "),
    ("the first nowhere", model([node("ArgMax", "x", name="a", axis=-9)], X, [("y", INT64)]), "node 'a': ArgMax: axis is out of range"),
    ("a negative depth", model([node("OneHot", "i d x", name="o")], [("i", INT64, [3]), ("x", FLOAT, [2])], d=np.int64(-1)),
     "node 'o': OneHot: depth must be positive"),
    ("tuples too long", model([node("GatherND", "x i", name="g")], X, i=np.zeros((2, 9), np.int64)), "node 'g': GatherND: indices do not fit"),
    ("a batch that is not there", model([node("GatherND", "x i", name="g", batch_dims=-5)], X, i=np.zeros((2, 1), np.int64)),
     "node 'g': GatherND: indices do not fit"),
    ("an unknown reduction", model([node("ScatterND", "x i u", name="s", reduction="sub")], [("x", FLOAT, [4])], opset=18, i=np.zeros((2, 1), np.int64),
                                   u=weights(2)), "node 's': ScatterND: reduction 'sub' is unknown"),
    ("no equation", model([node("Einsum", "x", name="e", equation="ij->ijk")], [("x", FLOAT, [3, 4])]), "node 'e': Einsum: equation 'ij->ijk' must name"),
    ("other dimensions", model([node("Einsum", "x w", name="e", equation="ij,jk")], [("x", FLOAT, [3, 4])], w=weights(5, 6)),
     "node 'e': Einsum: equation 'ij,jk' gives one name to dimensions of sizes 4 and 5"),
    ("small integers", model([node("MatMul", "a a", name="m")], [("a", TensorProto.UINT8, [4, 4])], [("y", TensorProto.UINT8)]),
     "node 'm': MatMul: takes floats and integers of 32 or 64 bits"),
    ("blocks of no size", model([node("QuantizeLinear", "x s", name="q", axis=0, block_size=-3)], [("x", FLOAT, [6])], [("y", TensorProto.UINT8)], opset=21,
                                s=weights(2)), "node 'q': QuantizeLinear: scales and zero points must have the input's shape"),
    ("scales elsewhere", model([node("DequantizeLinear", "a s", name="q", axis=4)], [("a", TensorProto.UINT8, [6])], s=weights(6)),
     "node 'q': DequantizeLinear: axis is out of range"),
    ("half a past", model([node("Attention", "x x x n x", name="a")], [("x", FLOAT, [1, 2, 3, 4])], opset=23, n=np.array(True)),
     "node 'a': Attention: past_key and past_value must be given together"),
    ("heads that do not fit", model([node("Attention", "x x x", name="a", q_num_heads=3, kv_num_heads=1)], [("x", FLOAT, [1, 3, 4])], opset=23),
     "node 'a': Attention: operands must have four dimensions, or three, of which the last is a multiple of 'q_num_heads'"),
    ("another mask", model([node("Attention", "x x x m", name="a")], [("x", FLOAT, [1, 2, 3, 4])], opset=23, m=weights(5, 3)),
     "node 'a': Attention: attn_mask does not broadcast"),
    ("an odd rotation", model([node("RotaryEmbedding", "x c c", name="r", rotary_embedding_dim=3)], [("x", FLOAT, [1, 2, 3, 4])], opset=23, c=weights(1, 3, 2)),
     "node 'r': RotaryEmbedding: rotates an odd number"),
    ("angles elsewhere", model([node("RotaryEmbedding", "x c c", name="r")], [("x", FLOAT, [1, 2, 3, 4])], opset=23, c=weights(1, 2, 2)),
     "node 'r': RotaryEmbedding: caches must have"),
    ("declared otherwise", model([node("Relu", "x")], X, [("y", INT64)]), "output is declared as int64"),
]


class Checker:
    def __init__(self, octet, folder):
        self.octet, self.folder = octet, folder
        self.passed = self.failed = 0

    def call(self, *arguments):
        return subprocess.run([self.octet, *map(str, arguments)], capture_output=True, text=True)

    def path(self, made, name="m.onnx"):
        path = self.folder / name
        onnx.save(made, path)
        return path

    def imported(self, path, *flags):
        result = self.call("compile", path, *flags, "--compile-to", "import", "-o", self.folder / "m.mlir")
        assert not result.returncode, result.stderr
        return (self.folder / "m.mlir").read_text(), result.stderr

    def data(self, made, shapes):
        names = {t.name for t in made.graph.initializer}
        for i in made.graph.input:
            if i.name in names:
                continue
            tensor = i.type.tensor_type
            shape = shapes.get(i.name, [d.dim_value or 1 for d in tensor.shape.dim])
            dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
            if dtype.kind == "f":
                yield i.name, RNG.standard_normal(shape).astype(dtype)
            else:
                yield i.name, RNG.integers(0 if dtype.kind in "ub" else -4, 2 if dtype.kind == "b" else 5,
                                           shape).astype(dtype)

    def expect(self, made, feeds):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # What it fuses, products with quantized weights above all, it rounds.
        options.graph_optimization_level = (
            onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL)
        try:
            session = onnxruntime.InferenceSession(made.SerializeToString(), options)
            return session.run(None, feeds)[0]
        except Exception:  # an operator that it lacks
            return onnx.reference.ReferenceEvaluator(made).run(None, feeds)[0]

    def taken(self, made, gone, flags=(), shapes={}):
        path = self.path(made)
        text, _ = self.imported(path, *flags)
        assert not gone or not re.search(f"octet.({gone})", text), text
        feeds = dict(self.data(made, shapes))
        np.savez(self.folder / "x.npz", **feeds)
        for arguments in (["compile", path, *flags, "--target", "generic", "-o", self.folder / "p"],
                          ["run", self.folder / "p", "--input", self.folder / "x.npz", "-o",
                           self.folder / "y.npz"]):
            result = self.call(*arguments)
            assert not result.returncode, result.stderr.strip()
        expected = self.expect(made, feeds)
        with np.load(self.folder / "y.npz") as y:
            actual = y["y"]
        assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
        error = np.abs(actual.astype(np.float64) - expected.astype(np.float64)).max()
        bound = 1e-3 if expected.dtype == np.float16 else 1e-5
        assert error <= bound * np.abs(expected).max() + 1e-7, f"off by {error}"

    def typed(self, made, pattern):
        text, _ = self.imported(self.path(made))
        assert re.search(pattern, text), text
        self.taken(made, "")
        result = self.call("compile", self.folder / "m.mlir", "--target", "generic", "-o",
                           self.folder / "q")
        assert not result.returncode, result.stderr
        assert filecmp.cmp(self.folder / "p", self.folder / "q", shallow=False), "programs differ"

    def refused(self, made, pattern):
        result = self.call("compile", self.path(made), "-o", self.folder / "p")
        lines = result.stderr.strip().splitlines()
        assert result.returncode == 1 and len(lines) == 1, f"status {result.returncode}: {result.stderr}"
        assert re.search(pattern, lines[0]), lines[0]

    def hash(self, made, name="model"):
        text, _ = self.imported(self.path(made))
        return re.search(f'octet.{name}_hash = "(\\w+)"', text)[1]

    def hashes(self):
        """The graph's hash knows what is computed, and not how it is written."""
        def make(shape=(2, 3, 4), value=2.0, op="Mul", name="n", dead=False):
            w, v = np.full(4, value, np.float32), np.arange(4, dtype=np.float32)
            return model([node(op, "x w", "h", name=name), node("Add", "h v"),
                          *([node("Relu", "x", "dead")] if dead else [])], [("x", FLOAT, shape)], w=w, v=v)
        base = make()
        same = {"shape": make((5, 3, 4)), "symbolic": make(("N", 3, 4)), "name": make(name="other"), "dead": make(dead=True)}
        same["producer"] = make()
        same["producer"].producer_name = same["producer"].graph.doc_string = "someone"
        same["order"] = make()
        same["order"].graph.initializer.reverse()
        same["typed"] = make()
        tensor = same["typed"].graph.initializer[0]
        tensor.float_data.extend(numpy_helper.to_array(tensor).tolist())
        tensor.ClearField("raw_data")
        other = {"value": make(value=3.0), "operator": make(op="Sub"), "set": make()}
        other["set"].opset_import[0].version = 13
        other["wiring"] = make()
        other["wiring"].graph.node[1].input[1] = "w"
        wanted = self.hash(base)
        for name, made in same.items():
            assert self.hash(made) == wanted, f"{name} changes the hash"
            assert name == "producer" or self.hash(made, "file") != self.hash(base, "file")
        for name, made in other.items():
            assert self.hash(made) != wanted, f"{name} does not change the hash"

    def warnings(self):
        """A NaN among the weights is told, and the model taken."""
        made = model([node("Mul", "x w", "h"), node("Add", "h k", "y"), node("Constant", "", "k", name="kk", value=numpy_helper.from_array(
            np.array([np.nan, 1, 2, 3], np.float32)))], X, w=np.array([1, np.nan, 2, 3], np.float32))
        _, said = self.imported(self.path(made))
        assert re.search(r"m\.onnx: warning: node 'w': the tensor holds NaN", said), said
        assert re.search(r"warning: node 'kk': the tensor holds NaN", said) and said.count("warning") == 2, said
        made = model([node("Mul", "x w")], BATCH, w=np.array([1, np.nan, 2, 3], np.float32))
        _, said = self.imported(self.path(made))
        assert said.count("warning") == 1, said

    def run(self, name, check, *arguments):
        try:
            check(*arguments)
            self.passed += 1
        except Exception as e:  # report every case
            self.failed += 1
            print(f"{name}: {' '.join(str(e).split())[:1500]}")


def run_cases(title, taken, refused):
    """The script of lists of cases alone; its exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(options.octet, pathlib.Path(folder))
        for name, made, gone in taken:
            checker.run(name, checker.taken, made, gone)
        for name, made, pattern in refused:
            checker.run(name, checker.refused, made, pattern)
    print(f"{title}: {checker.passed} passed, {checker.failed} failed")
    return checker.failed > 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(options.octet, pathlib.Path(folder))
        for name, made, gone in TAKEN:
            checker.run(name, checker.taken, made, gone)
        for name, made, flags, shapes, gone in PINNED:
            checker.run(name, checker.taken, made, gone, flags, shapes)
        for name, made, pattern in TYPED:
            checker.run(name, checker.typed, made, pattern)
        for name, made, pattern in REFUSED:
            checker.run(name, checker.refused, made, pattern)
        checker.run("hashes", checker.hashes)
        checker.run("warnings", checker.warnings)
    print(f"graphs: {checker.passed} passed, {checker.failed} failed")
    return checker.failed > 0


if __name__ == "__main__":
    sys.exit(main())
