"""The models that are timed, and the data that they are quantized and compared on."""

from __future__ import annotations

import csv
import dataclasses
import fnmatch
import hashlib
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from . import architectures, layers, samples
from .cache import Cache, digest
from .environments import BENCHMARKS, PACKAGES, Failed
from .options import Options
from .peers import Source, save

# Samples that outputs are compared on: generated, and labelled ones at most.
_COMPARED, _LABELLED = 16, 400
# Of single layers, whose inputs are large and all alike.
_LAYER_CALIBRATION, _LAYER_COMPARED = 8, 4

# In the order of tables. Those of a folder with trained models are taken from there.
TITLES = {
    "resnet50": "ResNet-50", "resnet18": "ResNet-18", "mobilenetv2": "MobileNetV2",
    "resnet20": "ResNet-20, 32²", "efficientnet_b0": "EfficientNet-B0",
    "mobilenetv3_large": "MobileNetV3-L", "efficientnet_lite0": "EfficientNet-Lite0",
    "mobilenetv4_small": "MobileNetV4-S", "inception_v3": "Inception-v3",
    "squeezenet1_1": "SqueezeNet 1.1", "densenet121": "DenseNet-121",
    "resnext50": "ResNeXt-50", "regnet_y_400mf": "RegNetY-400MF",
    "resnet8": "ResNet-8, 32²", "kws_dscnn": "Keyword spotting, DS-CNN",
    "ad_autoencoder": "Anomaly detection, autoencoder",
    "charlm_gpt": "GPT of characters, 128 tokens"}
_TRAINED = {
    "resnet50": ("resnet50", "imagenet/"), "resnet18": ("resnet18", "imagenet/"),
    "mobilenetv2": ("mobilenetv2", "imagenet/"),
    "resnet20": ("cifar_resnet20", "cifar10/"),
    "resnet8": ("cifar_resnet8", "cifar10/"), "kws_dscnn": ("kws_dscnn", ""),
    "ad_autoencoder": ("ad_autoencoder", ""),
    "charlm_gpt": ("charlm_gpt", "text/shakespeare_")}
_TRANSFORMERS = ("charlm_gpt",)


@dataclasses.dataclass(frozen=True)
class Model:
    """Something to be timed.

    Attributes
    ----------
    origin : str
        "trained", "random" (weights), "layer" or "zoo".
    source : Source
        The FP32 model.
    calibration, test : Path
        .npz files of samples; `test` may have `labels`.
    families : tuple of str
        The networks that have this layer.
    layer : Layer or None
    """

    name: str
    title: str
    origin: str
    source: Source
    calibration: Path
    test: Path
    transformer: bool = False
    families: tuple[str, ...] = ()
    layer: layers.Layer | None = None

    @property
    def path(self) -> Path:
        return Path(self.source.path)

    @property
    def trained(self) -> bool:
        """Whether outputs mean something, so that a quantizer may look after them."""
        return self.origin in ("trained", "zoo")


def _inputs(path: Path) -> dict[str, tuple[np.dtype[Any], list[int | str]]]:
    """Type and shape of each input; names stand for open dimensions."""
    graph = onnx.load(path, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    found = {}
    for value in graph.input:
        if value.name not in constants:
            tensor = value.type.tensor_type
            shape = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?"
                     for d in tensor.shape.dim]
            found[value.name] = (
                np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)), shape)
    return found


def _source(path: Path) -> Source:
    inputs = _inputs(path)
    names = [shape[0] for _, shape in inputs.values()
             if shape and isinstance(shape[0], str)]
    return Source(str(path), {name: dtype.name for name, (dtype, _) in inputs.items()},
                  names[0] if names else None)


class Catalog:
    """Finds and makes models.

    Parameters
    ----------
    options : Options
    cache : Cache
        Holds samples.

    Attributes
    ----------
    skipped : list of (str, str)
        What is left out, and why.
    """

    def __init__(self, options: Options, cache: Cache) -> None:
        self._options, self._cache = options, cache
        self.skipped: list[tuple[str, str]] = []

    def models(self) -> list[Model]:
        """All that the command line asks for, in the order of tables."""
        only = self._options.only
        found = self._networks() if "models" in only else []
        if "zoo" in only:
            found += self._zoo()
        if "layers" in only:
            found += self._layers()
        return found

    def _wanted(self, names: Iterable[str]) -> list[str]:
        patterns = self._options.models or ("*",)
        return [name for name in names
                if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]

    def _networks(self) -> list[Model]:
        wanted = self._wanted(TITLES)
        folder = self._unpacked()
        trained = {}
        for name in wanted:
            file, data = _TRAINED.get(name, ("", ""))
            if file and folder is not None:
                trained[name] = self._trained(name, folder, file, data)
            elif name not in architectures.SIZES:
                self.skipped.append((TITLES[name], "needs --data"))
        exported = self._exported([name for name in wanted
                                   if name in architectures.SIZES
                                   and name not in trained])
        return [{**trained, **exported}[name] for name in wanted
                if name in trained or name in exported]

    def _unpacked(self) -> Path | None:
        """The folder with models/ and data; unpacks it where need be."""
        data = self._options.data
        if data is None:
            return None
        script = data / "unpack.py"
        if not script.exists():
            if not (data / "models").is_dir():
                raise Failed(f"{data}: has neither unpack.py nor models/; give another "
                             "folder to --data")
            return data
        folder = self._options.work / "data"
        done = subprocess.run([sys.executable, script, folder], capture_output=True,
                              text=True)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            raise Failed(f"{script}: {said[-1]}; unpack by hand and give that folder "
                         "to --data")
        return folder

    def _trained(self, name: str, folder: Path, file: str, data: str) -> Model:
        path = folder / "models" / f"{file}.onnx"
        if not path.exists():
            raise Failed(f"{path}: does not exist; give another folder to --data")
        source = _source(path)
        if data:
            calibration = self._taken(folder / f"{data}calib.npz", source,
                                      self._options.calibration)
            test = self._taken(folder / f"{data}test.npz", source,
                               50 if self._options.quick else _LABELLED)
        else:
            calibration, test = self._generated(source)
        return Model(name, TITLES[name], "trained", source, calibration, test,
                     name in _TRANSFORMERS)

    def _exported(self, names: Sequence[str]) -> dict[str, Model]:
        if not names:
            return {}
        code = [digest(Path(module.__file__ or "")) for module in
                (architectures, samples)]
        key = hashlib.sha256(repr((code, PACKAGES["export"])).encode()).hexdigest()
        folder = self._options.work / "models" / key[:12]
        missing = [n for n in names if not (folder / f"{n}.onnx").exists()]
        if missing:
            exporter = self._options.exporter
            assert exporter is not None
            print(f"exporting {' '.join(missing)}", file=sys.stderr)
            done = subprocess.run(
                [exporter, "-m", "suite.architectures", folder, *missing], text=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=BENCHMARKS)
            if done.returncode:
                said = done.stderr.strip().splitlines() or ["no reason given"]
                self.skipped.append(("an export", said[-1]))
        found = {}
        for name in names:
            path = folder / f"{name}.onnx"
            if path.exists():
                source = _source(path)
                found[name] = Model(name, TITLES[name], "random", source,
                                    *self._generated(source))
            else:
                self.skipped.append((TITLES[name], "its export failed"))
        return found

    def _zoo(self) -> list[Model]:
        folder = self._options.zoo
        if folder is None:
            self.skipped.append(("the zoo", "needs --zoo"))
            return []
        table = folder / "zoo.tsv"
        if not table.exists():
            raise Failed(f"{table}: does not exist; put the table of models there")
        with table.open() as file:
            rows = {row["name"]: row for row in csv.DictReader(file, delimiter="\t")
                    if row["kind"] == "fp32"}
        found = []
        for name in self._wanted(rows):
            path = folder / f"{name}.onnx"
            if not path.exists():
                self.skipped.append((name, f"needs {path}"))
                continue
            source = _source(self._pinned(path, rows[name]["shapes"]))
            found.append(Model(name, name, "zoo", source, *self._generated(source)))
        return found

    def _pinned(self, path: Path, shapes: str) -> Path:
        """The model with fixed shapes: those of `INPUT=1x3x48x320;...`, else 1."""
        given = {}
        for entry in filter(None, shapes.split(";")):
            name, _, text = entry.rpartition("=")
            given[name] = [int(d) for d in text.split("x") if d]

        def build(folder: Path) -> dict[str, Any]:
            model = onnx.load(path)
            constants = {tensor.name for tensor in model.graph.initializer}
            for value in model.graph.input:
                if value.name in constants:
                    continue
                dims = value.type.tensor_type.shape.dim
                old = [d.dim_value if d.HasField("dim_value") else 1 for d in dims]
                new = given.get(value.name, old)
                del dims[:]
                for size in new:
                    dims.add().dim_value = size
            # What it says of other values is of open shapes.
            del model.graph.value_info[:]
            for output in model.graph.output:
                output.type.tensor_type.ClearField("shape")
            onnx.save(model, folder / "model.onnx")
            return {}

        folder, _ = self._cache.make("pinned", {"model": path, "shapes": shapes}, build)
        return folder / "model.onnx"

    def _layers(self) -> list[Model]:
        distinct = {layer.name: (layer, families)
                    for layer, families in layers.distinct().items()}
        names = self._wanted(distinct)
        if self._options.quick and not self._options.models:
            names = names[::6]
        code = digest(Path(layers.__file__ or ""))[:12]
        found = []
        for name in names:
            layer, families = distinct[name]
            path = self._options.work / "models" / code / f"{name}.onnx"
            if not path.exists():
                layers.write(name, layers.build(layer), path.parent)
            source = _source(path)
            data = self._generated(source, _LAYER_CALIBRATION, _LAYER_COMPARED)
            found.append(Model(name, name, "layer", source, *data,
                               families=tuple(families), layer=layer))
        return found

    def _generated(self, source: Source, calibration: int | None = None,
                   compared: int = _COMPARED) -> tuple[Path, Path]:
        """Samples to calibrate and to compare on: as many as are asked for."""
        shapes = {}
        for name, (dtype, shape) in _inputs(Path(source.path)).items():
            known = [1 if isinstance(d, str) else d for d in shape]
            shapes[name] = (dtype.name, known[1 if source.batch else 0:])
        code = digest(Path(samples.__file__ or ""))

        def make(count: int, seed: int) -> Path:
            def build(folder: Path) -> dict[str, Any]:
                save(folder / "data.npz", {
                    name: samples.make(tuple(shape), np.dtype(dtype), count, seed)
                    for name, (dtype, shape) in shapes.items()})
                return {}

            folder, _ = self._cache.make(
                "samples", {"shapes": shapes, "count": count, "seed": seed,
                            "code": code}, build)
            return folder / "data.npz"

        return make(calibration or self._options.calibration, 1), make(compared, 2)

    def _taken(self, path: Path, source: Source, count: int) -> Path:
        """Up to `count` samples of a file, evenly spread."""
        def build(folder: Path) -> dict[str, Any]:
            with np.load(path) as file:
                arrays = {name: file[name] for name in (*source.dtypes, "labels")
                          if name in file}
            total = len(next(iter(arrays.values())))
            chosen = [i * total // min(count, total) for i in range(min(count, total))]
            save(folder / "data.npz", {n: a[chosen] for n, a in arrays.items()})
            return {}

        folder, _ = self._cache.make("samples", {"data": path, "count": count}, build)
        return folder / "data.npz"
