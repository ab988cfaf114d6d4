"""Writes a shared library that has the symbols of another one and nothing behind
them: enough to link programs with, which run with the true one.

    make_stub.py LIBRARY STUB TOOLS ARCHITECTURE

Symbols keep their versions, types and sizes, so that programs come out the same.
TOOLS is LLVM's folder of tools.
"""

import collections
import json
import pathlib
import subprocess
import sys


def tool(*command):
    return subprocess.run([str(c) for c in command], check=True,
                          capture_output=True, text=True).stdout


def main(library, stub, tools, architecture):
    tools, stub = pathlib.Path(tools), pathlib.Path(stub)
    read = json.loads(tool(tools / "llvm-readelf", "--elf-output-style=JSON",
                           "--dyn-syms", "--dynamic", library))[0]
    name, = (entry["Name"] for entry in read["DynamicSection"]
             if entry["Type"] == "SONAME")
    lines = []
    versions = collections.defaultdict(list)
    for entry in read["DynamicSymbols"]:
        symbol = entry["Symbol"]
        # Only the default version of a symbol is linked with.
        label, default, version = symbol["Name"]["Name"].partition("@@")
        if not default or symbol["Section"]["Name"] in ("Undefined", "Absolute"):
            continue
        versions[version].append(label)
        kind = {"GNU_IFunc": "function", "Function": "function",
                "TLS": "tls_object"}.get(symbol["Type"]["Name"], "object")
        section = {"function": ".text", "tls_object": ".section .tbss,\"awT\",@nobits",
                   "object": ".bss"}[kind]
        binding = "weak" if symbol["Binding"]["Name"] == "Weak" else "globl"
        size = symbol["Size"]
        lines += [section, f".{binding} {label}", f".type {label},@{kind}",
                  f"{label}:", f".size {label},{size}"]
        if kind != "function":
            lines.append(f".space {size}")
    source, script = stub.with_suffix(".s"), stub.with_suffix(".version")
    source.write_text("\n".join(lines) + "\n")
    script.write_text("".join(f"{version} {{ {' '.join(s + ';' for s in symbols)} }};\n"
                              for version, symbols in versions.items()))
    assembled = stub.with_suffix(".o")
    tool(tools / "clang", f"--target={architecture}-linux-gnu", "-c", source, "-o",
         assembled)
    tool(tools / "ld.lld", "-shared", "-s", "--build-id=none", "--hash-style=gnu",
         "-z", "norelro", f"--version-script={script}", f"-soname={name}", assembled,
         "-o", stub)
    for file in (source, script, assembled):
        file.unlink()


main(*sys.argv[1:])
