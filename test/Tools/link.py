"""Compares what `compile --json` and `inspect --json` say of a program."""

import json
import pathlib
import sys

compiled, inspected = (json.loads(pathlib.Path(p).read_text()) for p in sys.argv[1:])
assert compiled["layers"] == inspected["layers"], "layers differ"
assert len(compiled["layers"]) > 5, compiled["layers"]
assert compiled["precision"] == inspected["precision"] == "int8"
assert compiled["targets"][0] == inspected["target"]
assert compiled["targets"][-1] == "generic"
image, = compiled["inputs"]
assert image == {"name": "image", "dtype": "float32", "shape": [1, 1, 8, 8],
                 "symbolic_batch": True}, image
assert [o["name"] for o in compiled["outputs"]] == ["scores"], compiled["outputs"]
