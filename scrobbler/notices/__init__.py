"""Saying aloud that something needs the user."""
