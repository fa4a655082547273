"""Starts a campaign, whether it was called as ``python -m campaign`` or as ``python tests/campaign``."""

import sys
from importlib import import_module
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
sys.exit(import_module("campaign.command").main())
