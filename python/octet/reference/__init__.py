"""Quantization in NumPy: the numerics contract (docs/QuantSpec.md), to be read.

`quantize_weights` and `quantized_forward` are `octet.quantize_weights` and
`octet.quantized_forward`. What they compute is in the other modules, one function for
each operation: `scales` (QS-1 to QS-4), `contractions` (QS-5, QS-7), `elementwise`
(QS-6, QS-8, QS-9), `moves` (QS-10), and the arithmetic under them in `numerics` and
`functions`. It was written from the contract's text and shares nothing with the
compiler, of which only graphs are taken, as text: it is also what the compiler's own
tests compare programs with.
"""

from .forward import quantize_weights, quantized_forward
from .quantized import Layer, QuantizedModel
from .weights import weight_scales

__all__ = ["Layer", "QuantizedModel", "quantize_weights", "quantized_forward",
           "weight_scales"]
