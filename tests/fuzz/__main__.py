"""Starts the fuzzer, whether it was called as ``python -m fuzz`` or as ``python tests/fuzz``."""

import sys
from importlib import import_module
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
if __name__ == "__main__":  # a child of multiprocessing imports this by another name
    sys.exit(import_module("fuzz.command").main())
