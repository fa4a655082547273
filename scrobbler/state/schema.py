"""The state file: its name, its tables, and how each version of them comes of the one before."""

from typing import Final

from scrobbler.state import answers, corrections, decisions, outbox, people, plays, sessions, vigil, wishes

FILE: Final = "state.db"

SCRIPTS: Final = (
    outbox.TABLE + sessions.TABLE + plays.TABLE,
    outbox.UPGRADE + plays.UPGRADE + decisions.TABLE + wishes.TABLE,
    corrections.TABLE + outbox.UNDOING + plays.UNDOING + people.TABLE + wishes.SWITCHING + answers.TABLE + vigil.TABLE,
)
"""One script a version. What was released is never edited: a change is one script more."""
