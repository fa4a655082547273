"""A local Trakt: the double of the service in tests, and the other side of the demo."""

from scrobbler.sandbox.app import Sandbox
from scrobbler.sandbox.clock import SandboxClock
from scrobbler.sandbox.faults import Dropped, Fault, FaultKind, Faults
from scrobbler.sandbox.rules import Rules
from scrobbler.sandbox.tokens import App
from scrobbler.sandbox.world import DEFAULT_APP, PlayAction, World

__all__ = [
    "DEFAULT_APP",
    "App",
    "Dropped",
    "Fault",
    "FaultKind",
    "Faults",
    "PlayAction",
    "Rules",
    "Sandbox",
    "SandboxClock",
    "World",
]
