"""Signing in where the user is: on a page, or in a player's window."""
