"""``/metrics``: what the agent did and how it is with it, in the words of Prometheus.

What is counted is counted since the start of the process, from the decisions as they reach the disk; what waits is
looked up when somebody asks. Names and units follow https://prometheus.io/docs/practices/naming/.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from scrobbler import __version__
from scrobbler.state.decisions import Note, What
from scrobbler.state.snapshot import Queued

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

OUTCOMES: Final = frozenset(
    {What.SENT, What.WATCHED, What.DUPLICATE, What.DROPPED, What.WAITING, What.ASIDE, What.UNMATCHED, What.REMOVED}
)
"""What can become of a scrobble; the rest of the decisions is about other things."""
BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0, 86400.0)
"""Seconds. An answer of Trakt's takes half a second; an outage takes an evening."""
REMEMBERED: Final = 1000
"""So many sessions, at most, whose last event is known."""


class Metrics:
    """Counts what it is told. ``told`` may be called from another thread than ``text``."""

    def __init__(
        self,
        queued: Callable[[], Sequence[Queued]],
        signed_in: Callable[[], Mapping[str, bool]],
        clock: Callable[[], datetime],
    ) -> None:
        """``queued`` looks into the outbox, ``signed_in`` says of each account whether it is; both when asked."""
        self._queued = queued
        self._signed_in = signed_in
        self._clock = clock
        self._events: Counter[tuple[str, str]] = Counter()
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._last: dict[str, float] = {}
        self._heard: dict[str, datetime] = {}
        self._delays = Counter(dict.fromkeys(BUCKETS, 0))
        self._delayed = 0
        self._delay_sum = 0.0

    def told(self, noted: Sequence[Note]) -> None:
        """These decisions are on the disk."""
        for note in noted:
            if note.what in {What.HEARD, What.IGNORED} and note.source is not None:
                self._events[note.source, note.what.value] += 1
                self._last[note.source] = note.at.timestamp()
                self._remember(note)
            elif note.what in OUTCOMES and note.account is not None:
                self._outcomes[note.account, note.what.value] += 1
                if note.what in {What.SENT, What.WATCHED}:
                    self._measure(note)

    def text(self) -> bytes:
        """All of it, in Prometheus's text format. Raises ``StateError`` where the outbox cannot be read."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415  # 1.5 MiB for who asks

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator["Metric"]:
        """What ``prometheus_client`` asks a collector for."""
        from prometheus_client.core import (  # noqa: PLC0415  # as above
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
            InfoMetricFamily,
        )

        yield InfoMetricFamily("scrobbler_build", "The program.", value={"version": __version__})
        events = CounterMetricFamily("scrobbler_events", "Events of players.", labels=("source", "outcome"))
        for (source, outcome), number in self._events.items():
            events.add_metric((source, outcome), number)
        yield events
        outcomes = CounterMetricFamily(
            "scrobbler_scrobbles",
            "What became of scrobbles; one that waits may count again.",
            labels=("account", "outcome"),
        )
        for (account, outcome), number in self._outcomes.items():
            outcomes.add_metric((account, outcome), number)
        yield outcomes
        last = GaugeMetricFamily(
            "scrobbler_last_event_timestamp_seconds", "When a source was heard of last.", labels=("source",)
        )
        for source, at in self._last.items():
            last.add_metric((source,), at)
        yield last
        signed = GaugeMetricFamily("scrobbler_signed_in", "Whether an account is signed in.", labels=("account",))
        for account, is_in in self._signed_in().items():
            signed.add_metric((account,), float(is_in))
        yield signed
        yield from self._waiting(GaugeMetricFamily)
        delays = HistogramMetricFamily(
            "scrobbler_delivery_seconds", "From a player's last event of a session to Trakt's answer."
        )
        buckets = [(str(bucket), float(self._delays[bucket])) for bucket in BUCKETS]
        delays.add_metric((), [*buckets, ("+Inf", float(self._delayed))], sum_value=self._delay_sum)
        yield delays

    def _waiting(self, gauge: Callable[..., "Metric"]) -> Iterator["Metric"]:
        entries = gauge("scrobbler_queue_entries", "What is in the outbox.", labels=("account", "state"))
        ages = gauge("scrobbler_queue_oldest_seconds", "The age of the oldest of it.", labels=("account", "state"))
        now = self._clock()
        for one in self._queued():
            entries.add_metric((one.account, one.state), one.entries)  # type: ignore[attr-defined]
            ages.add_metric((one.account, one.state), (now - one.oldest).total_seconds())  # type: ignore[attr-defined]
        yield entries
        yield ages

    def _remember(self, note: Note) -> None:
        if note.session is None:
            return
        self._heard.pop(note.session, None)
        self._heard[note.session] = note.at
        if len(self._heard) > REMEMBERED:
            del self._heard[next(iter(self._heard))]

    def _measure(self, note: Note) -> None:
        heard = self._heard.get(note.session or "")
        if heard is None:
            return
        delay = max(0.0, (note.at - heard).total_seconds())
        for bucket in BUCKETS:
            self._delays[bucket] += delay <= bucket
        self._delayed += 1
        self._delay_sum += delay
