"""Tables, plots and README's section, of a report of known numbers."""

import pytest
from suite import markdown, plots, readme, report
from suite.environments import Failed


def contest(octet, ort, threads=1, batch=1):
    """FP32 takes four times as long as INT8 for all."""
    times, ratios = [], []
    for who, ms in (("octet", octet), ("onnxruntime", ort)):
        for precision, factor in (("int8", 1), ("fp32", 4)):
            times.append({"who": who, "precision": precision, "median": ms * factor,
                          "gops": 100 / ms / factor, "percent_of_peak": 80 / factor,
                          "resident_bytes": 1e6})
            if who != "octet":
                ratio = ort / octet
                ratios.append({"who": who, "precision": precision, "median": ratio,
                               "low": ratio - 0.1, "high": ratio + 0.1})
    return {"threads": threads, "batch": batch, "times": times, "ratios": ratios,
            "errors": []}


def model(name, *contests, **more):
    programs = [{"precision": p, "batch": 1, "bytes": 11.9e6,
                 "int8_macs_percent": 99.5}
                for p in ("fp32", "int8")]
    return {"name": name, "title": name, "origin": "trained", "families": [],
            "fp32_bytes": 46.9e6, "programs": programs, "quality": [], "errors": [],
            "compiling": {"fp32": {"bytes": 5e8, "seconds": 3.0}},
            "contests": list(contests), **more}


def layer(name, families, octet, ort):
    return model(name, contest(octet, ort), origin="layer", families=families,
                 op="Conv", float_elements=1000, weight_elements=500)


@pytest.fixture
def results():
    peaks = {"int8_gops": 1100.0, "fp32_gflops": 275.0}
    return {
        "machine": {"cpu": "CPU", "held_to": "host", "peaks": {"1": peaks}},
        "peers": {"onnxruntime": {"title": "ONNX Runtime",
                                  "versions": {"onnxruntime": "1.32.0"},
                                  "call_overhead_ms": 0.0025}},
        "skipped": [{"what": "the zoo", "why": "needs --zoo"}],
        "models": [
            model("fast", contest(2.0, 3.0), contest(1.0, 1.2, threads=2),
                  quality=[{"who": who, "precision": p, "top1": top1, "sqnr_db": 30.0}
                           for who, p, top1 in (("octet", "fp32", 76.75),
                                                ("octet", "int8", 75.75),
                                                ("onnxruntime", "int8", 75.5))]),
            model("slow", contest(2.0, 1.0),
                  errors=[{"who": "onnxruntime", "precision": "bf16",
                           "error": "cannot"}]),
            layer("conv_a", ["ResNet-50"], 1.0, 2.0),
            layer("conv_b", ["ResNet-50", "grouped"], 1.0, 0.5)]}


def rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("|")][2:]


def test_speeds_are_in_the_table_and_what_is_slower_is_bold(results):
    assert rows(markdown.speed(results, 1, 1)) == [
        ["fast", "8.00 → 2.00", "80 %", "1.50", "1.50"],
        ["slow", "8.00 → 2.00", "80 %", "**0.50**", "**0.50**"]]
    assert rows(markdown.speed(results, 2, 1)) == [
        ["fast", "4.00 → 1.00", "80 %", "1.20", "1.20"]]
    assert markdown.speed(results, 1, 16) == ""


def test_what_was_not_timed_is_a_dash(results):
    results["models"][0]["contests"][0]["ratios"].clear()
    first = rows(markdown.speed(results, 1, 1))[0]
    assert first[-2:] == ["-", "-"]


def test_accuracy_has_models_with_labels_alone(results):
    assert rows(markdown.accuracy(results)) == [
        ["fast", "76.75 %", "75.75 %", "75.50 %", "11.90 MB of 46.90"]]


def test_families_have_geometric_means(results):
    assert rows(markdown.layers_summary(results, 1)) == [
        ["ResNet-50", "2", "1.00 (1 slower)", "1.00 (1 slower)"],
        ["grouped", "1", "0.50 (1 slower)", "0.50 (1 slower)"]]


def test_everything_is_in_the_whole_report(results):
    text = markdown.whole(results)
    for part in ("1100 GOPS", "onnxruntime 1.32.0", "ONNX Runtime 2.5", "conv_b",
                 "slow, onnxruntime bf16: cannot", "| 500, 3.0 s | - |",
                 "the zoo: needs --zoo", "1 thread, batch 1", "2 threads, batch 1"):
        assert part in text


@pytest.mark.parametrize(("value", "text"), [
    (1234.5, "1234"), (142.3, "142"), (37.44, "37.4"), (9.549, "9.55"),
    (0.0893, "0.0893"), (0, "0")])
def test_numbers_have_three_digits(value, text):
    assert markdown.number(value) == text


def test_readme_keeps_what_is_around_its_section(results):
    text = f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n"
    once = readme.replaced(text, markdown.readme(results))
    assert once.startswith(f"before\n{readme.BEGIN}\n\n")
    assert once.endswith(f"\n\n{readme.END}\nafter\n")
    assert "old" not in once
    assert "| fast | 8.00 → 2.00 |" in once
    assert readme.replaced(once, markdown.readme(results)) == once


@pytest.mark.parametrize("text", [
    "", readme.BEGIN, readme.END, readme.END + readme.BEGIN,
    2 * (readme.BEGIN + readme.END)])
def test_readme_without_one_section_is_left_alone(text, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(Failed, match="no single section"):
        readme.update(path, "new")
    assert path.read_text() == text


def test_layers_are_dots_of_a_roofline(results):
    data = plots.layers_of(results, "int8")
    assert data["peak_gops"] == 1100
    assert [(dot["name"], dot["ms"], dot["bytes"]) for dot in data["layers"]] == [
        ("conv_a", 1.0, 4500), ("conv_b", 1.0, 4500)]
    assert plots.layers_of(results, "fp32")["layers"][0]["bytes"] == 6000


def test_plots_are_written(results, tmp_path):
    plots.write(tmp_path, results)
    assert {path.name for path in tmp_path.iterdir()} == {
        "nets-t1-b1.png", "nets-t2-b1.png", "roofline-layers-int8.png",
        "roofline-layers-fp32.png"}


def test_layers_of_a_program_are_dots_of_its_own_roofline(results, tmp_path):
    results["models"][0]["programs"][1].update(
        layers=[{"name": "a", "op": "conv", "ms": 0.1, "gops": 500.0,
                 "bytes": 10_000, "bound": "compute"},
                {"name": "b", "op": "move", "ms": 0.1, "gops": 0.0,
                 "bytes": 10_000, "bound": "DRAM"}],
        layers_machine={"peak_int8_gops": 1000.0, "peak_fp32_gflops": 250.0,
                        "bandwidths": {"L2": 100.0, "DRAM": 20.0}})
    plots.write(tmp_path, results)
    assert (tmp_path / "roofline-fast-int8.png").stat().st_size > 10_000


def test_a_contest_in_one_line(results):
    line = report.line("net", results["models"][0]["contests"][0])
    assert line.startswith("net, 1 thread(s), batch 1: octet int8 2.000, octet fp32")

