"""``scrobbler explain``: what one message of a player is understood to say, and what would be made of it."""

import difflib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import click
import msgspec
from msgspec import Struct

from scrobbler import adapters
from scrobbler.adapters import Ignored, Webhook
from scrobbler.admission import mapping
from scrobbler.cli import Settings, now, printable, settings_options
from scrobbler.errors import ConfigError, PayloadError
from scrobbler.events import Kind, Media, PlayerEvent, Seconds, SessionKey
from scrobbler.filters import Filter, Filters
from scrobbler.household import Household, Member, folded
from scrobbler.replay.capture import captured
from scrobbler.replay.explanation import Action, Counts, Explanation, explained
from scrobbler.settings.config import Config, Player
from scrobbler.state.people import Mapped
from scrobbler.state.snapshot import mapped

STDIN: Final = Path("-")
LONGEST: Final = 4 * 1024 * 1024
"""Bytes of a message, as the web server takes them."""

WHY: Final = {
    "music": "it is music",
    "trailer_or_extra": "it is a trailer or another extra",
    "live_tv": "it is live TV",
    "not_video": "it is no film and no episode",
    "other_user": "this user counts for nobody",
    "no_user": "it names no user, and only some count",
    "unsupported_event": "it says nothing of a playback",
    "not_a_playback_event": "it is a mark by hand or a save, and no playback",
    "missing_identity": "nothing tells which item it is",
    "malformed": "it is no message of this player",
    "stale_event": "it is about something that has given way to another item",
}
"""The reasons of ``spec/adapters.md``, for people."""


class Judge(Struct, frozen=True, kw_only=True):
    """What the user said of whose watches count, and of what does not."""

    counts: Counts | None
    refusal: Callable[[PlayerEvent], str | None]
    threshold: float


@click.command()
@click.argument("source", metavar="SOURCE")
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), default=STDIN)
@click.option("--user", "users", metavar="NAME", multiple=True, help="Only this user counts; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_obj
def command(settings: Settings, source: str, file: Path, users: tuple[str, ...], as_json: bool) -> None:
    """Show what one message of a player says, and what follows.

    SOURCE is plex, jellyfin, emby, tautulli, kodi or another adapter, or the NAME of a [players.NAME]. FILE, or
    standard input, is what the server posted: the JSON, the form, or the whole HTTP request; of Kodi a notification,
    alone or with the answers that were asked for. Nothing is sent, looked up or kept.

    Who counts is what [players.NAME] users says, or --user; without either, everybody. A message that is ignored is
    an answer, too, also one that makes no sense (malformed): the exit status is 0, and 2 for a mistake in use.

    \b
    Examples:
      scrobbler explain plex payload.json
      scrobbler explain jellyfin --user marta - < request.http
      scrobbler explain kodi --json notification.json
    """
    configuration = settings.load()
    adapter, serves = _adapter(source, configuration)
    judge = _judge(source, users, configuration, serves=serves)
    at = now()
    try:
        heard = adapter.parse(captured(_bytes(file), at))
    except PayloadError as error:
        heard = [Ignored(reason="malformed")]
        click.echo(f"scrobbler: {printable(str(error))}", err=True)
    allowed = [_allowed(one, judge) for one in heard]
    kind = _kind(source, configuration)
    said = [explained(kind, one, judge.counts) for one in allowed]
    if as_json:
        shown = [msgspec.to_builtins(one) for one in said]
        click.echo(json.dumps(shown[0] if len(shown) == 1 else shown, indent=2, ensure_ascii=False))
        return
    click.echo("\n\n".join("\n".join(_words(one, of, judge)) for one, of in zip(said, allowed, strict=True)))


def _kind(source: str, configuration: Config) -> str:
    """The adapter's name: that of a configured player, or what was said itself."""
    player = configuration.players.get(source)
    return player.kind if player is not None else source


def _adapter(source: str, configuration: Config) -> tuple[Webhook, bool]:
    """What understands the messages of this source, and whether it is a server. Raises ``ConfigError`` for others."""
    kind = _kind(source, configuration)
    plugin = adapters.load(kind)
    if plugin is None:
        known = adapters.available()
        close = difflib.get_close_matches(source, known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise ConfigError(f"there is no adapter {source!r}: {hint}there are: {', '.join(known)}")
    if plugin.reader is not None:
        return plugin.reader(kind), False
    options = configuration.players[source].options if source in configuration.players else plugin.options()
    built = plugin.build(kind, options)
    if not isinstance(built, Webhook):
        raise ConfigError(f"{source}: this player posts no messages; `scrobbler run --record FILE` shows what it says")
    return built, True


def _bytes(file: Path) -> bytes:
    """Raises ``ConfigError`` where it cannot be read or is too long."""
    raw: BinaryIO
    try:
        if file == STDIN:
            said = sys.stdin.buffer.read(LONGEST + 1)
        else:
            with file.open("rb") as raw:
                said = raw.read(LONGEST + 1)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    if len(said) > LONGEST:
        raise ConfigError(f"{file}: is longer than {LONGEST // 1024 // 1024} MiB, and no message")
    return said


def _judge(source: str, users: Sequence[str], configuration: Config, *, serves: bool) -> Judge:
    """By the player of that name, else by those of that kind; without any, by what holds for all."""
    names = [source] if source in configuration.players else _named(configuration, source)
    only = names[0] if len(names) == 1 else source
    own = configuration.players[only].filter if only in configuration.players else Filter()
    filters = Filters(player=only, serves=serves, everywhere=configuration.filter, own=own)
    added = mapped(configuration.state_dir)
    households = {name: _household(configuration.players[name], name, added) for name in names}

    def refusal(event: PlayerEvent) -> str | None:
        said = filters.refusal(event)
        if said is not None or users or not households or event.user is None:
            return said
        if any(isinstance(one.whose(event), Member) for one in households.values()):
            return None
        return f"user {event.user!r} counts for no account: `{mapping(names[0], event.user)}`"

    return Judge(counts=_counts(users, households), refusal=refusal, threshold=configuration.scrobble.threshold)


def _named(configuration: Config, kind: str) -> list[str]:
    return [name for name, player in configuration.players.items() if player.kind == kind]


def _household(player: Player, name: str, added: Sequence[Mapped]) -> Household:
    mine = {one.user: one.account for one in added if one.player == name}
    return Household(account=player.account, users=player.users, added=mine)


def _counts(users: Sequence[str], households: Mapping[str, Household]) -> Counts | None:
    """Who counts: those who are named, else those of the configured players; None where nobody said anything."""
    if users:
        wanted = {folded(name) for name in users}
        return lambda said: said.user is not None and folded(said.user) in wanted
    deciding = [one for one in households.values() if one.users is not None or one.added]
    if not deciding:
        return None
    return lambda said: any(isinstance(one.whose(_asked(said)), Member) for one in deciding)


def _asked(said: PlayerEvent | Ignored) -> PlayerEvent:
    """An event of the same user, also where there is none."""
    if isinstance(said, PlayerEvent):
        return said
    nothing = SessionKey(source="")
    return said.event or PlayerEvent(session=nothing, kind=Kind.PLAY, media=Media(), at=now(), user=said.user)


def _allowed(said: PlayerEvent | Ignored, judge: Judge) -> PlayerEvent | Ignored:
    """What is left out of itself and counts all the same where the configuration allows it, such as live TV."""
    event = said.event if isinstance(said, Ignored) else None
    return event if event is not None and judge.refusal(event) is None else said


def _words(one: Explanation, said: PlayerEvent | Ignored, judge: Judge) -> Iterator[str]:
    """A few plain lines for people."""
    heard = f" ({printable(said.heard)})" if said.heard else ""
    yield f"{one.source}: {one.action.value}{heard}"
    if one.user or one.player:
        yield f"  who    {printable(one.user or 'nobody is named')}"
        yield f"  where  {printable(_device(said) or one.player or 'no device is named')}"
    if isinstance(said, Ignored) or one.action is Action.IGNORE:
        reason = one.reason or ""
        yield f"  so     nothing is said to Trakt: {WHY.get(reason, printable(reason))}"
        return
    ids = ", ".join(f"{name} {value}" for name, value in said.media.ids.known().items())
    yield f"  what   {printable(said.media.label())}{f' ({ids})' if ids else ''}"
    yield f"  place  {_place(one)}"
    refusal = judge.refusal(said)
    yield f"  so     {_meaning(one, judge.threshold) if refusal is None else f'nothing is said to Trakt: {refusal}'}"


def _device(said: PlayerEvent | Ignored) -> str | None:
    return said.device if isinstance(said, PlayerEvent) else None


def _place(one: Explanation) -> str:
    position = "unknown" if one.position_s is None else _clock(one.position_s)
    duration = "an unknown length" if one.duration_s is None else _clock(one.duration_s)
    share = "" if one.progress_pct is None else f", {one.progress_pct:.1f} %"
    return f"{position} of {duration}{share}{', marked as watched' if one.completed else ''}"


def _clock(time: Seconds) -> str:
    minutes, seconds = divmod(round(time), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _meaning(one: Explanation, threshold: float) -> str:
    """What it would mean to a playback of which nothing else is known."""
    if one.action is Action.STOP:
        return _end(one, threshold)
    if one.completed:
        return "it plays on, and counts as watched once it stops"
    if one.action is Action.PLAY:
        return "Trakt is told that it plays, where it did not yet"
    if one.action is Action.PROGRESS:
        return "it plays on, of which Trakt is told only where it did not play before"
    if one.progress_pct is None or 1 <= one.progress_pct < 80:
        return "Trakt is told that it is paused"
    return "nothing is said to Trakt of a pause so near to an end of it"


def _end(one: Explanation, threshold: float) -> str:
    share = one.progress_pct
    if one.completed:
        return "it counts as watched"
    if share is None:
        return "it ended where it was seen last; whether it counts as watched depends on that"
    if share >= threshold:
        return f"it counts as watched: {share:.1f} % is {threshold:g} % or more"
    if share < 1:
        return "it was hardly begun: Trakt keeps nothing of it"
    return f"Trakt keeps where to go on: {share:.1f} % is under {threshold:g} %, and no watch"
