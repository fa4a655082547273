"""What appears in a folder, as it appears.

The operating system tells (inotify on Linux, through watchdog): nothing is polled, and no thread wakes up while nothing
happens.
"""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

from scrobbler.errors import ConfigError


async def appearing(folder: Path, *, name: str | None = None, touched: bool = False) -> AsyncGenerator[Path, None]:
    """Every path in the folder: first those that are there, then, at once, each that is created, moved in or written.

    With ``name`` only that one, so that the others wake nobody. With ``touched`` also each that is touched
    (``os.utime``), or written while it stays open. A path may come more than once: a file does when it is
    created and when its writer closes it, and a folder that comes back is told anew. So look at a path each time.

    The folder may be absent, and may be deleted and made again. One that is renamed away is followed under its new
    name until it is deleted. Close the iteration (``contextlib.aclosing``) to end its threads.

    Raises ``ConfigError`` where the system refuses to watch: no permission, or no inotify watches left.
    """
    while True:
        if not _is_folder(folder):
            async with aclosing(appearing(folder.parent, name=folder.name)) as births:
                async for birth in births:
                    if _is_folder(birth):
                        break
        names: asyncio.Queue[str | None] = asyncio.Queue()
        try:
            with _watched(folder, name, names.put_nowait, touched=touched):
                for path in _present(folder, name):
                    yield path
                while (appeared := await names.get()) is not None:
                    yield folder / appeared
        except OSError as error:
            if _is_folder(folder):  # otherwise it only went away while it was being armed
                raise ConfigError(f"{folder} cannot be watched: {error.strerror or error}") from error


def _is_folder(path: Path) -> bool:
    return path.is_dir()


def _present(folder: Path, name: str | None) -> list[Path]:
    """What is in the folder now, in the order of names."""
    return sorted(path for path in folder.iterdir() if name in (None, path.name))


@contextmanager
def _watched(folder: Path, name: str | None, tell: Callable[[str | None], None], *, touched: bool) -> Iterator[None]:
    """Meanwhile ``tell`` gets on the running loop the name of each path that appears, and None for the folder's end."""
    from watchdog.events import (  # noqa: PLC0415 - an agent without a player's folder never pays for it
        DirCreatedEvent,
        DirDeletedEvent,
        DirMovedEvent,
        FileAttribEvent,
        FileClosedEvent,
        FileCreatedEvent,
        FileModifiedEvent,
        FileMovedEvent,
        FileSystemEvent,
        FileSystemEventHandler,
    )
    from watchdog.observers import Observer  # noqa: PLC0415 - as above

    loop = asyncio.get_running_loop()
    place = os.fspath(folder.resolve())

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if isinstance(event, DirDeletedEvent):
                if os.fsdecode(event.src_path) == place:
                    loop.call_soon_threadsafe(tell, None)
                return
            parent, appeared = os.path.split(os.fsdecode(event.dest_path or event.src_path))
            if parent == place and name in (None, appeared):
                loop.call_soon_threadsafe(tell, appeared)

    kinds: list[type[FileSystemEvent]] = [DirCreatedEvent, DirMovedEvent, DirDeletedEvent]
    kinds += [FileCreatedEvent, FileMovedEvent, FileClosedEvent]
    kinds += [FileAttribEvent, FileModifiedEvent] if touched else []  # watchdog 7.1 arms the first by the second
    logging.getLogger("watchdog.observers.inotify").addFilter(_is_news)
    observer = Observer()
    try:
        observer.schedule(Handler(), place, event_filter=kinds)
        observer.start()
        yield
    finally:
        observer.stop()
        if observer.ident is not None:
            observer.join()


def _is_news(record: logging.LogRecord) -> bool:
    """Not that a watch was ended while its thread was about to look: that is how it is meant to be ended."""
    return "when the thread is inactive" not in record.getMessage()
