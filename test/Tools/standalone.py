"""Compiles in a root folder that holds the driver, what belongs to it and the shared
libraries that it loads, and no compiler, linker or C library to link with."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys


# Not on everybody's path.
CHROOT = "/usr/sbin/chroot"


def loaded_libraries(executable):
    """The shared libraries that the loader finds, the loader itself included."""
    listed = subprocess.run(["ldd", executable], check=True, capture_output=True,
                            text=True).stdout
    words = (word for line in listed.splitlines() for word in line.split())
    return sorted({word for word in words if word.startswith("/")})


def fill(root, build):
    for path in loaded_libraries(build / "bin" / "octet"):
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    (root / "octet" / "bin").mkdir(parents=True)
    shutil.copy(build / "bin" / "octet", root / "octet" / "bin")
    for architecture in ("x86_64", "aarch64"):
        belongs = [f for f in build.glob(f"lib/{architecture}/*") if f.is_file()]
        place = root / "octet" / "lib" / architecture
        place.mkdir(parents=True)
        for file in belongs:
            shutil.copy(file, place)
    (root / "proc").mkdir()
    (root / "tmp").mkdir()
    (root / "data").mkdir()


def main():
    parser = argparse.ArgumentParser()
    for name in ("build", "folder", "model", "calib"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = parser.parse_args()
    build, root = options.build, options.folder / "root"
    if shutil.which("unshare") is None or subprocess.run(
            ["unshare", "-r", "true"], capture_output=True).returncode:
        print("skipped: needs user namespaces")
        return
    fill(root, build)
    shutil.copy(options.model, root / "data" / "net.onnx")
    shutil.copy(options.calib, root / "data" / "calib.npz")

    def octet(*arguments):
        # It finds what belongs to it by its own path, which /proc knows.
        inside = ["/bin/sh", "-c", f"/bin/mount --rbind /proc {root}/proc && "
                  f"exec {CHROOT} {root} /octet/bin/octet \"$@\"", "sh"]
        subprocess.run(["unshare", "-r", "-m", *inside, *arguments], check=True,
                       timeout=600, env={})

    octet("compile", "/data/net.onnx", "--calib", "/data/calib.npz", "-o",
          "/data/net")
    octet("calibrate", "/data/net.onnx", "--data", "/data/calib.npz", "-o",
          "/data/ranges.json")
    octet("run", "/data/net", "--input", "/data/calib.npz", "-o", "/data/y.npz")
    ranges = ["--ranges", "/data/ranges.json"]
    octet("compile", "/data/net.onnx", *ranges, "-o", "/data/net.so")
    octet("compile", "/data/net.onnx", *ranges, "-o", "/data/net.o")
    octet("compile", "/data/net.o", "-o", "/data/linked")
    if (build / "lib" / "aarch64").exists():
        octet("compile", "/data/net.onnx", *ranges, "--target", "neon", "-o",
              "/data/arm")
        octet("compile", "/data/net.onnx", *ranges, "--target", "neon", "-o",
              "/data/arm.so")
    here = options.folder / "net"
    subprocess.run([build / "bin" / "octet", "compile", options.model, "--calib",
                    options.calib, "-o", here], check=True)
    assert here.read_bytes() == (root / "data" / "net").read_bytes(), \
        "another program than with everything installed"
    left = sorted(os.listdir(root / "tmp"))
    assert not left, left
    shutil.rmtree(root)


sys.exit(main())
