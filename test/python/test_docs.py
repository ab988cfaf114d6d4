"""Everything that the documents show is run: docstrings and snippets."""

import doctest
import importlib
import pathlib
import pkgutil
import re
import types

import nets
import numpy as np
import octet
import onnx
import pytest
from sklearn.datasets import load_digits

ROOT = pathlib.Path(__file__).parents[2]
# What needs PyTorch and Dask in a snippet.
torch = pytest.importorskip("torch")
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


class CNN(torch.nn.Module):
    """The reader's own network."""

    def __init__(self):
        super().__init__()
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.ReLU(),
            torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten())
        self.head = torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.features(x))


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """What the reader of a document has: files where they run, and names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    digits = load_digits()
    images = (digits.images[:, None]).astype(np.float32)
    np.savez("calib.npz", image=images[:100])
    np.savez("test.npz", image=images[1300:], labels=digits.target[1300:])
    torch.manual_seed(0)
    torch.save(CNN().state_dict(), "cnn.pt")

    def loader(part):
        data = torch.utils.data.TensorDataset(torch.tensor(images[part]),
                                              torch.tensor(digits.target[part]))
        return torch.utils.data.DataLoader(data, batch_size=32)

    # Stand-ins for exporters of others: they leave an ONNX file, as those do.
    def export(name, **_):
        onnx.save(nets.classifier(), name)

    keras = types.SimpleNamespace(export=export)
    jax2onnx = types.SimpleNamespace(
        to_onnx=lambda *_, output_path, **__: export(output_path))
    return {"np": np, "octet": octet, "torch": torch, "CNN": CNN, "module": CNN(),
            "calibration_loader": loader(slice(0, 100)),
            "test_loader": loader(slice(1300, None)), "x": images[:4], "keras": keras,
            "jax2onnx": jax2onnx, "__name__": "__main__"}


def snippets(document):
    text = (ROOT / document).read_text()
    # Keras's and JAX's models are both called so there.
    return [s.replace("model.export(", "keras.export(") for s in SNIPPET.findall(text)]


@pytest.mark.filterwarnings("ignore::octet.Note", "ignore::octet.Doubt")
@pytest.mark.parametrize("document", ["README.md", "docs/Python.md"])
def test_snippets(document, reader):
    pytest.importorskip("distributed")
    found = snippets(document)
    assert found
    for number, snippet in enumerate(found):
        exec(compile(snippet, f"{document}, snippet {number}", "exec"), reader)


def modules():
    yield "octet"
    for module in pkgutil.walk_packages(octet.__path__, "octet."):
        if not module.name.endswith(("_native", "__main__")):
            yield module.name


@pytest.mark.filterwarnings("ignore::octet.Note", "ignore::octet.Doubt")
@pytest.mark.parametrize("name", list(modules()))
def test_docstrings(name, reader):
    module = importlib.import_module(name)
    result = doctest.testmod(
        module, extraglobs={"octet": octet, "np": np},
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
