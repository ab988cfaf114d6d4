import collections
import itertools
import types
import zipfile

import nets
import numpy as np
import octet
import pytest
import torch
from nets import refusal
from octet import data as octet_data
from octet.data import Batches
from octet.errors import BadData, MissingFile, RefusedOptions, UnsupportedModel

X = nets.random(10, 8)
Y = np.arange(10) % 3


@pytest.fixture(scope="module")
def model():
    return octet.Model(nets.linear())


@pytest.fixture(scope="module")
def scaled():
    return octet.Model(nets.scaled())


def gather(data, model, **options):
    """All inputs, in the order they come in, and all labels."""
    batches = list(Batches(data, model, **options))
    inputs = {name: np.concatenate([b.inputs[name] for b in batches])
              for name in batches[0].inputs}
    labels = [b.labels for b in batches]
    at = 0
    for batch in batches:
        assert batch.first == at
        at += batch.samples.count
    return inputs, None if labels[0] is None else np.concatenate(labels)


class Dataset(torch.utils.data.Dataset):
    """Single samples, made by `make`."""

    def __init__(self, make, length=10):
        self.make, self.length = make, length

    def __len__(self):
        return self.length

    def __getitem__(self, i):
        return self.make(i)


def loader(*arrays, **options):
    tensors = [torch.from_numpy(a) for a in arrays]
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*tensors),
                                       **options)


def halves():
    yield X[:6], Y[:6]
    yield X[6:], Y[6:]


LABELED = {
    "tuple": lambda path: (X, Y),
    "list": lambda path: [X, Y],
    "list with a list": lambda path: [X, Y.tolist()],
    "tensors": lambda path: (torch.from_numpy(X).requires_grad_(), torch.from_numpy(Y)),
    "dict": lambda path: {"x": X, "label": Y, "names": ["a"] * 10},
    "file": lambda path: path,
    "str": str,
    "files": lambda path: [path],
    "generator": lambda path: halves(),
    "list of tuples": lambda path: list(halves()),
    "list of lists": lambda path: [list(pair) for pair in halves()],
    "tuple of tuples": lambda path: tuple(halves()),
    "loader": lambda path: loader(X, Y, batch_size=4),
    "dataset": lambda path: Dataset(lambda i: (X[i], Y[i])),
    "tensor dataset": lambda path: torch.utils.data.TensorDataset(
        torch.from_numpy(X), torch.from_numpy(Y)),
    "dataset of dicts": lambda path: Dataset(lambda i: {"x": X[i], "y": int(Y[i])}),
    "samples": lambda path: [(x, int(y)) for x, y in zip(X, Y, strict=True)],
    "sample dicts": lambda path: iter([{"x": x, "target": y}
                                       for x, y in zip(X, Y, strict=True)]),
    "nested tuple": lambda path: ((X,), Y),
    "nested dict": lambda path: ({"x": X}, Y),
}


@pytest.mark.parametrize("kind", LABELED)
@pytest.mark.parametrize("most", [None, 4])
def test_labeled(kind, most, model, tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, x=X, labels=Y)
    inputs, labels = gather(LABELED[kind](path), model, most=most)
    np.testing.assert_array_equal(inputs["x"], X)
    np.testing.assert_array_equal(labels, Y)
    assert inputs["x"].dtype == np.float32


UNLABELED = {
    "array": lambda: X, "tensor": lambda: torch.from_numpy(X),
    "numbers": lambda: X.astype(np.float64).tolist(), "batches": lambda: [X[:4], X[4:]],
    "one batch": lambda: [X], "samples": lambda: list(X), "dict": lambda: {"x": X},
    "iterator": lambda: iter([{"x": X[:5]}, {"x": X[5:]}]),
    "dataset": lambda: Dataset(lambda i: X[i]),
    "loader": lambda: loader(X, batch_size=4),
    "deque": lambda: collections.deque([X[:3], X[3:]]),
    "map": lambda: map(np.asarray, [X[:3], X[3:]])}


@pytest.mark.parametrize("kind", UNLABELED)
def test_unlabeled(kind, model):
    inputs, labels = gather(UNLABELED[kind](), model)
    np.testing.assert_array_equal(inputs["x"], X)
    assert labels is None


def test_parts_have_their_labels(model):
    batches = list(Batches((X, Y), model, most=4))
    assert [b.samples.count for b in batches] == [4, 4, 2]
    np.testing.assert_array_equal(batches[1].labels, Y[4:8])
    assert batches[1].first == 4
    assert batches[1].where == "samples 4 to 7 of the data"
    halved = list(Batches(list(halves()), model, nbytes=5 * X[0].nbytes + 1))
    assert [b.where for b in halved] == ["samples 0 to 4 of the data",
                                         "samples 5 to 5 of the data",
                                         "batch 1 of the data"]


def test_large_arrays_are_converted_in_parts(model):
    class Counted(np.ndarray):
        largest = 0

        def astype(self, *arguments, **options):
            Counted.largest = max(Counted.largest, len(self))
            return super().astype(*arguments, **options)

    given = (100 * np.abs(X)).astype(np.uint8).view(Counted)
    batches = Batches(given, model, most=4)
    batches._first.samples.given["x"] = given  # NumPy's own makes it a plain array.
    for batch in batches:
        assert batch.inputs["x"].dtype == np.float32
    assert Counted.largest == 4


@pytest.mark.parametrize("given", [
    X.astype(np.float64), X.astype(np.float16), torch.from_numpy(X).bfloat16(),
    (100 * np.abs(X)).astype(np.uint8), X > 0, np.asfortranarray(X), X[::2],
    X.astype(">f4")], ids=lambda a: f"{a.dtype}")
def test_conversion(given, model):
    inputs, _ = gather(given, model)
    wide = given.float().numpy() if isinstance(given, torch.Tensor) else given
    np.testing.assert_array_equal(inputs["x"], wide.astype(np.float32))
    assert inputs["x"].flags.c_contiguous


def test_labels_of_any_kind(model):
    masks = np.zeros((10, 5, 5))
    assert next(iter(Batches((X, masks), model))).labels.shape == (10, 5, 5)
    boxes = [{"box": i} for i in range(10)]
    parts = list(Batches(iter([(X, boxes)]), model, most=6))
    assert parts[1].labels == boxes[6:]
    found = next(iter(Batches(Dataset(lambda i: (X[i], boxes[i])), model)))
    assert found.labels == boxes
    ragged = [[1], [2, 3]] * 5
    assert next(iter(Batches((X, ragged), model))).labels == ragged
    names = np.array(["cat"] * 10)
    assert next(iter(Batches((X, names), model))).labels.tolist() == names.tolist()


def test_an_input_may_be_called_like_labels():
    net = nets.build([("Add", ["labels", "labels"], ["z"], {})],
                     [("labels", "float32", ["n", 2])], [("z", "float32", ["n", 2])])
    batch = next(iter(Batches({"labels": X[:, :2], "y": Y}, octet.Model(net))))
    np.testing.assert_array_equal(batch.inputs["labels"], X[:, :2])
    np.testing.assert_array_equal(batch.labels, Y)


def test_limit(model):
    for kind, make in LABELED.items():
        if "file" in kind or kind == "str":
            continue
        inputs, labels = gather(make(None), model, limit=7)
        np.testing.assert_array_equal(inputs["x"], X[:7])
        np.testing.assert_array_equal(labels, Y[:7])


def test_limit_ends_an_endless_generator(model):
    taken = []

    def endless():
        for i in itertools.count():
            taken.append(i)
            yield X
    inputs, _ = gather(endless(), model, limit=25)
    assert len(inputs["x"]) == 25
    assert len(taken) == 3


@pytest.mark.parametrize(("data", "samples"), [
    (X, 10), ((X, Y), 10), (Dataset(lambda i: (X[i], Y[i])), 10),
    (loader(X, Y, batch_size=4), 10), (loader(X, Y, batch_size=4, drop_last=True), 8),
    (loader(X, batch_size=20), 10), ([X, X], None), (iter([X]), None),
    (loader(X, batch_size=4,
            collate_fn=lambda b: torch.cat([b[0][0][None]] * 8)), None)],
    ids=["array", "pair", "dataset", "loader", "without the last", "one batch",
         "list", "iterator", "collated"])
def test_samples_that_are_known_ahead(data, samples, model):
    batches = Batches(data, model)
    assert batches.samples == samples
    if samples:
        assert sum(b.samples.count for b in batches) == samples
        with_limit = Batches(data, model, limit=3)
        assert with_limit.samples == 3


def test_a_batch_that_several_samples_share(scaled):
    scale = np.arange(4, dtype=np.float32)
    x = X[:, :4]
    inputs = list(Batches((x, scale, Y), scaled, most=4))
    assert [b.inputs["x"].shape for b in inputs] == [(4, 4), (4, 4), (2, 4)]
    assert all((b.inputs["scale"] == scale).all() for b in inputs)
    np.testing.assert_array_equal(inputs[2].labels, Y[8:])
    two = [{"x": x, "scale": scale}, {"x": x, "scale": scale + 1}]
    refusal(BadData, lambda: list(Batches(two, scaled)), "batch 1 of the data",
            "'scale' is one for all samples")


@pytest.mark.parametrize(("a", "b", "form", "count"), [
    ((2, 3), (2, 5), "own", 1), ((6, 3), (6, 5), "joined", 3),
    ((4, 2, 3), (4, 2, 5), "stacked", 4)])
def test_fixed_first_dimension(a, b, form, count):
    model = octet.Model(nets.joined())
    arrays = nets.random(*a), nets.random(*b)
    batches = Batches(arrays, model, most=2)
    assert batches.form == form
    assert batches.samples == count
    parts = list(batches)
    assert sum(p.samples.count for p in parts) == count
    stacked = np.concatenate([p.samples.stacked()["a"] for p in parts])
    np.testing.assert_array_equal(stacked.ravel(), arrays[0].ravel())
    assert stacked.shape == (count, 2, 3)


def test_the_only_array_of_a_dict_has_any_name(model):
    ones = [{"image": x, "path": "a.png", "label": y}
            for x, y in zip(X, Y.tolist(), strict=True)]
    for data in ({"image": X, "label": Y, "path": ["a.png"] * len(X)}, ones):
        inputs, labels = gather(data, model)
        np.testing.assert_array_equal(inputs["x"], X)
        np.testing.assert_array_equal(labels, Y)


def test_one_sample_without_its_dimension():
    inputs, _ = gather(X[0, :4], octet.Model(nets.relu()))
    assert inputs["x"].shape == (1, 4)


def test_program(libraries):
    program = octet.Program.load(libraries("linear"))
    np.testing.assert_array_equal(gather((X, Y), program)[0]["x"], X)


def test_models_are_shown_the_first_batch(model):
    shown = []

    class Late(octet.Model):
        def prepare(self, inputs):
            shown.append(inputs)

        def inspect(self):
            assert shown
            return super().inspect()

    net = nets.linear()
    for data in ((X, Y), {"x": X, "labels": Y}, [X], loader(X, Y, batch_size=4),
                 ((X,), Y), ({"x": X}, Y)):
        shown.clear()
        Batches(data, Late(net))
        first = shown[0]
        arrays = list(first.values() if isinstance(first, dict) else first)
        assert len(arrays) == 1
        np.testing.assert_array_equal(arrays[0], X[:len(arrays[0])])
    refusal(BadData, lambda: Batches((Y, X), Late(net)),
            "the labels come before the inputs; give the inputs first")


def refused(data, model, *parts, **options):
    return refusal(BadData, lambda: list(Batches(data, model, **options)), *parts)


def test_nothing(model):
    for data in ([], iter(()), Dataset(lambda i: X[i], 0), loader(X[:0], batch_size=2)):
        error = refused(data, model, "the data: there is no sample in it; give at")
        assert error.cause == "there is no sample in it"
    refused(X[:0], model, "has shape [0, 8]", "with at least one sample")


def test_endless(model, monkeypatch):
    monkeypatch.setattr(octet_data, "MOST", 35)
    endless = itertools.repeat(X)
    refused(endless, model, "has no length and gave more than 35 samples; give limit=")
    refused(((x, 1) for x in itertools.cycle(X)), model, "more than 35 samples")
    assert len(gather([X] * 5, model)[0]["x"]) == 50


@pytest.mark.parametrize(("data", "parts"), [
    ((Y, X), ["the data: the labels come before the inputs"]),
    ([(X, Y), (Y, X)], ["batch 1 of the data: the labels come before"]),
    ((X[:, :4], X[:, :5]), ["the data: array 'x' has shape [10, 4]"]),
    (X[:, :4], ["the data: array 'x' has shape [10, 4]; it must have shape [samples, "
                "8]"]),
    ([X, X[:, :4]], ["batch 1 of the data: array 'x' has shape [10, 4]"]),
    ((X, Y, Y), ["the data: has 3 arrays; give the model's inputs, 'x', and labels"]),
    ({"image": X, "mask": X, "y": Y}, ["has no array 'x', the model's input",
                                       "'image', 'mask', 'y'"]),
    ({"y": Y}, ["has no array 'x'", "its arrays are 'y'"]),
    ({}, ["has no array 'x'", "its arrays are none"]),
    (np.full((2, 8), "a"), ["array 'x' is of type <U1; give floats"]),
    (np.full((2, 8), 1j), ["array 'x' is of type complex128; give floats"]),
    (np.full((2, 8), 1e300), ["array 'x' has 1e+300 at [0, 0], which is no float32"]),
    ({"x": [[1, 2], [3]]}, ["array 'x' is no array"]),
    ("a string", []), (7, ["the data: cannot be of type int; give a DataLoader"]),
    (Dataset(lambda i: X[i, :8 - i]), ["samples 0 to 9 of the data: samples have sh"]),
    (Dataset(lambda i: (X[i],) * (1 + i % 2)), ["differ in how many arrays"]),
    (Dataset(lambda i: {"x": X[i], f"{i}": 0}), ["have arrays of different names"]),
], ids=itertools.count())
def test_misfits(data, parts, model):
    if isinstance(data, str):
        refusal(MissingFile, lambda: Batches(data, model), "a string: no such file")
        return
    error = refused(data, model, *parts)
    assert error.cause


def test_changing_shapes():
    model = octet.Model(nets.joined())
    a, b = nets.random(4, 2, 3), nets.random(4, 2, 5)
    refused([(a, b), (a[0], b[0])], model,
            "batch 1 of the data: array 'a' has shape [2, 3], but shape [4, 2, 3] in "
            "batch 0")


def test_a_broken_promise(model):
    class Liar(torch.utils.data.DataLoader):
        def __iter__(self):
            yield from itertools.islice(super().__iter__(), 2)

    data = Liar(torch.utils.data.TensorDataset(torch.from_numpy(X)), batch_size=3)
    refused(data, model, "promised 10 samples by its length and gave 6; give limit=6")
    assert len(gather(data, model, limit=6)[0]["x"]) == 6


def test_files(model, tmp_path):
    path = tmp_path / "data.npz"
    for content in (b"", b"PK\3\4 or so", b"abc" * 100):
        path.write_bytes(content)
        refused(path, model, f"{path}: is no .npz file; write one with numpy.savez")
    np.save(tmp_path / "data.npy", X)
    refused(tmp_path / "data.npy", model, "is no .npz file")
    np.savez(path, y=X)
    refused(path, model, f"{path}: has no array 'x'")
    np.savez(path, x=np.array([{}]))
    refused(path, model, "array 'x' cannot be read")
    np.savez(path, x=X)
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    error = refused(path, model, "array 'x' cannot be read")
    assert error.value == "x"


def test_options(model):
    for limit in (0, -3):
        refusal(RefusedOptions, lambda n=limit: Batches(X, model, limit=n),
                f"limit cannot be {limit}")
    refusal(RefusedOptions, lambda: Batches(X, model, most=0), "batch cannot be 0")


def test_refused_models():
    net = nets.build([("Relu", ["x"], ["y"], {})], [("x", "float32", ["n", "m"])],
                     [("y", "float32", ["n", "m"])])
    refusal(UnsupportedModel, lambda: Batches(X, octet.Model(net)), "--shape x=1x")
    options = octet.Model(net, dims={"m": 8}).options
    inputs, _ = gather(X, octet.Model(net), options=options)
    assert inputs["x"].shape == (10, 8)


def test_a_tensor_of_another_library(model):
    class Foreign:
        dtype = np.dtype("float32")

        def __array__(self, dtype=None, copy=None):
            return X
    np.testing.assert_array_equal(gather(Foreign(), model)[0]["x"], X)
    refused([Foreign(), types.SimpleNamespace()], model, "batch 1 of the data")


def test_what_is_no_data(model, tmp_path, recwarn):
    for given, part in (([[1, 2], [3]], "is no array"), (Dataset, "be the class")):
        refusal(BadData, lambda given=given: Batches(given, model), part)
    refusal(MissingFile, lambda: Batches("a\0b.npz", model), "no such file")
    path = tmp_path / "data.npz"
    np.savez(path, x=X)
    path.write_bytes(path.read_bytes()[:200])
    refusal(BadData, lambda: Batches(path, model), "is no .npz file")
    assert not recwarn.list


def test_an_array_larger_than_memory(model, tmp_path):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000, 8)}"
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as file:
        file.writestr("x.npy", b"\x93NUMPY\x01\x00\x76\x00" + header.encode().ljust(117)
                      + b"\n")
    refusal(BadData, lambda: Batches(tmp_path / "data.npz", model), "cannot be read")
