"""What a run of the agent tells its user of: the parts that do so, tied to what they hear of."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from scrobbler.adapters import Captions
from scrobbler.cli import now
from scrobbler.notices.gathering import Watch
from scrobbler.notices.lines import Lines
from scrobbler.notices.notify import Notifier
from scrobbler.notices.post import Post
from scrobbler.notices.vigil import Vigil
from scrobbler.settings.config import Config
from scrobbler.state.entry import Entry
from scrobbler.state.snapshot import look
from scrobbler.state.store import Store
from scrobbler.trakt.tokens import TokenFile
from scrobbler.welcome.invitation import Invitation

UNKNOWN: Final = "for a reason that is not known"


class Teller(Struct, frozen=True, kw_only=True):
    """Those who tell something."""

    notifier: Notifier
    vigil: Vigil
    lines: Lines

    async def run(self, invitations: Sequence[Invitation]) -> None:
        """Tell what comes up, until cancelled. Raises ``ConfigError`` where an address makes no sense."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.notifier.run(invitations))
            tasks.create_task(self.vigil.run())
            tasks.create_task(self.lines.run())

    @contextmanager
    def listening(self, store: Store) -> Iterator[None]:
        """They hear meanwhile of all that is decided."""
        store.listeners.append(self.notifier.hear)
        try:
            yield
        finally:
            store.listeners.remove(self.notifier.hear)
            store.moved = self.notifier.trouble  # the next run says it, where nobody could be told


def telling(configuration: Config, store: Store, adapters: Mapping[str, object]) -> Teller:
    """They know what was left when the agent started. Raises ``StateError``."""
    players, folder = configuration.players, configuration.state_dir
    logins = {name: TokenFile(folder, name).login for name in configuration.accounts}
    post = Post(configuration.targets)
    lines = Lines(
        {name: adapter for name, adapter in adapters.items() if isinstance(adapter, Captions)},
        {name: player.account for name, player in players.items()},
        logins,
        now,
    )
    days = configuration.silent_after_days
    vigil = Vigil(post, store, folder, tuple(players), now, says=configuration.says, after_days=days)
    notifier = Notifier(post, folder, logins, says=configuration.says, lines=lines)
    notifier.trouble = store.moved
    aside = look(folder, limit=0).aside
    unmatched = [_watch(entry) for entry in aside if entry.unmatched]
    notifier.still_aside(unmatched, [_watch(entry) for entry in aside if not entry.unmatched])
    return Teller(notifier=notifier, vigil=vigil, lines=lines)


def _watch(entry: Entry) -> Watch:
    scrobble, reason = entry.scrobble, entry.reason or UNKNOWN
    words = f"{entry.label()} was set aside: {reason}"
    return Watch(entry=entry.id, account=scrobble.account, label=scrobble.media.label(), words=words)
