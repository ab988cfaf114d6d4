from collections.abc import Sequence
from typing import Any

class Runner:
    """Runs a loaded model, with a context for each call that is made at a time."""

    def __init__(self, handle: object, address: int, target: str) -> None:
        """Takes the address of an ``octet_model`` that `handle` keeps loaded."""

    def run(self, inputs: Sequence[int], outputs: Sequence[int], samples: int,
            threads: int = 1) -> None:
        """Runs samples from and to memory, an address for each tensor."""

    def call(self, *arrays: Any, threads: int = 1) -> Any:
        """The result of one inference, without any conversion.

        An array, or a dict of several; None if an array is no NumPy array of the exact
        type and shape in C order, there are more samples than a batch, or there cannot
        be as many threads.
        """
