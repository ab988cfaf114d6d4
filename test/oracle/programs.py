"""Compares compiled programs with the oracle, `octet.reference` of the package."""

import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "python"))
from octet.reference.interpreter import run_graph
from octet.reference.mlir_text import functions  # noqa: F401

# What is interpreted: INT8 where integers are found from scales, and what code is
# generated from.
PHASES = {"fp32": ["simplify"], "int8": ["quantize", "fold-scales"]}


def generic_form(driver, model, phase, *flags):
    """The IR of `model` behind `phase` in MLIR's generic form."""
    driver = pathlib.Path(shutil.which(driver)).resolve()
    written = pathlib.Path(model).with_suffix(f".{phase}.mlir")
    for command in ([driver, "compile", model, "--compile-to", phase, *flags, "-o",
                     written],
                    [driver.with_name("octet-opt"), "--mlir-print-op-generic",
                     written]):
        result = subprocess.run([str(a) for a in command], capture_output=True,
                                text=True, timeout=600)
        if result.returncode != 0:
            raise AssertionError(f"{phase}: {result.stderr.strip()}")
    return result.stdout


def differences(driver, model, flags, data, outputs, phases):
    """Sentences about `outputs`, what the program of `model` made of `data`, where
    they are not the oracle's."""
    found = []
    for phase in phases:
        expected = run_graph(generic_form(driver, model, phase, *flags), data)
        if set(expected) != set(outputs):
            found.append(f"oracle of {phase}: {sorted(expected)}, not "
                         f"{sorted(outputs)}")
            continue
        for name, value in expected.items():
            reason = value.difference(outputs[name])
            if reason:
                found.append(f"oracle of {phase}: {name}: {reason}")
    return found
