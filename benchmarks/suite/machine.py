"""What this machine is and lacks."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

# The CPU's flags, as Linux calls them, that a target needs.
TARGETS: dict[str, frozenset[str]] = {
    "avx512vbmi": frozenset({"avx512_vnni", "avx512vbmi"}),
    "avx512vnni": frozenset({"avx512_vnni"}),
    "avx512vnni256": frozenset({"avx512_vnni"}),
    "avxvnni": frozenset({"avx_vnni"}),
    "avx2": frozenset({"avx2", "fma"}),
    "neon-i8mm": frozenset({"i8mm", "asimddp"}),
    "neon-dotprod": frozenset({"asimddp"}),
    "neon": frozenset({"asimd"}),
    "generic": frozenset(),
}
_INTERESTING = frozenset({
    "avx", "avx2", "fma", "avx_vnni", "avx_vnni_int8", "avx512f", "avx512bw",
    "avx512_vnni", "avx512vbmi", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8",
    "amx_bf16", "asimd", "asimddp", "i8mm", "bf16", "sve", "sve2"})
# Any of these computes with bf16 in hardware.
_BF16 = ("avx512_bf16", "amx_bf16", "bf16")
# Products of u8 and s8 that are added in 16 bits saturate: the quantizer must leave
# a bit unused. The dot products of these do not.
_EXACT_DOTS = ("avx512_vnni", "avx_vnni", "asimddp")


def read_flags(cpuinfo: str) -> frozenset[str]:
    """The flags of the first CPU in the text of /proc/cpuinfo."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def flags() -> frozenset[str]:
    """The flags of this CPU."""
    return read_flags(Path("/proc/cpuinfo").read_text())


def lacks(machine: str, have: frozenset[str]) -> str | None:
    """Why this machine cannot be held to `machine`: None if it can.

    Parameters
    ----------
    machine : str
        A key of `TARGETS`, or "host".
    have : frozenset of str
        The CPU's flags.
    """
    if machine == "host":
        return None
    missing = sorted(TARGETS[machine] - have)
    return f"needs {' and '.join(missing)}" if missing else None


def lacks_bf16(machine: str, have: frozenset[str]) -> str | None:
    """Why nothing is timed in bf16: None if it is."""
    if not any(flag in have for flag in _BF16):
        return f"needs {' or '.join(_BF16)}"
    return None if machine == "host" else f"needs more than {machine}"


def saturates(machine: str, have: frozenset[str]) -> bool:
    """Whether sums of u8 times s8 saturate in 16 bits on this machine."""
    usable = have if machine == "host" else TARGETS[machine]
    return not any(flag in usable for flag in _EXACT_DOTS)


def cores() -> list[int]:
    """A CPU for each thread: one of each core first, of those this process may use."""
    first: list[int] = []
    siblings: list[int] = []
    seen: set[str] = set()
    for cpu in sorted(os.sched_getaffinity(0)):
        file = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        core = file.read_text() if file.exists() else str(cpu)
        (siblings if core in seen else first).append(cpu)
        seen.add(core)
    return first + siblings


def describe() -> dict[str, Any]:
    """CPU, flags, cores, memory and system, for the report."""
    model = next((line.partition(":")[2].strip()
                  for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {"cpu": model, "architecture": platform.machine(),
            "flags": sorted(flags() & _INTERESTING), "cpus": len(cores()),
            "memory_bytes": pages * size, "system": platform.platform(),
            "python": platform.python_version()}
