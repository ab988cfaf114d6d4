import copy
import pickle
import struct
import sys
import warnings
import zipfile

import numpy as np
import octet
import onnxruntime
import pytest
import torch
import torch_nets as nets
from octet import _torch_export
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(24, 1, 8, 8)).astype(np.float32)


def bytes_of(model):
    with model.file() as path, open(path, "rb") as file:
        return file.read()


def reference(model, inputs):
    """What ONNX Runtime computes with the exported bytes."""
    session = onnxruntime.InferenceSession(bytes_of(model))
    return dict(zip([o.name for o in session.get_outputs()],
                    session.run(None, inputs), strict=True))


@pytest.fixture(scope="module")
def cnn():
    return nets.randomize(nets.Cnn())


@pytest.fixture(scope="module")
def exported(cnn):
    return octet.TorchModel(cnn, example=IMAGES[:1])


@pytest.fixture(scope="module")
def quantized(cnn):
    labels = torch.arange(24) % 10
    loader = DataLoader(TensorDataset(torch.tensor(IMAGES), labels), batch_size=8)
    return octet.quantize_model(cnn, loader)


@pytest.fixture
def without_onnxscript(monkeypatch):
    """As where PyTorch is installed alone, without onnx and onnxscript."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ("onnx", "onnxscript", "onnx_ir"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "onnxscript", None)


# ---- export


def test_exports_with_an_open_batch(exported, cnn):
    (x,), (y,) = exported.inputs, exported.outputs
    assert (x.name, x.shape[1:], x.batch, y.name) == ("x", (1, 8, 8), True, "output")
    result = reference(exported, {"x": IMAGES})["output"]
    with torch.inference_mode():
        expected = copy.deepcopy(cnn).eval()(torch.tensor(IMAGES)).numpy()
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


def test_octet_computes_the_same(exported):
    program = octet.compile(exported)
    np.testing.assert_allclose(program.run(IMAGES)["output"],
                               reference(exported, {"x": IMAGES})["output"],
                               rtol=1e-4, atol=1e-4)
    nodes = {layer.node for layer in program.layers()}
    assert {"stem.2/Relu", "block.0/Conv", "head/Gemm"} <= nodes


def test_leaves_the_module_alone(cnn):
    module = copy.deepcopy(cnn).half().train()
    before = copy.deepcopy(module.state_dict())
    model = octet.TorchModel(module, example=IMAGES)
    assert module.training
    assert next(module.parameters()).dtype == torch.float16
    assert next(module.parameters()).requires_grad
    assert all(torch.equal(before[k], v) for k, v in module.state_dict().items())
    assert model.inputs[0].dtype == np.float32
    result = reference(model, {"x": IMAGES})["output"]
    with torch.inference_mode():
        expected = copy.deepcopy(module).float().eval()(torch.tensor(IMAGES)).numpy()
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


def test_says_nothing_on_the_way(cnn, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        octet.TorchModel(cnn, example=IMAGES)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.compile])
def test_takes_wrappers_off(cnn, wrap, exported):
    assert bytes_of(octet.TorchModel(wrap(cnn), example=IMAGES)) == bytes_of(exported)


def test_takes_inputs_by_place_and_by_name():
    module = nets.randomize(nets.Two())
    left, right = (RNG.normal(size=(3, n)).astype(np.float32) for n in (6, 4))
    with torch.inference_mode():
        expected = module(torch.tensor(left), torch.tensor(right))["logits"].numpy()
    for example in ([left, right], {"id": right, "extra": left, "input": left}):
        model = octet.TorchModel(module, example=example)
        assert [t.name for t in model.inputs] == ["input", "id"]
        result = reference(model, {"input": left, "id": right})
        assert list(result) == ["logits", "rest_0"]
        np.testing.assert_allclose(result["logits"], expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(result["rest_0"], left)
    model = octet.TorchModel(module, example={"id": right, "input": left,
                                              "scale": right[:, :1]})
    assert [t.name for t in model.inputs] == ["input", "id", "scale"]


def test_takes_any_number_of_arguments():
    class Sum(nn.Module):
        def forward(self, *xs, **more):
            return sum(xs) + sum(more.values())

    x = np.ones((2, 3), np.float32)
    assert [t.name for t in octet.TorchModel(Sum(), example=(x, x)).inputs] == [
        "xs_0", "xs_1"]
    model = octet.TorchModel(Sum(), example={"a": x, "b": x})
    assert [t.name for t in model.inputs] == ["a", "b"]
    assert reference(model, {"a": x, "b": x})["output"].tolist() == [[2] * 3] * 2


def test_keeps_types_of_integers():
    class Embed(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(7, 4)

        def forward(self, tokens):
            return self.table(tokens).mean(1)

    model = octet.TorchModel(Embed(), example=np.zeros((1, 5), np.int64))
    assert model.inputs[0].dtype == np.int64
    assert octet.compile(model).run(np.ones((3, 5), np.int64))["output"].shape == (3, 4)


def test_says_where_the_batch_is_fixed():
    x = np.ones((4, 3), np.float32)

    class Four(nn.Module):
        def forward(self, x):
            return x + x.new_ones(4, 3)

    with pytest.warns(UserWarning, match="compiled for 1 at a time; have forward"):
        model = octet.TorchModel(Four(), example=x)
    assert model.inputs[0].shape == (1, 3)

    class Pairs(nn.Module):
        def forward(self, x):
            assert x.shape[0] == 4
            return x * 2

    with pytest.warns(UserWarning, match="compiled for 4 at a time"):
        assert octet.TorchModel(Pairs(), example=x).inputs[0].shape == (4, 3)


def test_scalar_inputs_have_no_batch():
    class Scale(nn.Module):
        def forward(self, s, x):
            return s * x

    model = octet.TorchModel(Scale(), example=[np.float32(2), np.ones((2, 3), "f")])
    assert [t.shape for t in model.inputs] == [(), (2, 3)]


def test_has_no_graph_before_data(cnn):
    model = octet.TorchModel(cnn)
    assert "not exported yet" in repr(model)
    with pytest.raises(octet.Error, match="with example=") as caught:
        _ = model.inputs
    assert caught.value.mend
    model.prepare([IMAGES])
    assert repr(model) == "TorchModel('Cnn')"
    before = bytes_of(model)
    model.prepare([IMAGES[:, :, :4]])
    assert bytes_of(model) == before


# ---- refusals


def test_names_the_submodule_of_an_operator_without_an_onnx_form():
    with pytest.raises(octet.UnsupportedModel, match=r"aten\._linalg_svd") as caught:
        octet.TorchModel(nets.Deep(), example=np.ones((2, 4, 4), np.float32))
    assert caught.value.node == "body.1"
    assert caught.value.__cause__ is not None
    assert caught.value.mend.startswith("compute it")


def test_the_driver_names_the_submodule(cnn):
    class Stft(nn.Module):
        def __init__(self):
            super().__init__()
            self.front = nn.Sequential(nn.Linear(16, 16), nn.Identity())

        def forward(self, x):
            return torch.stft(self.front(x), 8, return_complex=False,
                              window=torch.ones(8))

    model = octet.TorchModel(Stft(), example=np.ones((2, 16), np.float32))
    with pytest.raises(octet.UnsupportedModel, match="STFT"):
        octet.compile(model)


def test_refuses_control_flow():
    with pytest.raises(octet.UnsupportedModel, match=r"at 'if x\.sum\(\) > 0:'") as e:
        octet.TorchModel(nets.Branches(), example=np.ones((2, 3), np.float32))
    assert "torch.where" in e.value.mend
    assert e.value.__cause__ is not None


@pytest.mark.parametrize(("example", "words"), [
    (np.ones((2, 1, 7, 8), np.float32), r"float32\[2, 1, 7, 8\].*shapes"),
    (np.ones((2, 1, 8, 8), np.uint8), "uint8"),
    ([IMAGES, IMAGES], "forward takes 1 arguments and the first batch has 2"),
    ({"image": IMAGES, "mask": IMAGES},
     "forward takes 'x', and the arrays are 'image', 'mask'"),
])
def test_refuses_inputs_that_do_not_fit(cnn, example, words):
    with pytest.raises(octet.BadData, match=words):
        octet.TorchModel(cnn, example=example)


def test_refuses_what_is_no_module():
    with pytest.raises(octet.RefusedOptions, match="of type int"):
        octet.TorchModel(3)

    class Odd(nn.Module):
        def forward(self, x):
            return "no"

    with pytest.raises(octet.UnsupportedModel, match="returns a str"):
        octet.TorchModel(Odd(), example=np.ones((2, 3), np.float32))

    class Uncopied(nn.Module):
        def __deepcopy__(self, memo):
            raise RuntimeError("no copies; at all")

    with pytest.raises(octet.UnsupportedModel, match=r"\(no copies, at all\)"):
        octet.TorchModel(Uncopied(), example=np.ones((2, 3), np.float32))


def test_refuses_what_pytorch_cannot_export_in_one_sentence(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("it broke: here\nand a long story")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(octet.UnsupportedModel, match=r"it broke: here; see the") as e:
        octet.TorchModel(nets.Mean(), example=np.ones((2, 3), np.float32))
    assert "\n" not in str(e.value)
    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: (_ for _ in ()).throw(
        ValueError("Message exceeds maximum protobuf size of 2GB")))
    with pytest.raises(octet.UnsupportedModel, match="more than 2 GiB"):
        octet.TorchModel(nets.Mean(), example=np.ones((2, 3), np.float32))


# ---- without onnxscript


def test_exports_without_onnxscript(without_onnxscript, cnn, exported):
    with pytest.warns(octet._driver.Note, match="pip install"):
        model = octet.TorchModel(cnn, example=IMAGES)
    assert model.inputs[0].batch
    result = octet.compile(model).run(IMAGES)["output"]
    np.testing.assert_allclose(result, octet.compile(exported).run(IMAGES)["output"],
                               rtol=1e-4, atol=1e-4)
    nodes = {layer.node for layer in octet.compile(model).layers()}
    assert "/stem/stem.0/Conv" in nodes or "/stem/0/Conv" in nodes


@pytest.mark.filterwarnings("ignore:.*TorchScript")
def test_without_onnxscript_control_flow_is_refused_too(without_onnxscript, capfd):
    with pytest.raises(octet.UnsupportedModel, match="another way for other data"):
        octet.TorchModel(nets.Branches(), example=np.ones((2, 3), np.float32))
    with pytest.raises(octet.UnsupportedModel, match="svdvals") as caught:
        octet.TorchModel(nets.Deep(), example=np.ones((2, 4, 4), np.float32))
    assert caught.value.node == "body.1"
    module, left = nets.Two(), np.ones((3, 6), np.float32)
    model = octet.TorchModel(module, example={"id": left[:, :4], "input": left})
    assert [t.name for t in model.inputs] == ["input", "id"]
    model = octet.TorchModel(module, example=[left, left[:, :4]])
    assert [t.name for t in model.inputs] == ["input", "id"]
    assert capfd.readouterr() == ("", "")


# ---- files


def saved(folder, value, name="net.pt"):
    path = folder / name
    torch.save(value, path)
    return path


@pytest.mark.parametrize("wrap", [
    lambda s: s,
    lambda s: {"state_dict": s, "epoch": 3},
    lambda s: {"model": {f"module.{k}": v for k, v in s.items()}},
    lambda s: {"model_state_dict": {f"_orig_mod.module.{k}": v for k, v in s.items()}},
    lambda s: {"state_dict": {f"model.{k}": v for k, v in s.items()}},
])
def test_loads_weights(tmp_path, cnn, wrap):
    path = saved(tmp_path, wrap(cnn.state_dict()))
    model = octet.load_trained_model(path, nets.Cnn)
    assert model.name == "net"
    state = model.module.state_dict()
    assert all(torch.equal(state[k], v) for k, v in cnn.state_dict().items())


def test_loads_weights_into_a_copy(tmp_path, cnn, exported):
    path = saved(tmp_path, cnn.state_dict())
    own = nets.Cnn()
    before = own.head.weight.clone()
    model = octet.load_trained_model(path, own, example=IMAGES)
    assert torch.equal(own.head.weight, before)
    assert bytes_of(model) == bytes_of(exported)
    assert octet.load_trained_model(path, lambda: nets.Cnn(10)).name == "net"


def test_loads_captured_programs(tmp_path, cnn):
    batch = torch.export.Dim("batch")
    program = torch.export.export(copy.deepcopy(cnn).eval(), (torch.tensor(IMAGES),),
                                  dynamic_shapes=({0: batch},))
    torch.export.save(program, tmp_path / "net.pt2")
    model = octet.load_trained_model(tmp_path / "net.pt2")
    assert [(t.name, t.batch) for t in model.inputs] == [("x", True)]
    with torch.inference_mode():
        expected = copy.deepcopy(cnn).eval()(torch.tensor(IMAGES)).numpy()
    (result,) = reference(model, {"x": IMAGES}).values()
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(octet.RefusedOptions, match="leave the class out"):
        octet.load_trained_model(tmp_path / "net.pt2", nets.Cnn)


@pytest.mark.filterwarnings("ignore:.*torch.jit:Warning")
def test_loads_torchscript(tmp_path, cnn):
    script = torch.jit.trace(copy.deepcopy(cnn).eval(), torch.tensor(IMAGES))
    script.save(tmp_path / "net.pt")
    model = octet.load_trained_model(tmp_path / "net.pt")
    model.prepare([IMAGES])
    assert [(t.name, t.batch) for t in model.inputs] == [("x", True)]
    with torch.inference_mode():
        expected = script(torch.tensor(IMAGES)).numpy()
    np.testing.assert_allclose(reference(model, {"x": IMAGES})["output"], expected,
                               rtol=1e-4, atol=1e-4)


def test_loads_onnx(tmp_path, exported):
    (tmp_path / "net.onnx").write_bytes(bytes_of(exported))
    assert octet.load_trained_model(tmp_path / "net.onnx").inputs[0].name == "x"
    with pytest.raises(octet.MissingFile):
        octet.load_trained_model(tmp_path / "none.pt", nets.Cnn)


def write_safetensors(path, state):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    kinds = {torch.float32: "F32", torch.int64: "I64", torch.bfloat16: "BF16"}
    for key, value in state.items():
        raw = value.contiguous().view(torch.uint8).numpy().tobytes() if (
            value.ndim) else value.numpy().tobytes()
        header[key] = {"dtype": kinds[value.dtype], "shape": list(value.shape),
                       "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = octet.model.json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_loads_safetensors(tmp_path, cnn):
    path = tmp_path / "net.safetensors"
    state = dict(cnn.state_dict())
    state["head.weight"] = state["head.weight"].bfloat16()
    write_safetensors(path, state)
    loaded = octet.load_trained_model(path, nets.Cnn).module.state_dict()
    assert all(torch.equal(loaded[k], v.to(loaded[k].dtype)) for k, v in state.items())
    whole = path.read_bytes()
    for damaged in (whole[:-4], b"", b"[1]", struct.pack("<Q", 1 << 62) + b"{}",
                    struct.pack("<Q", 3) + b"[1]", whole.replace(b'"F32"', b'"F99"')):
        path.write_bytes(damaged)
        with pytest.raises(octet.UnsupportedModel, match="no file of safetensors"):
            octet.load_trained_model(path, nets.Cnn)


class Malicious:
    def __reduce__(self):
        return open, (Malicious.target, "w")


def test_refuses_pickles_with_code(tmp_path, cnn):
    Malicious.target = str(tmp_path / "ran")
    for name, value in (("whole.pt", cnn), ("code.pt", {"w": Malicious()})):
        with pytest.raises(octet.UnsupportedModel, match="more than weights") as e:
            octet.load_trained_model(saved(tmp_path, value, name), nets.Cnn)
        assert "state_dict" in e.value.mend
    program = torch.export.export(nets.Mean(), (torch.ones(2, 3),))
    torch.export.save(program, tmp_path / "good.pt2")
    evil = tmp_path / "evil.pt2"
    with zipfile.ZipFile(tmp_path / "good.pt2") as good, \
            zipfile.ZipFile(evil, "w") as bad:
        for name in good.namelist():
            data = good.read(name)
            if name.endswith("sample_inputs/model.pt"):
                data = pickle.dumps(Malicious())
            bad.writestr(name, data)
    with pytest.raises(octet.UnsupportedModel, match="more than weights"):
        octet.load_trained_model(evil)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("entry", [
    {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True},
    {"path_name": "tensor_0", "is_param": False, "use_pickle": True}])
def test_refuses_programs_with_objects(tmp_path, entry):
    Malicious.target = str(tmp_path / "ran")
    path = tmp_path / "net.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("n/archive_format", "pt2")
        archive.writestr("n/data/constants/model_constants_config.json",
                         octet.model.json.dumps({"config": {"c": entry}}))
        archive.writestr(f"n/data/constants/{entry['path_name']}",
                         pickle.dumps(Malicious()))
    with pytest.raises(octet.UnsupportedModel, match="could run"):
        octet.load_trained_model(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["net.pt", "net.pt2", "net.pth"])
def test_refuses_other_files(tmp_path, name, cnn, capfd):
    path = tmp_path / name
    archive = tmp_path / "other.zip"
    np.savez(archive.open("wb"), w=IMAGES)
    weights = saved(tmp_path, cnn.state_dict(), "weights.pt").read_bytes()
    for content in (b"", b"not a model at all", b"PK\x03\x04" + bytes(40),
                    archive.read_bytes(), weights[:-200], *(
                        [weights] if name == "net.pt2" else [])):
        path.write_bytes(content)
        with pytest.raises(octet.UnsupportedModel, match="short, or nothing that"):
            octet.load_trained_model(path, None if name == "net.pt2" else nets.Cnn)
    assert capfd.readouterr() == ("", "")


def test_refuses_damaged_files(tmp_path, cnn, capfd):
    path = saved(tmp_path, cnn.state_dict())
    content = path.read_bytes()
    place = content.index(b"stem.0.weight")
    path.write_bytes(content[:place] + b"\xff" + content[place + 1:])
    with pytest.raises(octet.UnsupportedModel, match="cannot be read"):
        octet.load_trained_model(path, nets.Cnn)
    path = tmp_path / "net.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("n/archive_format", "pt2")
    with pytest.raises(octet.UnsupportedModel, match="cannot be read"):
        octet.load_trained_model(path)
    assert capfd.readouterr() == ("", "")


def test_refuses_what_is_no_path(cnn, tmp_path):
    for given in (None, cnn, cnn.state_dict()):
        with pytest.raises(octet.RefusedOptions, match=r"octet\.TorchModel"):
            octet.load_trained_model(given, nets.Cnn)
    with pytest.raises(octet.MissingFile):
        octet.load_trained_model(tmp_path, nets.Cnn)


@pytest.mark.filterwarnings("ignore:.*torch.jit:Warning")
def test_refuses_damaged_torchscript(tmp_path):
    path = tmp_path / "net.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/constants.pkl", b"nothing")
    with pytest.raises(octet.UnsupportedModel, match="cannot be read"):
        octet.load_trained_model(path)


def test_names_weights_that_do_not_fit(tmp_path, cnn):
    state = dict(cnn.state_dict())
    state["extra.weight"] = state.pop("head.bias")
    state["head.weight"] = torch.zeros(3, 128)
    with pytest.raises(octet.UnsupportedModel) as caught:
        octet.load_trained_model(saved(tmp_path, state), nets.Cnn)
    said = str(caught.value)
    assert "'head.bias' is missing, 'extra.weight' is unknown to the class" in said
    assert "'head.weight' has shape [3, 128] in the file and [10, 128]" in said
    with pytest.raises(octet.UnsupportedModel, match="missing and 17 more"):
        octet.load_trained_model(saved(tmp_path, {"a": torch.ones(1)}), nets.Cnn)


def test_loads_weights_of_a_module_around_the_class(tmp_path, cnn):
    for prefix in ("net.", "module.model._orig_mod."):
        state = {prefix + k: v for k, v in cnn.state_dict().items()}
        loaded = octet.load_trained_model(saved(tmp_path, state), nets.Cnn).module
        assert all(torch.equal(v, cnn.state_dict()[k])
                   for k, v in loaded.state_dict().items())
    state["other.weight"] = torch.ones(1)
    with pytest.raises(octet.UnsupportedModel, match=r"unknown to the class"):
        octet.load_trained_model(saved(tmp_path, state), nets.Cnn)


class Fails(nn.Module):
    def __init__(self):
        raise ValueError("no such file")


class Needs(nn.Module):
    def __init__(self, width):
        super().__init__()


@pytest.mark.parametrize(("cls", "words"), [
    (None, "give the model's class"), (3, "int is no class"),
    (Needs, r"missing a required argument: 'width'\).*an instance, Needs\(\.\.\.\)"),
    (dict, "makes a dict"), (Fails, r"Fails fails when it is called \(no such file\)")])
def test_refuses_classes_that_are_none(tmp_path, cnn, cls, words):
    path = saved(tmp_path, cnn.state_dict())
    with pytest.raises(octet.RefusedOptions, match=words):
        octet.load_trained_model(path, cls)


@pytest.mark.parametrize("value", [[1, 2], {}, {"state_dict": {"a": 1}}])
def test_refuses_files_without_weights(tmp_path, value):
    with pytest.raises(octet.UnsupportedModel, match="without a state_dict"):
        octet.load_trained_model(saved(tmp_path, value), nets.Cnn)


# ---- quantization


def test_quantizes_a_module(cnn, quantized, exported):
    assert quantized.precision == "int8"
    ranges = octet.calibrate(exported, IMAGES)
    assert quantized.ranges.to_json() == ranges.to_json()
    same = octet.compile(exported, ranges)
    result = quantized.run(IMAGES)["output"]
    np.testing.assert_array_equal(result, same.run(IMAGES)["output"])
    expected = reference(exported, {"x": IMAGES})["output"]
    assert np.square(result - expected).sum() < 0.01 * np.square(expected).sum()
    assert {"stem.0", "block.0", "head"} & set(ranges)
    assert isinstance(quantized.model, octet.TorchModel)
    tensor = quantized(torch.tensor(IMAGES))
    assert torch.equal(tensor, torch.tensor(result))


def test_quantizes_what_files_hold(tmp_path, exported):
    path = tmp_path / "net.onnx"
    path.write_bytes(bytes_of(exported))
    program = octet.quantize_model(path, IMAGES, method="minmax", limit=4)
    assert program.ranges.samples == 4


def test_quantizes_two_inputs_by_name():
    x = RNG.normal(size=(10, 6)).astype(np.float32)
    data = {"id": x[:, :4], "input": x, "labels": np.zeros(10, np.int64)}
    program = octet.quantize_model(nets.randomize(nets.Two()), data)
    assert [t.name for t in program.inputs] == ["input", "id"]


# ---- torch.compile


def test_backend_with_ranges_gives_the_programs_bytes(cnn, quantized, monkeypatch):
    calls = []
    original = octet.compiler.compile
    monkeypatch.setattr(octet.compiler, "compile",
                        lambda *a, **k: (calls.append(1), original(*a, **k))[1])
    torch._dynamo.reset()
    module = copy.deepcopy(cnn).eval()
    fast = torch.compile(module, backend=octet.torch_backend(quantized.ranges,
                                                             threads=2),
                         dynamic=True)
    with torch.inference_mode():
        for count in (4, 24, 7):
            x = IMAGES[:count]
            np.testing.assert_array_equal(fast(torch.tensor(x)).numpy(),
                                          quantized.run(x)["output"])
    assert len(calls) == 1


def test_backend_refuses_ranges_of_another_graph(cnn, quantized):
    torch._dynamo.reset()
    module = nets.randomize(nets.Cnn(), seed=1).eval()
    fast = torch.compile(module, backend=octet.torch_backend(quantized.ranges),
                         dynamic=True)
    with torch.no_grad(), pytest.raises(octet.RefusedOptions, match="another graph"):
        fast(torch.tensor(IMAGES))


def test_backend_without_ranges(cnn):
    torch._dynamo.reset()
    module = copy.deepcopy(cnn).eval()
    fast = torch.compile(module, backend=octet.torch_backend())
    x = torch.tensor(IMAGES[:3])
    with torch.no_grad():
        torch.testing.assert_close(fast(x), module(x), rtol=1e-4, atol=1e-4)
        module.head.weight.mul_(2)
        torch.testing.assert_close(fast(x), module(x), rtol=1e-4, atol=1e-4)
    with pytest.raises(octet.RefusedOptions, match="computes no gradients"):
        fast(x)


def test_backend_compiles_parts_and_what_samples_meet_in():
    torch._dynamo.reset()

    def function(x, y):
        z = x - x.mean(0, keepdim=True)
        torch._dynamo.graph_break()
        return z + 1, y.half()

    fast = torch.compile(function, backend=octet.torch_backend())
    x, y = torch.randn(4, 3), torch.randn(5)
    with torch.no_grad():
        z, half = fast(x, y)
    torch.testing.assert_close(z, x - x.mean(0, keepdim=True) + 1)
    assert half.dtype == torch.float16


@pytest.mark.parametrize(("function", "words"), [
    (lambda x: x.add_(1).relu(), "in place"),
    (lambda x: torch.linalg.svdvals(x), "svd"),
    (lambda x: (x * 2).to("meta"), "returns a tensor on 'meta'"),
])
def test_backend_refuses(function, words):
    torch._dynamo.reset()
    fast = torch.compile(function, backend=octet.torch_backend())
    with torch.no_grad(), pytest.raises(octet.Error, match=words):
        fast(torch.ones(4, 3))


def test_backend_refuses_numbers():
    torch._dynamo.reset()
    fast = torch.compile(lambda x, n: x * n, backend=octet.torch_backend(),
                         dynamic=True)
    with torch.no_grad(), pytest.raises(octet.Error, match="depends on a number"):
        fast(torch.ones(4, 3), 7)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_modules_on_a_gpu(cnn, exported):
    module = copy.deepcopy(cnn).cuda()
    assert bytes_of(octet.TorchModel(module, example=IMAGES)) == bytes_of(exported)
    assert next(module.parameters()).is_cuda
    torch._dynamo.reset()
    fast = torch.compile(module.eval(), backend=octet.torch_backend())
    with torch.no_grad(), pytest.raises(octet.RefusedOptions, match="on the CPU"):
        fast(torch.tensor(IMAGES).cuda())


def test_exporting_is_silent_for_others_afterwards(exported):
    logger = octet._torch_export.logging.getLogger("torch")
    level = logger.level
    with _torch_export.silence():
        print("swallowed")
    assert logger.level == level


def test_takes_tensors_as_an_example(cnn, exported):
    model = octet.TorchModel(cnn, example={"x": torch.tensor(IMAGES).bfloat16()})
    assert bytes_of(model) == bytes_of(exported)
    assert octet.model.as_model(model) is model


def test_refuses_captured_programs_that_have_no_onnx_form(without_onnxscript,
                                                          monkeypatch):
    program = torch.export.export(nets.Deep(), (torch.ones(2, 4, 4),))
    with pytest.raises(octet.UnsupportedModel, match="need onnxscript"):
        octet.TorchModel(program)
    monkeypatch.undo()
    with pytest.raises(octet.UnsupportedModel, match=r"aten\._linalg_svd"):
        octet.TorchModel(program)


def test_backend_without_onnxscript(without_onnxscript, cnn):
    with pytest.raises(octet.RefusedOptions, match="without onnxscript"):
        octet.torch_backend("ranges.json")
    torch._dynamo.reset()
    module = copy.deepcopy(cnn).eval()
    fast = torch.compile(module, backend=octet.torch_backend())
    x = torch.tensor(IMAGES[:3])
    with torch.no_grad(), pytest.warns(octet._driver.Note, match="TorchScript"):
        y = fast(x)
    with torch.no_grad():
        torch.testing.assert_close(y, module(x), rtol=1e-4, atol=1e-4)


def test_backend_refuses_what_is_no_tensor():
    torch._dynamo.reset()

    def function(x):
        n = x.shape[0] * 2
        torch._dynamo.graph_break()
        return x + n

    fast = torch.compile(function, backend=octet.torch_backend(), dynamic=True)
    with torch.no_grad(), pytest.raises(octet.Error, match=r"number|SymInt") as caught:
        fast(torch.ones(4, 3))
    assert isinstance(caught.value, octet.UnsupportedModel)


def test_backend_refuses_unsupported_graphs():
    torch._dynamo.reset()
    fast = torch.compile(lambda x: torch.stft(x, 8, return_complex=False,
                                              window=torch.ones(8)),
                         backend=octet.torch_backend())
    with torch.no_grad(), pytest.raises(octet.UnsupportedModel, match="STFT"):
        fast(torch.ones(2, 16))
