"""A watch is called as Trakt calls it where that is known, and else as its player did."""

from pathlib import Path

import msgspec
import pytest
from playbook import T0
from queued import claimed, kept, opened

from scrobbler.delivery.label import named, of_entry, of_play
from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.state.plays import How, Play
from scrobbler.trakt.wire import Item

FILE = Media(title="The Ofice s01e01.mkv")


def as_kept(item: Item) -> str:
    return msgspec.json.encode(item).decode()


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (as_kept(Item(kind=MediaKind.MOVIE, title="Heat", year=1995)), "Heat (1995)"),
        (as_kept(Item(kind=MediaKind.EPISODE, show=Show(title="The Office"), season=1, number=1)), "The Office S01E01"),
        (as_kept(Item(kind=MediaKind.EPISODE, show=Show(title="The Office"), title="Pilot")), FILE.label()),
        (as_kept(Item(kind=MediaKind.EPISODE, title="Pilot", season=1, number=1)), FILE.label()),
        (as_kept(Item(kind=MediaKind.MOVIE, ids=Ids(tmdb=949))), FILE.label()),
        ("what another version wrote", FILE.label()),
        (None, FILE.label()),
    ],
)
def test_the_name_says_more_than_the_file_or_is_the_files(item: str | None, name: str) -> None:
    assert named(item, FILE) == name


def test_plays_and_entries_are_called_by_it(tmp_path: Path) -> None:
    kept(tmp_path, FILE)
    with opened(tmp_path) as store:
        entry = claimed(store)
    item = as_kept(Item(kind=MediaKind.MOVIE, title="Heat", year=1995))
    assert of_entry(entry) == "stop The Ofice s01e01.mkv"
    assert of_entry(msgspec.structs.replace(entry, item=item)) == "stop Heat (1995)"
    play = Play(
        account="default",
        sitting="one",
        media=FILE,
        watched_at=T0,
        delivered_at=T0,
        history_id=None,
        how=How.FOUND,
        item=item,
    )
    assert of_play(play) == "Heat (1995)"
