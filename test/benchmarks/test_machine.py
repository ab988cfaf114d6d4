"""What is timed on which machine, the command line, and the cache."""

import pytest
from suite import machine, options
from suite.cache import Cache
from suite.environments import Failed, find_octet
from suite.peers import Unfit, find

ZEN5 = frozenset({"avx2", "fma", "avx_vnni", "avx512_vnni", "avx512vbmi",
                  "avx512_bf16"})
HASWELL = frozenset({"avx2", "fma"})
GRAVITON = frozenset({"asimd", "asimddp", "i8mm", "bf16"})


@pytest.mark.parametrize("line", ["flags\t\t: fpu avx2 fma", "Features : fpu avx2 fma"])
def test_flags_of_either_architecture(line):
    assert machine.read_flags(f"processor : 0\n{line}\n") == {"fpu", "avx2", "fma"}
    assert machine.read_flags("processor : 0\n") == frozenset()


def test_what_the_machine_lacks_is_named():
    assert machine.lacks("host", HASWELL) is None
    assert machine.lacks("avx2", ZEN5) is None
    assert machine.lacks("avx512vbmi", HASWELL) == "needs avx512_vnni and avx512vbmi"
    assert machine.lacks("neon-i8mm", ZEN5) == "needs asimddp and i8mm"


def test_bf16_needs_hardware_that_may_be_used():
    assert machine.lacks_bf16("host", ZEN5) is None
    assert machine.lacks_bf16("host", GRAVITON) is None
    assert machine.lacks_bf16("host", HASWELL) == (
        "needs avx512_bf16 or amx_bf16 or bf16")
    assert machine.lacks_bf16("avx2", ZEN5) == "needs more than avx2"


def test_products_saturate_without_dot_products():
    assert machine.saturates("host", HASWELL)
    assert not machine.saturates("host", ZEN5)
    assert machine.saturates("avx2", ZEN5)
    assert not machine.saturates("avxvnni", ZEN5)


def test_cores_are_those_of_this_process_once_each():
    cores = machine.cores()
    assert len(set(cores)) == len(cores) > 0


def test_peers_are_held_to_a_machine_or_left_out():
    assert find("openvino").limit("avx2") == {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    assert find("openvino").limit("host") == find("onnxruntime").limit("host") == {}
    for peer, target in (("openvino", "generic"), ("onnxruntime", "avx2"),
                         ("torch", "avx2")):
        with pytest.raises(Unfit, match=f"needs a way to be held to {target}"):
            find(peer).limit(target)


def test_quick_is_short_unless_told_otherwise():
    quick, whole = options.parse(["--quick"]), options.parse([])
    assert quick.batches == (1,)
    assert whole.batches == (1, 16)
    assert quick.budget < whole.budget
    assert options.parse(["--quick", "--batches", "2,4"]).batches == (2, 4)
    assert options.parse(["--only", "layers,zoo"]).only == ("layers", "zoo")
    assert not options.parse(["--only", "layers,zoo"]).exports
    assert whole.exports


@pytest.mark.parametrize(("flags", "said"), [
    (["--only", "nets"], "'nets' is none of models, layers, zoo"),
    (["--peers", "tflite"], "'tflite' is none of onnxruntime, openvino, torch"),
    (["--threads", "0"], "give whole numbers from 1 on"),
    (["--threads", "x"], "--threads"),
    (["--update-readme", "--quick"], "--update-readme is for whole runs"),
    (["--update-readme", "--machine", "avx2"], "--update-readme is for whole runs"),
    (["--machine", "avx3"], "invalid choice: 'avx3'")])
def test_wrong_command_lines(flags, said, capsys):
    with pytest.raises(SystemExit) as stop:
        options.parse(flags)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_a_driver_that_is_none(tmp_path):
    with pytest.raises(Failed, match="is no program"):
        find_octet(tmp_path)
    (tmp_path / "octet").touch()
    with pytest.raises(Failed, match="is no program"):
        find_octet(tmp_path / "octet")


def test_entries_are_made_once_for_the_same_content(tmp_path):
    cache, made = Cache(tmp_path / "cache"), []

    def build(folder):
        made.append(folder)
        (folder / "file").write_text("content")
        return {"seconds": len(made)}

    model, copy = tmp_path / "model", tmp_path / "copy"
    for file in (model, copy):
        file.write_text("weights")
    first, facts = cache.make("kind", {"model": model, "batch": 1}, build)
    assert (first / "file").read_text() == "content"
    assert cache.make("kind", {"model": copy, "batch": 1}, build) == (first, facts)
    assert facts == {"seconds": 1}
    assert cache.make("kind", {"model": model, "batch": 2}, build)[0] != first
    assert cache.make("other", {"model": model, "batch": 1}, build)[0] != first
    model.write_text("other weights")
    assert cache.make("kind", {"model": model, "batch": 1}, build)[0] != first
    assert len(made) == 4


def test_what_fails_leaves_nothing(tmp_path):
    def build(folder):
        (folder / "file").write_text("half")
        raise Failed("died")

    with pytest.raises(Failed):
        Cache(tmp_path).make("kind", {}, build)
    assert list((tmp_path / "kind").iterdir()) == []
