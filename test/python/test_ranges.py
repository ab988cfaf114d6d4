import copy
import errno
import json
import pickle
import re
import sys
import tempfile
import zipfile
from pathlib import Path

import nets
import numpy as np
import octet
import pytest
from nets import refusal
from octet import _driver, _shards
from octet._histograms import bin_edges, least_error_range, percentile_range
from octet.errors import BadData, CannotWrite, MissingFile, RefusedOptions

X = nets.random(40, 1, 8, 8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of the classifier, data and the ranges that the command line finds."""
    path = tmp_path_factory.mktemp("ranges")
    (path / "net.onnx").write_bytes(nets.classifier().SerializeToString())
    return path


def by_command(folder, model, arrays, *flags):
    """The text of ranges.json by one run of the command line."""
    np.savez(folder / "all.npz", **arrays)
    _driver.run(["calibrate", folder / model, "--data", folder / "all.npz", *flags,
                 "-o", folder / "ranges.json"])
    return (folder / "ranges.json").read_text()


@pytest.fixture(scope="module")
def ranges(folder):
    return octet.Ranges(by_command(folder, "net.onnx", {"x": X}))


@pytest.fixture
def small_shards(monkeypatch):
    """Shards of 13 samples."""
    monkeypatch.setattr(_shards, "BYTES", 13 * X[0].nbytes + 3)


@pytest.mark.parametrize("samples", [1, 13, 14, 17, 40])
@pytest.mark.parametrize("data", [lambda x: x, lambda x: iter([x[:3], x[3:]][:len(x)])],
                         ids=["known", "unknown"])
def test_shards_change_nothing(samples, data, folder, small_shards):
    whole = by_command(folder, "net.onnx", {"x": X[:samples]})
    x = X[:samples] if samples > 3 else X[:samples].copy()
    parts = data(x) if samples > 3 else x
    assert octet.calibrate(folder / "net.onnx", parts).to_json() == whole


def test_one_shard_is_one_run(folder, ranges):
    assert octet.calibrate(folder / "net.onnx", (X, np.arange(40))) == ranges


@pytest.mark.parametrize("options", [
    {"method": "minmax"}, {"method": "mse"}, {"method": "percentile"},
    {"percentile": 99.9}, {"min_sqnr": 45.0}, {"min_sqnr": 0.0}], ids=str)
def test_options_are_flags(options, folder, small_shards):
    flags = [part for name, value in options.items()
             for part in (f"--{name.replace('_', '-')}", str(value))]
    found = octet.calibrate(folder / "net.onnx", X, **options)
    assert found.to_json() == by_command(folder, "net.onnx", {"x": X}, *flags)
    if "method" in options:
        assert found.method == options["method"]


def test_outputs_and_dims(folder, small_shards):
    found = octet.calibrate(folder / "net.onnx", X, outputs=["flat"])
    assert found.to_json() == by_command(folder, "net.onnx", {"x": X}, "--output",
                                         "flat")
    one = octet.calibrate(folder / "net.onnx", X, shapes={"x": (1, 1, 8, 8)})
    assert one.samples == 40


def test_shared_inputs(tmp_path, small_shards):
    (tmp_path / "net.onnx").write_bytes(nets.scaled().SerializeToString())
    arrays = {"x": nets.random(300, 4), "scale": np.arange(4, dtype=np.float32)}
    found = octet.calibrate(tmp_path / "net.onnx", arrays)
    assert found.to_json() == by_command(tmp_path, "net.onnx", arrays)


@pytest.mark.parametrize("shape", ["stacked", "joined"])
def test_fixed_first_dimension(shape, tmp_path, monkeypatch):
    monkeypatch.setattr(_shards, "BYTES", 200)
    (tmp_path / "net.onnx").write_bytes(nets.joined().SerializeToString())
    a, b = nets.random(60, 3), nets.random(60, 5)
    if shape == "stacked":
        a, b = a.reshape(30, 2, 3), b.reshape(30, 2, 5)
    found = octet.calibrate(tmp_path / "net.onnx", (a, b))
    assert found.samples == 30
    assert found.to_json() == by_command(tmp_path, "net.onnx", {"a": a, "b": b})


def test_a_loader_may_use_its_memory_again(folder, ranges, small_shards):
    def batches():
        memory = np.empty((10, 1, 8, 8), np.float32)
        for i in range(0, 40, 10):
            memory[:] = X[i:i + 10]
            yield memory
    assert octet.calibrate(folder / "net.onnx", batches()) == ranges


def test_files_are_bounded_where_samples_are_counted(folder, small_shards, monkeypatch):
    most = 0
    run = _driver.run

    def counting(arguments, **options):
        nonlocal most
        for data in [Path(a) for a in arguments if str(a).endswith(".npz")]:
            most = max(most, len(list(data.parent.glob("shard*.npz"))))
        return run(arguments, **options)

    monkeypatch.setattr(_driver, "run", counting)
    octet.calibrate(folder / "net.onnx", X)
    assert most == 2
    octet.calibrate(folder / "net.onnx", iter([X]))
    assert most == 4


def test_nothing_is_left_behind(folder, small_shards, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    octet.calibrate(folder / "net.onnx", X)
    x = X.copy()
    x[30] = np.nan
    refusal(BadData, lambda: octet.calibrate(folder / "net.onnx", x), "NaN")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("value", "kind"), [(np.nan, "NaN"), (np.inf, "infinite"),
                                             (-np.inf, "infinite")])
def test_not_finite(value, kind, folder):
    x = X.copy()
    x[32, 0, 1, 2] = value
    batches = [x[:30], x[30:]]
    error = refusal(BadData, lambda: octet.calibrate(folder / "net.onnx", batches),
                    f"batch 1 of the data: array 'x' is {kind} in sample 32, and",
                    "leave the sample out")
    assert error.value == "x"


def test_not_finite_shared(tmp_path):
    (tmp_path / "net.onnx").write_bytes(nets.scaled().SerializeToString())
    refusal(BadData, lambda: octet.calibrate(
        tmp_path / "net.onnx", (nets.random(5, 4), np.array([1, 2, 3, np.nan]))),
        "array 'scale' is NaN in sample 0")


def test_zeros(folder):
    with pytest.warns(_driver.Doubt, match="the data: every input is 0 throughout"):
        octet.calibrate(folder / "net.onnx", np.zeros((5, 1, 8, 8)))


@pytest.mark.parametrize(("options", "sentence"), [
    ({"method": "max"}, "method cannot be 'max'; choose minmax, percentile or mse"),
    ({"percentile": 50}, "percentile cannot be 50; give a number above 50"),
    ({"percentile": 101}, "percentile cannot be 101"),
    ({"percentile": 99, "method": "mse"}, "percentile does not go with method 'mse'"),
    ({"min_sqnr": -1}, "min_sqnr cannot be -1; give a number of dB"),
    ({"min_sqnr": float("nan")}, "min_sqnr cannot be nan"),
    ({"limit": 0}, "limit cannot be 0")], ids=str)
def test_refused_options(options, sentence, folder):
    read = []

    def data():
        read.append(1)
        yield X
    model = folder / "net.onnx"
    refusal(RefusedOptions, lambda: octet.calibrate(model, data(), **options), sentence)
    assert not read


def test_a_full_disk(folder, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(zipfile.ZipFile, "open", full)
    refusal(CannotWrite, lambda: octet.calibrate(folder / "net.onnx", X),
            "cannot be written: No space left on device; set TMPDIR")


def test_progress(folder, small_shards, capsys):
    octet.calibrate(folder / "net.onnx", X, progress=True)
    assert "calibrating" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["file", "a/b", "größe", "arr_0"])
def test_names_of_arrays(name, tmp_path):
    arrays = {name: [np.ones((2, 3)), np.zeros((1, 3))]}
    _shards.write_npz(tmp_path / "x.npz", arrays)
    with np.load(tmp_path / "x.npz") as found:
        np.testing.assert_array_equal(found[name], [[1] * 3, [1] * 3, [0] * 3])


# What was found -----------------------------------------------------------------------


def test_mapping(ranges, folder):
    names = re.findall(r'^ {4}"(\w+)"', ranges.to_json(), re.MULTILINE)
    assert list(ranges) == names
    assert len(ranges) == len(names)
    assert "nothing" not in ranges
    with pytest.raises(KeyError):
        ranges["nothing"]
    value = ranges["active"]
    assert value is ranges["active"]
    assert value.min == 0
    assert value.counts.sum() == len(X) * 16 * 36
    assert len(value.edges) == len(value.counts) + 1
    assert value.edges[0] <= value.min <= value.max < value.edges[-1]
    assert value.rounded
    assert repr(value).startswith("ValueRange('active', 0 to ")
    assert ranges.samples == 40
    assert ranges.sqnr_db.keys() == {"scores"}
    assert ranges.unrounded == ()


def test_histograms_are_numpys(ranges):
    value = next(iter(ranges.values()))
    counts, _ = np.histogram(X, bins=value.edges)
    np.testing.assert_array_equal(value.counts, counts)
    assert value.max == X.max()


@pytest.mark.parametrize("options", [
    {"method": "minmax"}, {"method": "mse"}, {"percentile": 95}, {"percentile": 99.99}],
    ids=str)
def test_ranges_are_the_compilers(options, folder):
    ranges = octet.calibrate(folder / "net.onnx", X, **options)
    ranges.save(folder / "r.json")
    graph = _driver.run(["quantize", folder / "net.onnx", "--ranges",
                         folder / "r.json"])
    scales = {np.float32(s) for s in re.findall(r"<u8:f32, ([0-9.e-]+)", graph)}
    rounded = {name: np.float32((np.float64(max(r.high, 0)) - min(r.low, 0)) / 255)
               for name, r in ranges.items()}
    assert len(rounded) == 4
    for name, scale in rounded.items():
        kept = name in ranges.unrounded
        assert kept or any(abs(scale - s) <= 1e-6 * s for s in scales), (name, scales)
    assert ranges["scores"].low < 0 < ranges["scores"].high


def test_percentiles_of_few_values():
    counts, edges = np.array([3, 0, 5, 1], np.uint64), bin_edges(-1, 4, -1)
    np.testing.assert_array_equal(edges, [-0.5, 0, 0.5, 1, 1.5])
    bounds = (-0.4, 1.3)
    assert percentile_range(counts, edges, bounds, 100) == bounds
    # Less than one value outside.
    assert percentile_range(counts, edges, bounds, 90) == bounds
    # One on each side: the last bin is left out.
    low, high = percentile_range(counts, edges, bounds, 70)
    assert (low, high) == (np.float32(-0.4), 1)
    nothing = np.zeros(4, np.uint64)
    assert percentile_range(nothing, edges, (0, 0), 70) == (0, 0)


def test_least_error_leaves_out_what_is_rare():
    edges = bin_edges(0, 1024, -10)
    counts = np.zeros(1024, np.uint64)
    counts[1:1023] = 1000
    assert least_error_range(counts, edges, (0.0, 1.0)) == (0, 1)
    counts[100:1023] = 0
    counts[1023] = 1
    low, high = least_error_range(counts, edges, (0.0, 1.0))
    assert low == 0
    assert 0.09 < high < 0.9


def test_merge(folder, ranges):
    parts = [octet.calibrate(folder / "net.onnx", X[a:b])
             for a, b in ((0, 20), (20, 21), (21, 40))]
    merged = parts[0].merge(*parts[1:])
    assert merged == parts[2].merge(parts[1], parts[0])
    assert merged.samples == 40
    for name, value in merged.items():
        np.testing.assert_array_equal(value.counts, ranges[name].counts)
        assert (value.min, value.max) == (ranges[name].min, ranges[name].max)
    for i, part in enumerate(parts):
        part.save(folder / f"p{i}.json")
    _driver.run(["calibrate", "--merge", *(folder / f"p{i}.json" for i in range(3)),
                 "-o", folder / "merged.json"])
    assert merged == octet.Ranges.load(folder / "merged.json")


def test_merging_other_models(ranges, tmp_path):
    other = octet.calibrate(nets.linear(), nets.random(10, 8))
    error = refusal(octet.Error, lambda: ranges.merge(other),
                    "part1: ranges of another model than those of part0")
    assert "/" not in str(error)


def test_files(ranges, tmp_path):
    path = tmp_path / "ranges.json"
    ranges.save(path)
    assert path.read_text() == ranges.to_json()
    assert octet.Ranges.load(path) == ranges
    refusal(MissingFile, lambda: octet.Ranges.load(tmp_path / "none.json"), "no such")
    refusal(BadData, lambda: octet.Ranges.load(tmp_path), "cannot be read")
    path.write_bytes(b"\xff\xfe")
    refusal(BadData, lambda: octet.Ranges.load(path), f"{path}: cannot be read")
    refusal(CannotWrite, lambda: ranges.save(tmp_path / "none" / "r.json"))


@pytest.mark.parametrize(("text", "part"), [
    ("", "Expecting value"), ("[" * 100000, "recursion"), ("[]", "version 1 or 2"),
    ('{"version": 3}', "version 1 or 2"), ('{"version": 2}', "model_hash or tensors"),
    ('{"version": 2, "model_hash": "", "tensors": {"x": {"min": 0}}}',
     "a field of 'x'"),
    ('{"version": 2, "model_hash": "", "tensors": {"x": {"min": 0, "max": 0, '
     '"not_finite": 0, "exponent": 0, "first_bin": 0, "counts": [-1]}}}',
     "a field of 'x'")], ids=range(7))
def test_malformed(text, part):
    error = refusal(BadData, lambda: octet.Ranges(text),
                    "ranges: the ranges are malformed", part)
    assert "calibrate" in error.mend


def test_equality_and_copies(ranges, folder):
    again = octet.Ranges(ranges.to_json())
    assert again == ranges
    assert hash(again) == hash(ranges)
    assert ranges != ranges.to_json()
    assert octet.calibrate(folder / "net.onnx", X[:5]) != ranges
    for other in (pickle.loads(pickle.dumps(ranges)), copy.deepcopy(ranges)):
        assert other == ranges
        assert other["active"].max == ranges["active"].max


def test_repr(ranges, folder):
    assert re.fullmatch(r"Ranges\(\d values, 40 samples, (mse|minmax), outputs [0-9.]+ "
                        r"dB above their error\)", repr(ranges))
    kept = octet.calibrate(folder / "net.onnx", X, percentile=99.5, min_sqnr=60)
    assert kept.unrounded
    assert kept.percentile == 99.5
    assert re.match(rf"Ranges\(\d values, {len(kept.unrounded)} in f32, 40 samples, "
                    "99.5 % of values, ", repr(kept))
    first = kept[kept.unrounded[0]]
    assert not first.rounded
    assert repr(first).endswith("stays in f32)")
    assert "stays in f32" in kept._repr_html_()


def test_html(ranges):
    text = ranges._repr_html_()
    assert text.count("<svg") == len(ranges)
    assert "<script" not in text
    named = ranges.to_json().replace('"active"', '"<b>"')
    assert "&lt;b&gt;" in octet.Ranges(named)._repr_html_()


def test_plot(ranges, monkeypatch):
    figure = ranges.plot()
    assert [a.get_title() for a in figure.axes] == list(ranges)
    one = ranges.plot(["active"]).axes
    assert len(one) == 1
    lines = {line.get_xdata()[0] for line in one[0].lines}
    assert lines == {ranges["active"].low, ranges["active"].high}
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    refusal(octet.Error, ranges.plot, "is not installed; pip install matplotlib")


def test_notebook(ranges, tmp_path):
    nbclient, nbformat = map(pytest.importorskip, ("nbclient", "nbformat"))
    ranges.save(tmp_path / "ranges.json")
    cells = ["import octet", f"r = octet.Ranges.load('{tmp_path}/ranges.json'); r",
             "r.plot()"]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [[set(output["data"]) for output in cell["outputs"]]
             for cell in notebook.cells]
    # Each once: a figure is not shown a second time when the cell ends.
    assert shown == [[], [{"text/html", "text/plain"}], [{"image/png", "text/plain"}]]


def test_values_that_never_were_finite(ranges):
    entry = ('"active": {"min": 0, "max": 0, "not_finite": 9, "exponent": -10, '
             '"first_bin": 0, "counts": [0]}')
    text = re.sub(r'"active": \{.*\}', entry, ranges.to_json())
    value = octet.Ranges(text)["active"]
    assert not value.rounded
    assert (value.low, value.high) == (0, 0)
    assert octet.Ranges(text)._repr_html_().count("<svg") == len(ranges) - 1
    assert octet.Ranges(text).plot(["active"]).axes[0].get_title() == "active (f32)"


def test_as_ranges_of_compile(ranges, folder):
    assert octet.compile(folder / "net.onnx", ranges).precision == "int8"


@pytest.mark.parametrize("change", [
    {"samples": "x"}, {"samples": 1e999}, {"samples": None}, {"percentile": "x"},
    {"percentile": 50}, {"method": "x"}, {"unrounded": 3}, {"unrounded": [3]},
    {"sqnr_db": 3}, {"sqnr_db": {"y": "x"}}])
def test_malformed_fields(ranges, change):
    fields = {**json.loads(ranges.to_json()), **change}
    error = refusal(BadData, lambda: octet.Ranges(json.dumps(fields)), "out of range")
    assert next(iter(change)) in error.cause


@pytest.mark.parametrize("change", [
    {"min": 1, "max": 0}, {"min": float("nan")}, {"max": 1e39}, {"exponent": 1.5},
    {"exponent": 257}, {"first_bin": 1 << 21}, {"counts": [1 << 63]}, {"counts": [-1]},
    {"counts": [True]}, {"not_finite": -1}])
def test_malformed_values(ranges, change):
    fields = json.loads(ranges.to_json())
    name = next(iter(fields["tensors"]))
    fields["tensors"][name].update(change)
    refusal(BadData, lambda: octet.Ranges(json.dumps(fields)), f"a field of '{name}'")


def test_malformed_files_are_named(folder, tmp_path):
    for name, text in (("a.json", b"{"), ("b.json", b"\xff"), ("c.json", b"[]")):
        (tmp_path / name).write_bytes(text)
        error = refusal(BadData, lambda name=name: octet.compile(folder / "net.onnx",
                                                                 tmp_path / name), name)
        assert error.file == str(tmp_path / name)
    refusal(BadData, lambda: octet.Ranges.load("a\0"), "cannot be read")


def test_other_arguments(ranges):
    refusal(octet.RefusedOptions, lambda: ranges.merge(3), "cannot be merged with int")
    error = refusal(octet.RefusedOptions, lambda: ranges.plot(["q"]), "no value 'q'")
    assert error.value == "q"
    assert len(ranges.plot(next(iter(ranges))).axes) == 1
