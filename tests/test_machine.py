"""What holds for any stream of events at all, and for any viewer: no watch lost, none doubled, none invented."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from playbook import HEAT, KEY, T0, TRON, Doing, Learn, Wait, heard

from scrobbler.events import Kind, Media, MediaKind, Percent, Seconds, Show
from scrobbler.machine.motion import State
from scrobbler.machine.parts import STALE
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import ENDLESS, WINDOWS, Action, Said, Scrobble
from scrobbler.machine.session import Session
from scrobbler.machine.step import Facts, deadline, expire, learn, step, vanish

DARK = Media(kind=MediaKind.EPISODE, show=Show(title="Dark"), season=1, episode=1, episode_end=2, path="/dark.mkv")
TRIPLE = Media(kind=MediaKind.EPISODE, show=Show(title="Lost"), season=1, episode=3, episode_end=5)
PARTS = [replace(DARK, episode=1, episode_end=None), replace(DARK, episode=2, episode_end=None)]
ODD = [0.0, 1e-9, 0.5, 79.999999, 80.0, 100.0, 104.9, 105.1, 1e6, 1e12]

doings = st.builds(
    Doing,
    kind=st.sampled_from(Kind),
    position=st.none() | st.floats(0, 110) | st.sampled_from(ODD),
    at=st.floats(0, 500),
    media=st.sampled_from([HEAT, TRON, Media(path="/films/x.mkv"), Media(), DARK, TRIPLE, *PARTS]),
    duration=st.sampled_from([None, 100.0, 100.0, 1e-6, 1e12]),
    rate=st.sampled_from([1.0, 1.0, 0.5, 2.0, 0.0, -4.0, 1e-12]),
    watched=st.booleans(),
    percent=st.none() | st.floats(0, 100),
)
learnings = st.builds(
    Learn, runtime=st.sampled_from([50.0, 60.0, 100.0, 1.0, 1e9]), media=st.sampled_from([HEAT, *PARTS])
)
streams = st.lists(doings | learnings | st.builds(Wait, st.floats(0, 600)), max_size=25)
policies = st.builds(
    Policy,
    threshold=st.sampled_from([Percent(80.0), Percent(90.0), Percent(100.0)]),
    really_watched=st.sampled_from([Percent(0.0), Percent(50.0), Percent(100.0)]),
    at_threshold=st.booleans(),
    trust=st.sampled_from([None, Seconds(30.0)]),
    silence=st.sampled_from([None, Seconds(300.0)]),
    incognito_until=st.sampled_from([None, None, T0 + timedelta(seconds=100)]),
)


class Run:
    """A stream that went through the machine."""

    def __init__(self, stream: list[Doing | Learn | Wait], policy: Policy) -> None:
        self.policy = policy
        self.session = Session(key=KEY, account="default")
        self.said: list[Scrobble] = []
        for doing in stream:
            self._do(doing)
        self._hear(*vanish(self.session, policy))

    def _do(self, doing: Doing | Learn | Wait) -> None:
        if isinstance(doing, Learn):
            facts = Facts(media=doing.media, runtime=Seconds(doing.runtime))
            self._hear(*learn(self.session, facts, self.policy))
            assert learn(self.session, facts, self.policy) == (self.session, ()), "what is known is learned again"
            return
        at = T0 + timedelta(seconds=doing.until if isinstance(doing, Wait) else doing.at or 0.0)
        for _ in range(50):
            due = deadline(self.session, self.policy)
            if due is None or due > at:
                break
            self._hear(*expire(self.session, due, self.policy))
        else:
            raise AssertionError("a deadline that never passes")
        if isinstance(doing, Doing):
            event = heard(doing, doing.at or 0.0)
            self._hear(*step(self.session, event, self.policy))
            assert step(self.session, event, self.policy) == (self.session, ()), "a repeated event does something"

    def _hear(self, session: Session, said: Said) -> None:
        assert msgspec.json.decode(msgspec.json.encode(session), type=Session) == session
        assert session.at is None or self.session.at is None or session.at >= self.session.at, "time ran back"
        self.session = session
        self.said += said


@given(streams, policies)
def test_every_scrobble_lies_in_its_window(stream: list[Doing | Learn | Wait], policy: Policy) -> None:
    for scrobble in Run(stream, policy).said:
        share = scrobble.share()
        assert scrobble.retract or share is None or WINDOWS[scrobble.action].holds(share)
        assert share is None or 0 <= share < ENDLESS


@given(streams, policies)
def test_a_sitting_counts_at_most_once(stream: list[Doing | Learn | Wait], policy: Policy) -> None:
    watches = Counter(scrobble.sitting for scrobble in Run(stream, policy).said if scrobble.counts())
    assert not [sitting for sitting, times in watches.items() if times > 1]


@given(streams, policies)
def test_whatever_was_begun_is_ended(stream: list[Doing | Learn | Wait], policy: Policy) -> None:
    run = Run(stream, policy)
    assert run.session.state is State.IDLE
    begun: set[str] = set()
    for scrobble in run.said:
        if scrobble.action in (Action.STOP, Action.HISTORY):
            begun.discard(scrobble.sitting)
        else:
            begun.add(scrobble.sitting)
    assert not begun, "a sitting that was begun at Trakt was never ended there"


def heard_in_time(stream: list[Doing | Learn | Wait]) -> Iterator[Doing | Learn | Wait]:
    """The stream without what happened before a moment that had passed by then; late events stay."""
    now = 0.0
    for doing in stream:
        now = max(now, doing.until) if isinstance(doing, Wait) else now
        if not isinstance(doing, Doing) or (doing.at or 0.0) >= now:
            yield doing


@given(streams, policies)
def test_time_never_runs_back(stream: list[Doing | Learn | Wait], policy: Policy) -> None:
    run = Run(list(heard_in_time(stream)), policy)
    settle = timedelta(seconds=policy.seek_settle)  # a player may vanish just before its seek was said
    assert all(one.began_at <= one.at for one in run.said)
    assert all(one.at <= other.at + settle for one, other in pairwise(run.said))


@given(streams, policies)
def test_a_scrobble_survives_serialisation_and_stays_final(stream: list[Doing | Learn | Wait], policy: Policy) -> None:
    for scrobble in Run(stream, policy).said:
        assert msgspec.json.decode(msgspec.json.encode(scrobble), type=Scrobble) == scrobble
        assert scrobble.final() == scrobble
        measured = scrobble.measured(Seconds(100.0))
        assert measured.measured(Seconds(100.0)) == measured


@given(streams)
def test_incognito_leaves_no_watch(stream: list[Doing | Learn | Wait]) -> None:
    run = Run(stream, Policy(incognito_until=T0 + timedelta(days=1)))
    assert not run.said


# A viewer, and what was really on the screen


class Viewer:
    """Somebody who watches a file of several items of 100 s each, in steps of 5 s; the player tells where they are.

    What comes of it is known without the machine: an item counts if it ends at 80 % or later, or if it was on the
    screen from where the viewer came to it up to 80 % without a gap.
    """

    def __init__(self, count: int, *, tells: bool) -> None:
        self.tells = tells
        self.stream: list[Doing | Learn | Wait] = []
        self.now = self.place = 0
        self.end = 100 * count
        self.media = Media(
            kind=MediaKind.EPISODE,
            show=Show(title="Dark"),
            season=1,
            episode=1,
            episode_end=count if count > 1 else None,
        )
        self.expected: list[int] = []
        """The numbers of the items that were watched, in order."""
        self._gapless = 0
        self._item = 0
        self._tell(Kind.PLAY)

    def watch(self, seconds: int) -> None:
        """Let it play."""
        for _ in range(0, seconds, 5):
            if self.place == self.end:
                return
            self.now, begins, self.place = self.now + 5, self.place, self.place + 5
            if begins % 100 <= self._gapless:
                self._gapless = max(self._gapless, begins % 100 + 5)
            if self.place % 100 == 0 and self.place < self.end:
                self._leave(at=100)
                self._item = self.place // 100
            if self.tells:
                self._tell(Kind.PLAY)

    def jump(self, place: int) -> None:
        """Seek; where it leads into another item, that one is left here.

        So near before the beginning of what is on, a place is a stale one, and no place to seek to.
        """
        if 0 < 100 * self._item - place <= STALE:
            place = 100 * self._item
        self.now += 1
        if min(place, self.end - 1) // 100 != self._item:
            self._leave(at=(self.place - 100 * self._item) + 1)
            self._item = min(place, self.end - 1) // 100
            self._gapless = 0
        self.place = min(place, self.end)
        self._tell(Kind.PLAY)

    def rest(self, seconds: int) -> None:
        """Pause for a while."""
        self._tell(Kind.PAUSE)
        self.now += seconds
        self._tell(Kind.PLAY)

    def stop(self) -> None:
        """Close the player."""
        self._tell(Kind.STOP)
        self._leave(at=self.place - 100 * self._item)

    def _leave(self, at: int) -> None:
        if (at >= 80 or self._gapless >= 80) and self._item + 1 not in self.expected:
            self.expected.append(self._item + 1)
        self._gapless = 0

    def _tell(self, kind: Kind) -> None:
        self.stream.append(
            Doing(kind, float(self.place), at=float(self.now), media=self.media, duration=float(self.end))
        )


acts = st.lists(
    st.tuples(st.just("watch"), st.integers(1, 60).map(lambda five: five * 5))
    | st.tuples(st.just("jump"), st.integers(0, 59).map(lambda five: five * 5))
    | st.tuples(st.just("rest"), st.integers(1, 300)),
    max_size=12,
)


@given(acts, st.integers(1, 3), st.booleans())
def test_what_was_really_watched_counts_exactly_once(acts: list[tuple[str, int]], count: int, early: bool) -> None:
    viewer = Viewer(count, tells=True)
    for act, number in acts:
        getattr(viewer, act)(number)
    viewer.stop()
    said = Run(viewer.stream, Policy(at_threshold=early)).said
    watched = Counter(one.media.episode for one in said if one.counts() and not one.rewatch)
    assert set(viewer.expected) <= set(watched), "a watch was lost"
    assert max(watched.values(), default=1) == 1, "a watch was doubled"
    if not early:
        assert set(watched) <= set(viewer.expected), "a watch was invented"


@given(st.integers(1, 3), st.integers(1, 60))
def test_a_server_that_says_nothing_between_play_and_stop_loses_nothing(count: int, fives: int) -> None:
    viewer = Viewer(count, tells=False)
    viewer.watch(fives * 5)
    viewer.stop()
    said = Run(viewer.stream, Policy()).said
    assert [one.media.episode for one in said if one.counts()] == viewer.expected
