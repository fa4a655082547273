"""Entries of an outbox, put there as the agent would."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playbook import KEY, T0

from scrobbler.events import Media, Seconds
from scrobbler.machine.scrobble import Action, Scrobble
from scrobbler.machine.session import Session
from scrobbler.state.entry import Entry
from scrobbler.state.store import Store

UNKNOWN = "Trakt does not know this item"


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """The store in a state folder, as long as no agent runs on it."""
    folder.mkdir(exist_ok=True)
    with closing(Store(folder, T0)) as store:
        yield store


def kept(folder: Path, *media: Media, aside: bool = False, account: str = "default") -> None:
    """A watch of each that waits, or was set aside."""
    with opened(folder) as store:
        for one in media:
            watch = said(one, account=account)
            store.keep(Session(key=KEY, account=account), [watch], T0, idle=False).result(10)
            if aside:
                store.set_aside(claimed(store, account), UNKNOWN).result(10)


def claimed(store: Store, account: str = "default") -> Entry:
    """The account's next entry, which is being sent now."""
    entry = store.claim(account, T0).result(10)
    assert entry is not None
    return entry


def said(media: Media, action: Action = Action.STOP, position: float = 95.0, account: str = "default") -> Scrobble:
    """Something that is to be said to Trakt; its sitting is named after what was on."""
    return Scrobble(
        session=KEY,
        sitting=media.label(),
        account=account,
        action=action,
        media=media,
        at=T0,
        position=Seconds(position),
        duration=Seconds(100.0),
    )
