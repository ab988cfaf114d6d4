"""`octet.quantize_weights` and `octet.quantized_forward` against compiled programs."""

import importlib.util
import json
import pickle

import numpy as np
import onnx
import pytest
import reference_nets as nets
from octet import Model, errors, reference
from octet.reference import graph, mlir_text, quantize_weights, quantized_forward
from octet.reference.interpreter import Graph


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """{name: (model, ranges, quantized)}, made when first asked for."""
    folder, found = tmp_path_factory.mktemp("nets"), {}

    def get(name):
        if name not in found:
            model = getattr(nets, name)(folder / f"{name}.onnx")
            ranges = nets.calibrate(model, nets.data(name, 24, 5), folder)
            found[name] = model, ranges, quantize_weights(model, ranges)
        return found[name]
    return get


@pytest.mark.parametrize("name", ["convolutional", "depthwise", "connected", "mixed"])
def test_equals_the_program(made, name, tmp_path):
    model, ranges, q = made(name)
    arrays = nets.data(name, 5)
    expected = nets.program_outputs(model, ["--ranges", ranges], arrays, tmp_path)
    found = quantized_forward(arrays, q, ranges)
    assert found.keys() == expected.keys()
    for key, value in found.items():
        assert value.dtype == expected[key].dtype
        assert value.tobytes() == expected[key].tobytes(), key


def test_equals_the_program_of_digits(tmp_path):
    spec = importlib.util.spec_from_file_location(
        "digits_data", nets.ROOT / "examples" / "digits" / "data.py")
    digits = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(digits)
    images, labels = digits.load(digits.TEST)
    model = nets.ROOT / "examples" / "digits" / "digits.onnx"
    ranges = nets.calibrate(model, {"image": digits.load(digits.CALIBRATION)[0]},
                            tmp_path)
    y = quantized_forward(images[:100], quantize_weights(model, ranges))
    expected = nets.program_outputs(model, ["--ranges", ranges],
                                    {"image": images[:100]}, tmp_path)
    assert y.tobytes() == expected["scores"].tobytes()
    assert (y.argmax(1) == labels[:100]).mean() > 0.9


def test_functions_that_both_approximate_are_within_the_bound(made, tmp_path):
    model, ranges, q = made("inexact")
    arrays = nets.data("inexact", 50)
    found = quantized_forward(arrays["x"], q)
    (expected,) = nets.program_outputs(model, ["--ranges", ranges], arrays,
                                       tmp_path).values()
    assert np.square(found - expected).sum() <= 1e-3 * np.square(expected).sum()
    values = reference.interpreter.run(q.graph, arrays)
    assert values[q.outputs[0]].slack == graph.REQUANTIZED


@pytest.mark.parametrize("shape", [(2, 8), (5, 2, 8), (10, 8)])
def test_samples_of_a_model_without_a_batch(made, shape, tmp_path):
    model, ranges, q = made("fixed")
    x = np.random.default_rng(2).standard_normal(shape)  # float64, which is rounded
    (expected,) = nets.program_outputs(model, ["--ranges", ranges], {"x": x},
                                       tmp_path).values()
    found = quantized_forward(x, q)
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


# Weights ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["convolutional", "depthwise", "connected"])
def test_layers_hold_the_integers_of_the_program(made, name, tmp_path):
    model, ranges, q = made(name)
    folded = Graph(mlir_text.functions(nets.generic_form(
        model, "fold-scales", tmp_path, "--ranges", ranges))["main"])
    constants = {k: v.array for k, v in folded.constants().items()}
    convolutions = [op for op in folded.ops if op.name == "octet.integer_conv2d"]
    assert len(convolutions) == len(q.layers) > 0
    for op, layer in zip(convolutions, q.layers, strict=True):
        weights = layer.weights
        if weights.ndim == 2:
            weights = weights.T[:, :, None, None]
        stored = constants[op.operands[1]]
        assert weights.transpose(0, 2, 3, 1).tobytes() == stored.tobytes()
        assert layer.bias.tobytes() == constants[op.operands[2]].tobytes()
        with pytest.raises(ValueError, match="read-only"):
            layer.weights[...] = 0


@pytest.mark.parametrize("name", ["convolutional", "depthwise", "connected"])
def test_weights_of_the_model_are_rounded_alike(made, name):
    """By the layer's scale, and by the one that is chosen: no bias is too large."""
    model, _, q = made(name)
    loaded = onnx.load(model)
    constants = {c.name: onnx.numpy_helper.to_array(c)
                 for c in loaded.graph.initializer}
    for node in loaded.graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul") or node.name == "stem":
            continue  # The stem has a batch normalization in it.
        w, layer = constants[node.input[1]], q[node.name]
        if any(a.name == "transB" and a.i for a in node.attribute):
            w = w.T
        assert w.shape == layer.weights.shape
        rounded = quantize_weights(w, layer.scale, axis=layer.axis)
        assert rounded.tobytes() == layer.weights.tobytes()
        assert quantize_weights(w, axis=layer.axis).tobytes() == rounded.tobytes()
        assert reference.weight_scales(w, axis=layer.axis).tobytes() == \
            layer.scale.tobytes()
        shape = [-1 if d == layer.axis else 1 for d in range(w.ndim)]
        error = np.abs(q.dequantized(node.name) - w) / layer.scale.reshape(shape)
        assert 0.25 < error.max() <= 0.5001


def test_scales_of_coarser_grids_and_large_biases(tmp_path):
    """What was quantized before is found; a scale leaves room for the bias."""
    rng = np.random.default_rng(3)
    w = rng.integers(-95, 96, (4, 40)).astype(np.float32) / 64
    w[:, 0] = 95 / 64  # 95 steps: none of a multiple fit.
    w[1] = rng.standard_normal(40)
    w[2], bias = 0, np.array([0, 1, 1e6, 0], np.float32)
    n = nets.Net(nets.tensor("x", nets.F, ["N", 40]))
    y = n.node("Gemm", "x", n.constant(w), n.constant(bias), transB=1, name="layer")
    model = n.save(tmp_path / "m.onnx", nets.tensor(y, nets.F, ["N", 4]))
    x = rng.standard_normal((20, 40)).astype(np.float32)
    q = quantize_weights(model, nets.calibrate(model, {"x": x}, tmp_path))
    layer = q["layer"]
    chosen = reference.weight_scales(w, bias=bias, input_scale=layer.input_scale)
    assert chosen.tobytes() == layer.scale.tobytes()
    assert chosen[0] == np.float32(1 / 64)
    assert layer.weights[:, 0].tolist() == (64 * w[0]).tolist()
    assert chosen[2] == np.float32(1e6) / (np.float32(layer.input_scale) * 2 ** 30)
    assert reference.weight_scales(w)[2] == 1


def test_rounding_is_to_even_and_clipped():
    w = [[0.5, 1.5, 2.5, -0.5, 500, -500, np.nan]]
    found = quantize_weights(w, 1)
    assert found.dtype == np.int8
    assert found.tolist() == [[0, 2, 2, 0, 127, -127, 0]]
    assert quantize_weights(np.zeros((2, 0)), [1.0, 2.0]).shape == (2, 0)
    assert reference.weight_scales(np.zeros((2, 0))).tolist() == [1, 1]


def test_quantized_models_show_themselves(made):
    _, _, q = made("convolutional")
    assert repr(q).startswith("QuantizedModel('convolutional', 3 layers in integers, ")
    assert [layer.node for layer in q.layers] == ["stem", "inner", "head"]
    assert {k: w.shape for k, w in q.weights.items()} == {
        "stem": (8, 3, 3, 3), "inner": (8, 4, 3, 3), "head": (72, 10)}
    assert repr(q["stem"]).startswith("Layer('stem', weights [8, 3, 3, 3], input ")
    assert q.size == sum(w.size + 8 * s for w, s in zip(q.weights.values(), (8, 8, 10),
                                                        strict=True))
    assert q.float_size > 3 * q.size
    page = q._repr_html_()
    assert page.count("<tr>") == 4
    assert "<td>head</td><td>[72, 10]</td>" in page
    with pytest.raises(KeyError, match="no layer in integers is called 'tail'"):
        q["tail"]
    again = pickle.loads(pickle.dumps(q))
    x = nets.data("convolutional", 1)["image"]
    assert quantized_forward(x, again).tobytes() == quantized_forward(x, q).tobytes()


def test_layers_that_are_made_of_others(tmp_path):
    """A transposed convolution is one of four; equal names are numbered."""
    n = nets.Net(nets.tensor("x", nets.F, ["N", 5, 6]))
    y = n.node("Reshape", "x", n.constant(np.array([0, 1, 5, 6])))
    y = n.node("ConvTranspose", y, n.random(1, 2, 3, 3), strides=[2, 2], name="<up>")
    y = n.node("Conv", y, n.random(3, 2, 1, 1), name="same")
    y = n.node("Conv", y, n.random(2, 3, 1, 1), name="again")
    n.nodes[-1].name = "same"
    model = n.save(tmp_path / "m.onnx", nets.tensor(y, nets.F, ["N", 2, 11, 13]))
    x = np.random.default_rng(1).standard_normal((9, 5, 6)).astype(np.float32)
    ranges = nets.calibrate(model, {"x": x}, tmp_path)
    q = quantize_weights(model, ranges)
    assert {k: w.shape for k, w in q.weights.items()} == {
        "<up>": (8, 1, 2, 2), "same": (3, 2, 1, 1), "same#2": (2, 3, 1, 1)}
    (expected,) = nets.program_outputs(model, ["--ranges", ranges], {"x": x},
                                       tmp_path).values()
    assert quantized_forward(x, q).tobytes() == expected.tobytes()
    assert "&lt;up&gt;" in q._repr_html_()


def test_layers_that_stay_in_f32_say_why(tmp_path):
    n = nets.Net(nets.tensor("x", nets.F, [5, "N", 6]))
    h = n.node("LSTM", "x", n.random(1, 16, 6), n.random(1, 16, 4), hidden_size=4,
               name="memory")
    y = n.node("MatMul", n.node("Reshape", h, n.constant(np.array([5, -1, 4]))),
               n.random(4, 3), name="head")
    model = n.save(tmp_path / "m.onnx", nets.tensor(y, nets.F, [5, "N", 3]))
    x = np.random.default_rng(1).standard_normal((5, 2, 6)).astype(np.float32)
    flags = ["--dim", "N=2"]
    ranges = nets.calibrate(model, {"x": x}, tmp_path, *flags)
    q = quantize_weights(Model(model, dims={"N": 2}), ranges)
    assert list(q.weights) == ["head"]
    assert q.float_layers == {"memory": "has no integer form"}
    assert "1 layer in integers, 1 in f32" in repr(q)
    (expected,) = nets.program_outputs(model, [*flags, "--ranges", ranges], {"x": x},
                                       tmp_path).values()
    found = quantized_forward(x, q)
    assert np.square(found - expected).sum() <= 1e-3 * np.square(expected).sum()


# What goes wrong --------------------------------------------------------------------


@pytest.mark.parametrize(("arrays", "said"), [
    (np.zeros((1, 3, 12, 11)), r"'image' has shape \[1, 3, 12, 11\]; it must have "
                               r"shape \[samples, 3, 12, 12\]"),
    (np.zeros((0, 3, 12, 12)), r"has shape \[0, 3, 12, 12\]"),
    (np.zeros((3, 12, 12)), r"has shape \[3, 12, 12\]"),
    (np.full((1, 3, 12, 12), "a"), "of type <U1; give floats"),
    (np.full((1, 3, 12, 12), 1e300), "has 1e[+]300 at .*, which is no float32"),
    ({"picture": np.zeros((1, 3, 12, 12))}, "array 'image' is missing; its inputs")])
def test_data_that_do_not_fit(made, arrays, said):
    with pytest.raises(errors.BadData, match=said) as caught:
        quantized_forward(arrays, made("convolutional")[2])
    assert caught.value.value == "image"


def test_arrays_that_disagree(made):
    q = made("mixed")[2]
    with pytest.raises(errors.BadData, match="the inputs a, b; give a dictionary"):
        quantized_forward(np.zeros((1, 4, 6, 6)), q)
    with pytest.raises(errors.BadData, match="beside array 'a' of shape"):
        quantized_forward({"a": np.zeros((2, 4, 6, 6)), "b": np.zeros((3, 4, 6, 6))}, q)


@pytest.mark.parametrize("shape", [(3, 8), (2, 3, 8), (0, 2, 8)])
def test_samples_that_are_none(made, shape):
    wanted = (r"\[2, 8\], which is one sample, or \[samples, 2, 8\] or "
              r"\[samples \* 2, 8\]")
    with pytest.raises(errors.BadData, match=wanted):
        quantized_forward(np.zeros(shape), made("fixed")[2])


def test_ranges_of_another_model(made):
    with pytest.raises(errors.Error, match=r"another model|ranges"):
        quantize_weights(made("connected")[0], made("depthwise")[1])


def test_ranges_that_are_not_those_of_the_graph(made, tmp_path):
    _, ranges, q = made("connected")
    content = json.loads(ranges.read_text())
    content["samples"] += 1
    other = tmp_path / "other.json"
    other.write_text(json.dumps(content))
    x = nets.data("connected", 1)["x"]
    with pytest.raises(errors.RefusedOptions, match="quantized with other ranges"):
        quantized_forward(x, q, other)


def test_arguments_that_cannot_be(made):
    model, ranges, _ = made("connected")
    with pytest.raises(errors.Error, match="no such file"):
        quantize_weights("missing.onnx", ranges)
    with pytest.raises(errors.RefusedOptions, match="a model is quantized with ranges"):
        quantize_weights(model)
    with pytest.raises(errors.RefusedOptions, match="not with ranges; give a number"):
        quantize_weights(np.zeros((2, 2)), ranges)
    with pytest.raises(errors.RefusedOptions, match="q cannot be of type str"):
        quantized_forward(np.zeros((1, 20)), "connected.onnx")


@pytest.mark.parametrize(("call", "kind", "said"), [
    (lambda: quantize_weights(["a"], 1), errors.BadData, "data type <U1"),
    (lambda: quantize_weights([1.0], 0), errors.RefusedOptions, "not positive"),
    (lambda: quantize_weights([1.0], np.inf), errors.RefusedOptions, "not positive"),
    (lambda: quantize_weights(np.ones((2, 3)), [1.0, 1, 1]), errors.RefusedOptions,
     r"scales have shape \[3\]; give one number, or 2"),
    (lambda: quantize_weights(np.ones((2, 3)), axis=2), errors.RefusedOptions,
     "axis 2 is none of weights of shape"),
    (lambda: reference.weight_scales([[np.nan]]), errors.BadData, "NaN or infinity"),
    (lambda: reference.weight_scales([[1.0]], bias=[1.0, 2], input_scale=1.0),
     errors.RefusedOptions, "give one number for each of 1 channels")])
def test_weights_and_scales_that_do_not_fit(call, kind, said):
    with pytest.raises(kind, match=said):
        call()


UNKNOWN = """
"builtin.module"() ({
  "func.func"() <{arg_attrs = [{octet.name = "x"}], res_attrs = [{octet.name = "y"}],
                  function_type = (tensor<2xf32>) -> tensor<2xf32>,
                  sym_name = "main"}> ({
  ^bb0(%x: tensor<2xf32>):
    %y = "octet.OP"(%x) <{kind = #octet<unary_kind KIND>}>
        : (tensor<2xf32>) -> tensor<2xf32> loc("wave"("out"))
    "func.return"(%y) : (tensor<2xf32>) -> ()
  }) : () -> ()
}) : () -> ()
"""


def test_operations_that_the_reference_does_not_know():
    text = UNKNOWN.replace("OP", "wavelet").replace("KIND", "haar")
    with pytest.raises(errors.UnsupportedModel) as caught:
        reference.QuantizedModel("net", text, frozenset())
    assert str(caught.value) == ("net: node 'wave': octet.reference does not know "
                                 "'octet.wavelet'; run the compiled program instead")
    assert caught.value.node == "wave"


def test_constants_of_kinds_that_the_reference_does_not_know():
    text = UNKNOWN.replace("OP", "unary").replace("KIND", "haar").replace(
        '"octet.unary"(%x)', '"arith.constant"() <{value = dense<1.0> : tensor<2xf32>}>'
        ': () -> tensor<2xf32>\n%z = "octet.unary"(%y)')
    with pytest.raises(errors.UnsupportedModel, match=r"node 'wave': .* 'haar'"):
        reference.QuantizedModel("net", text, frozenset())


def test_kinds_that_the_reference_does_not_know():
    text = UNKNOWN.replace("OP", "unary").replace("KIND", "haar")
    q = reference.QuantizedModel("net", text, frozenset())
    with pytest.raises(errors.UnsupportedModel, match=r"know 'haar' of 'octet\.unary'"):
        quantized_forward(np.zeros(2), q)
