"""What the words of one mpv mean, as player events. No input, no output, no clock.

Learnt from real players, and not to be found in mpv's manual:

- ``start-file`` begins a play, whatever its path: the same file again changes no property. A broken file or a play list
  never gets as far as ``playback-restart``, so only that one proves that something plays.
- Around the end of a file its properties are already gone, so the last known position counts, with the time played.
- With ``keep-open`` a file that is through never ends: ``eof-reached`` tells, and mpv pauses by itself, in any order.
- A turn of a loop looks like a seek: from the loop's end to its start.
- ``pause`` does not change on a seek or while the cache fills; ``core-idle`` does, and so means nothing here.
"""

from collections.abc import Callable, Mapping
from enum import Enum

from scrobbler.events import Kind, Media, PlayerEvent, Seconds, SessionKey, seconds
from scrobbler.watching import moved_on, next_look
from scrobbler_mpv.loop import PROPERTIES as LOOP
from scrobbler_mpv.loop import Loop, loop
from scrobbler_mpv.media import PROPERTIES as MEDIA
from scrobbler_mpv.media import media
from scrobbler_mpv.words import Moment, Word

_POSITION = ("time-pos",)
_POSITION_OR_END = (*_POSITION, "eof-reached")
_ALL = (*_POSITION, *MEDIA, "duration", "pause", "speed", "eof-reached", *LOOP)
"""The position first: mpv goes on between two answers, and once there is a position all the rest is settled."""


class _Phase(Enum):
    IDLE = "nothing is on, or nothing of interest"
    LOADING = "a file was begun and does not play yet"
    ON = "a play was told"
    ENDED = "the play is through and told, its file is still open"


_QUESTIONS: Mapping[tuple[Word, _Phase], tuple[str, ...]] = {
    (Word.ATTACHED, _Phase.IDLE): _ALL,
    (Word.PLAYBACK_RESTART, _Phase.LOADING): _ALL,
    (Word.PLAYBACK_RESTART, _Phase.ON): (*_POSITION, *LOOP),
    (Word.PLAYBACK_RESTART, _Phase.ENDED): _POSITION_OR_END,
    (Word.PAUSE, _Phase.ON): _POSITION_OR_END,
    (Word.PAUSE, _Phase.ENDED): _POSITION_OR_END,
    (Word.SPEED, _Phase.ON): _POSITION,
    (Word.SAMPLE, _Phase.ON): _POSITION,
    (Word.PAUSED_FOR_CACHE, _Phase.ON): _POSITION,
}


class Playback:
    """What one mpv plays."""

    def __init__(self, session: SessionKey) -> None:
        self._session = session
        self._paused = False
        self._stalled = False
        self._speed = 1.0
        self._meaning: Mapping[Word, Callable[[Moment, Mapping[str, object]], PlayerEvent | None]] = {
            Word.ATTACHED: self._attach,
            Word.START_FILE: self._start,
            Word.SEEK: self._seek,
            Word.PLAYBACK_RESTART: self._restart,
            Word.END_FILE: self._end,
            Word.PAUSE: self._pause,
            Word.SPEED: self._change_speed,
            Word.DURATION: self._measure,
            Word.EOF_REACHED: self._reach_end,
            Word.PAUSED_FOR_CACHE: self._stall,
            Word.SAMPLE: self._look,
            Word.GONE: self._lose,
        }
        self._forget()

    def _forget(self) -> None:
        """As before a file."""
        self._phase = _Phase.IDLE
        self._media = Media()
        self._duration: Seconds | None = None
        self._position: Seconds | None = None
        self._sampled = float("-inf")
        self._left: Seconds | None = None
        self._seeking = False
        self._loop: Loop | None = None

    @property
    def due(self) -> float | None:
        """The clock's reading at which to say ``SAMPLE``; None while nothing moves, so that nothing wakes."""
        if self._phase is not _Phase.ON or self._paused or self._stalled:
            return None
        return next_look(self._sampled, self._duration, self._speed)

    def questions(self, moment: Moment) -> tuple[str, ...]:
        """The properties that must be known to understand this one."""
        return _QUESTIONS.get((moment.word, self._phase), ())

    def hear(self, moment: Moment, said: Mapping[str, object]) -> PlayerEvent | None:
        """What this moment is to the world; ``said`` are the answers to its questions, as far as there are any."""
        return self._meaning[moment.word](moment, said)

    def _start(self, _moment: Moment, _said: Mapping[str, object]) -> None:
        self._forget()
        self._phase = _Phase.LOADING

    def _seek(self, moment: Moment, _said: Mapping[str, object]) -> None:
        if not self._seeking:
            self._seeking, self._left = True, self._now_at(moment)

    def _stall(self, moment: Moment, said: Mapping[str, object]) -> None:
        self._sample(moment, said)
        self._stalled = moment.value is True

    def _measure(self, moment: Moment, _said: Mapping[str, object]) -> None:
        self._duration = seconds(moment.value) or self._duration

    def _reach_end(self, moment: Moment, _said: Mapping[str, object]) -> PlayerEvent | None:
        """A ``False`` needs no answer, as a restart or a resume follows it."""
        return self._keep_open(moment) if moment.value is True else None

    def _keep_open(self, moment: Moment) -> PlayerEvent | None:
        """The file is through, and mpv shows its last picture."""
        if event := self._stop(moment, self._duration or self._now_at(moment)):
            self._phase = _Phase.ENDED
        return event

    def _lose(self, moment: Moment, _said: Mapping[str, object]) -> PlayerEvent | None:
        """No word of an end: time that was perhaps not played is not made up."""
        event = self._stop(moment, self._position)
        self._forget()
        return event

    def _attach(self, moment: Moment, said: Mapping[str, object]) -> PlayerEvent | None:
        """An mpv that was found in the middle of something."""
        if said.get("path") is None:
            return None
        self._phase = _Phase.LOADING
        return self._begin(moment, said) if said.get("time-pos") is not None else None

    def _begin(self, moment: Moment, said: Mapping[str, object]) -> PlayerEvent | None:
        """The first sign that a file really plays. Without answers (a newer file is on) nothing is said of it."""
        if not said:
            return None
        found = media(said)
        if found is None:
            self._forget()
            return None
        self._media = found
        self._duration = seconds(said.get("duration")) or self._duration
        self._paused = said.get("pause") is True
        if rate := seconds(said.get("speed")):
            self._speed = rate
        self._loop = loop(said, self._duration)
        self._sample(moment, said)
        self._phase = _Phase.ON
        return self._keep_open(moment) if said.get("eof-reached") is True else self._tell(moment)

    def _restart(self, moment: Moment, said: Mapping[str, object]) -> PlayerEvent | None:
        seeking, left = self._seeking, self._left
        self._seeking, self._left = False, None
        if self._phase is _Phase.LOADING:
            return self._begin(moment, said)
        if self._phase is _Phase.ENDED:
            return self._again(moment, said)
        if self._phase is not _Phase.ON:
            return None
        before, self._loop = self._loop, loop(said, self._duration)
        self._sample(moment, said)
        turned = any(each and each.turned(left, self._position, self._speed) for each in (before, self._loop))
        if turned or not seeking:
            return None
        return self._tell(moment)

    def _again(self, moment: Moment, said: Mapping[str, object]) -> PlayerEvent | None:
        """A file that was through is played once more, from wherever the user went back to."""
        if self._paused or said.get("eof-reached") is not False:
            return None
        self._sample(moment, said)
        self._phase = _Phase.ON
        return self._tell(moment)

    def _pause(self, moment: Moment, said: Mapping[str, object]) -> PlayerEvent | None:
        if not isinstance(moment.value, bool) or moment.value is self._paused:
            return None
        self._sample(moment, said)
        self._paused = moment.value
        if said.get("eof-reached") is True:
            return self._keep_open(moment)
        if self._phase is _Phase.ENDED:
            return self._again(moment, said)
        return self._tell(moment) if self._phase is _Phase.ON else None

    def _change_speed(self, moment: Moment, said: Mapping[str, object]) -> PlayerEvent | None:
        speed = seconds(moment.value)
        if not speed or speed == self._speed:
            return None
        self._sample(moment, said)
        self._speed = speed
        return self._tell(moment) if self._phase is _Phase.ON and not self._paused else None

    def _look(self, moment: Moment, said: Mapping[str, object]) -> PlayerEvent | None:
        """The regular look at the position. An mpv that does not answer plays nothing that could be told."""
        if seconds(said.get("time-pos")) is None:
            self._position, self._sampled = self._now_at(moment), moment.clock
            return None
        self._sample(moment, said)
        return self._tell(moment)

    def _end(self, moment: Moment, _said: Mapping[str, object]) -> PlayerEvent | None:
        position = self._now_at(moment)
        if moment.value == "eof" and self._duration is not None:
            position = self._duration
        event = self._stop(moment, position)
        self._forget()
        return event

    def _stop(self, moment: Moment, position: Seconds | None) -> PlayerEvent | None:
        if self._phase is not _Phase.ON:
            return None
        self._position = position
        return self._event(moment, Kind.STOP)

    def _sample(self, moment: Moment, said: Mapping[str, object]) -> None:
        """Keeps the position as mpv says it, or else as it must be by now."""
        position = seconds(said.get("time-pos"))
        self._position = self._now_at(moment) if position is None else position
        self._sampled = moment.clock

    def _now_at(self, moment: Moment) -> Seconds | None:
        """The last known position, moved on by the time played since, and never past the end."""
        if self._position is None or self._paused or self._stalled:
            return self._position
        return moved_on(self._position, moment.clock - self._sampled, self._speed, self._duration)

    def _tell(self, moment: Moment) -> PlayerEvent:
        return self._event(moment, Kind.PAUSE if self._paused else Kind.PLAY)

    def _event(self, moment: Moment, kind: Kind) -> PlayerEvent:
        return PlayerEvent(
            session=self._session,
            kind=kind,
            media=self._media,
            at=moment.at,
            position=self._position,
            duration=self._duration,
            rate=self._speed,
            heard=moment.word.value if moment.word is not Word.END_FILE else f"end-file {moment.value}",
        )
