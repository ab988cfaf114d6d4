"""`octet.quantize_weights` and `octet.quantized_forward`."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ..errors import BadData, RefusedOptions
from .mlir_types import Array
from .quantized import QuantizedModel, connected_nodes, run
from .weights import quantize_array

if TYPE_CHECKING:
    from ..model import Model, Serializable
    from ..ranges import Ranges

AnyModel: TypeAlias = "Model | str | os.PathLike[str] | bytes | Serializable"
Weights: TypeAlias = npt.NDArray[Any] | list[Any] | float
AnyRanges: TypeAlias = "Ranges | str | os.PathLike[str]"


@overload
def quantize_weights(model: AnyModel, ranges: AnyRanges) -> QuantizedModel: ...


@overload
def quantize_weights(model: Weights, ranges: npt.ArrayLike | None = None, *,
                     axis: int = 0) -> npt.NDArray[np.int8]: ...


def quantize_weights(model: Any, ranges: Any = None, *,
                     axis: int = 0) -> QuantizedModel | npt.NDArray[np.int8]:
    """The integer graph of a model, or weights as 8-bit integers.

    Weights are ``(w / s_w).round().clip(-127, 127)``, `s_w` for each output channel:
    docs/QuantSpec.md, QS-4.

    Parameters
    ----------
    model : Model, path, bytes or onnx.ModelProto; or array
        A trained network, or weights in real units.
    ranges : Ranges or path of a ranges.json; or float or array [channels]
        For a network, what `octet.calibrate` found. For weights, real units for one
        step: one number, or one for each channel. Without it, those that the compiler
        chooses: `octet.reference.weight_scales`.
    axis : int
        Of weights, the dimension of output channels.

    Returns
    -------
    QuantizedModel or array of int8
        For a network, its layers in integers, for `octet.quantized_forward` and to look
        into. For weights, an array of their shape. Both hold what the compiled program
        holds, to the bit.

    Raises
    ------
    UnsupportedModel
        The model asks for what Octet, or its reference in NumPy, does not take; or
        `ranges` are those of another model.
    BadData, RefusedOptions
        Weights that are no numbers; scales, ranges or an axis that do not fit.

    Examples
    --------
    >>> octet.quantize_weights([[0.5, -1.0], [0.2, 0.1]], [1 / 127, 0.1])
    array([[  64, -127],
           [   2,    1]], dtype=int8)
    >>> images = np.random.default_rng(0).uniform(0, 16, (8, 1, 8, 8))
    >>> scales = octet.calibrate("examples/digits/digits.onnx", images)
    >>> q = octet.quantize_weights("examples/digits/digits.onnx", scales)
    >>> q.weights["stem"].shape
    (32, 1, 3, 3)
    """
    if _is_model(model):
        if ranges is None:
            raise RefusedOptions("a model is quantized with ranges; give what "
                                 "octet.calibrate finds")
        return _quantized(model, ranges)
    if isinstance(ranges, (str, os.PathLike)) or hasattr(ranges, "to_json"):
        raise RefusedOptions("an array is quantized with scales, not with ranges; give "
                             "a number, or one for each channel")
    return quantize_array(model, ranges, axis=axis)


def _is_model(given: Any) -> bool:
    """Whether it is what `octet.Model` is made of, or one."""
    return (isinstance(given, (str, os.PathLike, bytes)) or
            hasattr(given, "SerializeToString") or hasattr(given, "inspect"))


def _quantized(source: Any, ranges: Any) -> QuantizedModel:
    # The compiler is what finds the graph; nothing else here asks for it.
    from .. import _driver
    from .._files import temporary_folder
    from ..compiler import ranges_file
    from ..model import as_model
    model = as_model(source)
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(model.file())
        folder = stack.enter_context(temporary_folder())
        found = stack.enter_context(ranges_file(ranges))
        graph, imported = folder / "quantized.mlir", folder / "imported.mlir"
        command = ["compile", path, *model.options.flags(), "--generic"]
        _driver.run([*command, "--ranges", found, "--compile-to", "quantize", "-o",
                     graph])
        connected: frozenset[str] = frozenset()
        if path.endswith(".onnx"):
            # Only the imported graph tells products of matrices from convolutions.
            _driver.run([*command, "--compile-to", "import", "--elide", "-o", imported])
            connected = connected_nodes(imported.read_text())
        return QuantizedModel(model.name, graph.read_text(), connected,
                              json.loads(Path(found).read_text()))


@overload
def quantized_forward(x: Mapping[str, npt.ArrayLike], q: QuantizedModel,
                      ranges: AnyRanges | None = None) -> dict[str, Array]: ...


@overload
def quantized_forward(x: npt.ArrayLike, q: QuantizedModel,
                      ranges: AnyRanges | None = None) -> Array | dict[str, Array]: ...


def quantized_forward(x: Any, q: QuantizedModel, ranges: AnyRanges | None = None
                      ) -> Array | dict[str, Array]:
    """What the quantized network makes of data, in NumPy.

    Inputs are rounded to 8-bit integers, layers multiply and add integers, and outputs
    are what integers stand for, as docs/QuantSpec.md says. The compiled program's
    outputs are the same bytes, but where a function that both approximate (exp, log,
    tanh, softmax, attention, ...: QS-13) is computed in f32 on the way: then the
    noise is at most 1e-10 of the signal, and 1e-3 where the value is rounded to 8 bits
    behind it, since it may turn by one step. Functions that are tables of 256 entries
    (QS-9) are exact.

    It is meant to be read and compared with, one sample after the other, and takes a
    program's time many times over.

    Parameters
    ----------
    x : array, or mapping of str to array
        The model's inputs by name, or its only one: any number of samples, as
        docs/Programs.md says.
    q : QuantizedModel
        What `octet.quantize_weights` makes.
    ranges : Ranges or path of a ranges.json, optional
        The ranges that `q` was made with. They are in it; what is given is compared.

    Returns
    -------
    array or dict of str to array
        The outputs by name; the array itself where `x` is one and so is the output.

    Raises
    ------
    BadData
        An array is missing, or its shape or values do not fit the model.
    RefusedOptions
        `ranges` are not those of `q`.
    UnsupportedModel
        The graph has an operation that the reference does not know.

    Examples
    --------
    >>> images = np.random.default_rng(0).uniform(0, 16, (8, 1, 8, 8))
    >>> scales = octet.calibrate("examples/digits/digits.onnx", images)
    >>> q = octet.quantize_weights("examples/digits/digits.onnx", scales)
    >>> octet.quantized_forward(images, q, scales).shape
    (8, 10)
    """
    if not isinstance(q, QuantizedModel):
        raise RefusedOptions(f"q cannot be of type {type(q).__name__}; give what "
                             "octet.quantize_weights makes of a model")
    if ranges is not None:
        _compare(q, ranges)
    if isinstance(x, Mapping):
        return run(q, x)
    if len(q.inputs) != 1:
        raise BadData(f"the model has the inputs {', '.join(q.inputs)}; give a "
                      "dictionary with an array for each")
    outputs = run(q, {q.inputs[0]: x})
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def _compare(q: QuantizedModel, ranges: Any) -> None:
    from ..compiler import ranges_file
    with ranges_file(ranges) as path:
        if json.loads(Path(path).read_text()) != q.ranges:
            raise RefusedOptions(f"{q!r} was quantized with other ranges; quantize the "
                                 "model with these")
