import json
import math
import pickle
import sys

import nets
import numpy as np
import octet
import pytest
from nets import refusal
from octet import _driver, evaluation, latency
from octet.errors import BadData, RefusedOptions

X = nets.random(60, 1, 8, 8)


def scores_net(classes, dtype="float32"):
    """x [n, classes] -> scores: what is given, so that tests choose scores."""
    return nets.build([("Reshape", ["x", "shape"], ["scores"], {})],
                      [("x", dtype, ["n", classes])],
                      [("scores", dtype, ["n", classes])],
                      [("shape", np.array([0, classes], np.int64))])


@pytest.fixture(scope="module")
def model():
    return octet.Model(nets.classifier())


@pytest.fixture(scope="module")
def labels(model):
    """Right for 3 of 4."""
    right = octet.compile(model)(X).argmax(axis=1)
    return np.where(np.arange(60) % 4 == 3, (right + 1) % 10, right)


@pytest.fixture(scope="module")
def quantized(model):
    return octet.compile(model, octet.calibrate(model, X))


def test_accuracy(model, labels):
    found = octet.evaluate(model, (X, labels))
    assert (found.top1, found.n) == (75, 60)
    assert 75 <= found.top5 <= 100
    p, z = 0.75, 1.959963984540054
    centre, half = p + z * z / 120, z * math.sqrt(p * (1 - p) / 60 + (z / 120) ** 2)
    low, high = ((centre + sign * half) / (1 + z * z / 60) for sign in (-1, 1))
    assert found.margin == pytest.approx(100 * (high - low) / 2)
    assert repr(found) == f"Accuracy(top1=75.0, top5={found.top5:.1f}, n=60, " \
                          f"±{found.margin:.2f})"
    assert "75.0 % ±" in found._repr_html_()


def test_how_accuracy_reads():
    margin = evaluation.wilson_margin(7520, 10000)
    found = octet.Accuracy(75.2, 98.1, 10000, 100 * margin)
    assert repr(found) == "Accuracy(top1=75.2, top5=98.1, n=10000, ±0.85)"


def test_the_command_line_says_the_same(quantized, labels, tmp_path):
    np.savez(tmp_path / "test.npz", x=X, labels=labels)
    quantized.save(tmp_path / "net")
    report = tmp_path / "eval.json"
    _driver.run(["eval", tmp_path / "net", "--data", tmp_path / "test.npz", "--json",
                 report])
    found = octet.evaluate(quantized, tmp_path / "test.npz")
    expected, = json.loads(report.read_text())["programs"]
    top1, top5 = expected["top1"], expected["top5"]
    assert (found.top1, found.top5) == (pytest.approx(top1), pytest.approx(top5))


@pytest.mark.parametrize("batch", [1, 7, 60, 1000])
def test_batches_change_nothing(batch, model, labels):
    expected = octet.evaluate(model, (X, labels))
    assert octet.evaluate(model, (X, labels), batch=batch) == expected
    order = np.random.default_rng(0).permutation(60)
    assert octet.evaluate(model, (X[order], labels[order])) == expected


def test_limit(model, labels):
    assert octet.evaluate(model, (X, labels), limit=4) == octet.evaluate(
        model, (X[:4], labels[:4]))


@pytest.mark.parametrize(("classes", "has_top5"), [(5, False), (6, True)])
def test_top5_asks_for_six_classes(classes, has_top5):
    x = np.eye(classes, dtype=np.float32)
    found = octet.evaluate(scores_net(classes), (x, np.arange(classes)))
    assert found.top1 == 100
    assert (found.top5 == 100) if has_top5 else (found.top5 is None)
    assert ("top5" in repr(found)) == has_top5
    assert found._repr_html_()


def test_top5():
    x = np.tile(np.arange(8, 0, -1, dtype=np.float32), (8, 1))
    found = octet.evaluate(scores_net(8), (x, np.arange(8)))
    assert (found.top1, found.top5) == (12.5, 62.5)


def test_of_equal_scores_the_first_is_ahead():
    x = np.zeros((8, 8), np.float32)
    found = octet.evaluate(scores_net(8), (x, np.arange(8)))
    assert (found.top1, found.top5) == (12.5, 62.5)


def test_rows_with_nan_are_never_right():
    x = np.tile(np.arange(8, dtype=np.float32), (4, 1))
    x[0, 7], x[1, 0], x[2, 6] = np.nan, np.nan, np.inf
    found = octet.evaluate(scores_net(8), (x, np.full(4, 7)))
    assert (found.top1, found.top5) == (25, 50)


def test_integer_scores():
    x = np.array([[1, 5, 3], [7, 0, 0]], np.int64)
    assert octet.evaluate(scores_net(3, "int64"), (x, [1, 0])).top1 == 100


def test_rows_of_a_fixed_batch():
    model = octet.Model(nets.joined())
    a, b = nets.random(6, 3), nets.random(6, 5)
    right = np.concatenate([a, b], axis=1).argmax(axis=1)
    assert octet.evaluate(model, ((a, b), right)).n == 6
    assert octet.evaluate(model, ((a, b), right), batch=1).top1 == 100
    own = octet.evaluate(model, ((a[:2], b[:2]), right[:2]))
    assert (own.n, own.top1) == (2, 100)
    stacked = a.reshape(3, 2, 3), b.reshape(3, 2, 5)
    flat = np.concatenate(stacked, axis=2).reshape(3, -1).argmax(axis=1)
    assert octet.evaluate(model, (stacked, flat)).n == 3


def test_a_model_is_compiled_once(model, labels, monkeypatch):
    octet.evaluate(model, (X, labels))
    program = model._programs["fp32"]
    assert program.precision == "fp32"
    octet.evaluate(model, (X, labels))
    assert model._programs["fp32"] is program


@pytest.mark.parametrize(("labels", "parts"), [
    (None, ["the data: has no labels; give (inputs, labels)"]),
    (["cat"] * 60, ["the labels are of type list; give an integer for each sample"]),
    (np.eye(10)[[1] * 60], ["array 'labels' has shape [60, 10]; it must have shape "
                            "[60]: one class for each sample of output 'scores'"]),
    (np.full(60, 10), ["entry 0 of array 'labels' is 10, but output 'scores' has the "
                       "classes 0 to 9"]),
    (np.where(np.arange(60) == 5, -1, 0), ["entry 5 of array 'labels' is -1"]),
    (np.where(np.arange(60) == 5, 0.5, 0), ["entry 5 of array 'labels' is 0.5"]),
    (np.full(60, np.nan), ["entry 0 of array 'labels' is nan"])], ids=range(7))
def test_labels_that_are_none(labels, parts, model):
    data = X if labels is None else (X, labels)
    assert refusal(BadData, lambda: octet.evaluate(model, data), *parts)


def test_whole_floats_and_columns_are_labels(model, labels):
    expected = octet.evaluate(model, (X, labels))
    assert octet.evaluate(model, (X, labels.astype(np.float32))) == expected
    assert octet.evaluate(model, (X, labels[:, None])) == expected
    assert octet.evaluate(model, (X, labels.astype(np.uint8).tolist())) == expected


@pytest.mark.parametrize("batch", [7, 60])
def test_metric(batch, model, labels):
    program = octet.compile(model)
    seen = []

    def metric(outputs, given):
        seen.append((outputs, given))
        return "what it returns"
    assert octet.evaluate(program, (X, labels), metric=metric,
                          batch=batch) == "what it returns"
    (outputs, given), = seen
    np.testing.assert_array_equal(outputs, program(X))
    np.testing.assert_array_equal(given, labels)
    assert octet.evaluate(program, X, metric=lambda y, none: (y.shape, none)) == (
        (60, 10), None)


def test_metric_of_several_outputs():
    model = octet.Model(nets.scaled())
    x, scale = nets.random(5, 4), nets.random(4)
    boxes = [{"box": i} for i in range(5)]
    outputs, labels = octet.evaluate(model, iter([((x, scale), boxes)]), batch=2,
                                     metric=lambda *given: given)
    np.testing.assert_array_equal(outputs["product"], x * scale)
    assert outputs["total"].shape == (5,)
    assert labels == boxes


def test_metric_of_what_does_not_depend_on_the_batch():
    y = nets.random(6)
    found = octet.evaluate(Fixed({"y": y}, batch=False), np.zeros((6, 1)), batch=4,
                           metric=lambda y, _: y)
    np.testing.assert_array_equal(found, y)


def test_metric_of_fixed_batches():
    model = octet.Model(nets.joined())
    a, b = nets.random(2, 2, 3), nets.random(2, 2, 5)
    own = octet.evaluate(model, [(a[0], b[0])], metric=lambda y, _: y)
    assert own.shape == (2, 8)
    two = octet.evaluate(model, [(a[0], b[0]), (a[1], b[1])], metric=lambda y, _: y)
    np.testing.assert_array_equal(two, np.concatenate([a, b], axis=2))


def test_progress(model, labels, capsys):
    octet.evaluate(model, (X, labels), progress=True)
    assert "evaluating" in capsys.readouterr().err


# Comparison ---------------------------------------------------------------------------


def test_compare_as_the_command_line_does(model, quantized, tmp_path):
    found = octet.compare(model, quantized, X, batch=7)
    np.savez(tmp_path / "test.npz", x=X)
    quantized.save(tmp_path / "int8")
    octet.compile(model).save(tmp_path / "fp32")
    report = tmp_path / "eval.json"
    _driver.run(["eval", tmp_path / "fp32", tmp_path / "int8", "--data",
                 tmp_path / "test.npz", "--json", report])
    expected = json.loads(report.read_text())
    assert found.agreement == pytest.approx(expected["agreement"])
    assert found.sqnr_db == pytest.approx(expected["sqnr_db"], rel=1e-9)
    assert found.samples == 60
    assert repr(found) == (f"Comparison(agreement={found.agreement:.2f} %, "
                           f"sqnr={found.sqnr_db:.1f} dB, samples=60)")
    assert "scores" in found._repr_html_()
    for batch in (1, 60):
        assert octet.compare(model, quantized, X, batch=batch) == found


class Fixed:
    """A program whose outputs are chosen."""

    def __init__(self, outputs, batch=True):
        tensor = octet.runtime.Tensor
        self.inputs = (tensor("x", (1, 1), np.dtype("float32"), True),)
        self.outputs = tuple(tensor(n, (1, *y.shape[1:]), np.dtype(y.dtype), batch)
                             for n, y in outputs.items())
        self.results, self.batch, self.at = outputs, batch, 0

    def run(self, inputs):
        n = len(inputs["x"])
        low, self.at = self.at, self.at + n
        return {k: y[low:low + n] if self.batch else y for k, y in self.results.items()}


def compared(a, b, **options):
    return octet.compare(Fixed({"y": a}, **options), Fixed({"y": b}, **options),
                         np.zeros((len(a), 1)), batch=2).outputs[0]


@pytest.mark.parametrize(("a", "b", "agreement", "sqnr"), [
    ([[1, 2], [3, 4]], [[1, 2], [3, 4]], 100, 999),
    ([[1, 2], [3, 4]], [[1, 2], [4, 3]], 50, 10 * math.log10(15)),
    ([[0, 0], [0, 0]], [[0, 1], [0, 0]], 50, -999),
    ([[0, np.nan]], [[0, np.nan]], 0, 999), ([[0, np.inf]], [[0, np.inf]], 100, 999),
    ([[0, np.inf]], [[0, 1]], 100, -999), ([[0, 1]], [[0, np.nan]], 0, -999)])
def test_floats(a, b, agreement, sqnr):
    found = compared(np.array(a, np.float32), np.array(b, np.float32))
    assert (found.agreement, found.sqnr_db) == (agreement, pytest.approx(sqnr))


def test_integers_are_compared_one_by_one():
    a, b = np.array([[1, 2], [3, 4], [5, 6]]), np.array([[1, 2], [3, 0], [5, 6]])
    assert compared(a, b).agreement == pytest.approx(100 * 5 / 6)


def test_what_does_not_depend_on_the_batch_counts_once():
    a = np.array([1.0, 2, 3, 4, 5, 0], np.float32)
    programs = Fixed({"y": a}, batch=False), Fixed({"y": a * 2}, batch=False)
    found = octet.compare(*programs, np.zeros((6, 1)), batch=4)
    assert found.agreement == 100
    assert found.sqnr_db == 0


def test_other_outputs():
    a, b = Fixed({"y": np.zeros((3, 2))}), Fixed({"z": np.zeros((3, 2))})
    refusal(RefusedOptions, lambda: octet.compare(a, b, np.zeros((3, 1))),
            "different outputs, 'y' [3, 2] and 'z' [3, 2]; compare programs of one")


def test_plot(model, quantized, monkeypatch, capsys):
    found = octet.compare(model, quantized, X, progress=True)
    assert "comparing" in capsys.readouterr().err
    axes, = found.plot().axes
    assert "scores" in axes.get_title()
    points = axes.lines[0].get_xydata()
    np.testing.assert_array_equal(points[:, 0], octet.compile(model)(X).ravel())
    np.testing.assert_array_equal(points[:, 1], quantized(X).ravel())
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    refusal(octet.Error, found.plot, "pip install matplotlib")


# Latency ------------------------------------------------------------------------------


def test_benchmark(model, quantized):
    first, second = octet.benchmark(model, quantized, runs=50)
    for one in (first, second):
        assert 0 < one.min <= one.median <= one.p95
        assert one.gops > 0
    assert (first.precision, second.precision) == ("fp32", "int8")
    assert (first.speedup, first.over) == (None, None)
    assert second.speedup == first.median / second.median
    assert second.over == "fp32"
    assert repr(second).endswith(f", speedup={second.speedup:.2f} over fp32)")
    assert "over fp32" in second._repr_html_()
    assert "over" not in first._repr_html_()
    assert "fp32" in model._programs


def test_threads(model, quantized, labels):
    one, two = octet.benchmark(model, quantized, runs=20, threads=2)
    assert (one.threads, two.threads) == (2, 2)
    assert octet.evaluate(quantized, (X, labels), threads=3) == \
        octet.evaluate(quantized, (X, labels))
    assert octet.evaluate(quantized, X, metric=lambda y, _: y.tobytes(), threads=2) == \
        octet.evaluate(quantized, X, metric=lambda y, _: y.tobytes())
    assert octet.compare(model, quantized, X, threads=2).sqnr_db == \
        octet.compare(model, quantized, X).sqnr_db
    assert octet.calibrate(model, X, threads=3) == octet.calibrate(model, X, threads=1)
    refusal(RefusedOptions, lambda: octet.calibrate(model, X, threads=-1),
            "threads cannot be -1")


def test_benchmark_of_programs_alike(quantized):
    found = octet.benchmark(quantized, quantized, quantized, runs=20)
    assert [one.over for one in found] == [None, "the first", "the first"]


def test_benchmark_of_one_program(model, quantized):
    # A pickle does not know its model.
    alone = octet.benchmark(pickle.loads(pickle.dumps(quantized)), runs=20)
    assert alone.speedup is None
    program = octet.compile(model, octet.calibrate(model, X))
    program.model = octet.Model(nets.classifier())
    assert octet.benchmark(program, runs=20).speedup is None
    program.model = model
    beside = octet.benchmark(program, runs=20)
    assert beside.precision == "int8"
    assert beside.speedup > 0
    assert beside.over == "fp32"


def test_units():
    latency = octet.Latency(3.7912, 4.02, 3.5, 10.0, "int8", 3.9, "fp32")
    assert repr(latency) == \
        "Latency(median=3.79 ms, p95=4.02 ms, speedup=3.90 over fp32)"
    assert repr(octet.Latency(0.0141, 45.26, 0.01, 1.0, "int8")) == \
        "Latency(median=14.1 µs, p95=45.3 ms)"
    assert repr(octet.Latency(1.0, 2.0, 0.5, 1.0, "int8", threads=4)) == \
        "Latency(median=1 ms, p95=2 ms, threads=4)"


def test_benchmark_layers(quantized):
    times = octet.benchmark_layers(quantized, runs=20, threads=2)
    assert [(n.name, n.op, n.precision, n.kernel) for n in times.layers] == \
        [(n.node, n.op, n.precision, n.kernel) for n in quantized.layers()]
    assert times.threads == 2
    assert times.total == pytest.approx(sum(n.ms for n in times.layers), abs=1e-4)
    assert times.median > 0
    assert sum(n.share for n in times.layers) == pytest.approx(100, abs=0.1)
    assert set(times.bandwidths) - {"L3"} == {"L2", "DRAM"}
    slowest = max(times.layers, key=lambda n: n.ms)
    assert repr(times) == (f"LayerTimes({len(times.layers)} layers, "
                           f"total={latency.as_text(times.total)}, "
                           f"{slowest.share:.0f} % of it {slowest.name!r})")
    assert slowest.kernel in times._repr_html_()
    refusal(RefusedOptions, lambda: octet.benchmark_layers(quantized, runs="all"),
            "runs cannot be 'all'")


def test_benchmark_options(model, quantized, tmp_path):
    refusal(RefusedOptions, octet.benchmark, "no program is given; give at least one")
    refusal(RefusedOptions, lambda: octet.benchmark(model, runs=0), "runs cannot be 0")
    refusal(RefusedOptions, lambda: octet.benchmark(model, threads=0),
            "threads cannot be 0; give a number of threads, at least 1")
    refusal(RefusedOptions, lambda: octet.benchmark(model, threads=1025),
            "threads cannot be '1025'; give a whole number from 1 to 1024")
    quantized.save(tmp_path / "net.so")
    library = octet.Program.load(tmp_path / "net.so")
    refusal(octet.Error, lambda: octet.benchmark(library), "loaded from a library")


def test_a_program_for_another_machine(model):
    other = octet.compile(model, targets=nets.ELSEWHERE)
    refusal(octet.NotAProgram, lambda: octet.benchmark(other, runs=5),
            f"program: is compiled for {nets.ELSEWHERE} and cannot run")


def test_benchmark_of_libraries(model, tmp_path):
    octet.compile(model).save(tmp_path / "net.so")
    for program in (octet.Program.load(tmp_path / "net.so"),
                    octet.runtime.load(tmp_path / "net.so")):
        refusal(octet.Error, lambda program=program: octet.benchmark(program),
                "net.so: was loaded from a library and cannot be timed")


def test_comparing_other_inputs(model):
    refusal(octet.RefusedOptions, lambda: octet.compare(model, nets.scaled(), X),
            "the programs have different inputs")
