"""The sandbox's time: every instant that it stores or compares comes from here."""

from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Real time, until it is frozen or pushed forward. Only instants are affected: nobody sleeps longer or shorter."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The present instant, aware UTC."""
        return self._frozen if self._frozen is not None else datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Go ``seconds`` into the future (or back, if negative); works on a frozen clock too.

        Raises ``OverflowError`` where the calendar ends.
        """
        step = timedelta(seconds=seconds)
        _ = self.now() + step  # the calendar's end is met here, before anything changed
        if self._frozen is not None:
            self._frozen += step
        else:
            self._ahead += step

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still, at ``at`` if given. Raises ``ValueError`` for an instant without a time zone."""
        if at is not None and at.tzinfo is None:
            raise ValueError("a clock is frozen at an aware instant")
        self._frozen = at.astimezone(UTC) if at is not None else self.now()

    def thaw(self) -> None:
        """Run again, from where the clock stands."""
        if self._frozen is not None:
            self._ahead = self._frozen - datetime.now(UTC)
            self._frozen = None


def iso(at: datetime) -> str:
    """An instant as Trakt writes it: ``2014-09-01T09:10:11.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """An ISO 8601 date or instant; one without a zone is UTC. Raises ``ValueError`` for anything else."""
    at = datetime.fromisoformat(text)
    try:
        return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is outside of the calendar") from error
