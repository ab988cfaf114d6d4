"""The targets that this machine can test, natively or emulated."""

import functools
import os
import pathlib
import platform
import shutil
import subprocess

# CPU flags of /proc/cpuinfo that a target needs; the best target first.
X86 = {"avx512vbmi": {"avx512_vnni", "avx512vl", "avx512vbmi"},
       "avx512vnni": {"avx512_vnni", "avx512vl"},
       "avx512vnni256": {"avx512_vnni", "avx512vl"},
       "avxvnni": {"avx_vnni"}, "avx2": {"avx2", "fma"}}
ARM = {"neon-i8mm": {"i8mm"}, "neon-dotprod": {"asimddp"}, "neon": set()}
EMULATOR = ["qemu-aarch64-static", "-cpu", "max"]


@functools.cache
def cpu_flags():
    path = pathlib.Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else []:
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return set(value.split())
    return set()


@functools.cache
def host_targets():
    """`generic`, then what else this machine runs."""
    own = ARM if platform.machine() == "aarch64" else X86
    found = [t for t, needs in own.items() if needs <= cpu_flags()]
    for target in own:
        if target not in found:
            print(f"{target} skipped: needs {', '.join(sorted(own[target]))}")
    return ["generic", *found]


@functools.cache
def emulated_targets(octet):
    """Arm targets, where qemu and Arm's C library are here."""
    if platform.machine() == "aarch64":
        return []
    libraries = pathlib.Path(shutil.which(octet)).resolve().parents[1] / "lib"
    if not shutil.which(EMULATOR[0]):
        print("Arm targets skipped: needs qemu-aarch64-static")
        return []
    if not (libraries / "aarch64" / "libOctetProgram.a").exists():
        print("Arm targets skipped: needs libc6-dev:arm64 and libdeflate-dev:arm64")
        return []
    return list(ARM)


def octet(arguments, target="", emulate=False, **environment):
    """Runs a command, if need be pinned to a target or emulated."""
    if target:
        environment["OCTET_ISA"] = target
    result = subprocess.run(
        [str(a) for a in [*(EMULATOR if emulate else []), *arguments]],
        capture_output=True, text=True, timeout=600,
        env={**os.environ, **environment})
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))}: exit "
                             f"{result.returncode}: {result.stderr.strip()}")


def families(octet_path, emulate=True, only=None):
    """(targets, emulated) for each file that has to be compiled: `generic` and
    all others, or those in `only`."""
    def chosen(targets):
        return [t for t in targets if not only or t in only or t == "generic"]
    yield chosen(host_targets()), False
    if emulate and chosen(emulated_targets(octet_path)):
        yield chosen(emulated_targets(octet_path)), True
