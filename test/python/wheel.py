"""Installs the wheels as a user would, where no compiler is on the PATH.

    wheel.py --wheels dist --work FOLDER --model M.onnx --calib C.npz
"""

import argparse
import pathlib
import re
import subprocess
import sys
import venv

LARGEST = 90e6  # bytes
IMPORT = 0.3  # seconds

USER = """
import sys
import numpy as np
import octet

model, calib, folder = sys.argv[1:]
images = np.load(calib)["image"]
program = octet.quantize_model(model, images)
program.save(f"{folder}/net.so")
program.save(f"{folder}/net")
np.save(f"{folder}/scores.npy", program(images))
arm = octet.compile(model, octet.calibrate(model, images), targets="neon-dotprod,neon")
arm.save(f"{folder}/arm")
assert arm.targets == ("neon-dotprod", "neon"), arm.targets
assert any(layer.precision == "int8" for layer in arm.layers())
"""

RUNTIME = """
import sys
import numpy as np
import octet_runtime

calib, folder = sys.argv[1:]
net = octet_runtime.load(f"{folder}/net.so")
scores = np.load(f"{folder}/scores.npy")
assert net(np.load(calib)["image"]).tobytes() == scores.tobytes()
"""


def environment(folder, wheel):
    venv.create(folder, with_pip=True, clear=True)
    run(folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", wheel)
    return folder / "bin"


def run(*command):
    """In an environment in which nothing is on the PATH."""
    done = subprocess.run([str(c) for c in command], env={"PATH": "/nonexistent"},
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def import_time(python):
    """The fastest of five, in seconds."""
    def once():
        lines = run(python, "-X", "importtime", "-c", "import octet").stderr
        return int(re.findall(r"\|\s*(\d+) \| octet$", lines, re.MULTILINE)[-1]) / 1e6
    return min(once() for _ in range(5))


def main():
    parser = argparse.ArgumentParser()
    for name in ("wheels", "work", "model", "calib"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = parser.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    compiler, = options.wheels.glob("octet-*.whl")
    runtime, = options.wheels.glob("octet_runtime-*.whl")
    assert "manylinux_2_36" in compiler.name, compiler.name
    assert compiler.stat().st_size <= LARGEST, compiler.stat().st_size
    scripts = environment(work / "compiler", compiler)
    seconds = import_time(scripts / "python")
    assert seconds <= IMPORT, f"import octet takes {seconds} s"
    run(scripts / "python", "-c", USER, options.model, options.calib, work)
    # The command line is the same driver, and gives the same program.
    run(scripts / "octet", "compile", options.model, "--calib", options.calib, "-o",
        work / "by-hand")
    by_hand = run(work / "by-hand", "run", "--input", options.calib, "--output",
                  work / "by-hand.npz")
    saved = run(work / "net", "run", "--input", options.calib, "--output",
                work / "saved.npz")
    assert (work / "by-hand.npz").read_bytes() == (work / "saved.npz").read_bytes(), \
        by_hand.stdout + saved.stdout
    scripts = environment(work / "runtime", runtime)
    run(scripts / "python", "-c", RUNTIME, options.calib, work)
    print(f"wheel: {compiler.stat().st_size / 1e6:.1f} MB, imported in {seconds:.2f} s")


sys.exit(main())
