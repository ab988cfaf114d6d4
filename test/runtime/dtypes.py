"""Arrays of every type into a program with inputs of every type, and back.

    dtypes.py PROGRAM FOLDER
"""

import pathlib
import subprocess
import sys
import zipfile

import numpy as np

TYPES = {"f32": np.float32, "u8": np.uint8, "i8": np.int8, "i32": np.int32,
         "i64": np.int64, "bool": np.bool_, "f16": np.float16, "f64": np.float64}
SCALAR = "skal\u00e4r %s%n"
program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
failed = 0


def run(arrays, path=folder / "y.npz", save=np.savez):
    save(folder / "x.npz", **arrays)
    path.unlink(missing_ok=True)
    result = subprocess.run([program, "run", "--input", folder / "x.npz", "-o", path],
                            capture_output=True, text=True, timeout=60)
    return result, path


def expect(good, *what):
    global failed
    if not good:
        failed += 1
        print(*what)


def inputs(lead=(), **others):
    rng = np.random.default_rng(1)
    arrays = {name: rng.integers(0, 2, (*lead, 2, 3)).astype(t) for name, t in TYPES.items()}
    return {**arrays, SCALAR: np.full(lead, -(1 << 62)), **others}


for lead in ((), (1,), (5,)):
    given = inputs(lead)
    result, path = run(given)
    expect(result.returncode == 0, lead, result.stderr)
    if result.returncode == 0:
        with np.load(path) as got:
            for name, x in given.items():
                y = got[f"same {name}"]
                expect(y.dtype == x.dtype and y.shape == x.shape and np.array_equal(x, y),
                       lead, name, y.dtype, y.shape)

# Archives as NumPy writes large ones, and compressed.
limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
for zip64 in (False, True):
    for save in (np.savez, np.savez_compressed):
        if zip64:
            zipfile.ZIP64_LIMIT = zipfile.ZIP_FILECOUNT_LIMIT = 0
        given = inputs((5,))
        result, path = run(given, save=save)
        zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits
        content = (folder / "x.npz").read_bytes()
        expect((b"PK\x06\x06" in content) == zip64, "no zip64 archive was made")
        expect(result.returncode == 0, save, zip64, result.stderr)
        with np.load(path) as got:
            for name, x in given.items():
                expect(np.array_equal(x, got[f"same {name}"]), save, zip64, name)

# To what cannot be sought in.
result = subprocess.run(f"'{program}' run --input '{folder}/x.npz' -o /dev/stdout | cat > '{folder}/z.npz'",
                        shell=True, capture_output=True, text=True, timeout=60)
expect((folder / "z.npz").read_bytes() == (folder / "y.npz").read_bytes(), "pipe", result.stderr)

extremes = {"u8": (0, 255), "i8": (-128, 127), "i32": (-2**31, 2**31 - 1),
            "i64": (-2**63, 2**63 - 1), "bool": (0, 1)}
for name, (low, high) in extremes.items():
    for source in (np.int64, np.uint64, np.float64, np.float16, np.int8):
        # What the source holds exactly.
        largest = 2048 if np.issubdtype(source, np.floating) else np.iinfo(source).max
        smallest = -2048 if np.issubdtype(source, np.floating) else np.iinfo(source).min
        for v in (low, high):
            if not smallest <= v <= largest:
                continue
            result, path = run(inputs(**{name: np.full((2, 3), v).astype(source)}))
            expect(result.returncode == 0 and (np.load(path)[f"same {name}"] == v).all(),
                   name, source, v, result.stderr)
    if high < 2**62:
        bad = np.full((2, 3), high)
        bad[1, 1] = high + 1
        result, path = run(inputs(**{name: bad}))
        expect(result.returncode == 1 and not path.exists() and
               f"element 4 of array '{name}' is {high + 1}" in result.stderr,
               name, result.stderr)
    result, path = run(inputs(**{name: np.full((2, 3), 0.5, np.float32)}))
    expect(result.returncode == 1 and "is 0.5" in result.stderr, name, result.stderr)
for name in ("f32", "f16", "f64"):
    for source in (*TYPES.values(), np.uint64, np.int16, np.uint16, np.uint32):
        x = np.array([[0, 1, 1], [1, 0, 1]]).astype(source)
        result, path = run(inputs(**{name: x}))
        expect(result.returncode == 0 and np.array_equal(np.load(path)[f"same {name}"], x),
               name, source, result.stderr)
result, path = run(inputs(f32=np.full((2, 3), 1e300)))
expect(result.returncode == 1 and "is 1e+300" in result.stderr, result.stderr)
for arguments, status, text in ((["--help"], 0, "usage"), (["-h"], 0, "usage"),
                                (["run", "--help"], 0, "usage"), (["--version"], 0, "octet "),
                                ([], 2, "usage"), (["ran"], 2, "is 'run' meant?"),
                                (["run", "--inptu", "x"], 2, "is '--input' meant?"),
                                (["run", "--input"], 2, "a value is needed"),
                                (["run", "-o", "y"], 2, "needs '--input'"),
                                (["bench", "--runs", "-1"], 2, "positive"),
                                (["bench", "--runs", "2x"], 2, "positive"),
                                (["bench", "--data", "x"], 2, "unknown"),
                                (["inspect", "x"], 2, "'x'"),
                                (["calibrate", "--data", "x", "-o", "y"], 2, "unknown"),
                                (["bench", "--runs", "3"], 0, "fp32")):
    result = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
    said = result.stdout if status == 0 else result.stderr
    expect(result.returncode == status and text in said and (status or not result.stderr),
           arguments, result.returncode, result.stdout, result.stderr)
print(f"types: {failed} failed")
sys.exit(failed > 0)
