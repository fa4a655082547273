"""The agent that tells Trakt what you watch, from whatever you watch it on."""

__version__ = "0.1.0"
