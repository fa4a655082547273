"""The state file: its name, its tables, and how each version of them comes of the one before."""

from typing import Final

from scrobbler.state import decisions, outbox, plays, sessions, wishes

FILE: Final = "state.db"

SCRIPTS: Final = (
    outbox.TABLE + sessions.TABLE + plays.TABLE,
    outbox.UPGRADE + plays.UPGRADE + decisions.TABLE + wishes.TABLE,
)
"""One script a version. What was released is never edited: a change is one script more."""
