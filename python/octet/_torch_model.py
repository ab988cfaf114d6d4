"""PyTorch modules as models."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _driver, _torch_copy, _torch_export, errors
from ._files import temporary_folder
from ._torch_example import BATCH, takes
from .model import Model, Options

if TYPE_CHECKING:
    import torch

    from ._torch_example import Arrays


class TorchModel(Model):
    """A PyTorch module, which gets its ONNX graph when it is shown the first data.

    The module is exported in eval mode, on a copy on the CPU in f32, whatever its own
    mode, device and types are: a module in half precision is exported in single. The
    first dimension of the inputs, if they have it in common, stays open. The weights
    are those that the module has at that time.

    Inputs are called like the arguments of ``forward``, outputs ``output``,
    ``output_0`` and so on, or by their keys in a dict.

    Parameters
    ----------
    module : torch.nn.Module, torch.jit.ScriptModule or torch.export.ExportedProgram
        What `torch.compile` and data parallelism wrap is taken out. Captured programs
        have their shapes and types, and need no data.
    example : array, sequence or dict of arrays, optional
        Arguments of ``forward``, by their place or name, to export it with at once:
        ``[samples, ...]``.
    name : str, optional
        What error messages call it, else its class.
    shapes, dims, outputs
        As `Model` takes them.

    Attributes
    ----------
    module : torch.nn.Module, torch.jit.ScriptModule or torch.export.ExportedProgram

    Raises
    ------
    RefusedOptions
        `module` is none.
    BadData
        ``forward`` does not take `example`.
    UnsupportedModel
        PyTorch cannot export the module; `node` is the submodule's path where that is
        known.
    """

    def __init__(self, module: Any, *, example: Any = None, name: str | None = None,
                 shapes: Mapping[str, Sequence[int]] | None = None,
                 dims: Mapping[str, int] | None = None,
                 outputs: Sequence[str] = ()) -> None:
        import torch

        # The bytes come later.
        super().__init__(b"", shapes=shapes, dims=dims, outputs=outputs)
        self._bytes = None
        if isinstance(module, torch.nn.Module):
            module = _torch_copy.unwrap(module)
        elif not isinstance(module, torch.export.ExportedProgram):
            raise errors.RefusedOptions(
                f"a PyTorch model cannot be of type {type(module).__name__}; give a "
                "torch.nn.Module or what torch.export.export returns")
        self.module: torch.nn.Module | torch.export.ExportedProgram = module
        self._name = name or _class_name(module)
        if isinstance(module, torch.export.ExportedProgram):
            self._bytes = _torch_export.export_program(module, name=self._name)
        elif example is not None:
            self.prepare(arrays(example))

    @property
    def name(self) -> str:
        """The name that it was given, or the module's class."""
        return self._name

    def prepare(self, inputs: Arrays) -> None:
        """Exports the module, if it has not been.

        Parameters
        ----------
        inputs : sequence of array, or dict of str to array
            The first batch: arguments of ``forward`` by their place, or by name.

        Raises
        ------
        BadData
            ``forward`` does not take them.
        UnsupportedModel
            PyTorch cannot export the module.
        """
        import torch

        if self._bytes is None:
            assert isinstance(self.module, torch.nn.Module)
            twin = _torch_copy.inference_copy(self.module, self._name)
            self._bytes = _torch_export.export(twin, inputs, name=self._name)
            self._fix_batch(twin, inputs)

    def _fix_batch(self, twin: torch.nn.Module, inputs: Arrays) -> None:
        """Takes one sample at a time where the graph can have no open batch.

        Recurrent layers and attention have their batch in the middle, which is refused
        as if samples met in them. Whether they do, the module itself can tell.
        """
        own = self.options
        if own.shapes or own.dims:
            return
        try:
            self._import()
        except errors.UnsupportedModel as error:
            if "mixes samples" not in str(error) or not _torch_copy.is_separable(
                    twin, inputs, self._name):
                return
            self.options = Options(own.shapes, {BATCH: 1}, own.outputs)
            warnings.warn(
                f"{self._name}: node '{error.node}': the batch is not its first "
                "dimension; the program computes one sample at a time, as with "
                f"dims={{'{BATCH}': 1}}", _driver.Note, stacklevel=_driver._caller())

    def _import(self) -> None:
        """Has the compiler read the graph."""
        with self.file() as path, temporary_folder() as folder:
            _driver.run(["import", path, *self.options.flags(), "-o",
                         folder / "graph.mlir"])

    def takes(self, count: int) -> bool:
        """Whether ``forward`` takes `count` arrays by their place."""
        import torch

        # Captured programs have their graph, and are not asked.
        return isinstance(self.module, torch.nn.Module) and takes(self.module, count)

    @contextlib.contextmanager
    def file(self) -> Iterator[str]:
        """The path of an ``.onnx`` file with the model, as long as it is needed.

        Raises
        ------
        Error
            The module has not been exported yet.
        """
        if self._bytes is None:
            raise errors.Error(
                f"{self._name}: the module has no graph before it has seen data; make "
                "it by octet.TorchModel or octet.load_trained_model with example=, a "
                "batch of its inputs, or take .model of what octet.quantize_model made")
        with super().file() as path:
            yield path

    def __repr__(self) -> str:
        state = "" if self._bytes else ", not exported yet"
        return f"TorchModel({self._name!r}{state})"


def arrays(example: Any) -> Arrays:
    """Arrays from tensors or what else NumPy takes: one, a sequence or a dict."""
    if isinstance(example, Mapping):
        return {str(key): _array(value) for key, value in example.items()}
    if isinstance(example, (tuple, list)):
        return [_array(value) for value in example]
    return [_array(example)]


def _array(value: Any) -> np.ndarray[Any, Any]:
    import torch

    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        # NumPy has no bfloat16.
        value = value.float() if value.dtype == torch.bfloat16 else value
        return np.asarray(value.numpy())
    return np.asarray(value)


def _class_name(module: Any) -> str:
    return str(getattr(module, "original_name", "") or type(module).__name__)
