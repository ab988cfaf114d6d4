"""Data into compiled models and out, by ctypes and as a Program, which say the same."""

import math
import pickle
import subprocess
import sys

import nets
import numpy as np
import octet
import pytest
from nets import HERE, random, reference, refusal
from octet import runtime
from octet.runtime import _library

# What a library says of itself


def test_description(libraries, load):
    net = load(libraries("scaled", "--batch", "4", "--target", f"{HERE},generic"))
    f32 = np.dtype(np.float32)
    assert net.inputs == (runtime.Tensor("x", (4, 4), f32, True),
                          runtime.Tensor("scale", (4,), f32, False))
    assert net.outputs == (runtime.Tensor("product", (4, 4), f32, True),
                           runtime.Tensor("total", (4,), f32, True))
    assert net.precision == "fp32"
    assert len(net.model_hash) == 16
    assert net.targets == (HERE, "generic")
    assert net.target == HERE
    assert "scale: float32 [4]" in repr(net)
    assert "x: float32 [n, 4]" in repr(net)


def test_layers(libraries, load):
    pandas = pytest.importorskip("pandas")
    net = load(libraries("linear"))
    layer, = [n for n in net.layers() if n.macs]
    assert (layer.node, layer.precision) == ("Gemm-y", "fp32")
    assert math.prod(layer.shape) == 3
    assert layer.macs == 8 * 3
    assert layer.weight_bytes >= nets.WEIGHT.nbytes
    table = pandas.DataFrame(net.layers())
    assert list(table.columns) == ["node", "op", "kernel", "precision", "note", "shape",
                                   "macs", "weight_bytes"]
    assert net.layers(net.targets[0]) == net.layers()
    refusal(octet.NotAProgram, lambda: net.layers("avx9"), "has no code for 'avx9'")


# Results


@pytest.mark.parametrize("batch", ["1", "4"])
@pytest.mark.parametrize("samples", [1, 2, 3, 4, 5, 8, 31])
def test_symbolic_batch(libraries, load, batch, samples):
    x = random(samples, 8)
    y = load(libraries("linear", "--batch", batch))(x)
    assert y.shape == (samples, 3)
    assert y.dtype == np.float32
    expected, = reference(nets.linear(), {"x": x})
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    one = runtime.load(libraries("linear"))
    assert np.array_equal(y, np.concatenate([one(row[None]) for row in x]))


def test_many_calls_for_many_samples(libraries, load, monkeypatch):
    x = random(101, 8)
    for batch in ("1", "4"):
        net = load(libraries("linear", "--batch", batch))
        at_once = net(x)
        monkeypatch.setattr(_library, "_SLICE", 0)
        assert np.array_equal(net(x), at_once)
        monkeypatch.undo()


@pytest.mark.parametrize("samples", [1, 2, 5])
@pytest.mark.parametrize("batch", ["1", "4"])
def test_shared_input_and_several_outputs(libraries, load, samples, batch):
    x, scale = random(samples, 4), random(4, seed=2)
    net = load(libraries("scaled", "--batch", batch))
    for given in ((x, scale), ({"scale": scale, "x": x},)):
        results = net(*given)
        assert list(results) == ["product", "total"]
        assert np.array_equal(results["product"], x * scale)
        np.testing.assert_allclose(results["total"], (x * scale).sum(1), rtol=1e-5,
                                   atol=1e-6)
        again = net.run(*given)
        assert all(np.array_equal(again[k], results[k]) for k in results)


def test_forms_of_a_fixed_batch(libraries, load):
    net = load(libraries("joined"))
    a, b = random(3, 2, 3), random(3, 2, 5, seed=2)
    expected = np.concatenate([a, b], axis=2)
    assert np.array_equal(net(a[0], b[0]), expected[0])
    assert np.array_equal(net(a, b), expected)
    assert np.array_equal(net(a[:1], b[:1]), expected[:1])
    assert np.array_equal(net(a.reshape(6, 3), b.reshape(6, 5)), expected.reshape(6, 8))
    net = load(libraries("apart"))
    assert np.array_equal(net(a[0], np.float32(2)), a[0] + 2)
    assert np.array_equal(net(a, np.array([1, 2, 3])),
                          a + np.array([[[1]], [[2]], [[3]]], np.float32))


def typed_inputs(seed=0, lead=()):
    rng = np.random.default_rng(seed)
    arrays = {t.name: rng.integers(0, 2, (*lead, 2, 3)).astype(t) for t in nets.TYPES}
    return {**arrays, "scalar": rng.integers(0, 9, lead).astype(np.float32)}


@pytest.mark.parametrize("lead", [(), (1,), (5,)])
def test_every_type(libraries, load, lead):
    net = load(libraries("typed"))
    given = typed_inputs(lead=lead)
    results = net(given)
    for name in given:
        y = results[f"{name}-out"]
        expected = (given[name] * 2 if name == "scalar" else given[name][..., ::-1])
        assert y.dtype == given[name].dtype
        assert y.shape == expected.shape
        assert np.array_equal(y, expected)
    assert type(results["scalar-out"]) is np.ndarray


def element(dtype, value):
    """What an input of `dtype` has for a number; None where that changes its meaning.

    In Python's own integers and floats.
    """
    value = value.item()
    if dtype.kind == "f":
        wide = float(value)
        with np.errstate(over="ignore"):
            stored = dtype.type(wide)
        return None if math.isfinite(wide) and not np.isfinite(stored) else stored
    if isinstance(value, float) and (not math.isfinite(value) or value != int(value)):
        return None
    info = None if dtype == np.bool_ else np.iinfo(dtype)
    low, high = (0, 1) if info is None else (int(info.min), int(info.max))
    return dtype.type(int(value)) if low <= int(value) <= high else None


SOURCES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
           "uint16", "uint32", "uint64", "bool", ">f4", ">i8", ">f2"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("target", nets.TYPES, ids=str)
def test_conversion(libraries, source, target):
    net = runtime.load(libraries("typed"))
    dtype = np.dtype(source)
    rng = np.random.default_rng(3)
    if dtype.kind == "f":
        limit = float(np.finfo(dtype).max)
        special = [0.5, np.nan, np.inf, -np.inf, limit, -limit, -0.0, 127, 128, 255,
                   256, 65520, 2.0**31, 2.0**63, -2.0**63, 1e39]
    elif dtype.kind == "b":
        special = [False, True]
    else:
        own = np.iinfo(dtype)
        special = [own.min, own.max, *(
            v for v in (-129, -128, -1, 0, 1, 127, 128, 255, 256, 2049, 65520,
                        2**24 + 1, 2**31, 2**53 + 1) if own.min <= v <= own.max)]
    with np.errstate(over="ignore"):
        pool = np.array(special).astype(dtype) if dtype.kind == "f" else np.array(
            special, dtype)
    kept = refused = 0
    for _ in range(60):
        x = rng.choice(pool, (2, 3)).astype(dtype)
        if rng.random() < 0.5:
            x[...] = pool[rng.integers(len(pool))]
        wanted = [element(target, v) for v in x.ravel()]
        given = {**typed_inputs(), target.name: x}
        if None in wanted:
            refused += 1
            at = np.unravel_index(wanted.index(None), x.shape)
            error = refusal(octet.BadData, lambda given=given: net.run(given))
            assert f"has {x[at]} at [{at[0]}, {at[1]}]" in error.cause
            assert f"no {target.name}" in error.cause
            assert error.value == target.name
        else:
            kept += 1
            y = net.run(given)[f"{target.name}-out"]
            expected = np.array(wanted, target).reshape(2, 3)[:, ::-1]
            if target.kind == "f" and target.itemsize == 8:
                # The compiler computes f64 in f32.
                with np.errstate(over="ignore"):
                    expected = expected.astype(np.float32).astype(target)
            assert y.dtype == target
            assert np.array_equal(y, expected, equal_nan=target.kind == "f")
    assert kept


def test_layouts(libraries, load):
    net = load(libraries("linear"))
    x = random(6, 8)
    expected = net(x)
    unaligned = np.frombuffer(b"-" + x.tobytes(), np.uint8)[1:].view(np.float32)
    read_only = x.copy()
    read_only.flags.writeable = False
    for other in (np.asfortranarray(x), np.repeat(x, 2, 0)[::2], x[::-1][::-1],
                  x.astype(">f4"), x.astype(np.float64), x.tolist(), read_only,
                  unaligned.reshape(6, 8), np.ascontiguousarray(x.T).T):
        assert np.array_equal(net(other), expected)
    read, _ = runtime.load(libraries("linear"))._interface.take(
        [unaligned.reshape(6, 8)])
    assert read[0].flags.aligned
    single = x[2:3]
    for other in (single, np.asfortranarray(single), x[::2][1:2], single.astype(">f4"),
                  unaligned.reshape(6, 8)[2:3]):
        assert np.array_equal(net(other), expected[2:3])


def test_bools_of_other_bytes(libraries, load):
    net = load(libraries("typed"))
    odd = np.array([[0, 1, 2], [255, 0, 128]], np.uint8).view(np.bool_)
    y = net({**typed_inputs(), "bool": odd})["bool-out"]
    assert y.view(np.uint8).tolist() == [[1, 1, 0], [1, 0, 1]]


def test_nan_is_taken(libraries, load):
    x = random(2, 8)
    x[1, 3] = np.nan
    y = load(libraries("linear"))(x)
    assert np.isfinite(y[0]).all()
    assert np.isnan(y[1]).all()


# Refusals of data


@pytest.mark.parametrize(("name", "given", "parts"), [
    ("linear", [np.zeros((3, 7))],
     ["array 'x' has shape [3, 7]; it must have shape [samples, 8]"]),
    ("linear", [np.zeros(8)], ["has shape [8]", "[samples, 8]"]),
    ("linear", [np.zeros((0, 8))], ["with at least one sample"]),
    ("linear", [], ["0 arrays are given; its inputs are 'x'"]),
    ("linear", [{"y": np.zeros((1, 8))}], ["array 'x' is missing; its inputs are 'x'"]),
    ("linear", [{"x": np.zeros((1, 8)), "y": 1}], ["array 'y' is no input"]),
    ("linear", [np.full((1, 8), "a")], ["is of type <U1"]),
    ("linear", [np.zeros((1, 8), np.complex64)], ["is of type complex64"]),
    ("linear", [np.zeros((1, 8), np.longdouble)], ["is of type"]),
    ("linear", [[[1, 2], [3]]], ["array 'x' is no array"]),
    ("linear", [np.full((2, 8), 1e300)], ["has 1e+300 at [0, 0]"]),
    ("relu", [np.zeros((2, 5))],
     ["array 'x' has shape [2, 5]; it must have shape [1, 4], which is one sample, or "
      "[samples, 1, 4] or [samples, 4]"]),
    ("relu", [np.zeros((0, 1, 4))], ["with at least one sample"]),
    ("relu", [np.float32(1)], ["has shape []"]),
    ("joined", [np.zeros((3, 3)), np.zeros((2, 5))], ["[samples * 2, 3]"]),
    ("joined", [np.zeros((3, 2, 3)), np.zeros((2, 2, 5))],
     ["array 'b' has shape [2, 2, 5]; it must have shape [3, 2, 5] beside array 'a' of "
      "shape [3, 2, 3]: the same number of samples"]),
    ("joined", [np.zeros((4, 3)), np.zeros((2, 5))], ["must have shape [4, 5] beside"]),
    ("joined", [np.zeros((2, 3)), np.zeros((4, 5))], ["must have shape [2, 5] beside"]),
    ("apart", [np.zeros((4, 3)), 1],
     ["it must have shape [2, 3], which is one sample, or [samples, 2, 3]"]),
    ("scaled", [np.zeros((3, 4)), np.zeros((3, 4))],
     ["array 'scale' has shape [3, 4]; it must have shape [4]"]),
])
def test_refused_data(libraries, load, name, given, parts):
    path = libraries(name)
    error = refusal(octet.BadData, lambda: load(path)(*given), str(path), *parts)
    assert isinstance(error, ValueError)
    assert error.file == str(path)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), vars(again), str(again)) == (type(error), vars(error),
                                                      str(error))


def test_symbolic_inputs_of_different_length(tmp_path, load):
    net = nets.build([("Add", ["a", "b"], ["c"], {})],
                     [("a", "float32", ["n", 2]), ("b", "float32", ["n", 2])],
                     [("c", "float32", ["n", 2])])
    program = load(nets.compiled(tmp_path, net))
    refusal(octet.BadData, lambda: program(np.zeros((2, 2)), np.zeros((3, 2))),
            "array 'b' has shape [3, 2]; it must have shape [2, 2] beside array 'a' of "
            "shape [2, 2]: the same number of samples")
    one, two = np.zeros((1, 2), np.float32), np.zeros((2, 2), np.float32)
    refusal(octet.BadData, lambda: program(one, two), "must have shape [1, 2] beside")


# out=


def test_out(libraries, load):
    net, x, scale = load(libraries("scaled")), random(3, 4), random(4, seed=2)
    expected = net(x, scale)
    buffers = {"product": np.empty((3, 4), np.float32),
               "total": np.empty(3, np.float32)}
    for out in (buffers, list(buffers.values()), tuple(buffers.values())):
        for y in buffers.values():
            y[...] = np.nan
        results = net(x, scale, out=out)
        assert all(results[k] is buffers[k] for k in buffers)
        assert all(np.array_equal(results[k], expected[k]) for k in buffers)
    y = np.empty((1, 4), np.float32)
    assert load(libraries("relu"))(np.ones((1, 4), np.float32), out=y) is y
    assert (y == 1).all()


def test_out_refused(libraries, load):
    net, x = load(libraries("relu")), np.zeros((1, 4), np.float32)
    fixed = np.empty((1, 4), np.float32)
    fixed.flags.writeable = False
    for out, part in ((np.empty((2, 4), np.float32), "is float32 [2, 4]; it must be a "
                       "writable NumPy array of float32 [1, 4] in C order"),
                      (np.empty((1, 4)), "is float64 [1, 4]"), (fixed, "writable"),
                      (np.empty((1, 8), np.float32)[:, ::2], "C order"),
                      (np.empty((1, 4), ">f4"), "is >f4 [1, 4]"),
                      (["text"], "is str"), ([], "an array for each output"),
                      ({"z": fixed}, "its outputs are 'y'"), (7, "for each output"),
                      (x, "shares memory")):
        refusal(octet.BadData, lambda out=out: net(x, out=out), part)
    several, scale = load(libraries("scaled")), np.zeros(4, np.float32)
    both = np.empty(8, np.float32)
    refusal(octet.BadData, lambda: several(x, scale, out=[both[:4].reshape(1, 4),
                                                          both[3:4]]), "array 'total'")


# PyTorch


def test_torch(libraries, load):
    torch = pytest.importorskip("torch")
    net, several = load(libraries("linear")), load(libraries("scaled"))
    x = random(3, 8)
    expected = net(x)
    for tensor in (torch.from_numpy(x), torch.from_numpy(x).requires_grad_(),
                   torch.from_numpy(x).double(), torch.from_numpy(x.T.copy()).T):
        y = net(tensor)
        assert isinstance(y, torch.Tensor)
        assert y.device == tensor.device
        assert np.array_equal(y.numpy(), expected)

    class Elsewhere(torch.Tensor):
        device = torch.device("meta")
    assert net(torch.from_numpy(x).as_subclass(Elsewhere)).device.type == "meta"
    small = torch.from_numpy(x).bfloat16()
    assert np.array_equal(net(small).numpy(), net(small.float().numpy()))
    assert isinstance(net.run(small)["y"], np.ndarray)
    results = several({"x": torch.ones(2, 4), "scale": np.ones(4, np.float32)})
    assert all(isinstance(y, torch.Tensor) for y in results.values())
    out = np.empty((3, 3), np.float32)
    assert net(torch.from_numpy(x), out=out) is out


def test_torch_is_not_imported(libraries):
    code = f"""
import sys, numpy as np, octet
octet.Program.load({str(libraries("linear"))!r})(np.ones((2, 8)))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
