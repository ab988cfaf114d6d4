"""Models and their data, quantizing and comparing, and all of it once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from octet import _driver
from onnx import TensorProto, helper
from suite import contest, layers, options, prepare
from suite.cache import Cache
from suite.catalog import Catalog, Model
from suite.environments import Failed
from suite.layers import Conv
from suite.octet import Octet
from suite.peers import Loading, Quantization, Source
from suite.processes import Home, OctetContestant, PeerContestant, PeerProcess

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DRIVER = _driver.EXECUTABLE


def catalog(tmp_path, *flags):
    given = options.parse(["--work", str(tmp_path / "work"), *flags])
    return Catalog(given, Cache(given.work / "cache"))


def relu(path, shape, **opset):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "net", [x], [y])
    onnx.save(helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_layers_are_chosen_by_name(tmp_path):
    found = catalog(tmp_path, "--only", "layers", "--models",
                    "dw5x5_*,matmul_128_768_768").models()
    names = [m.name for m in found]
    assert "matmul_128_768_768" in names
    assert "dw5x5_672_672_14" in names
    assert all(n.startswith(("dw5x5_", "matmul_128_768_768")) for n in names)
    assert found[0].source.batch is None
    with np.load(found[0].calibration) as data:
        assert data["x"].shape == (8, *found[0].layer.shape)


def test_quick_has_one_in_six_layers(tmp_path):
    quick = catalog(tmp_path, "--only", "layers", "--quick").models()
    assert len(quick) == -(-len(layers.distinct()) // 6)


def test_zoo_has_fixed_shapes(tmp_path):
    zoo = tmp_path / "zoo"
    zoo.mkdir()
    relu(zoo / "net.onnx", ["n", 3, "h", "w"])
    (zoo / "zoo.tsv").write_text(
        "name\tkind\tshapes\nnet\tfp32\tx=1x3x8x12\nlost\tfp32\t\nold\tint8\t\n")
    chosen = catalog(tmp_path, "--only", "zoo", "--zoo", str(zoo))
    (net,) = chosen.models()
    assert chosen.skipped == [("lost", f"needs {zoo / 'lost.onnx'}")]
    (entry,) = onnx.load(net.source.path).graph.input
    assert [d.dim_value for d in entry.type.tensor_type.shape.dim] == [1, 3, 8, 12]
    with np.load(net.test) as data:
        assert data["x"].shape == (16, 1, 3, 8, 12)


def test_what_is_not_given_is_skipped_with_a_reason(tmp_path):
    chosen = catalog(tmp_path, "--only", "models,zoo", "--models", "resnet8,charlm_gpt")
    assert chosen.models() == []
    assert chosen.skipped == [
        ("ResNet-8, 32²", "needs --data"),
        ("GPT of characters, 128 tokens", "needs --data"), ("the zoo", "needs --zoo")]


def test_trained_models_take_samples_from_all_of_the_data(tmp_path):
    data = tmp_path / "data"
    for folder in ("models", "cifar10"):
        (data / folder).mkdir(parents=True)
    relu(data / "models" / "cifar_resnet8.onnx", ["N", 3, 4, 4])
    images = np.zeros((200, 3, 4, 4), np.uint8) + np.arange(200, dtype=np.uint8)[
        :, None, None, None]
    for part in ("calib", "test"):
        np.savez(data / "cifar10" / f"{part}.npz", x=images, labels=np.arange(200))
    (net,) = catalog(tmp_path, "--data", str(data), "--models", "resnet8",
                     "--only", "models", "--calibration", "4").models()
    assert net.source == Source(str(data / "models" / "cifar_resnet8.onnx"),
                                {"x": "float32"}, "N")
    with np.load(net.calibration) as taken:
        assert taken["x"][:, 0, 0, 0].tolist() == [0, 50, 100, 150]
        assert taken["labels"].tolist() == [0, 50, 100, 150]
    with np.load(net.test) as taken:
        assert len(taken["x"]) == 200


@pytest.mark.parametrize("flags", [["--data", "{}"], ["--zoo", "{}"]])
def test_folders_that_are_none(flags, tmp_path):
    chosen = catalog(tmp_path, *(flag.format(tmp_path) for flag in flags))
    with pytest.raises(Failed, match=r"give another folder|put the table"):
        (chosen._unpacked if flags[0] == "--data" else chosen._zoo)()


def test_ratio_of_signal_to_error():
    ones = np.ones(100)
    assert prepare.sqnr_db(ones, ones) == 999
    assert prepare.sqnr_db(ones, 1.1 * ones) == pytest.approx(20)
    assert prepare.sqnr_db(ones, ones * np.nan) == -999
    assert prepare.sqnr_db(0 * ones, ones) == -999


def prepared(tmp_path, **outputs):
    test = tmp_path / "test.npz"
    np.savez(test, x=np.zeros((4, 1)), labels=np.array([0, 1, 1, 0]))
    item = prepare.Prepared(Model("net", "net", "trained", Source("", {}, "N"), test,
                                  test))
    for name, values in outputs.items():
        who, _, precision = name.partition("_")
        np.savez(tmp_path / f"{name}.npz", y=np.asarray(values, np.float32))
        item.outputs[who, precision] = tmp_path / f"{name}.npz"
    prepare.compare(item)
    return item



def test_outputs_are_compared_with_fp32(tmp_path):
    right = np.array([[9, 1], [1, 9], [1, 9], [1, 9]])
    item = prepared(tmp_path, onnxruntime_fp32=right, octet_fp32=right + 1e-5,
                    octet_int8=right * 1.1, onnxruntime_int8=right[:, ::-1])
    assert item.quality["octet", "fp32"]["top1"] == 75
    assert item.quality["octet", "int8"]["sqnr_db"] == pytest.approx(20, abs=0.01)
    assert item.quality["onnxruntime", "int8"]["top1"] == 25
    assert list(item.errors) == [("onnxruntime", "int8")]
    assert "dB above their error" in item.errors["onnxruntime", "int8"]


def test_an_fp32_program_must_be_right(tmp_path):
    right = np.array([[9, 1], [1, 9], [1, 9], [1, 9]])
    item = prepared(tmp_path, onnxruntime_fp32=right, octet_fp32=right * 1.01)
    assert list(item.errors) == [("octet", "fp32")]


@pytest.fixture
def driver(tmp_path):
    """Octet with what `bench --help` is to say."""
    def make(text):
        path = tmp_path / "octet"
        path.write_text(f"#!/bin/sh\ncat <<'.'\n{text}\n.\n")
        path.chmod(0o755)
        return Octet(path, "host", Cache(tmp_path))
    return make


@pytest.mark.parametrize(("text", "threads", "times"), [
    ("  --runs N  timed", False, False),
    ("  --threads N   threads that samples are split among", True, False),
    ("  --threads N   threads\n  --layers", True, True)])
def test_what_programs_can_do_is_in_the_help(text, threads, times, driver):
    octet = driver(text)
    assert octet.has_threads == threads
    assert octet.times_layers == times


def test_a_peer_that_quantizes_runs_and_compares(tmp_path):
    layer = Conv(8, 16, 14, 3)
    path = layers.write("net", layers.build(layer), tmp_path)
    data = tmp_path / "data.npz"
    np.savez(data, x=np.random.default_rng(0).standard_normal(
        (5, *layer.shape)).astype(np.float32))
    source = Source(str(path), {"x": "float32"}, None)
    process = PeerProcess("onnxruntime", Home())
    try:
        assert set(process.ask("versions")) == {"onnxruntime"}
        job = Quantization(source, str(data), str(tmp_path), False, False)
        made = process.ask("quantize", **vars(job))
        quantized = Source(str(tmp_path / made["file"]), {"x": "float32"}, None)
        outputs = {}
        for name, each in (("fp32", source), ("int8", quantized)):
            process.ask("evaluate", source=each, data=str(data), limit=3, threads=1,
                        precision=name, out=str(tmp_path / name))
            with np.load(tmp_path / f"{name}.npz") as file:
                outputs[name] = file["y"]
        assert outputs["fp32"].shape == (3, *layer.out_shape)
        # Samples differ, so each was run by itself.
        assert prepare.sqnr_db(outputs["fp32"][:1], outputs["fp32"][1:2]) < 3
        assert 25 < prepare.sqnr_db(outputs["fp32"], outputs["int8"]) < 60
        nodes = {n.op_type for n in onnx.load(quantized.path).graph.node}
        assert nodes == {"QuantizeLinear", "DequantizeLinear", "Conv"}
        loaded = PeerContestant("onnxruntime", Loading(quantized, str(data), 1, 1,
                                                       "int8"), process, keep=True)
        timings, failures = contest.hold([loaded], 5)
        assert not failures
        assert 0 < timings["onnxruntime", "int8"].median < 100
        assert timings["onnxruntime", "int8"].resident_bytes > 1_000_000
        with pytest.raises(Failed, match="NoSuchFile"):
            process.ask("load", source=Source("nothing.onnx", {"x": "float32"}, None),
                        data=str(data), batch=1, threads=1, precision="fp32")
        assert process.ask("versions")
    finally:
        process.close()


def test_a_program_that_dies_says_why(tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho 'octet-bench int8 1 1'\nread x\n"
                       "echo 'no room' >&2\nexit 3\n")
    program.chmod(0o755)
    contestant = OctetContestant(program, "int8", 1, ())
    with pytest.raises(Failed, match="ended with status 3: no room"):
        contestant.time(4)
    contestant.close()


def test_all_of_it_once(tmp_path):
    command = [sys.executable, "-m", "suite", "--octet", str(DRIVER), "--work",
               str(tmp_path), "--only", "layers", "--models", "conv1x1_320_1280_7",
               "--peers", "onnxruntime", "--quick", "--precisions", "fp32,int8",
               "--threads", "1,1000"]
    environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "1000 threads: skipped: needs 1000 CPUs" in done.stdout
    results = json.loads((tmp_path / "results" / "results.json").read_text())
    (model,) = results["models"]
    (held,) = model["contests"]
    assert model["macs"] == Conv(320, 1280, 7, 1).macs
    assert {(t["who"], t["precision"]) for t in held["times"]} == {
        (who, p) for who in ("octet", "onnxruntime") for p in ("fp32", "int8")}
    for entry in held["times"]:
        assert entry["gops"] == pytest.approx(2e-6 * model["macs"] / entry["median"])
    for quality in model["quality"]:
        assert quality["sqnr_db"] > prepare.LEAST_SQNR[quality["precision"]]
    assert results["machine"]["peaks"]["1"]["fp32_gflops"] > 0
    assert results["peers"]["onnxruntime"]["call_overhead_ms"] > 0
    assert "conv1x1_320_1280_7" in (tmp_path / "results" / "results.md").read_text()
    # Once more, all is in the cache but the times.
    entries = {p for p in (tmp_path / "cache").glob("*/*")}
    assert subprocess.run(command, env=environment, capture_output=True).returncode == 0
    assert {p for p in (tmp_path / "cache").glob("*/*")} == entries


def test_a_machine_that_the_host_is_not(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "suite", "--octet", str(DRIVER), "--work", str(tmp_path),
         "--machine", "neon-i8mm" if os.uname().machine == "x86_64" else "avx2"],
        capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(BENCHMARKS)})
    assert done.returncode == 0, done.stderr
    assert "skipped: needs a" in done.stdout
    assert json.loads((tmp_path / "results" / "results.json").read_text())[
        "models"] == []
