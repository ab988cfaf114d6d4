"""Loops, branches and sequences, which the importer takes apart.

    control_flow.py --octet BIN

As graphs.py does: what is taken agrees with ONNX Runtime or ONNX's reference,
what is refused is refused in one sentence.
"""

import sys

import numpy as np
from graphs import BOOL, FLOAT, INT64, X, function, ints, model, node, referring, run_cases, weights
from onnx import TensorProto, helper, numpy_helper


def body(inputs, nodes, outputs, **initializers):
    """Names; types follow from what is bound to them."""
    def infos(names):
        return [helper.make_tensor_value_info(n, t, None)
                for n, t in (name.split(":") if ":" in name else (name, FLOAT)
                             for name in names.split())]
    types = {"i": INT64, "k": INT64, "c": BOOL, "goes": BOOL, "co": BOOL, "do": BOOL}
    graph = helper.make_graph(nodes, "body", infos(inputs), infos(outputs), [
        numpy_helper.from_array(np.asarray(v), k) for k, v in initializers.items()])
    for info in [*graph.input, *graph.output]:
        if info.name in types:
            info.CopyFrom(helper.make_tensor_value_info(info.name, types[info.name], []))
    return graph


def loop(graph, inputs, outputs="y", **rest):
    return node("Loop", inputs, outputs, body=graph, **rest)


def scan(graph, inputs, outputs="y", count=1, **rest):
    return node("Scan", inputs, outputs, body=graph, num_scan_inputs=count, **rest)


def branch(nodes, outputs, **initializers):
    return body("", nodes, outputs, **initializers)


GO = node("Identity", "c", "co")
N, YES = np.int64(4), np.array(True)
STEP = body("i c h", [GO, node("MatMul", "h w", "z"), node("Add", "z b", "a"), node("Tanh", "a", "n"),
                      node("Identity", "n", "s")], "co n s", b=weights(4))
SUM = body("h v", [node("Add", "h v", "n"), node("Mul", "n two", "o")], "n o", two=np.float32(2))
SEQUENCE = [("x", FLOAT, [5, 3, 4])]
# The number of the step as a factor, of a value around the loop.
COUNTED = body("i c h", [GO, node("Cast", "i", "f", to=FLOAT), node("Mul", "x f", "t"), node("Add", "h t", "n")], "co n")
INNER = body("k goes g", [node("Identity", "goes", "do"), node("Add", "g h", "t"), node("Mul", "t w", "q")], "do q")
NESTED = body("i c h", [GO, loop(INNER, "m go h", "r"), node("Sub", "r x", "n"), node("Neg", "n", "s")], "co n s")
WHILE = body("i c h", [node("Less", "i three", "co"), node("Add", "h w", "n")], "co n", three=np.int64(3))
GROWING = body("i c h", [GO, node("Concat", "h x", "n", axis=1)], "co n")


def listing(*elements):
    return [node("SequenceConstruct", " ".join(elements), "s")]


def appending():
    graph = body("i c", [GO, node("Cast", "i", "f", to=FLOAT), node("Add", "x f", "t"),
                         node("SequenceInsert", "l t", "n")], "co")
    graph.input.append(helper.make_tensor_sequence_value_info("l", FLOAT, None))
    graph.output.append(helper.make_tensor_sequence_value_info("n", FLOAT, None))
    return graph


def mapped():
    graph = body("e o", [node("Mul", "e o", "t"), node("Add", "t x", "r")], "r")
    return node("SequenceMap", "s w", "q", body=graph)


REPEAT = function("Repeat", ["a", "count"], ["r"], [
    node("Constant", "", "go", value=numpy_helper.from_array(YES)),
    loop(body("i c h", [GO, referring("LeakyRelu", "h", "l", "alpha", "slope"), node("Add", "l a", "n")], "co n"),
         "count go a", "r")], ["slope"])
CHOSEN = [node("ReduceMax", "x", "max", keepdims=0), node("Greater", "max zero", "c")]
OPTIONAL = helper.make_optional_type_proto(helper.make_tensor_type_proto(FLOAT, None))

TAKEN = [
    ("a recurrent loop", model([loop(STEP, "count go x", "h y")], X, count=N, go=YES, w=weights(4, 4)), "[Ll]oop"),
    ("its last state", model([loop(STEP, "count go x", "y s")], X, count=N, go=YES, w=weights(4, 4)), ""),
    ("no condition", model([loop(COUNTED, "count  x")], X, count=N), ""),
    ("no number of steps", model([loop(WHILE, " go x")], X, go=YES, w=weights(4)), ""),
    ("while", model([loop(WHILE, "count go x")], X, count=np.int64(1 << 40), go=YES, w=weights(4)), ""),
    ("no step", model([loop(COUNTED, "count go x", "h"), node("Neg", "h")], X, count=np.int64(-3), go=YES), ""),
    ("it does not begin", model([loop(COUNTED, "count go x", "h"), node("Neg", "h")], X, count=N, go=~YES), ""),
    ("loops in loops", model([loop(NESTED, "count go x", "h y")], X, count=N, m=np.int64(3), go=YES, w=weights(4)), ""),
    ("a state that grows", model([loop(GROWING, "count go x")], X, count=N, go=YES), ""),
    ("what stands behind the loop", model([loop(COUNTED, "count go h"), node("Neg", "q", "x"), node("Relu", "q", "h")],
                                          [("q", FLOAT, [2, 3])], count=N, go=YES), ""),
    ("a loop in a function", model([node("Repeat", "x count", domain="local", slope=0.5)], X, functions=[REPEAT],
                                   domains=["local"], count=N), ""),
    ("steps by another loop", model([loop(body("i c h", [GO, node("Add", "h one", "n")], "co n"), "count go zero", "m"),
                                     node("Cast", "m", "k", to=INT64), loop(COUNTED, "k go x")], X, count=N, go=YES,
                                    zero=np.float32(0), one=np.float32(1)), ""),
    ("scanned", model([scan(SUM, "h x", "last y")], SEQUENCE, h=np.zeros((3, 4), np.float32)), "[Ss]can"),
    ("scanned in version 9", model([scan(SUM, "h x", "last y")], SEQUENCE, opset=9, h=np.zeros((3, 4), np.float32)), ""),
    ("along other axes", model([scan(SUM, "h x", "last y", scan_input_axes=[-1], scan_input_directions=[1],
                                     scan_output_axes=[1], scan_output_directions=[1])],
                               [("x", FLOAT, [5, 3, 7])], h=weights(5, 3)), ""),
    ("from both ends", model([scan(body("a b", [node("Sub", "a b", "d")], "d"), "x x", count=2, scan_input_axes=[1, 1],
                                   scan_input_directions=[0, 1], scan_output_axes=[-1])], SEQUENCE), ""),
    ("of constants", model([scan(SUM, "h w", "last y")], X, w=weights(5, 3, 4), h=weights(3, 4)), ""),
    ("scans in scans", model([scan(body("h v", [scan(SUM, "h v", "n o"), node("ReduceMean", "o", "m", axes=[0], keepdims=0)], "n m"),
                                   "h x", "last y")], SEQUENCE, h=weights(4)), ""),
    ("300 steps", model([scan(SUM, "h x", "last y")], [("x", FLOAT, [300, 8])], h=weights(8)), ""),
    ("samples of their own lengths", model([scan(SUM, "lengths h x", "last s"), node("Concat", "last s2", "y", axis=1),
                                            node("Slice", "s", "s1", starts=[0], ends=[2], axes=[1]),
                                            node("Reshape", "s1 shape", "s2")],
                                           [("x", FLOAT, [2, 4, 3])], opset=8, lengths=ints(2, 4), h=weights(2, 3),
                                           shape=ints(2, 6)), ""),
    ("samples in reverse", model([scan(SUM, " h x", "last y", directions=[1])], [("x", FLOAT, [2, 4, 3])], opset=8,
                                 h=weights(2, 3)), ""),
    ("a branch by data", model([*CHOSEN, node("If", "c", then_branch=branch([node("Mul", "x w", "t")], "t"),
                                              else_branch=branch([node("Neg", "x", "n"), node("Add", "n one", "e")], "e", one=np.float32(1)))],
                               X, zero=np.float32(0), w=weights(4)), "[Ii]f"),
    ("the other by data", model([*CHOSEN, node("If", "c", "q y", then_branch=branch([node("Relu", "x", "t")], "t x"),
                                               else_branch=branch([node("Neg", "x", "t")], "x t"))],
                                X, zero=np.float32(100)), ""),
    ("branches in branches", model(
        [node("Greater", "m zero", "d"), *CHOSEN, node("ReduceMin", "x", "m", keepdims=0), node("If", "c", then_branch=branch(
            [node("If", "d", "t", then_branch=branch([node("Exp", "x", "u")], "u"),
                  else_branch=branch([node("Abs", "x", "u")], "u"))], "t"),
            else_branch=branch([node("Neg", "x", "t")], "t"))], X, zero=np.float32(0)), ""),
    ("a branch in a loop", model([loop(body("i c h", [
        GO, node("ReduceSum", "h", "s", keepdims=0), node("Less", "s zero", "d"),
        node("If", "d", "n", then_branch=branch([node("Add", "h x", "t")], "t"), else_branch=branch([node("Mul", "h x", "t")], "t"))], "co n"),
        "count go x")], X, count=N, go=YES, zero=np.float32(0)), ""),
    ("a branch by the step", model([loop(body("i c h", [
        GO, node("Equal", "i two", "d"),
        node("If", "d", "n", then_branch=branch([node("Concat", "h x", "t", axis=0)], "t"), else_branch=branch([node("Neg", "h", "t")], "t"))], "co n"),
        "count go x")], X, count=N, go=YES, two=np.int64(2)), ""),
    ("divided in a branch", model([node("Equal", "a zero", "c"), node("If", "c", then_branch=branch([node("Identity", "b", "t")], "t"),
                                   else_branch=branch([node("Div", "b a", "t")], "t"))],
                                  [("a", INT64, []), ("b", INT64, [4])], [("y", INT64)], zero=np.int64(0)), ""),
    ("a sequence", model([*listing("x", "w"), node("SequenceInsert", "s x p", "t"), node("SequenceErase", "t", "u"),
                          node("SequenceLength", "u", "n"), node("SequenceAt", "u m", "v"), node("Cast", "n", "f", to=FLOAT),
                          node("Mul", "v f")], X, w=weights(2, 3, 4), p=np.int64(-1), m=np.int64(-2)), "sequence"),
    ("parts of a sequence", model([node("SplitToSequence", "x n", "s", axis=2), node("SequenceAt", "s zero", "a"),
                                   node("SequenceErase", "s zero", "t"), node("SequenceInsert", "t a", "u"),
                                   node("ConcatFromSequence", "u", "y", axis=-1)], X, n=ints(1, 3), zero=np.int64(0)), ""),
    ("equal parts", model([node("SplitToSequence", "x n", "s", axis=2), node("ConcatFromSequence", "s", "y", axis=2)], X, n=np.int64(3)), ""),
    ("elements", model([node("SplitToSequence", "x", "s", axis=1, keepdims=0),
                        node("ConcatFromSequence", "s", "y", axis=0, new_axis=1)], X), ""),
    ("appended", model([node("SequenceEmpty", "", "s"), loop(appending(), "count go s", "l"),
                        node("ConcatFromSequence", "l", "y", axis=0)], X, count=N, go=YES), ""),
    ("mapped", model([*listing("x", "w"), mapped(), node("ConcatFromSequence", "q", "y", axis=1)], X, w=weights(2, 3, 4)), ""),
    ("an optional", model([node("Optional", "x", "o"), node("OptionalHasElement", "o", "h"), node("If", "h", then_branch=branch(
        [node("OptionalGetElement", "o", "t")], "t"), else_branch=branch([node("Neg", "x", "t")], "t"))], X, opset=18), ""),
    ("sums so far", model([node("CumSum", "x a")], SEQUENCE, a=np.int64(-2)), ""),
    ("sums without one, in reverse", model([node("CumSum", "x a", exclusive=1, reverse=1)], SEQUENCE, a=np.int64(0), opset=11), ""),
    ("sums of integers", model([node("CumSum", "a k", reverse=1)], [("a", TensorProto.INT32, [3, 4])], [("y", TensorProto.INT32)], k=np.int32(1)), ""),
    ("sums of constants", model([node("CumSum", "a k", "i", exclusive=1), node("Cast", "i", "f", to=FLOAT), node("Add", "x f")], X,
                                a=ints(3, 1, -4, 1), k=np.int64(0)), "cumulative"),
    ("sums of constant floats", model([node("CumSum", "a k", "f", reverse=1), node("Add", "x f")], X, a=weights(3, 4), k=np.int64(0)), "cumulative"),
    ("sums of samples", model([node("CumSum", "x a")], [("x", FLOAT, ["B", 7])], a=np.int64(1)), ""),
    ("products so far", model([node("CumProd", "x a", exclusive=1)], SEQUENCE, opset=26, a=np.int64(1)), ""),
    ("reversed", model([node("ReverseSequence", "x n")], [("x", FLOAT, [5, 3, 4])], n=ints(1, 5, 3)), ""),
    ("reversed by data", model([node("Abs", "d", "n"), node("ReverseSequence", "x n", batch_axis=0, time_axis=1)],
                               [("x", FLOAT, [3, 5, 2]), ("d", INT64, [3])]), ""),
    ("all reversed", model([node("ReverseSequence", "x n", batch_axis=0, time_axis=1)], [("x", FLOAT, [3, 5])], n=ints(5, 5, 5)), "gather"),
]

ENDLESS = body("i c h", [GO, node("Neg", "h", "n")], "co n")
REFUSED = [
    ("steps by data", model([loop(STEP, "count go x", "h y", name="l")], [*X, ("count", INT64, [])], go=YES, w=weights(4, 4)),
     "node 'l': Loop: its number of steps 'count' is computed at run time"),
    ("a condition by data", model([loop(STEP, "count go x", "h y", name="l")], [*X, ("go", BOOL, [])], count=N, w=weights(4, 4)),
     "node 'l': Loop: its condition 'go' is computed at run time"),
    ("going on by data", model([loop(body("i c h", [node("ReduceSum", "h", "s", keepdims=0), node("Less", "s one", "co"), node("Neg", "h", "n")], "co n"),
                                     "count go x", name="l")], X, count=N, go=YES, one=np.float32(1)),
     "node 'l': Loop: whether it goes on, 'co', is computed at run time"),
    ("an endless loop", model([loop(ENDLESS, " go x", name="l")], X, go=YES), "node 'l': .*more than 32768 nodes"),
    ("too many steps", model([loop(ENDLESS, "count  x", name="l")], X, count=np.int64(1 << 62)), "node 'l': .*more than 32768 nodes"),
    ("too many in all", model([loop(body("i c h", [GO, loop(ENDLESS, "count  h", "n1")], "co n1"), "count  x", name="l")], X, count=np.int64(1000)),
     "node 'y/\\d+/?.*': Loop: .*more than 32768 nodes"),
    ("too few values", model([loop(ENDLESS, "count go x x", name="l")], X, count=N, go=YES), "node 'l': Loop: its body takes 3 values and is given 4"),
    ("too few results", model([loop(body("i c h", [GO], "co"), "count go x", name="l")], X, count=N, go=YES), "node 'l': Loop: its body has 1 results"),
    ("no body", model([node("Loop", "count go x", name="l")], X, count=N, go=YES), "node 'l': Loop: has no body"),
    ("a result that nobody computes", model([loop(body("i c h", [GO], "co nowhere"), "count go x", name="l")], X, count=N, go=YES), "'nowhere'"),
    ("a captured name that nobody computes", model([loop(body("i c h", [GO, node("Add", "h q", "n")], "co n"), "count go x", name="l")], X, count=N, go=YES),
     "node 'l': Loop: input 'q' is computed by no node"),
    ("a cycle through a body", model([loop(body("i c h", [GO, node("Add", "h y", "n")], "co n"), "count go x", name="l")], X, count=N, go=YES), "cycle"),
    ("an operator in a body", model([loop(body("i c h", [GO, node("Unique", "h", "n")], "co n"), "count go x")], X, count=N, go=YES),
     r"1 operator is not supported: Unique \(1 node, 'y/0/n'"),
    ("an operator beside a body", model([node("Unique", "x", "u"), loop(body("i c h", [GO, node("Add", "h u", "n")], "co n"), "count go x")], X, count=N, go=YES),
     r"1 operator is not supported: Unique \(1 node, 'u'"),
    ("stacked shapes that change", model([loop(body("i c h", [GO, node("Concat", "h x", "n", axis=1), node("Neg", "n", "s")], "co n s"), "count go x", "h y", name="l")],
                                         X, count=N, go=YES), "node 'l': Loop: the result 's' of its body changes its shape"),
    ("nothing to stack", model([loop(STEP, "count go x", "h y", name="l")], X, count=np.int64(0), go=YES, w=weights(4, 4)), "output is not supported"),
    ("no scan inputs", model([scan(SUM, "h x", "l y", count=0, name="s")], SEQUENCE, h=weights(3, 4)), "node 's': Scan: num_scan_inputs must be"),
    ("too many scan inputs", model([scan(SUM, "h x", "l y", count=3, name="s")], SEQUENCE, h=weights(3, 4)), "node 's': Scan: num_scan_inputs must be"),
    ("an axis to scan", model([scan(SUM, "h x", "l y", scan_input_axes=[3], name="s")], SEQUENCE, h=weights(3, 4)), "scan_input_axes is out of range"),
    ("an axis to stack", model([scan(SUM, "h x", "l y", scan_output_axes=[-4], name="s")], SEQUENCE, h=weights(3, 4)), "scan_output_axes is out of range"),
    ("axes for others", model([scan(SUM, "h x", "l y", scan_input_axes=[0, 0], name="s")], SEQUENCE, h=weights(3, 4)), "scan_input_axes must have 1 entries"),
    ("scanned lengths", model([scan(body("a b", [node("Add", "a b", "d")], "d"), "x w", count=2, name="s")], SEQUENCE, w=weights(4, 3, 4)), "differs in length"),
    ("branches of two shapes", model([*CHOSEN, node("If", "c", name="if", then_branch=branch([node("Relu", "x", "t")], "t"), else_branch=branch(
        [node("Concat", "x x", "t", axis=0)], "t"))], X, zero=np.float32(0)), "node 'if': If: its condition 'c' is computed at run time, and its branches"),
    ("a condition of numbers", model([node("If", "x", name="if", then_branch=branch([node("Relu", "x", "t")], "t"), else_branch=branch([node("Neg", "x", "t")], "t"))], X),
     "node 'if': If: its condition must be one truth value"),
    ("a position by data", model([*listing("x", "x"), node("SequenceAt", "s p", name="at")], [*X, ("p", INT64, [])]), "node 'at': SequenceAt: its position 'p' is computed at run time"),
    ("behind a sequence", model([*listing("x"), node("SequenceAt", "s p", name="at")], X, p=np.int64(1)), "node 'at': SequenceAt: its position is behind"),
    ("far from a sequence", model([*listing("x"), node("SequenceInsert", "s x p", "t", name="at"), node("SequenceAt", "t z")], X, p=np.int64(-9), z=np.int64(0)),
     "node 'at': SequenceInsert: position -9 is out of range"),
    ("of no sequence", model([node("SequenceEmpty", "", "s"), node("SequenceErase", "s", "t", name="at"), node("ConcatFromSequence", "t", axis=0)], X), "node 'at': .*no element"),
    ("a sequence as a tensor", model([*listing("x"), node("Relu", "s", name="r")], X), "node 'r': Relu: input 's' is a sequence"),
    ("a tensor as a sequence", model([node("SequenceAt", "x p", name="at")], X, p=np.int64(0)), "node 'at': SequenceAt: input 'x' must be a sequence"),
    ("a sequence that leaves", model([node("SequenceConstruct", "x")], X), "node 'y': output is a sequence"),
    ("nothing to get", model([node("Optional", "", "o", type=OPTIONAL), node("OptionalGetElement", "o", name="get")], X, opset=18), "node 'get': .*holds nothing"),
    ("parts that do not fit", model([node("SplitToSequence", "x n", "s", axis=2, name="sp"), node("ConcatFromSequence", "s", axis=2)], X, n=ints(1, 2)), "node 'sp': .*do not add up"),
    ("a sum by data", model([node("CumSum", "x a", name="c")], [*X, ("a", INT64, [])]), r"node 'c': CumSum: input 'a' \(axis\) must be a constant"),
    ("a sum elsewhere", model([node("CumSum", "x a", name="c")], X, a=np.int64(3)), "node 'c': CumSum: axis 3 is out of range"),
    ("a sum over samples", model([node("CumSum", "x a", name="c")], [("x", FLOAT, ["B", 7])], a=np.int64(0)), "mixes samples"),
    ("reversed too far", model([node("ReverseSequence", "x n", name="r")], SEQUENCE, n=ints(1, 6, 3)), "node 'r': ReverseSequence: length 6 is not between"),
    ("reversed elsewhere", model([node("ReverseSequence", "x n", time_axis=2, name="r")], SEQUENCE, n=ints(1, 2, 3)), "node 'r': .*first two"),
]


if __name__ == "__main__":
    sys.exit(run_cases("control flow", TAKEN, REFUSED))
