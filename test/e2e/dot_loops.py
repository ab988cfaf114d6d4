"""Innermost loops of the example's INT8 convolutions hold dot products.

    dot_loops.py ASSEMBLY INSPECT.json
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from disassembly import dot_kernels  # noqa: E402

kernels = dot_kernels(pathlib.Path(sys.argv[1]).read_text())
layers = [l for l in json.loads(pathlib.Path(sys.argv[2]).read_text())["layers"]
          if l["macs"]]
macs = sum(l["macs"] for l in layers)
share = 100 * sum(l["macs"] for l in layers if l["kernel"] in kernels) / macs
print(f"{share:.2f} % of {macs} MACs")
sys.exit(share < 99)
