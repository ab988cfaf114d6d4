"""Programs: what they say, saving them, processes, and the fast path."""

import copy
import ctypes
import multiprocessing
import os
import pickle
import platform
import resource
import stat
import struct
import subprocess
import time
import timeit

import nets
import numpy as np
import octet
import pytest
from nets import ELSEWHERE, HERE, random, refusal
from octet import _native, runtime
from octet._files import header_of, write_files


@pytest.fixture(scope="module")
def linear():
    return octet.compile(nets.linear(), targets=(HERE, "generic"))


@pytest.fixture(scope="module")
def foreign():
    return octet.compile(nets.linear(), targets=ELSEWHERE)


def expected(x):
    return x @ nets.WEIGHT + nets.BIAS


# What a program says of itself


def test_description(linear):
    f32 = np.dtype(np.float32)
    assert linear.inputs == (runtime.Tensor("x", (1, 8), f32, True),)
    assert linear.outputs == (runtime.Tensor("y", (1, 3), f32, True),)
    assert (linear.precision, linear.target) == ("fp32", HERE)
    assert linear.targets == (HERE, "generic")
    assert repr(linear) == (f"Program(fp32, x: float32 [n, 8] -> y: float32 [n, 3], "
                            f"{HERE}, generic, {linear.size} bytes)")
    assert "<tr><th>inputs</th><td>x</td></tr>" in linear._repr_html_()


def test_names_are_escaped():
    net = nets.build([("Relu", ["<x>"], ["<y>"], {})], [("<x>", "float32", [2])],
                     [("<y>", "float32", [2])])
    assert "&lt;x&gt;" in octet.compile(net)._repr_html_()


def test_other_machine(linear, foreign, tmp_path):
    assert (foreign.inputs, foreign.outputs) == (linear.inputs, linear.outputs)
    assert foreign.targets == (ELSEWHERE,)
    assert foreign.target is None
    assert foreign.precision == "fp32"
    assert foreign.model_hash == linear.model_hash
    macs = [n.macs for n in foreign.layers() if n.macs]
    assert macs == [24]
    assert foreign.layers(ELSEWHERE) == foreign.layers()
    assert all(isinstance(n, runtime.Layer) for n in foreign.layers())
    refusal(octet.NotAProgram, lambda: foreign.layers("avx9"), "no layers of 'avx9'")
    assert f"{ELSEWHERE}, {foreign.size} bytes" in repr(foreign)
    for call in (foreign, foreign.run):
        refusal(octet.NotAProgram, lambda call=call: call(random(1, 8)),
                f"program: is compiled for {ELSEWHERE} and cannot run on this machine")
    foreign.save(tmp_path / "net.so")
    machine = runtime.machine_of((tmp_path / "net.so").read_bytes(), "net.so")
    assert not runtime.is_native(machine)
    refusal(octet.NotAProgram, lambda: octet.Program.load(tmp_path / "net.so"),
            "and this machine is")
    foreign.save(tmp_path / "net")
    assert struct.unpack_from("<H", (tmp_path / "net").read_bytes(), 18) == (machine,)
    again = pickle.loads(pickle.dumps(foreign))
    assert again.layers() == foreign.layers()
    for program in (foreign, linear):
        shown = program.layers()._repr_html_()
        assert shown.count("<tr>") == 1 + len(program.layers())
        assert "<td>Gemm-y</td>" in shown


def test_describes_itself_without_the_report(linear):
    wrong = {"inputs": [], "outputs": [], "targets": ["none"], "layers": [],
             "precision": "int8", "model_hash": ""}
    program = octet.Program(linear._bytes, report=wrong)
    assert program.inputs == linear.inputs
    assert program.layers() == linear.layers()
    assert program.layers("generic") != []


# Saving


def test_save_library(linear, tmp_path):
    path = tmp_path / "saved.so"
    linear.save(path)
    x = random(5, 8)
    assert path.read_bytes() == linear._bytes
    for load in (runtime.load, octet.Program.load):
        assert np.array_equal(load(path)(x), linear(x))
    assert np.allclose(linear(x), expected(x), rtol=1e-4, atol=1e-6)


def test_header(tmp_path):
    """To the byte what the compiler writes for the same symbol."""
    path = nets.compiled(tmp_path, nets.relu(), "my-net.so")
    by_compiler = path.with_suffix(".h").read_text()
    octet.Program.load(path).save(tmp_path / "other.so")
    assert (tmp_path / "other.h").read_text() == by_compiler
    assert "const octet_model my_net_model;" in by_compiler
    alone = path.read_bytes().replace(b"my_net_model", b"my_net_xxxxx")
    assert "const octet_model octet_v4_model;" in header_of(alone)


def test_no_header_without_a_model(linear):
    data = linear._bytes.replace(b"_model\0", b"_xxxxx\0")
    refusal(octet.Error, lambda: header_of(data), "defines no model")
    start = linear._bytes[:40] + bytes(8) + linear._bytes[48:60] + bytes(2)
    refusal(octet.Error, lambda: header_of(start), "defines no model")


def test_save_program_and_object(linear, tmp_path):
    x = random(5, 8)
    linear.save(tmp_path / "net")
    np.savez(tmp_path / "x.npz", x=x)
    subprocess.run([tmp_path / "net", "run", "--input", tmp_path / "x.npz", "-o",
                    tmp_path / "y.npz"], check=True, timeout=60)
    assert np.array_equal(np.load(tmp_path / "y.npz")["y"], linear(x))
    linear.save(tmp_path / "net.o")
    assert (tmp_path / "net.o").read_bytes() == linear._object
    assert (tmp_path / "net.h").read_text() == header_of(linear._bytes)
    octet._driver.run(["compile", tmp_path / "net.o", "-o", tmp_path / "again.so"])
    assert np.array_equal(runtime.load(tmp_path / "again.so")(x), linear(x))


def test_save_refused(linear, tmp_path):
    loaded = octet.Program(linear._bytes, name="net.so")
    for name in ("net", "net.o", "net.v2"):
        error = refusal(octet.Error, lambda name=name: loaded.save(tmp_path / name),
                        "net.so was loaded from a library and can only be saved as one")
        assert error.mend.startswith("give a name with .so")
    for name in ("net.s", "net.mlir", "net.onnx"):
        refusal(octet.RefusedOptions, lambda name=name: linear.save(tmp_path / name),
                "cannot be saved as")
    for name in ("none/net.so", "none/net", "n" * 300 + ".so"):
        path = tmp_path / name
        error = refusal(octet.CannotWrite, lambda path=path: linear.save(path),
                        "cannot be written")
        assert isinstance(error, OSError)
    assert list(tmp_path.iterdir()) == []


def test_saved_files_are_whole_and_keep_to_the_umask(linear, tmp_path, monkeypatch):
    path = tmp_path / "net.so"
    before = os.umask(0o027)
    try:
        linear.save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert stat.S_IMODE(path.with_suffix(".h").stat().st_mode) == 0o640
    files = {path: b"old", path.with_suffix(".h"): b"old"}
    for file, data in files.items():
        file.write_bytes(data)
    # The second of two cannot be written: the first keeps what it had.
    refusal(octet.CannotWrite,
            lambda: write_files({path: (b"new", 0o666),
                                 tmp_path / "none" / "net.h": (b"new", 0o666)}),
            f"{tmp_path / 'none' / 'net.h'}: cannot be written: No such file")
    assert {file: file.read_bytes() for file in files} == files
    assert sorted(tmp_path.iterdir()) == sorted(files)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_full_disk(linear, tmp_path, monkeypatch):
    opened = os.open

    def on_full_disk(path, *arguments):
        return opened("/dev/full", os.O_WRONLY) if ".net." in str(path) else opened(
            path, *arguments)
    monkeypatch.setattr(os, "open", on_full_disk)
    refusal(octet.CannotWrite, lambda: linear.save(tmp_path / "net.so"),
            "net.so: cannot be written: No space left on device; give another place")
    assert list(tmp_path.iterdir()) == []


# Copies and processes


def test_pickle_and_copy(linear, tmp_path):
    x = random(4, 8)
    for other in (*(pickle.loads(pickle.dumps(linear, p)) for p in range(2, 6)),
                  copy.copy(linear), copy.deepcopy(linear), copy.deepcopy([linear])[0]):
        assert np.array_equal(other(x), linear(x))
        assert other.layers() == linear.layers()
        other.save(tmp_path / "net")
        assert (tmp_path / "net").exists()
        (tmp_path / "net").unlink()


def test_pickle_of_another_version(linear):
    restore, (version, state) = linear.__reduce__()
    error = refusal(octet.NotAProgram, lambda: restore(version + 1, state),
                    "was pickled by another version of Octet")
    assert error.mend == "compile the model again, or load what save wrote"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_processes(linear, method):
    inputs = [random(1 + i, 8, seed=i) for i in range(6)]
    answers = [linear(x) for x in inputs]
    with multiprocessing.get_context(method).Pool(2) as pool:
        results = pool.map_async(linear, inputs).get(timeout=60)
    assert all(np.array_equal(a, b) for a, b in zip(answers, results, strict=True))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork(linear):
    x = random(1, 8)
    answer = linear(x)
    child = os.fork()
    if child == 0:
        good = all(np.array_equal(linear(x), answer) for _ in range(100))
        os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(linear(x), answer)


# Threads of one call


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads(libraries, threads):
    program = octet.Program.load(libraries("linear", "--batch", "4"))
    for samples in (1, 4, 9, 100):
        x = random(samples, 8)
        assert program(x, threads=threads).tobytes() == program(x).tobytes()
        assert program.run(x, threads=threads)["y"].tobytes() == program(x).tobytes()
    call = program._library.runner.call
    assert np.array_equal(call(random(3, 8), threads=threads), program(random(3, 8)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork_of_threads(linear):
    x = random(9, 8)
    answer = linear(x, threads=3)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(linear(x, threads=3), answer) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(linear(x, threads=3), answer)


def test_numbers_of_threads(linear):
    for threads in (0, -1, 1025, 1.5, "2", None):
        refusal(octet.Error, lambda n=threads: linear(random(1, 8), threads=n),
                f"program: threads cannot be {threads!r}; give a number from 1 to 1024")
    assert np.array_equal(linear(random(2, 8), threads=np.int64(2)),
                          linear(random(2, 8)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_room_for_threads(linear):
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))
        try:
            linear(random(1, 8), threads=1024)
        except octet.Error as error:
            os._exit(0 if str(error) == "program: 1024 threads cannot be started; give "
                     "fewer" else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def test_ctypes_runs_on_one_thread(libraries):
    net, x = runtime.load(libraries("linear")), random(2, 8)
    error = refusal(octet.Error, lambda: net(x, threads=2), "runs on one thread")
    assert error.mend == "leave threads out, or call it from several"
    assert np.array_equal(net(x, threads=1), net(x))


# The fast path


def test_what_needs_no_conversion(libraries, monkeypatch):
    program = octet.Program.load(libraries("linear", "--batch", "4"))
    several = octet.Program.load(libraries("scaled"))
    fixed = octet.Program.load(libraries("apart"))
    typed = octet.Program.load(libraries("typed"))
    call = program._library.runner.call
    for samples in (1, 3, 4):
        x = random(samples, 8)
        assert np.array_equal(call(x), program.run(x)["y"])
    x = random(4, 8)
    strided = random(8, 8)[::2]
    unaligned = np.frombuffer(b"-" + x.tobytes(), np.uint8)[1:].view("f").reshape(4, 8)
    for other in (x.astype(np.float64), x.astype(">f4"), strided, np.asfortranarray(x),
                  random(5, 8), x[:0], x[0], x[:, :7], random(4, 8, 1), x.tolist(),
                  unaligned, x.astype(np.int32)):
        assert call(other) is None
    assert call() is None
    assert call(x, x) is None
    result = several._library.runner.call(random(1, 4), np.ones(4, "f"))
    assert list(result) == ["product", "total"]
    assert several._library.runner.call(random(2, 4), np.ones(4, "f")) is None
    assert fixed._library.runner.call(random(2, 3), np.array(2, "f")).shape == (2, 3)
    arrays = [np.ones(t.shape, t.dtype) for t in typed.inputs]
    assert len(typed._library.runner.call(*arrays)) == len(arrays)
    arrays[4] = arrays[4].astype(np.longlong)
    assert len(typed._library.runner.call(*arrays)) == len(arrays)


def test_runner_refuses(libraries):
    path = libraries("linear")
    library = runtime.load(path)
    address = ctypes.addressof(ctypes.c_int.in_dll(library._handle.cdll,
                                                   "octet_v4_model"))
    with pytest.raises(ValueError, match="no such target"):
        _native.Runner(library._handle, address, "avx9")
    runner = _native.Runner(library._handle, address, library.target)
    with pytest.raises(ValueError, match="an address is needed for each tensor"):
        runner.run([], [], 1)
    with pytest.raises(ValueError, match="are 0"):
        runner.run([0], [0], 1)
    del library
    # The runner keeps the library loaded.
    assert runner.call(np.ones((1, 8), "f")).shape == (1, 3)


def test_overhead(libraries):
    """Less than 5 microseconds around a model that takes less than a tenth of one."""
    program, x = octet.Program.load(libraries("relu")), np.ones((1, 4), np.float32)
    deadline = time.monotonic() + 20
    best = 1.0
    while best > 5e-6 and time.monotonic() < deadline:
        best = min(best, *(t / 1000 for t in timeit.repeat(lambda: program(x),
                                                           number=1000, repeat=20)))
    assert best <= 5e-6


def test_equals_the_command_line(tmp_path):
    """Python, by both ways, and an executable program give the same bytes."""
    program = octet.compile(nets.scaled(), batch=4)
    program.save(tmp_path / "net")
    program.save(tmp_path / "net.so")
    given = {"x": random(7, 4), "scale": random(4, seed=3)}
    np.savez(tmp_path / "x.npz", **given)
    subprocess.run([tmp_path / "net", "run", "--input", tmp_path / "x.npz", "-o",
                    tmp_path / "y.npz"], check=True, timeout=60)
    with np.load(tmp_path / "y.npz") as saved:
        for call in (program, program.run, runtime.load(tmp_path / "net.so")):
            results = call(given)
            assert set(results) == set(saved)
            for name, y in results.items():
                assert y.tobytes() == saved[name].tobytes()
                assert y.shape == saved[name].shape


def test_machine_is_known():
    assert platform.machine() in ("x86_64", "aarch64")
    assert runtime.is_native({"x86_64": 62, "aarch64": 183}[platform.machine()])
    assert not runtime.is_native(0)
