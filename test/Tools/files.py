"""Where output can be written, and where it cannot.

    files.py MODEL
"""

import os
import pathlib
import subprocess
import sys
import tempfile

MODEL = pathlib.Path(sys.argv[1]).resolve()
# Names that mean something to a shell, to LLVM's temporary files, or to no one.
NAMES = ["with space", "100%", "%s%n", "%%%%%%", "-o", "new\nline", "[x]", "a=b",
         "a" * 200, "n" * 255, "\u6a21\u578b", "$(x)`y`", "quo'te\"d", "back\\slash"]
failures = []


def run(*arguments, cwd=None, **environment):
    return subprocess.run(["octet", *map(str, arguments)], capture_output=True,
                          text=True, cwd=cwd, env={**os.environ, **environment})


def written(what, result, path):
    if result.returncode or not path.is_file():
        failures.append(f"{what}: status {result.returncode}, {result.stderr}")
        return
    left = [p.name for p in path.parent.iterdir() if p.name.endswith(".part")]
    if left:
        failures.append(f"{what}: left {left}")


def refused(what, result):
    if (result.returncode != 1 or not result.stderr.startswith("octet: ")
            or result.stderr.count("\n") != 1):
        failures.append(f"{what}: status {result.returncode}, {result.stderr}")


def check_names(folder):
    for name in NAMES:
        place = folder / name
        place.mkdir()
        for output in (place / name, place / f"{name[:200]}.mlir"):
            written(repr(output.name), run("compile", MODEL, "-o", output), output)
        graph = place / f"{name[:200]}.mlir"
        result = run("import", MODEL, "-o", graph)
        written(repr(graph.name), result, graph)
        program = place / "again"
        written(f"from {graph.name!r}", run("compile", "-o", program, "--", graph),
                program)
    # Relative names, one of which looks like a flag.
    for name in ("p", "./q", "100%/../r", "--", "--batch"):
        result = run("compile", MODEL, "-o", name, cwd=folder)
        written(f"-o {name}", result, folder / name)


def check_places(folder):
    (folder / "folder").mkdir()
    (folder / "file").write_text("x")
    before = sorted(folder.iterdir())
    for place in ("folder", "file/p", "nowhere/p", "/proc/p", "/dev/full",
                  "/dev/null"):
        refused(f"-o {place}", run("compile", MODEL, "-o", folder / place))
    refused("graph to a full disk", run("import", MODEL, "-o", "/dev/full"))
    if sorted(folder.iterdir()) != before or (folder / "file").read_text() != "x":
        failures.append("a refused output left something behind")
    for arguments in (["--help"], ["compile", "--help"], ["import", MODEL],
                      ["operators"]):
        with open("/dev/full", "w") as full:
            result = subprocess.run(["octet", *arguments], stdout=full,
                                    stderr=subprocess.PIPE, text=True)
        refused(f"{arguments} to a full disk", result)
    for arguments in (["import"], ["compile", "--compile-to", "simplify"]):
        result = subprocess.run(["octet", *arguments, MODEL, "-o", "-"], cwd=folder,
                                capture_output=True, text=True)
        if result.returncode or "func.func @main" not in result.stdout:
            failures.append(f"{arguments} to stdout: {result.stderr}")
    if (folder / "-").exists():
        failures.append("a file called - was written")
    # A place for temporary files that is none gives way to /tmp.
    temporary = folder / "t%%p"
    temporary.mkdir()
    for place in ("/nonexistent", "/dev/null", str(temporary)):
        written(f"TMPDIR={place}", run("compile", MODEL, "-o", folder / "p",
                                       TMPDIR=place), folder / "p")
    if list(temporary.iterdir()):
        failures.append("temporary files were left behind")


for check in (check_names, check_places):
    with tempfile.TemporaryDirectory() as scratch:
        check(pathlib.Path(scratch))
print("\n".join(failures) or "files: all right")
sys.exit(bool(failures))
