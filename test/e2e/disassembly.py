"""What the loops of compiled kernels are made of."""

import re

# The instructions that make a dot product, and those of targets without one.
DOTS = ("vpdpbusd", "usmmla", "sdot", "usdot", "vpmaddwd", "sadalp")


def innermost_loops(assembly):
    """From kernel to the texts of its innermost loops; a kernel without loops
    counts as one."""
    found = {}
    for body in re.split(r"^(?=[a-zA-Z_0-9]+:)", assembly, flags=re.M):
        name = body.split(":", 1)[0]
        lines = body.splitlines()
        labels = {m[1]: i for i, line in enumerate(lines)
                  if (m := re.match(r"(\.LBB\d+_\d+):", line))}
        loops = [(labels[m[1]], i) for i, line in enumerate(lines)
                 if (m := re.match(
                     r"\s+(?:j\w+|b\.\w+|cbn?z\s+\w+,|tbn?z\s+\w+,.*,)\s+(\.LBB\d+_\d+)",
                     line))
                 and labels.get(m[1], i) < i]
        innermost = [(a, b) for a, b in loops
                     if not any(a <= c and d <= b and (a, b) != (c, d)
                                for c, d in loops)]
        if innermost:
            found[name] = ["\n".join(lines[a + 1:b + 1]).replace(
                lines[a].split(":")[0], "0b") for a, b in innermost]
        elif name and len(lines) > 1:
            found[name] = [body]
    return found


def dot_kernels(assembly, dots=DOTS):
    """Kernels with an innermost loop, or no loop at all, that has one."""
    pattern = re.compile(r"\b(?:" + "|".join(dots) + r")\b")
    return {name for name, loops in innermost_loops(assembly).items()
            if any(pattern.search(loop) for loop in loops)}
