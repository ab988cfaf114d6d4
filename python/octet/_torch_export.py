"""From a PyTorch module to an ONNX model that Octet's reports and ranges can name."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _driver, _torch_names, errors
from ._torch_copy import same_randomness
from ._torch_example import BATCH, Arrays, Example, has_named_only, name_arguments
from ._torch_refusals import explain, first_line

if TYPE_CHECKING:
    import torch

OPSET = 20
_LOGGERS = ("torch", "onnxscript", "onnx_ir")

# Loggers, warnings and the exporters' own state belong to the process.
_exporting = threading.RLock()


def has_exporter() -> bool:
    """Whether PyTorch's own exporter has what it needs beside PyTorch."""
    return all(importlib.util.find_spec(name) for name in ("onnx", "onnxscript"))


def export(module: torch.nn.Module, inputs: Arrays, *, name: str,
           input_names: Sequence[str] | None = None,
           parameters: Mapping[str, str] | None = None,
           is_captured: bool = False) -> bytes:
    """Exports a module that `inference_copy` has prepared.

    Parameters
    ----------
    module : torch.nn.Module
        In eval mode, on the CPU, in f32.
    inputs : sequence of array, or dict of str to array
        Arguments of ``forward``.
    name : str
        What errors call the module.
    input_names : sequence of str, optional
        What inputs are called, else like the arguments of ``forward``.
    parameters : dict of str to str, optional
        Names for parameters and buffers in place of the module's own.
    is_captured : bool
        The module was captured for `inputs`: it may depend on how many samples these
        are, but may not change them.

    Returns
    -------
    bytes
        An ONNX model. Where the module depends on the number of samples, it is for
        one at a time, or for as many as `inputs` has if ``forward`` asks for that,
        and a warning says so.

    Raises
    ------
    BadData
        ``forward`` does not take `inputs`.
    UnsupportedModel
        PyTorch cannot export the module; `node` is the submodule's path where it says
        which.
    """
    import torch

    example = Example(module, inputs, name)
    if example.is_by_name:
        name_arguments(module, list(example.arrays))
    job = _Job(module, name, list(input_names or example.arrays), parameters or {},
               is_captured=is_captured)
    if not has_exporter() and not isinstance(module, torch.jit.ScriptModule):
        warnings.warn(
            f"{name}: without onnxscript it is exported by way of TorchScript, which "
            'PyTorch is giving up; pip install "octet[torch]" brings it',
            _driver.Note, stacklevel=_driver._caller())
    with _exporting, silence(), same_randomness(), torch.inference_mode(
            False), torch.no_grad():
        exported, samples = job.run(example)
    if samples is not None and not is_captured:
        warnings.warn(
            f"{name}: the module depends on the number of samples in a batch, and is "
            f"compiled for {samples} at a time; have forward take it from x.shape[0]",
            _driver.Doubt, stacklevel=_driver._caller())
    return exported


def export_program(program: torch.export.ExportedProgram, *, name: str) -> bytes:
    """The same for what `torch.export` has captured, with its shapes and types."""
    inputs = list(program.graph_signature.user_inputs)
    with _exporting, silence():
        if not has_exporter():
            raise errors.UnsupportedModel(
                f"{name}: captured programs need onnxscript, which is missing; pip "
                'install "octet[torch]" brings it')
        try:
            exported = _translate(program, (), {}, input_names=[str(i) for i in inputs])
        except Exception as error:
            raise explain(error, name) from error
    assert exported is not None
    return exported


class _Job:
    """A module on its way."""

    def __init__(self, module: torch.nn.Module, name: str, input_names: Sequence[str],
                 parameters: Mapping[str, str], *, is_captured: bool) -> None:
        self._module, self._name, self._is_captured = module, name, is_captured
        self._input_names, self._parameters = input_names, parameters

    def run(self, example: Example) -> tuple[bytes, int | None]:
        """The model, and for how many samples it is if not for any number."""
        refusal: errors.Error | None = None
        if example.batched:
            try:
                # Two samples: one would be taken for a constant.
                exported = self._export(example, 2, is_open=True)
                if exported is not None:
                    return exported, None
            except errors.Error as error:
                refusal = error
        counts = (example.batch,) if self._is_captured else (1, example.batch)
        for samples in counts if example.batched else (None,):
            try:
                exported = self._export(example, samples, is_open=False)
                assert exported is not None
                return exported, samples
            except errors.BadData as error:
                refusal = refusal or error
            except errors.UnsupportedModel as error:
                refusal = refusal or error
                break
        assert refusal is not None
        raise refusal

    def _export(self, example: Example, samples: int | None, *,
                is_open: bool) -> bytes | None:
        """The model; None if the batch would be fixed where it is to be open."""
        import torch

        args, kwargs = example.arguments(samples)
        batched = [is_open and name in example.batched for name in example.arrays]
        taken = _torch_names.Names(self._input_names)
        outputs = [taken.unique(n) for n in
                   _output_names(self._forward(args, kwargs), self._name)]
        shapes = example.dynamic_shapes() if is_open else None
        scripted = isinstance(self._module, torch.jit.ScriptModule)
        try:
            if has_exporter() and not scripted:
                return _translate(self._module, args, kwargs, shapes,
                                  input_names=self._input_names, output_names=outputs,
                                  batched=batched, parameters=self._parameters)
            if not scripted:
                # Tracing takes one way through the code; this knows if that is all.
                torch.export.export(self._module, args, kwargs, dynamic_shapes=shapes)
            return _trace(self._module, args, kwargs, self._input_names, outputs,
                          batched)
        except Exception as error:
            raise explain(error, self._name, self._module, args, kwargs) from error

    def _forward(self, args: Any, kwargs: Any) -> Any:
        seen = [*args, *kwargs.values(), *self._module.buffers()]
        versions = [t._version for t in seen]
        try:
            result = self._module(*args, **kwargs)
        except Exception as error:
            shapes = ", ".join(f"{str(t.dtype).removeprefix('torch.')}{list(t.shape)}"
                               for t in (*args, *kwargs.values()))
            raise errors.BadData(
                f"{self._name}: forward fails on the first samples, {shapes}: "
                f"{first_line(error)}; give inputs of the shapes and types that it "
                "takes; one that takes a whole batch, wrap in a module that takes its "
                "tensors") from error
        if self._is_captured and versions != [t._version for t in seen]:
            raise errors.UnsupportedModel(
                f"{self._name}: changes its inputs or buffers in place, which a "
                "program cannot; have forward work on copies")
        return result


def _translate(module: Any, args: Any, kwargs: Any, shapes: Any = None, *,
               input_names: Sequence[str], output_names: Sequence[str] | None = None,
               batched: Sequence[bool] = (), parameters: Mapping[str, str] | None = None
               ) -> bytes | None:
    """By way of `torch.export`; None if what is `batched` would be fixed."""
    import torch

    program = torch.onnx.export(
        module, args, kwargs=kwargs, dynamo=True, dynamic_shapes=shapes,
        input_names=input_names, output_names=output_names, opset_version=OPSET,
        verbose=False)
    assert program is not None
    graph: Any = program.model.graph
    if any(isinstance(value.shape[0], int)
           for is_open, value in zip(batched, graph.inputs, strict=False) if is_open):
        return None
    own = module.state_dict
    own = own() if callable(own) else own  # a method of modules, not of programs
    _torch_names.rename(program.model, parameters or {key: key for key in own})
    return bytes(program.model_proto.SerializeToString())


def _trace(module: Any, args: Any, kwargs: Any, input_names: Sequence[str],
           output_names: Sequence[str], batched: Sequence[bool]) -> bytes:
    """By way of TorchScript, which needs no other package.

    Its exporter asks for onnx only to add functions written in onnxscript; there are
    none. What cannot be exported it prints.
    """
    import torch

    if kwargs or has_named_only(module):
        module = _by_place(module, list(kwargs))
    args = (*args, *kwargs.values())
    from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

    open_names = [n for n, is_open in zip(input_names, batched, strict=True) if is_open]
    open_names += output_names if open_names else []
    model: Any = io.BytesIO()
    with _replaced(onnx_proto_utils, "_add_onnxscript_fn", lambda model, _: model), \
            _replaced(torch._C, "_jit_onnx_log", lambda *_: None):
        torch.onnx.export(
            module, args, model, dynamo=False, input_names=input_names,
            output_names=output_names, opset_version=OPSET,
            dynamic_axes={name: {0: BATCH} for name in open_names})
    return bytes(model.getvalue())


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Another value for an attribute that is there, as long as it lasts."""
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)


def _by_place(module: torch.nn.Module, names: Sequence[str]) -> torch.nn.Module:
    """`module` with its arguments by place, which may be named ones in this order.

    The exporter takes no module of which an argument can only be named.
    """
    import torch

    class ByPlace(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, *inputs: torch.Tensor) -> Any:
            named = dict(zip(names, inputs, strict=True)) if names else {}
            return self.module(*(() if names else inputs), **named)

    return ByPlace().eval()


def _output_names(result: Any, name: str, prefix: str = "output") -> list[str]:
    """Names of the tensors that `forward` returns: keys, or ``output`` counted."""
    import torch

    if isinstance(result, torch.Tensor):
        return [prefix]
    if result is None:
        return []
    if isinstance(result, Mapping):
        parts = [(str(key), part) for key, part in result.items()]
    elif isinstance(result, (tuple, list)):
        parts = [(f"{prefix}_{i}", part) for i, part in enumerate(result)]
    else:
        raise errors.UnsupportedModel(
            f"{name}: forward returns a {type(result).__name__}; have it return "
            "tensors, alone or in a tuple or dict")
    return [n for key, part in parts for n in _output_names(part, name, key)]


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keeps what exporters say to their authors to themselves."""
    names = [n for n in logging.root.manager.loggerDict if n.startswith(_LOGGERS)]
    loggers = [logging.getLogger(n) for n in {*names, *_LOGGERS}]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
