"""What stands on the disk: the configuration, the state folder, who may read them, and whether there is room."""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import Final

from scrobbler.doctor.finding import Case, Finding, ok, problem, warn
from scrobbler.settings import keys
from scrobbler.settings.keys import Origin
from scrobbler.state.schema import FILE

LITTLE_ROOM: Final = 100 * 1024 * 1024
_ALL: Final = 0o077
_WRITE: Final = 0o022
"""What others may not."""
NO_ROOM: Final = 5 * 1024 * 1024
"""Bytes."""
YOUNG: Final = timedelta(minutes=5)
"""A temporary file of this age may still be in use."""


def configuration(case: Case) -> Iterator[Finding]:
    """Whether it can be read, and makes sense."""
    if case.mistake is not None:
        yield problem(case.mistake, f"edit {quote(str(case.path))}, then `scrobbler config check`")
    elif case.configuration.path is None:
        yield ok("there is no configuration: the defaults watch mpv")
    else:
        yield ok(f"{case.path} is right")


def permissions(case: Case) -> Iterator[Finding]:
    """Whether only their user can read what is secret."""
    folder = case.configuration.state_dir
    private = {case.path: _ALL if _has_secrets(case) else _WRITE, folder: _WRITE}
    private |= dict.fromkeys((folder / FILE, folder / "app.json"), _ALL)
    for name in ("tokens", "webhooks"):
        private |= dict.fromkeys((folder / name, *sorted((folder / name).glob("*"))), _ALL)
    findings = [finding for path, mask in private.items() for finding in _private(path, mask)]
    yield from findings or [ok("secrets can be read by you alone")]


def _has_secrets(case: Case) -> bool:
    if case.configuration.path is None:
        return False
    written = keys.settings(case.configuration, keys.document(case.configuration.path))
    return any(one.shown != one.value for one in written if one.origin is Origin.FILE)


def _private(path: Path, mask: int) -> Iterator[Finding]:
    try:
        seen = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield problem(
            f"{path} cannot be looked at: {error.strerror}", f"sudo chown -R {os.geteuid()} {quote(str(path.parent))}"
        )
        return
    name = quote(str(path))
    if seen.st_uid != os.geteuid():
        yield problem(f"{path} belongs to somebody else (uid {seen.st_uid})", f"sudo chown {os.geteuid()} {name}")
    elif seen.st_mode & mask:
        mode = "700" if stat.S_ISDIR(seen.st_mode) else "600"
        yield warn(
            f"{path} can be read or written by others (mode {stat.S_IMODE(seen.st_mode):o})", f"chmod {mode} {name}"
        )


def disk(case: Case) -> Iterator[Finding]:
    """Whether the state folder can be written, and for how long."""
    folder = next(
        path for path in (case.configuration.state_dir, *case.configuration.state_dir.parents) if path.exists()
    )
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        yield problem(
            f"{folder} is on a file system that is read-only; a memory card goes so when it fails",
            "look at `dmesg`, then remount or replace it",
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield problem(f"{folder} cannot be written by you", f"sudo chown {os.geteuid()} {quote(str(folder))}")
    free = shutil.disk_usage(folder).free
    room = f"{free / 1024**3:.1f} GiB" if free >= 1024**3 else f"{free // 1024**2} MiB"
    words = f"{room} are free for {case.configuration.state_dir}"
    if free < NO_ROOM:
        yield problem(words, f"make room on the disk of {folder}, or set state.dir")
    elif free < LITTLE_ROOM:
        yield warn(words, f"make room on the disk of {folder}, or set state.dir")
    else:
        yield ok(words)


def leftovers(case: Case) -> Iterator[Finding]:
    """What an interrupted write, or a damaged file, left behind."""
    folder = case.configuration.state_dir
    temporary = [
        path for place in ("tokens", "webhooks", ".") for path in (folder / place).glob(".*.*") if _old(path, case)
    ]
    temporary += [path for path in case.path.parent.glob(f".{case.path.name}.*") if _old(path, case)]
    if temporary:
        names = " ".join(quote(str(path)) for path in temporary)
        yield warn(f"{len(temporary)} temporary files of writes that were cut off", f"rm {names}")
    aside = sorted(path for path in folder.glob(f"{FILE}.*") if re.search(r"\.(aside|copy|before)", path.name))
    if aside:
        names = " ".join(quote(str(path)) for path in aside)
        yield warn(
            f"{len(aside)} copies of the state file that were kept: {', '.join(p.name for p in aside)}",
            f"once all is well: rm {names}",
        )
    if not temporary and not aside:
        yield ok("nothing was left behind")


def _old(path: Path, case: Case) -> bool:
    try:
        return path.is_file() and case.now - datetime.fromtimestamp(path.stat().st_mtime, UTC) > YOUNG
    except OSError:
        return False
