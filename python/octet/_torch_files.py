"""Trained models in PyTorch's files."""

from __future__ import annotations

import contextlib
import copy
import inspect
import json
import os
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _torch_export, errors
from ._torch_model import TorchModel
from ._torch_refusals import first_line
from .model import Model

if TYPE_CHECKING:
    import torch

_WEIGHTS_INSIDE = ("state_dict", "model_state_dict", "model")
_SAVE_WEIGHTS = ("save torch.save(model.state_dict(), PATH) and give the model's class "
                 "beside the file")
# Of which torch.export.save writes one, by its version.
_PROGRAM = ("archive_format", "serialized_exported_program.json")
_CODE = re.compile(r"GLOBAL (\S+)")


def load_trained_model(path: str | os.PathLike[str],
                       cls: Callable[[], torch.nn.Module] | torch.nn.Module |
                       None = None, *, example: Any = None) -> Model:
    """Reads a trained model.

    ==================  ==================================================
    ``.pt``, ``.pth``,  weights, with `cls`: a ``state_dict``, also inside
    ``.ckpt``, ``.bin`` a checkpoint, as ``state_dict``,
                        ``model_state_dict`` or ``model``; or TorchScript
    ``.safetensors``    weights, with `cls`
    ``.pt2``            a program that `torch.export` has captured
    ``.onnx``           an ONNX model
    ==================  ==================================================

    Parameters
    ----------
    path : str or path
        The file. Weights are read without running what pickles may have in them.
        ``.pt2`` and TorchScript are programs: give only those whose origin you trust.
    cls : class or function or torch.nn.Module, optional
        The module that the weights are for: its class or a function, called without
        arguments, or a module, of which a copy is taken.
    example : array, sequence or dict of arrays, optional
        Arguments of ``forward``, ``[samples, ...]``: the graph is there at once, not
        only when the model has seen data.

    Returns
    -------
    Model
        For all but ``.onnx`` a `TorchModel`.

    Raises
    ------
    MissingFile
        There is no such file.
    UnsupportedModel
        The file is damaged, holds a pickle with code, or weights that do not fit `cls`.
    RefusedOptions
        `cls` is missing where it is needed, or cannot be called without arguments.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise errors.RefusedOptions(
            f"a trained model cannot be read from a {type(path).__name__}; give the "
            "path of a file, and a module itself to octet.TorchModel")
    file = Path(path)
    if not file.is_file():
        raise errors.MissingFile(f"{path}: no such file", file=str(path))
    if file.suffix == ".onnx":
        _refuse_class(cls, file)
        return Model(file)
    import torch

    if file.suffix == ".pt2":
        _refuse_class(cls, file)
        return TorchModel(_read_program(file), name=file.stem)
    if _is_script(file):
        _refuse_class(cls, file)
        read: Any = torch.jit.load
        try:
            with warnings.catch_warnings():
                # PyTorch would have its users give up the format.
                warnings.simplefilter("ignore")
                script = read(os.fspath(file), map_location="cpu")
        except Exception as error:
            raise _damaged(file, error) from error
        return TorchModel(script, name=file.stem, example=example)
    weights = _read_weights(file)
    module = _make(cls, file)
    _fill(module, weights, file)
    return TorchModel(module, name=file.stem, example=example)


def _refuse_class(cls: Any, file: Path) -> None:
    if cls is not None:
        raise errors.RefusedOptions(f"{file}: has the whole model, not only weights; "
                                    "leave the class out", file=str(file))


def _damaged(file: Path, error: BaseException) -> errors.UnsupportedModel:
    return errors.UnsupportedModel(
        f"{file}: cannot be read: {first_line(error)}; the file may be cut short, or "
        "of another version of PyTorch: save it again", file=str(file))


def _is_script(file: Path) -> bool:
    """Whether a file is TorchScript: an archive with code in it."""
    return any(name.endswith("/constants.pkl") for name in _members(file))


def _members(file: Path) -> list[str]:
    """The names in an archive; none if it is no archive."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return []


def _read_program(file: Path) -> torch.export.ExportedProgram:
    import torch

    if not any(name.endswith(_PROGRAM) for name in _members(file)):
        raise errors.UnsupportedModel(
            f"{file}: is cut short, or nothing that torch.export.save wrote; save the "
            "program again, or call files of torch.save .pt", file=str(file))
    try:
        with zipfile.ZipFile(file) as archive:
            _check_pickles(archive, file)
        with _torch_export.silence():
            return torch.export.load(file)
    except errors.Error:
        raise
    except Exception as error:
        raise _damaged(file, error) from error


def _check_pickles(archive: zipfile.ZipFile, file: Path) -> None:
    """Refuses pickles with code, which `torch.export.load` would run."""
    names = archive.namelist()
    pickles = {n for n in names if n.endswith((".pt", ".pkl"))}
    for config in (n for n in names if n.endswith("_config.json")):
        folder = config.rpartition("/")[0]
        for entry in json.loads(archive.read(config)).get("config", {}).values():
            member = f"{folder}/{entry['path_name']}"
            if entry["path_name"].startswith(("custom_obj", "opaque_obj")):
                raise errors.UnsupportedModel(
                    f"{file}: holds an object of Python's, '{member}', and reading it "
                    "could run its code; export a module that keeps tensors alone",
                    file=str(file))
            if entry.get("use_pickle"):
                pickles.add(member)
    for name in sorted(pickles):
        with archive.open(name) as content:
            _unpickle(content, file)


def _unpickle(content: Any, file: Path) -> Any:
    """A pickle of tensors and plain values.

    Raises
    ------
    UnsupportedModel
        There is more in it.
    """
    import torch

    try:
        return torch.load(content, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = _CODE.search(str(error))
        what = f"'{found[1]}'" if found else "code"
        raise errors.UnsupportedModel(
            f"{file}: the pickle holds more than weights, {what}, and reading it could "
            f"run code; {_SAVE_WEIGHTS}", file=str(file)) from error
    except Exception as error:
        raise _damaged(file, error) from error


def _read_weights(file: Path) -> dict[str, torch.Tensor]:
    """The state dict in a file."""
    import torch

    if file.suffix == ".safetensors":
        content: Any = _safetensors(file)
    else:
        with file.open("rb") as start:
            is_pickle = start.read(1) == pickle.PROTO
        if not is_pickle and not any(n.endswith("data.pkl") for n in _members(file)):
            raise errors.UnsupportedModel(
                f"{file}: is cut short, or nothing that torch.save wrote; "
                f"{_SAVE_WEIGHTS}", file=str(file))
        content = _unpickle(file, file)
    for key in _WEIGHTS_INSIDE:
        inside = content.get(key) if isinstance(content, Mapping) else None
        if isinstance(inside, Mapping):
            content = inside
    if not isinstance(content, Mapping) or not all(
            isinstance(v, torch.Tensor) for v in content.values()) or not content:
        kind = type(content).__name__
        raise errors.UnsupportedModel(
            f"{file}: a {kind} without a state_dict; {_SAVE_WEIGHTS}", file=str(file))
    return {str(key): value for key, value in content.items()}


_SAFETENSORS = {"F64": "float64", "F32": "float32", "F16": "float16",
                "BF16": "bfloat16", "I64": "int64", "I32": "int32", "I16": "int16",
                "I8": "int8", "U8": "uint8", "BOOL": "bool"}


def _safetensors(file: Path) -> dict[str, torch.Tensor]:
    """Tensors from a file of the safetensors format."""
    import torch

    raw = bytearray(file.read_bytes())
    try:
        (size,) = struct.unpack_from("<Q", raw)
        if size > len(raw) - 8:
            raise ValueError("the header is cut short")
        header = json.loads(bytes(raw[8:8 + size]))
        data = memoryview(raw)[8 + size:]
        tensors = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            low, high = entry["data_offsets"]
            dtype = getattr(torch, _SAFETENSORS[entry["dtype"]])
            shape = entry["shape"]
            tensors[name] = (
                torch.frombuffer(data[low:high], dtype=dtype).reshape(shape)
                if high > low else torch.empty(shape, dtype=dtype))
    except (struct.error, ValueError, KeyError, TypeError, AttributeError,
            RuntimeError) as error:
        raise errors.UnsupportedModel(
            f"{file}: is cut short, or no file of safetensors; save it again",
            file=str(file)) from error
    return tensors


def _make(cls: Any, file: Path) -> torch.nn.Module:
    """The module that the weights of a file are for."""
    import torch

    if cls is None:
        raise errors.RefusedOptions(
            f"{file}: holds weights alone; give the model's class: "
            f"octet.load_trained_model('{file.name}', CLASS)", file=str(file))
    if isinstance(cls, torch.nn.Module):
        return copy.deepcopy(cls)
    called = getattr(cls, "__name__", type(cls).__name__)
    if not callable(cls):
        raise errors.RefusedOptions(f"{file}: {called} is no class of a model; give a "
                                    "class or an instance of torch.nn.Module",
                                    file=str(file))
    try:
        with contextlib.suppress(ValueError):  # of what has no signature
            inspect.signature(cls).bind()
    except TypeError as error:
        raise errors.RefusedOptions(
            f"{file}: {called} cannot be made without arguments ({first_line(error)}); "
            f"give an instance, {called}(...), or a function that makes one",
            file=str(file)) from error
    try:
        module = cls()
    except Exception as error:
        raise errors.RefusedOptions(
            f"{file}: {called} fails when it is called ({first_line(error)}); give an "
            "instance, or a function that makes one", file=str(file)) from error
    if not isinstance(module, torch.nn.Module):
        raise errors.RefusedOptions(
            f"{file}: {called} makes a {type(module).__name__}; give a class of "
            "torch.nn.Module", file=str(file))
    return module


def _fill(module: torch.nn.Module, weights: Mapping[str, torch.Tensor],
          file: Path) -> None:
    """Loads `weights` into `module`, from inside wrappers if they were saved so."""
    own = module.state_dict()
    prefix = _wrapper(own, weights)
    weights = {key.removeprefix(prefix): v for key, v in weights.items()}
    try:
        module.load_state_dict(weights)
    except Exception as error:
        wrong = _misfits(own, weights) or [first_line(error)]
        raise errors.UnsupportedModel(
            f"{file}: the weights do not fit {type(module).__name__}: "
            f"{', '.join(wrong)}; give the class, with the arguments, that they were "
            "trained with", file=str(file)) from error


def _wrapper(own: Mapping[str, Any], weights: Mapping[str, Any]) -> str:
    """What a module around this one has put before all names: ``module.``, say."""
    first = next(iter(weights))
    ends = [i + 1 for i, c in enumerate(first) if c == "."]
    prefixes = ("", *(first[:end] for end in ends))
    return next((p for p in prefixes if all(k.startswith(p) for k in weights) and
                 any(k.removeprefix(p) in own for k in weights)), "")


def _misfits(own: Mapping[str, Any], weights: Mapping[str, Any]) -> list[str]:
    """The first of each kind of disagreement."""
    found = []
    missing = [key for key in own if key not in weights]
    if missing:
        found.append(f"'{missing[0]}' is missing{_more(missing)}")
    surplus = [key for key in weights if key not in own]
    if surplus:
        found.append(f"'{surplus[0]}' is unknown to the class{_more(surplus)}")
    others = [key for key in own
              if key in weights and own[key].shape != weights[key].shape]
    if others:
        theirs, ours = (list(w[others[0]].shape) for w in (weights, own))
        found.append(f"'{others[0]}' has shape {theirs} in the file and {ours} in the "
                     f"class{_more(others)}")
    return found


def _more(keys: list[str]) -> str:
    return f" and {len(keys) - 1} more" if len(keys) > 1 else ""
