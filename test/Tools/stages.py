"""A model compiled at once and by hand, phase by phase, is the same program.

    stages.py MODEL --calib D.npz [--target T]

`octet import` writes the graph, octet-opt runs one phase after the other, and
`octet compile` goes on behind each graph phase and behind layout. The IR of
`octet compile --compile-to` is that of octet-opt, too. Programs and IR are
compared byte by byte.
"""

import argparse
import filecmp
import pathlib
import re
import subprocess
import sys
import tempfile

FP32 = ["simplify", "layout"]
INT8 = ["simplify", "observe", "quantize", "fold-scales", "layout"]
# The phases behind layout, and whether they depend on the target.
REST = {"lower": False, "schedule": True, "dot": True, "memory": False,
        "unroll": True, "llvm": False}


def run(*arguments):
    result = subprocess.run([str(a) for a in arguments], capture_output=True,
                            text=True)
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))}: {result.stderr[:1000]}")


class Route:
    """One precision of one model: its program, and what stages make of it."""

    def __init__(self, options, folder, precision):
        self.model, self.target = options.model, options.target
        self.folder, self.precision = folder, precision
        self.ranges = folder / "ranges.json"
        self.failures = []
        self.flags = ["--target", self.target]
        self.calibrated = ["--ranges", self.ranges] if precision == "int8" else []
        self.whole = folder / f"{precision}"
        run("octet", "compile", self.model, *self.calibrated, *self.flags, "-o",
            self.whole)

    def same(self, what, a, b):
        if not filecmp.cmp(a, b, shallow=False):
            self.failures.append(f"{self.precision}: {what} differs")

    def continues(self, graph, phase):
        """Compiles `graph`; what is quantized takes no more ranges."""
        early = phase in ("import", "simplify", "observe")
        program = self.folder / "program"
        run("octet", "compile", graph, *(self.calibrated if early else []),
            *self.flags, "-o", program)
        self.same(f"the program from behind {phase}", program, self.whole)

    def option(self, phase):
        if phase == "quantize":
            return f"=ranges-file={self.ranges}"
        return f"=target={self.target}" if REST.get(phase, phase == "layout") else ""

    def walk(self):
        graph = self.folder / "import.mlir"
        run("octet", "import", self.model, "-o", graph)
        self.continues(graph, "import")
        driver = self.folder / "driver.mlir"
        for phase in INT8 if self.precision == "int8" else FP32:
            before, graph = graph, self.folder / f"{phase}.mlir"
            run("octet-opt", f"--octet-phase-{phase}{self.option(phase)}", before,
                "-o", graph)
            run("octet", "compile", self.model, *self.calibrated, *self.flags,
                "--compile-to", phase, "-o", driver)
            self.same(f"the IR behind {phase}", graph, driver)
            self.continues(graph, phase)
        # The rest in one invocation.
        last = self.folder / "llvm.mlir"
        run("octet-opt", *(f"--octet-phase-{p}{self.option(p)}" for p in REST),
            graph, "-o", last)
        run("octet", "compile", self.model, *self.calibrated, *self.flags, "-o",
            driver)
        self.same("the IR behind llvm", last, driver)


def check_order(options, folder):
    """Phases out of order, of another target or unknown are refused."""
    failures = []
    graph = folder / "import.mlir"
    layout = folder / "layout.mlir"
    text = graph.read_text()
    for name, phase in (("unknown", "nonsense"), ("late", "lower")):
        (folder / f"{name}.mlir").write_text(
            text.replace('octet.phase = "import"', f'octet.phase = "{phase}"'))
    for command, message in (
            (["octet-opt", "--octet-phase-observe", graph], "follows simplify"),
            (["octet-opt", "--octet-phase-llvm", layout], "follows unroll"),
            (["octet-opt", "--octet-phase-layout=target=z80", graph], "z80"),
            (["octet", "compile", folder / "unknown.mlir"], "nonsense"),
            (["octet", "compile", folder / "late.mlir"], "octet.phase is"),
            (["octet", "compile", layout, "--target", "neon"], "laid out for"),
            (["octet", "compile", layout, "--precision", "int8"], "cannot change"),
            (["octet", "compile", folder / "observe.mlir"], "--calib"),
            (["octet", "compile", folder / "quantize.mlir", "--ranges",
              folder / "ranges.json"], "cannot change"),
            (["octet", "compile", folder / "quantize.mlir", "--precision",
              "fp32"], "cannot change"),
            (["octet", "compile", folder / "quantize.mlir", "--compile-to",
              "simplify"], "not ahead"),
            (["octet", "compile", options.model, "--compile-to", "quantize"],
             "not ahead"),
            (["octet", "calibrate", folder / "quantize.mlir", "--data",
              options.calib], "cannot be calibrated")):
        result = subprocess.run([*map(str, command), "-o", str(folder / "none")],
                                capture_output=True, text=True)
        if result.returncode != 1 or not re.search(message, result.stderr):
            failures.append(f"{command}: {result.returncode} {result.stderr}")
        if (folder / "none").exists():
            failures.append(f"{command}: wrote its output")
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--calib", required=True)
    parser.add_argument("--target", default="host")
    options = parser.parse_args()
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run("octet", "calibrate", options.model, "--data", options.calib, "-o",
            folder / "ranges.json")
        for precision in ("fp32", "int8"):
            route = Route(options, folder, precision)
            route.walk()
            failures += route.failures
        failures += check_order(options, folder)
    print("\n".join(failures) or f"stages of {options.model.name}: all the same")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
