"""What the compiler says becomes exceptions, and what it leaves is removed."""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile

import nets
import numpy as np
import octet
import pytest
from nets import refusal
from octet import _driver
from octet._files import Named


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Puts a Python script in the driver's place."""
    def make(text):
        script = tmp_path / "driver"
        script.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{text}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(_driver, "EXECUTABLE", script)
    return make


@pytest.fixture
def room(tmp_path, monkeypatch):
    """An empty folder for temporary files."""
    folder = tmp_path / "a room = é"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def saying(text, file=None, kind="error", status=1):
    message = json.dumps({"kind": kind, "text": text, "file": file})
    return f"print({message!r}, file=sys.stderr)\nsys.exit({status})"


# Sentences


def test_names_of_temporary_files(driver):
    path = Named("/tmp/octet-12345678/x.npz", "the data")
    driver(saying(f"{path}: cannot be so; mend it", str(path)))
    error = refusal(octet.BadData, lambda: _driver.run([path], data="the data"),
                    "the data: cannot be so; mend it")
    assert (error.file, error.cause, error.mend) == (
        "the data", "cannot be so", "mend it")
    refusal(octet.UnsupportedModel, lambda: _driver.run([path]), "the data: cannot be")


def test_what_others_say(driver):
    driver("print('ld.so: noise', file=sys.stderr)\n" + saying("net.onnx: is bad"))
    assert str(refusal(octet.UnsupportedModel, lambda: _driver.run([]))) == (
        "net.onnx: is bad")
    driver("print('ld.so: noise', file=sys.stderr)\nprint('done')")
    assert _driver.run([]) == "done\n"


def test_flags_are_arguments(driver):
    for flag, argument in (("dump-ir", "dump_ir"), ("dim", "dims")):
        driver(saying(f"flag --{flag} cannot be 'x': give y; see octet --help",
                      kind="misuse", status=2))
        error = refusal(octet.RefusedOptions, lambda: _driver.run([]))
        assert str(error) == f"{argument} cannot be 'x'; give y"
        assert error.mend == "give y"


@pytest.mark.parametrize("text", ["/x/net: cannot be written: No space left on device",
                                  "/x/net: cannot be created: Permission denied"])
def test_places_that_cannot_be_written(driver, text):
    driver(saying(text))
    error = refusal(octet.CannotWrite, lambda: _driver.run([]), "give another place")
    assert error.file == "/x/net"
    driver(saying(f"net.onnx: {text}", "net.onnx"))
    assert refusal(octet.CannotWrite, lambda: _driver.run([])).file == "net.onnx"


def test_no_room_for_the_drivers_temporary_files(driver, room):
    driver("text = 'net.onnx: ' + os.environ['TMPDIR'] + '/a.o: cannot be written: "
           "No space left on device'\nprint(json.dumps({'kind': 'error', 'text': text, "
           "'file': 'net.onnx'}), file=sys.stderr)\nsys.exit(1)")
    error = refusal(octet.CannotWrite, lambda: _driver.run([]))
    assert str(error) == (f"{room}: cannot be written: No space left on device; set "
                          "TMPDIR to a folder with more room")


def test_a_driver_that_does_not_start(driver, tmp_path):
    refusal(octet.Error, lambda: _driver.run(["a\0b"]), "cannot be started")
    driver("")
    (tmp_path / "driver").write_text("none")
    refusal(octet.Error, lambda: _driver.run([]), "cannot be started: ")


def test_statuses_that_nobody_keeps():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        refusal(octet.UnsupportedModel, lambda: octet.compile(b"no model"),
                "model: not an ONNX model")
        refusal(octet.RefusedOptions, lambda: octet.compile(nets.linear(), targets="?"),
                "target '?' is unknown")
    finally:
        signal.signal(signal.SIGCHLD, before)


# Temporary files


def test_what_a_killed_driver_leaves(driver, room):
    driver("open(os.environ['TMPDIR'] + '/left', 'w').write('x')\n"
           "print(json.dumps({'kind': 'progress', 'what': 'w', 'done': 1, 'total': 2}),"
           " file=sys.stderr, flush=True)\ntime.sleep(60)")
    seen = []

    def interrupt(*_):
        seen.extend(os.listdir(next(room.iterdir())))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _driver.run([], progress=interrupt)
    assert seen == ["left"]
    assert list(room.iterdir()) == []


def test_no_folder_for_temporary_files(tmp_path, monkeypatch):
    program = octet.compile(nets.linear())
    ranges = octet.calibrate(nets.linear(), nets.random(4, 8))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    for call in (lambda: octet.compile(nets.linear()), lambda: ranges.merge(ranges),
                 lambda: octet.calibrate(nets.linear(), nets.random(4, 8)),
                 lambda: octet.Model(nets.linear()).inputs,
                 lambda: program.save(tmp_path / "net"),
                 lambda: octet.benchmark(program)):
        error = refusal(octet.CannotWrite, call, "cannot be written: No such file")
        assert error.mend == "set TMPDIR to a folder with more room"


def test_full_folder_for_temporary_files():
    code = """
import resource, signal, sys
import nets, octet
program = octet.compile(nets.linear())
ranges = octet.calibrate(nets.linear(), nets.random(4, 8))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for call in (lambda: octet.compile(nets.linear()), lambda: ranges.merge(ranges),
             lambda: program.save("net"), lambda: octet.benchmark(program)):
    try:
        call()
    except octet.CannotWrite as error:
        assert error.mend == "set TMPDIR to a folder with more room", error
    else:
        sys.exit("there was room")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                          check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_nothing_is_left(room):
    ranges = octet.calibrate(nets.linear(), nets.random(4, 8))
    octet.benchmark(octet.compile(nets.linear(), ranges), runs=3)
    refusal(octet.Error, lambda: octet.compile(b"no model"))
    assert list(room.iterdir()) == []


# The command


def test_module_is_the_command():
    def out(*command):
        return subprocess.run(command, capture_output=True, check=True, text=True,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(
                                  sys.path)}).stdout
    assert out(sys.executable, "-m", "octet", "--version") == out(
        _driver.EXECUTABLE, "--version")


def test_version(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"{name} 1.2")
    assert octet.__version__ == "octet 1.2"


# Arguments


@pytest.mark.parametrize(("options", "part"), [
    ({"batch": "3"}, "batch cannot be '3'; give a number of samples"),
    ({"batch": 2.5}, "batch cannot be 2.5"), ({"batch": None}, "batch cannot be None"),
    ({"targets": None}, "targets cannot be None"), ({"targets": [1]}, "targets cannot"),
    ({"shapes": {"x": 4}}, "shapes: that of 'x' cannot be 4"),
    ({"shapes": {"x": "4"}}, "shapes: that of 'x' cannot be '4'"),
    ({"shapes": {"x": [0, 4]}}, "shapes: a size of 'x' cannot be 0"),
    ({"shapes": [("x", [1])]}, "shapes cannot be of type list"),
    ({"dims": {"n": "a"}}, "dims: 'n' cannot be 'a'"), ({"dims": 3}, "dims cannot be"),
    ({"outputs": 3}, "outputs cannot be 3"), ({"outputs": [3]}, "outputs cannot be"),
    ({"precision": "int4"}, "precision cannot be 'int4'; choose int8 or fp32"),
    ({"precision": "int8"}, "precision cannot be 'int8' without ranges"),
    ({"method": "mse"}, "method and percentile are for INT8"),
    ({"percentile": "x"}, "percentile cannot be 'x'; give a number above 50"),
    ({"dump_ir": ""}, "dump_ir cannot be ''; give the name of a file")])
def test_arguments_of_compile(options, part):
    refusal(octet.RefusedOptions, lambda: octet.compile(nets.linear(), **options), part)


def test_arguments_of_others():
    program = octet.compile(nets.linear())
    x = nets.random(4, 8)
    for call in (lambda: octet.evaluate(program, x, batch="a"),
                 lambda: octet.evaluate(program, x, metric=3),
                 lambda: octet.compare(program, program, x, limit=1.5),
                 lambda: octet.calibrate(nets.linear(), x, min_sqnr="a"),
                 lambda: octet.calibrate(nets.linear(), x, percentile="a"),
                 lambda: octet.benchmark(program, runs="a")):
        refusal(octet.RefusedOptions, call, "cannot be")
    assert octet.compile(nets.linear(), outputs="y", batch=np.int64(2)).inputs[
        0].shape == (2, 8)
