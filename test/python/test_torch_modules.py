"""Kinds of modules and of data that people bring to `quantize_model`."""

import random
import warnings

import numpy as np
import octet
import pytest
import torch
import torch_nets as nets
from octet import _torch_copy
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(12, 3, 6, generator=GENERATOR)
CLASSES = torch.arange(12) % 4


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(18, 8), nn.ReLU(), nn.Linear(8, 4))


def outputs(module, x=X):
    """What the module computes in eval mode, one array for each output."""
    twin = _torch_copy.inference_copy(module, "it")
    with torch.no_grad():
        return [t.numpy() for t in torch.utils._pytree.tree_leaves(twin(x))]


def check(module, x=X):
    """The model, whose FP32 program computes what the module does."""
    model = octet.TorchModel(module, example=x)
    found = octet.compile(model).run(x.numpy())
    for value, expected in zip(found.values(), outputs(module, x), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
    return model


# ---- labels


@pytest.mark.parametrize("labels", [
    CLASSES, CLASSES[:, None], CLASSES.float(), torch.randn(12, 4), X,
    torch.zeros(12, 3, 6, dtype=torch.int64)],
    ids=["class", "column", "number", "numbers", "input", "mask"])
def test_what_forward_has_no_place_for_is_labels(labels):
    program = octet.quantize_model(net(), DataLoader(TensorDataset(X, labels), 5))
    assert [t.name for t in program.inputs] == ["input"]
    assert program.ranges.samples == 12


class Conditional(nn.Module):
    """Takes a class beside its input."""

    def __init__(self):
        super().__init__()
        self.table, self.body = nn.Embedding(4, 4), net()

    def forward(self, x, condition):
        return self.body(x) + self.table(condition)


class Optional(Conditional):
    def forward(self, x, condition=None):
        return self.body(x) if condition is None else super().forward(x, condition)


class Training(Conditional):
    def forward(self, x, targets=None):
        return self.body(x) if targets is None else (x - targets).square().mean()


@pytest.mark.parametrize(("cls", "batch", "names"), [
    (Conditional, (X, CLASSES), ["x", "condition"]),
    (Conditional, (X, CLASSES, CLASSES), ["x", "condition"]),
    (Optional, (X, CLASSES), ["x"]),
    (Optional, (X, CLASSES, CLASSES), ["x", "condition"]),
    (Training, (X, CLASSES), ["x"]),
    (Training, (X, X), ["x"]),
])
def test_forward_says_how_many_are_inputs(cls, batch, names):
    program = octet.quantize_model(cls(), DataLoader(TensorDataset(*batch), 4))
    assert [t.name for t in program.inputs] == names


def test_labels_first_are_refused():
    with pytest.raises(octet.BadData, match="labels come before"):
        octet.quantize_model(net(), DataLoader(TensorDataset(CLASSES, X), 4))


def test_one_array_has_any_name():
    batches = [{"image": X, "label": CLASSES, "path": ["a.png"] * len(X)}]
    program = octet.quantize_model(net(), batches)
    assert octet.evaluate(program, batches) == octet.evaluate(program, (X, CLASSES))
    assert octet.evaluate(net(), batches) == octet.evaluate(net(), (X, CLASSES))


def test_accuracy_is_that_of_pytorch():
    module = net().train()
    loader = DataLoader(TensorDataset(X, CLASSES), batch_size=5)
    right = outputs(module)[0].argmax(1) == CLASSES.numpy()
    assert octet.evaluate(module, loader).top1 == pytest.approx(100 * right.mean())
    assert module.training


# ---- modules


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(6, 8, batch_first=True)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.cells(x)[0][:, -1])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(6, 2, 12, batch_first=True)

    def forward(self, x):
        return self.layer(x).mean(1)


class Picks(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(12, 4)
        self.register_buffer("places", torch.tensor([2, 0]))

    def forward(self, x):
        return self.head(x[:, self.places].flatten(1))


@pytest.mark.parametrize("cls", [Recurrent, Attention, Picks])
def test_batches_that_are_not_in_front_come_one_by_one(cls):
    with pytest.warns(octet.Note, match="one sample at a time") as said:
        program = octet.quantize_model(cls().train(), (X, CLASSES))
    assert len(said) == 1
    assert program.model.options.dims == {"batch": 1}
    expected = outputs(program.model.module)[0]
    np.testing.assert_allclose(octet.compile(program.model).run(X.numpy())["output"],
                               expected, rtol=1e-4, atol=1e-5)
    noise = np.square(program.run(X.numpy())["output"] - expected).sum()
    assert noise < 0.01 * np.square(expected).sum()


def test_states_of_recurrent_layers_may_have_their_batch_second():
    with pytest.warns(octet.Note, match="one sample at a time"):
        model = octet.TorchModel(nn.GRU(6, 8, num_layers=2, batch_first=True),
                                 example=X)
    sequence, state = octet.compile(model).run(X[:1].numpy()).values()
    for value, expected in zip((sequence, state), outputs(model.module, X[:1]),
                               strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)


def test_samples_that_meet_stay_refused():
    for module in (nets.Mean(), Total()):
        model = octet.TorchModel(module, example=X)
        assert not model.options.dims
        with pytest.raises(octet.UnsupportedModel, match="mixes samples"):
            octet.compile(model)
    # Who says what the batch is has said so.
    model = octet.TorchModel(nets.Mean(), example=X, dims={"batch": 12})
    found = octet.compile(model).run(X.numpy())["output"]
    np.testing.assert_allclose(found, X - X.mean(0), rtol=1e-4, atol=1e-5)


class Total(nn.Module):
    def forward(self, x):
        return x.sum()


class Cached(nn.Module):
    """Keeps what it has computed, with its gradients."""

    def __init__(self):
        super().__init__()
        self.body, self.last, self.history = net(), None, {"all": []}

    def forward(self, x):
        self.last = self.body(x)
        self.history["all"].append((self.last,))
        return self.last


def test_modules_may_keep_results():
    module = Cached()
    module(X)
    last = module.last
    check(module)
    assert module.last is last
    assert last.requires_grad
    assert len(module.history["all"]) == 1


def test_modules_may_compute_their_weights():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        old = nn.utils.weight_norm(nn.Linear(6, 5))
    new = nn.utils.parametrizations.weight_norm(nn.Linear(5, 5))
    tied = nn.Linear(5, 5)
    tied.bias = new.bias
    check(nn.Sequential(old, nn.ReLU(), new, tied))


def test_modules_without_a_shape_are_refused():
    with pytest.raises(octet.UnsupportedModel, match="has been trained") as caught:
        octet.quantize_model(nn.Sequential(nn.Flatten(), nn.LazyLinear(4)), X)
    assert caught.value.node == "1.weight"


class Random(nn.Module):
    def forward(self, x):
        torch.rand(1)
        np.random.rand(1)
        random.random()
        return x * 2


def test_random_numbers_go_on_as_if_nothing_had_been():
    state = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    octet.TorchModel(nn.Sequential(Random(), nn.Dropout()).train(), example=X)
    assert torch.equal(torch.get_rng_state(), state[0])
    assert np.random.get_state()[1].tolist() == state[1]
    assert random.getstate() == state[2]


def test_outputs_may_be_called_like_inputs():
    class Same(nn.Module):
        def forward(self, x):
            return {"x": x * 2, "y": (x + 1, x - 1), "y_0": x}

    model = check(Same())
    assert [t.name for t in model.outputs] == ["x_0", "y_0", "y_1", "y_0_0"]


def test_modules_of_whole_batches_are_told_what_to_do():
    class Whole(nn.Module):
        def forward(self, batch):
            x, _ = batch["inputs"]
            return x

    with pytest.raises(octet.BadData, match="takes a whole batch, wrap in") as caught:
        octet.quantize_model(Whole(), DataLoader(TensorDataset(X, CLASSES), 4))
    assert "\n" not in str(caught.value)


def test_messages_do_not_name_temporary_files():
    module = nn.Linear(6, 4)
    module.weight.data[0, 0] = torch.nan
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(octet.UnsupportedModel) as caught:
            octet.quantize_model(module, X)
    sentences = [str(caught.value), *(str(w.message) for w in said)]
    assert len(sentences) > 1
    assert all(s.startswith("Linear: node '") for s in sentences)
    assert caught.value.file == "Linear"
