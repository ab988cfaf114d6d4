"""Layers: their shapes, work and models."""

import numpy as np
import onnx
import onnxruntime
import pytest
from suite import layers, samples
from suite.layers import Conv, MatMul


def macs(family):
    return sum(layer.macs for layer in layers.FAMILIES[family]())


def test_networks_have_their_published_work():
    assert macs("ResNet-50") == pytest.approx(4.09e9, rel=0.005)
    assert macs("MobileNetV2") == pytest.approx(300.8e6, rel=0.005)


def test_counts_of_convolutions():
    assert len(list(layers.resnet50())) == 54
    assert len(list(layers.mobilenetv2())) == 53


def test_shared_shapes_are_there_once_with_all_families():
    distinct = layers.distinct()
    names = [layer.name for layer in distinct]
    assert len(set(names)) == len(names)
    assert len(names) < sum(len(list(f())) for f in layers.FAMILIES.values()) / 1.5
    assert distinct[Conv(64, 64, 56, 3)] == ["ResNet-50"]
    assert "depthwise" in distinct[Conv(72, 72, 56, 5, 2, 72)]


@pytest.mark.parametrize("layer", [
    Conv(3, 8, 32, 7, 2), Conv(8, 16, 14, 1, 2), Conv(16, 16, 14, 3, 2, 16),
    Conv(16, 32, 7, 3, 1, 4), MatMul(5, 16, 24), MatMul(8, 16, 8, 3)],
    ids=lambda layer: layer.name)
def test_models_run_and_keep_the_variance(layer, tmp_path):
    model = layers.build(layer)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    feed = {i.name: samples.make(tuple(i.shape), np.dtype("float32"), 1, 0)[0]
            for i in session.get_inputs()}
    (y,) = session.run(None, feed)
    assert y.shape == layer.out_shape
    assert 0.3 < y.std() / (4 if isinstance(layer, MatMul) and layer.heads else 1) < 4
    path = layers.write("net", model, tmp_path / "new")
    assert onnx.load(path) == model


def test_elements_of_a_product_of_two_inputs_are_floats_of_the_caller():
    assert MatMul(8, 16, 4, 3).elements == (3 * (8 * 16 + 16 * 4 + 8 * 4), 0)
    assert MatMul(8, 16, 4).elements == (8 * 16 + 8 * 4, 16 * 4)
    assert Conv(4, 8, 6, 3, 2).elements == (4 * 36 + 8 * 9, 8 * 4 * 9)


def test_samples_are_pictures_where_they_may_be():
    images = samples.make((3, 32, 48), np.dtype("float32"), 4, 0)
    assert images.shape == (4, 3, 32, 48)
    assert images.dtype == np.float32
    assert images.std(axis=(1, 2, 3)) == pytest.approx(np.ones(4), rel=1e-3)
    # Neighbours are alike, as in photographs and not as in noise.
    left, right = images[..., :-1].ravel(), images[..., 1:].ravel()
    assert np.corrcoef(left, right)[0, 1] > 0.5
    noise = samples.make((64,), np.dtype("float32"), 500, 0)
    assert abs(np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]) < 0.1


def test_samples_are_the_same_for_a_seed_alone():
    one, same, other = (samples.make((3, 16, 16), np.dtype("float32"), 2, seed)
                        for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_integers_index_nearly_everything():
    tokens = samples.make((128,), np.dtype("int64"), 3, 0)
    assert tokens.dtype == np.int64
    assert set(np.unique(tokens)) == {0, 1}
