"""Attention around the edges of its blocks of queries and tiles of keys.

Every target must give the bytes of `generic`, which must be what the numerics
contract says (QS-14), but for NumPy's powers being others in the last place, and
close to a softmax in double.

    attentions.py --octet BIN [--count 6] [--first 0] [--targets T,...]
"""

import dataclasses
import itertools
import pathlib
import sys
import tempfile

import numpy as np

sys.path[:0] = [str(pathlib.Path(__file__).parents[2] / folder)
                for folder in ("test/e2e", "python")]
from octet.reference.attention import attend  # noqa: E402
from networks import run  # noqa: E402
from targets import families, octet  # noqa: E402

QUERIES = (1, 3, 16, 63, 64, 65, 100, 128)
KEYS = (1, 15, 17, 63, 64, 65, 100, 128)
# (size, value's columns), and (query's heads, key's heads).
SIZES = ((1, 1), (3, 5), (7, 2), (16, 33), (32, 32), (65, 17), (100, 70))
HEADS = ((1, 1), (2, 2), (3, 1), (4, 2))
# Distances of the last key that is seen; none without such a bound.
CAUSAL = (None, None, 0, 1, -2, 40, -70, "end")
# Dimensions of the mask that it has itself; none without one.
MASKS = ("", "", "T", "ST", "HT", "BT", "BHST", "S", "BHS")


@dataclasses.dataclass(frozen=True)
class Case:
    queries: int
    keys: int
    sizes: tuple[int, int]
    heads: tuple[int, int]
    causal: int | str | None
    mask: str
    batch: int

    @property
    def offset(self):
        return self.keys - self.queries if self.causal == "end" else self.causal

    def shapes(self):
        (size, width), (heads, shared) = self.sizes, self.heads
        full = {"B": self.batch, "H": heads, "S": self.queries, "T": self.keys}
        shapes = [(self.batch, heads, self.queries, size),
                  (self.batch, shared, self.keys, size),
                  (self.batch, shared, self.keys, width)]
        if self.mask:
            shapes.append(tuple(n if d in self.mask else 1 for d, n in full.items()))
        return shapes


def cases():
    """In an order that mixes them, each value of each property often."""
    every = list(itertools.product(QUERIES, KEYS, SIZES, HEADS, CAUSAL, MASKS, (1, 2)))
    chosen = np.random.default_rng(6).permutation(len(every))[:576]
    return [Case(*every[i]) for i in chosen]


def operands(case, rng):
    q, k, v, *mask = (rng.standard_normal(s).astype(np.float32) for s in case.shapes())
    if mask:
        # Some keys are not seen, by some queries none.
        mask[0][rng.random(mask[0].shape) < 0.3] = -np.inf
        if rng.random() < 0.5:
            mask[0][rng.random(mask[0].shape) < 0.2] = np.float32(-3e38)
    return [q * np.float32(2), k, v, *mask]


def seen(case):
    """Of each query and key, or all."""
    if case.causal is None:
        return np.ones((case.queries, case.keys), bool)
    return np.arange(case.keys) <= np.arange(case.queries)[:, None] + case.offset


def scale_of(case):
    return np.float32(case.sizes[0] ** -0.5)


def in_double(case, q, k, v, mask=None):
    shared = case.heads[0] // case.heads[1]
    q, k, v = (np.repeat(x.astype(np.float64), n, axis=1)
               for x, n in ((q, 1), (k, shared), (v, shared)))
    scores = q @ np.swapaxes(k, 2, 3) * scale_of(case)
    if mask is not None:
        scores = scores + mask
    scores = np.where(seen(case), scores, -np.inf)
    with np.errstate(invalid="ignore"):
        powers = np.exp(scores - scores.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True) @ v


def network(mixed):
    """The module of all attentions in `mixed`."""
    def tensor(shape):
        return f"tensor<{'x'.join(map(str, shape))}xf32>"
    arguments, results, body, returned = [], [], [], []
    for i, case in enumerate(mixed):
        shapes = case.shapes()
        names = [f"%{c}{i}" for c in "qkvm"][:len(shapes)]
        arguments += [f"{n}: {tensor(s)} {{octet.name = \"{n[1:]}\"}}"
                      for n, s in zip(names, shapes, strict=True)]
        made = tensor((*shapes[0][:3], shapes[2][3]))
        results.append(f"{made} {{octet.name = \"y{i}\"}}")
        attributes = f"scale = {scale_of(case):.9e} : f32"
        if case.causal is not None:
            attributes += f", causal = {case.offset} : i64"
        mask = f" mask({names[3]})" if len(names) > 3 else ""
        body.append(f"    %y{i} = octet.attention {', '.join(names[:3])}{mask} "
                    f"{{{attributes}}} : ({', '.join(map(tensor, shapes))}) -> {made}")
        returned.append((f"%y{i}", made))
    values, types = zip(*returned, strict=True)
    lines = "\n".join(body)
    return (f'module attributes {{octet.phase = "import"}} {{\n'
            f"  func.func @main({', '.join(arguments)}) -> ({', '.join(results)}) {{\n"
            f"{lines}\n    return {', '.join(values)} : {', '.join(types)}\n  }}\n}}\n")


def compare(case, got, data):
    """What is wrong with the reference's result, if anything."""
    mask = data[3] if case.mask else None
    near = attend(*data[:3], mask, float(scale_of(case)), case.offset)
    exact = in_double(case, *data)
    size = np.abs(data[2]).max()
    for want, tolerance in ((near, 2e-6), (exact, 2e-5)):
        if (np.isnan(got) != np.isnan(want)).any():
            return "has NaN elsewhere"
        error = np.nanmax(np.abs(got - want), initial=0)
        if error > tolerance * size:
            return f"is off by {error:.3g}"
    return None


def check(driver, index, mixed, only):
    rng = np.random.default_rng(index)
    data = [operands(case, rng) for case in mixed]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "m.mlir").write_text(network(mixed))
        np.savez(folder / "x.npz", **{
            f"{name}{i}": x for i, given in enumerate(data)
            for name, x in zip("qkvm", given, strict=False)})
        reference = None
        for targets, emulated in families(driver, only=only):
            octet([driver, "compile", folder / "m.mlir", "--target",
                   ",".join(targets), "--precision", "fp32", "-o", folder / "p"])
            for target in targets:
                octet([folder / "p", "run", "--input", folder / "x.npz", "--output",
                       folder / "y.npz"], target, emulated)
                got = dict(np.load(folder / "y.npz"))
                if reference is None:
                    reference = got
                    wrong = [(case, compare(case, got[f"y{i}"], data[i]))
                             for i, case in enumerate(mixed)]
                    failed += [f"{target}: {case} {what}"
                               for case, what in wrong if what]
                failed += [f"{target}: {case} differs" for i, case in enumerate(mixed)
                           if np.nan_to_num(got[f"y{i}"], nan=7).tobytes()
                           != np.nan_to_num(reference[f"y{i}"], nan=7).tobytes()]
    return failed


if __name__ == "__main__":
    sys.exit(run("attentions", cases(), 12, check, 6))
