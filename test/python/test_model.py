"""Models: files, bytes and graphs, and what is said of them."""

import nets
import numpy as np
import octet
import onnx
import pytest
from nets import build, linear, random, refusal
from octet import _driver
from onnx import TensorProto, helper


def untyped(kind):
    """x -> y, of an element type."""
    x, y = (helper.make_tensor_value_info(name, kind, ["n", 4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "net", [x],
                              [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)],
                             ir_version=10)


def test_bytes_are_called_model(tmp_path):
    onnx.save(linear(), tmp_path / "net.onnx", save_as_external_data=True,
              location="weights.bin", size_threshold=0)
    apart = (tmp_path / "net.onnx").read_bytes()
    assert octet.Model(tmp_path / "net.onnx").inputs == octet.Model(linear()).inputs
    x, strange = random(4, 8), build([("Relu", ["x"], ["y"], {})],
                                     [("x", "float32", ["n", "k"])],
                                     [("y", "float32", ["n", "k"])])
    for call in (lambda: octet.compile(b"no model"),
                 lambda: octet.Model(b"no model").inputs,
                 lambda: octet.calibrate(b"no model", x),
                 lambda: octet.compile(linear(), outputs="q"),
                 lambda: octet.calibrate(linear(), x, outputs="q"),
                 lambda: octet.calibrate(strange, x),
                 lambda: octet.calibrate(strange, x, shapes={"q": [4, 8]}),
                 lambda: octet.quantize_weights(strange, octet.calibrate(linear(), x)),
                 lambda: octet.compile(apart)):
        error = refusal(octet.UnsupportedModel, call)
        assert error.file == "model"
        assert str(error).startswith("model: ")
        assert "/" not in str(error)


def test_kinds_of_bytes():
    data = linear().SerializeToString()
    for given in (data, bytearray(data), memoryview(data)):
        assert octet.Model(given).inputs[0].name == "x"
    refusal(octet.RefusedOptions, lambda: octet.Model(onnx.ModelProto), "of type")


def test_names_of_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ranges = octet.calibrate(linear(), random(4, 8))
    for name in ("-net.onnx", "a=b é 日.onnx"):
        (tmp_path / name).write_bytes(linear().SerializeToString())
        (tmp_path / f"{name}.json").write_text(ranges.to_json())
        octet.compile(name, f"{name}.json").save(f"{name}.so")
        assert octet.Program.load(f"{name}.so").precision == "int8"
    for name in ("", "a\0b.onnx", "a" * 5000 + ".onnx"):
        refusal(octet.MissingFile, lambda name=name: octet.Model(name), "no such file")
        refusal(octet.Error, lambda name=name: octet.Program.load(name), "cannot be re")


def test_graphs(tmp_path):
    (tmp_path / "net.onnx").write_bytes(linear().SerializeToString())
    _driver.run(["import", tmp_path / "net.onnx", "-o", tmp_path / "net.mlir"])
    graph = octet.Model(tmp_path / "net.mlir")
    for (t,), name, size in ((graph.inputs, "x", 8), (graph.outputs, "y", 3)):
        assert t == octet.model.Signature(name, np.dtype("float32"), (None, size), True)
    refusal(octet.UnsupportedModel, lambda: graph.operators, "has no ONNX operators")
    assert graph.inspect()["layers"]
    x = random(4, 8)
    assert octet.calibrate(graph, x) == octet.calibrate(tmp_path / "net.onnx", x)
    assert octet.compare(graph, linear(), x).sqnr_db == 999


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.FLOAT8E4M3FN])
def test_types_that_numpy_lacks(kind):
    error = refusal(octet.UnsupportedModel, lambda: octet.Model(untyped(kind)).inputs,
                    "model: 'x' has element type")
    assert error.value == "x"


def test_no_inputs(load, tmp_path):
    """A constant is a model too."""
    net = build([("Constant", [], ["y"], {"value_floats": [1.0, 2.0]})], [],
                [("y", "float32", [2])])
    octet.compile(net).save(tmp_path / "net.so")
    program = load(tmp_path / "net.so")
    np.testing.assert_array_equal(program(), [1, 2])
    np.testing.assert_array_equal(program.run()["y"], [1, 2])


def test_lowering(tmp_path):
    net = nets.classifier()
    x = np.random.default_rng(0).normal(size=(8, 1, 8, 8)).astype(np.float32)
    ranges = octet.calibrate(net, x)
    assert "!quant.uniform" in octet.lower(net, "quantize", ranges)
    assert "vpdpbusd" in octet.lower(net, "dot", ranges, targets="avx512vnni")
    # What is not shortened goes on to the same program.
    graph = tmp_path / "graph.mlir"
    graph.write_text(octet.lower(net, "simplify", elide=False))
    assert octet.compile(graph)(x).tobytes() == octet.compile(net)(x).tobytes()
    with pytest.raises(octet.RefusedOptions, match="choose one of import, simplify"):
        octet.lower(net, "smaller")
    with pytest.raises(octet.UnsupportedModel):
        octet.lower(b"", "import")
