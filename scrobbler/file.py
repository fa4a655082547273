"""A file that is whole at every moment: a crash or a full disk leaves the old content or the new, and never half of it.

All raise ``OSError``; what they return from survives a loss of power.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def replace(path: Path, content: bytes, prepare: Callable[[int], None] = lambda _: None) -> None:
    """Put this in the place of a file. It is its user's alone (0600), unless ``prepare`` gives its descriptor more."""
    with _written(path, content, prepare) as new:
        new.replace(path)
    _flush(path.parent)


def make(path: Path, content: bytes) -> None:
    """Let there be a file with this, its user's alone. Raises ``FileExistsError`` where there is one."""
    with _written(path, content, lambda _: None) as new:
        path.hardlink_to(new)
    _flush(path.parent)


@contextmanager
def _written(path: Path, content: bytes, prepare: Callable[[int], None]) -> Iterator[Path]:
    """The content under another name in the same folder; if it still stands there at the end, it is taken away."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            prepare(file.fileno())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """Names are on the disk only once their folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
