"""Bars."""

import importlib.util
import io
import sys
import types
import warnings

import numpy as np
import octet
import pytest
import tqdm
from octet import _progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bars_are_drawn_and_taken_away(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with _progress.bar() as show:
        for done in (0, 1, 2):
            show("compiling", done, 2)
    assert "compiling" in terminal.getvalue()
    assert "0/2" in terminal.getvalue()
    assert terminal.getvalue().split("\r")[-2].strip() == ""


def test_an_unknown_total_is_one_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())

    def batches():
        for _ in range(3):
            yield np.zeros((4, 1, 8, 8), np.float32), np.zeros(4, np.int64)

    octet.evaluate("examples/digits/digits.onnx", batches(), progress=True)
    frames = [f for f in terminal.getvalue().split("\r") if "evaluating" in f]
    assert frames
    assert not any("/" in f.partition("[")[0] or "%" in f for f in frames)


def test_nobody_watches(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    with _progress.bar() as show:
        assert show is None


@pytest.mark.parametrize("has_widgets", [False, True])
def test_notebooks(monkeypatch, has_widgets):
    """Without ipywidgets a bar is text: tqdm would warn in every cell."""
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: (
        (object() if has_widgets else None) if name == "ipywidgets" else found(name)))
    fancy = types.ModuleType("tqdm.auto")
    fancy.tqdm = type("Fancy", (tqdm.tqdm,), {})
    monkeypatch.setitem(sys.modules, "tqdm.auto", fancy)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (_progress._tqdm() is fancy.tqdm) == has_widgets
        with _progress.bar() as show:
            assert show is not None


def test_without_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.std", None)
    with _progress.bar(True) as show:
        assert show is None
