"""What the loops of compiled kernels are made of."""

import re


def dot_kernels(assembly):
    """Kernels with an innermost loop, or no loop at all, that has vpdpbusd."""
    found = set()
    for body in re.split(r"^(?=[a-z_0-9]+:)", assembly, flags=re.M):
        name = body.split(":", 1)[0]
        lines = body.splitlines()
        labels = {m[1]: i for i, line in enumerate(lines)
                  if (m := re.match(r"(\.LBB\d+_\d+):", line))}
        loops = [(labels[m[1]], i) for i, line in enumerate(lines)
                 if (m := re.match(r"\s+j\w+\s+(\.LBB\d+_\d+)", line))
                 and labels.get(m[1], i) < i]
        innermost = [(a, b) for a, b in loops
                     if not any(a <= c and d <= b and (a, b) != (c, d)
                                for c, d in loops)] or [(0, len(lines))]
        if any("vpdpbusd" in line for a, b in innermost for line in lines[a:b]):
            found.add(name)
    return found
