"""Loading compiled models, what is none, targets, threads and signals."""

import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nets
import numpy as np
import octet
import pytest
from nets import ELSEWHERE, HERE, random, refusal
from octet import _native, runtime
from octet.runtime import _elf

# Files that are no libraries


def test_missing_and_unreadable(tmp_path, load):
    error = refusal(octet.MissingFile, lambda: load(tmp_path / "none.so"),
                    "none.so: no such file")
    assert isinstance(error, FileNotFoundError)
    refusal(octet.NotAProgram, lambda: load(tmp_path), "cannot be read: Is a directory")


def test_other_files(tmp_path, libraries, load):
    model = tmp_path / "model.onnx"
    model.write_bytes(nets.relu().SerializeToString())
    for name in ("net.o", "net"):
        octet._driver.run(["compile", model, "-o", tmp_path / name])
    (tmp_path / "text.so").write_text("a library?")
    (tmp_path / "empty.so").write_bytes(b"")
    shutil.copy(_native.__file__, tmp_path / "module.so")
    for name, part in (("net.o", "is an object and no library"),
                       ("net", "is a program and no library"),
                       ("text.so", "is no compiled model"),
                       ("empty.so", "is no compiled model"),
                       ("model.onnx", "is no compiled model"),
                       ("module.so", "defines neither octet_v4_model nor module_mod")):
        error = refusal(octet.NotAProgram, lambda name=name: load(tmp_path / name),
                        f"{name}: {part}")
        assert "-o net.so" in error.mend


def test_truncated(tmp_path, libraries, load):
    data = libraries("linear").read_bytes()
    path = tmp_path / "net.so"
    for length in [*range(6, 600, 5), *range(600, len(data), 331), len(data) - 1]:
        path.write_bytes(data[:length])
        refusal(octet.NotAProgram, lambda: load(path), f"{path}: is truncated; ")


def test_damaged_headers(libraries):
    data = bytearray(libraries("linear").read_bytes())
    refused = 0
    for at in range(64 + 56 * 8):
        for value in (0, 1, 255, data[at] ^ 128):
            damaged = bytearray(data)
            damaged[at] = value
            try:
                runtime.machine_of(bytes(damaged), "net.so")
            except octet.NotAProgram:
                refused += 1
    assert refused > 100


def test_segment_behind_the_end(libraries):
    data = bytearray(libraries("linear").read_bytes())
    start, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    for at in range(start, start + 56 * count, 56):
        if struct.unpack_from("<I", data, at)[0] == 1:
            struct.pack_into("<Q", data, at + 32, len(data))
    refusal(octet.NotAProgram, lambda: runtime.machine_of(bytes(data), "net.so"),
            "is truncated")


def test_other_machine(libraries, load):
    path = libraries("relu", "--target", ELSEWHERE)
    refusal(octet.NotAProgram, lambda: load(path), "and this machine is ",
            platform.machine(), "compile the model for it")
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, 18, 8)
    refusal(octet.NotAProgram, lambda: runtime.Library(bytes(data)),
            "is for another architecture")


def test_not_loadable(libraries):
    data = libraries("linear").read_bytes()
    start, = struct.unpack_from("<Q", data, 32)
    damaged = bytearray(data)
    for at in range(start, start + 56 * struct.unpack_from("<H", data, 56)[0], 56):
        struct.pack_into("<I", damaged, at, 4)  # no segment is loaded
    refusal(octet.NotAProgram, lambda: runtime.Library(bytes(damaged), "net.so"),
            "net.so: cannot be loaded: ")


def test_other_version(tmp_path, libraries, load):
    data = libraries("linear").read_bytes()
    model = struct.pack("<5i", 4, 1, 1, 1, 0)
    assert data.count(model) == 1
    path = tmp_path / "net.so"
    path.write_bytes(data.replace(model, struct.pack("<5i", 5, 1, 1, 1, 0)))
    error = refusal(octet.NotAProgram, lambda: load(path), "has version 5 of")
    assert error.cause.endswith("reads version 4")
    assert error.mend.startswith("compile the model again")


def test_names(tmp_path, load):
    path = nets.compiled(tmp_path, nets.relu(), "9 net-1.so")
    x = np.array([[-1, 0, 1, 2]], np.float32)
    renamed = tmp_path / "other.so"
    shutil.copy(path, renamed)
    assert (load(renamed)(x) == np.maximum(x, 0)).all()
    # Without the symbol that all libraries have.
    data = path.read_bytes()
    assert data.count(b"octet_v4_model\0") >= 1
    for copy in (path, renamed):
        copy.write_bytes(data.replace(b"octet_v4_model\0", b"octet_xx_model\0"))
    assert (load(path)(x) == np.maximum(x, 0)).all()
    refusal(octet.NotAProgram, lambda: load(renamed), "nor other_model")


# Loading


def test_overwritten_file(tmp_path, libraries, load):
    path = tmp_path / "net.so"
    shutil.copy(libraries("relu"), path)
    first = load(path)
    path.write_bytes(libraries("linear").read_bytes())
    second = load(path)
    path.unlink()
    x, row = random(1, 8), np.array([[-1, 2, -3, 4]], np.float32)
    for _ in range(3):
        assert (first(row) == np.maximum(row, 0)).all()
        np.testing.assert_allclose(second(x), x @ nets.WEIGHT + nets.BIAS, rtol=1e-4,
                                   atol=1e-6)


def test_without_files_in_memory(tmp_path, libraries, load, monkeypatch):
    monkeypatch.setattr(_elf, "_memory_file", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    nets_ = [load(libraries(name)) for name in ("relu", "linear")]
    assert not list(tmp_path.iterdir())
    assert nets_[0](np.ones((1, 4))).shape == (1, 4)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    error = refusal(octet.Error, lambda: load(libraries("relu")), "set TMPDIR")
    assert "there is no room" in error.cause


def test_no_such_system_call(monkeypatch):
    monkeypatch.setattr(_elf.ctypes, "CDLL", lambda _: object())
    assert _elf._memory_file() is None


def test_nothing_grows(libraries):
    path = libraries("linear")
    code = f"""
import os, numpy as np, octet
from octet import runtime
def used():
    pages = int(open("/proc/self/statm").read().split()[1])
    maps = len(open("/proc/self/maps").readlines())
    return len(os.listdir("/proc/self/fd")), pages, maps
x, many = np.ones((1, 8), "f"), np.ones((40, 8))
def work(rounds):
    for load in (runtime.load, octet.Program.load):
        net = load({str(path)!r})
        for _ in range(20 * rounds):
            net(x), net(many)
        for _ in range(rounds):
            load({str(path)!r})(x)
work(200)
seen = [used()]
for _ in range(5):
    work(300)
    seen.append(used())
assert seen[-1][0] == seen[0][0], seen
assert seen[-1][2] - seen[0][2] < 10, seen
# The allocator may take a step at any time; what leaks, leaks every time.
assert min(b[1] - a[1] for a, b in zip(seen, seen[1:])) < 16, seen
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)


def test_quiet_at_exit(libraries):
    code = f"""
import numpy as np, octet
from octet import runtime
a, b = runtime.load({str(libraries("linear"))!r}), octet.Program.load(
    {str(libraries("linear"))!r})
a(np.ones((1, 8))), b(np.ones((1, 8), "f"))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60,
                          capture_output=True, text=True)
    assert done.stderr == ""


def test_alone(libraries, tmp_path):
    """The runtime's folder is a package by itself."""
    shutil.copytree(Path(runtime.__file__).parent, tmp_path / "octet_runtime")
    code = f"""
import sys, numpy as np, octet_runtime
assert octet_runtime.load({str(libraries("relu"))!r})(np.ones((1, 4))).sum() == 4
assert not any(name.split(".")[0] == "octet" for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60,
                   env={**os.environ, "PYTHONPATH": str(tmp_path)})


# Targets


def test_octet_isa(libraries, load, monkeypatch):
    path, x = libraries("linear", "--target", f"{HERE},generic"), random(3, 8)
    best = load(path)
    monkeypatch.setenv("OCTET_ISA", "generic")
    generic = load(path)
    assert (best.target, generic.target) == (HERE, "generic")
    assert np.array_equal(generic(x), best(x))
    monkeypatch.setenv("OCTET_ISA", "avx9")
    none = load(path)
    assert none.target is None
    assert none.layers() == best.layers()
    refusal(octet.NotAProgram, lambda: none(x), f"{path}: OCTET_ISA=avx9: it lacks "
            f"that instruction set; set one of {HERE}, generic")
    assert np.array_equal(best(x), generic(x))


def test_cpu_without_the_target(tmp_path, libraries, load, monkeypatch):
    data = bytearray(libraries("relu", "--target", "generic").read_bytes())
    # The features that the only variant needs, before the sizes of the arena and of
    # scratch memory, and one layer.
    at = data.find(struct.pack("<Qqqq", 0, 64, 0, 1))
    assert at > 0
    struct.pack_into("<Q", data, at, 1 << 63)
    path = tmp_path / "net.so"
    path.write_bytes(data)
    x = np.zeros((1, 4), np.float32)
    assert load(path).target is None
    refusal(octet.NotAProgram, lambda: load(path)(x), "this CPU runs none of generic")
    monkeypatch.setenv("OCTET_ISA", "generic")
    refusal(octet.NotAProgram, lambda: load(path)(x),
            "OCTET_ISA=generic: this CPU lacks that instruction set")


# Threads, signals, memory


def test_threads(libraries, load):
    net = load(libraries("linear", "--batch", "4"))
    inputs = [random(1 + i % 7, 8, seed=i) for i in range(100)]
    expected = [net(x) for x in inputs]
    wrong = []
    start = threading.Barrier(len(inputs))

    def work(i):
        start.wait()
        for _ in range(30):
            if not np.array_equal(net(inputs[i]), expected[i]):
                wrong.append(i)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """x [n, 1] -> y [n, 1] with 4 million multiplications for each sample."""
    net = nets.build(
        [("Gemm", ["x", "up"], ["wide"], {}),
         ("Gemm", ["wide", "square"], ["same"], {}),
         ("Gemm", ["same", "down"], ["y"], {})],
        [("x", "float32", ["n", 1])], [("y", "float32", ["n", 1])],
        [("up", random(1, 2048)), ("square", random(2048, 2048)),
         ("down", random(2048, 1))])
    return nets.compiled(tmp_path_factory.mktemp("slow"), net)


def test_interrupt(slow, load):
    net, x = load(slow), np.ones((200_000, 1), np.float32)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        net(x)
    assert time.monotonic() - start < 5
    assert net(x[:1]).shape == (1, 1)


def test_gil_is_released(slow, load):
    net, x = load(slow), np.ones((1, 1), np.float32)
    done = threading.Event()

    def work():
        for _ in range(200):
            net(x)
        done.set()
    thread = threading.Thread(target=work)
    thread.start()
    counted = 0
    while not done.is_set():
        counted += 1
    thread.join()
    # A thread that holds the lock hands it over every 5 ms at the soonest.
    assert counted > 10_000
