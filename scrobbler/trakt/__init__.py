"""Trakt as we see it: its calls as typed functions, its refusals as our errors, its sign-in."""
