import os
import platform
import sys

import lit.formats

config.name = "octet"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.join(config.octet_source, "test")
config.test_exec_root = os.path.join(config.octet_build, "test")
config.excludes = ["CMakeLists.txt", "Inputs"]
config.environment["PATH"] = os.pathsep.join(
    [config.octet_bin, config.llvm_tools, os.environ["PATH"]])
# Tests leave the user's files alone, and share what is compiled.
config.environment["XDG_CACHE_HOME"] = os.path.join(config.octet_build, "cache")
# The oracle of the numerics contract is part of the Python package.
config.environment["PYTHONPATH"] = os.path.join(config.octet_source, "python")
config.substitutions += [
    ("%arch", platform.machine()),
    ("%python", config.python),
    ("%src", config.octet_source),
    ("%build", config.octet_build),
    # Locations say nothing in tests of passes, but where a test asks for them.
    (r"(?<![\w/-])octet-opt(?![\w-])(?!.*debuginfo)",
     "octet-opt --mlir-print-debuginfo=false"),
]

try:
    import numpy  # noqa: F401
    import onnx  # noqa: F401
    config.available_features.add("onnx")
except ImportError:
    pass
try:
    import onnxruntime  # noqa: F401
    config.available_features.add("onnxruntime")
except ImportError:
    pass

sys.path.insert(0, os.path.join(config.octet_source, "test", "e2e"))
import targets  # noqa: E402

config.available_features.update(targets.host_targets())
if targets.emulated_targets(os.path.join(config.octet_bin, "octet")):
    config.available_features.add("arm-emulator")

# Real models are no part of the project; tests of them say so when they skip.
data = os.environ.get("OCTET_DATA", "")
if data and os.path.isdir(os.path.join(data, "models")):
    config.available_features.add("data")
    config.substitutions.append(("%data", data))
