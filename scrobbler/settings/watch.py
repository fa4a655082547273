"""Tells when the configuration file says something else, and what."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import tomli

from scrobbler.errors import ConfigError
from scrobbler.folder import appearing
from scrobbler.settings.config import Config

log = logging.getLogger(__name__)

SETTLE_SECONDS: Final = 0.2
"""A file that was touched is read once nobody has touched it for so long: editors write in several steps."""


async def changes(path: Path, load: Callable[[], Config]) -> AsyncGenerator[Config, None]:
    """Each configuration that differs from the one before, beginning with what is in the file now.

    One that is wrong is logged and passed over. A comment is no difference, and neither is a file that is empty or
    gone, for its writer may not be done. A link is followed, also to another file.
    """
    known = _meaning(path)
    async with aclosing(_touched(path)) as touches:
        async for _ in touches:
            meaning = _meaning(path)
            if meaning in {None, known}:
                continue
            known = meaning
            try:
                fresh = load()
            except ConfigError as error:
                log.error("%s; what was set before still holds", error)  # noqa: TRY400  # the words are enough
            else:
                yield fresh


def _meaning(path: Path) -> str | None:
    """What tells two configurations apart: all that is set, or the text itself where it is no TOML; None: nothing."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    try:
        return repr(_sorted(tomli.loads(content.decode()))) if content else None
    except ValueError:
        return repr(content)


def _sorted(value: Any) -> Any:
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


async def _touched(path: Path) -> AsyncGenerator[None, None]:
    """Whenever the file, or the one that it links to, was written and has been left alone since."""
    news = asyncio.Event()
    while True:
        places = _places(path)
        looks = [asyncio.create_task(_look(place, news.set)) for place in places]
        try:
            while _places(path) == places:
                await news.wait()
                while news.is_set():
                    news.clear()
                    await asyncio.sleep(SETTLE_SECONDS)
                yield
        finally:
            for look in looks:
                look.cancel()
            await asyncio.wait(looks)


def _places(path: Path) -> set[Path]:
    return {path.absolute(), Path(os.path.realpath(path))}


async def _look(path: Path, tell: Callable[[], None]) -> None:
    try:
        async with aclosing(appearing(path.parent, name=path.name)) as births:
            async for _ in births:
                tell()
    except ConfigError as error:
        log.warning("a change of %s will not be noticed before the next start: %s", path, error)
