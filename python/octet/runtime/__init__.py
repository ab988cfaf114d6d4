"""Runs compiled models on NumPy arrays, without the compiler.

A package that asks for Python 3.9 and NumPy alone and for nothing of what is around it:
as ``octet_runtime`` it is all that machines need which only run models.

>>> from octet import runtime
>>> net = runtime.load("digits.so")                             # doctest: +SKIP
>>> net(np.zeros((10, 1, 28, 28), np.float32)).shape            # doctest: +SKIP
(10, 10)
"""

from ._abi import Layer, Runner, Tensor
from ._elf import is_native, machine_of
from ._errors import BadData, Error, MissingFile, NotAProgram
from ._library import Library, load, read, summary
from ._samples import Interface

__all__ = ["BadData", "Error", "Interface", "Layer", "Library", "MissingFile",
           "NotAProgram", "Runner", "Tensor", "is_native", "load", "machine_of", "read",
           "summary"]
