"""How close Arm's inner loops come to their dot-product units' limit.

No Arm machine is needed: llvm-mca simulates the steady state of each innermost
loop of the kernels of a compiled model, on the scheduling models of several
CPUs. The limit is what llvm-mca gives for independent dot products alone.

    arm_limits.py --octet BIN MODEL.onnx --ranges R.json [--json F]
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "test" / "e2e"))
from disassembly import innermost_loops

MCA = "/usr/lib/llvm-22/bin/llvm-mca"
CPUS = {"neon-dotprod": ["neoverse-v1", "neoverse-v2", "cortex-a76", "cortex-x4",
                         "apple-m1"],
        # The A76 and the M1 have no matrix multiply.
        "neon-i8mm": ["neoverse-v1", "neoverse-v2", "cortex-x4"]}
DOTS = {"neon-dotprod": "sdot", "neon-i8mm": "usmmla"}
# Micro-operations dispatched in a cycle, where LLVM's model has fewer than the
# CPU: see Arm's Neoverse V2 Software Optimization Guide, dispatch constraints.
# With LLVM's own value, 6, usmmla reaches 75 % of the limit there.
DISPATCH = {"neoverse-v2": 16}


def cycles(assembly, cpu):
    """Cycles of one iteration in the steady state."""
    result = subprocess.run(
        [MCA, "-mtriple=aarch64", f"-mcpu={cpu}", "-mattr=+dotprod,+i8mm",
         "-iterations=200", "-instruction-info=0", "-resource-pressure=0",
         f"-dispatch={DISPATCH.get(cpu, 0)}"],
        input=assembly, capture_output=True, text=True, check=True)
    return int(re.search(r"Total Cycles:\s+(\d+)", result.stdout)[1]) / 200


def limit(dot, cpu):
    """Cycles that one dot product takes when nothing is in its way."""
    count = 24
    return cycles("\n".join(f"{dot} v{i}.4s, v30.16b, v31.16b"
                            for i in range(count)), cpu) / count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("model")
    parser.add_argument("--ranges", required=True)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    for target, cpus in CPUS.items():
        dot = DOTS[target]
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "model.s"
            subprocess.run([options.octet, "compile", options.model, "--ranges",
                            options.ranges, "--target", target, "-o", file],
                           check=True)
            kernels = innermost_loops(file.read_text())
        limits = {cpu: limit(dot, cpu) for cpu in cpus}
        print(f"\n{target}: the limit over llvm-mca's cycles, % (cycles)")
        print(f"{'kernel':<22}{dot:>7}" + "".join(f"{c:>20}" for c in cpus))
        for kernel, loops in kernels.items():
            # The loop that most of the work is in has the largest tile.
            body = max(loops, key=lambda b: len(re.findall(rf"\b{dot}\b", b)))
            dots = len(re.findall(rf"\b{dot}\b", body))
            if dots < 16:
                continue
            row = {"target": target, "kernel": kernel, "dots": dots}
            text = f"{kernel:<22}{dots:>7}"
            for cpu in cpus:
                taken = cycles(body, cpu)
                row[cpu] = 100 * dots * limits[cpu] / taken
                text += f"{row[cpu]:>11.1f} ({taken:6.1f})"
            rows.append(row)
            print(text, flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
