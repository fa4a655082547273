"""Starts the benchmark, whether it was called as ``python -m bench`` or as ``python tests/bench``."""

import sys
from importlib import import_module
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
sys.exit(import_module("bench.command").main())
