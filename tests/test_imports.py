"""Who imports whom is a table in ``spec/architecture.md``; every import of ours is held against it.

What is loaded is memory for years, and time at each start: so here is, too, what is not.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tables import rows

ROOT = Path(__file__).parent.parent
OURS = {path.stem if path.is_file() else path.name for path in (ROOT / "scrobbler").iterdir() if path.stem[0] != "_"}
ALLOWED = {module: set(names.split(", ")) for module, names in rows("architecture.md", "module", "from us")}


def modules() -> Iterator[tuple[str, Path]]:
    """Each source file with the row of the table that holds for it."""
    for path in sorted((ROOT / "scrobbler").rglob("*.py")):
        yield path.relative_to(ROOT / "scrobbler").parts[0].removesuffix(".py"), path
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        yield "plugins", path


def imported(path: Path) -> Iterator[str]:
    """The parts of the program that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "scrobbler":
            yield from (alias.name for alias in node.names if alias.name in OURS)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("scrobbler."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("scrobbler."))


@pytest.mark.parametrize(
    ("row", "path"), [pytest.param(*each, id=str(each[1].relative_to(ROOT))) for each in modules()]
)
def test_a_module_imports_only_what_its_row_allows(row: str, path: Path) -> None:
    if row in {"__init__", "__main__"} or ALLOWED[row] == {"any"}:
        return
    extra = set(imported(path)) - ALLOWED[row] - {row}
    assert not extra, f"{path.name} imports {', '.join(sorted(extra))}: allow it in spec/architecture.md, or do without"


def test_the_table_has_a_row_for_each_part_and_no_other() -> None:
    assert set(ALLOWED) == OURS - {"py"} | {"plugins"}


def test_a_row_allows_only_what_is_used() -> None:
    used: dict[str, set[str]] = {}
    for row, path in modules():
        used.setdefault(row, set()).update(imported(path))
    for row, names in ALLOWED.items():
        if names != {"any"} and row not in {"sandbox", "identify"}:
            assert names - {"nothing"} <= used[row], f"{row} does not import {names - used[row]}"


@pytest.mark.parametrize("folder", ["packaging", "spec", "plugins"])
def test_folders_beside_the_program_are_no_packages(folder: str) -> None:
    """``packaging/__init__.py`` would hide the real library of that name from whoever runs in the repository."""
    assert not (ROOT / folder / "__init__.py").exists()


NEVER = "apprise guessit jinja2 markdown prometheus_client pygments qrcode rich tomlkit yaml unittest pydoc"
"""Of an agent."""
WATCHER = f"{NEVER} starlette uvicorn anyio._core multiprocessing pickle configparser python_mpv_jsonipc"
"""Of one that has no server."""
LATER = "difflib html platformdirs scrobbler.replay xml zoneinfo"
"""Before something needs it that is not in every watch."""
AGENT = "scrobbler.cli.run, scrobbler_mpv.watcher"


@pytest.mark.parametrize(
    ("loaded", "absent"),
    [
        ("scrobbler.cli", f"{WATCHER} {LATER} asyncio logging msgspec scrobbler.settings scrobbler.trakt sqlite3 ssl"),
        (AGENT, f"{WATCHER} {LATER} watchdog ctypes httpx scrobbler.web.app"),
        (f"{AGENT}, scrobbler.trakt.transport, httpcore", f"{WATCHER} {LATER} scrobbler.web.app"),
        ("scrobbler.cli.run, scrobbler.cli.listening, scrobbler.trakt.transport", NEVER),
    ],
    ids=["a command", "an agent that is ready", "one that has scrobbled", "one with a server"],
)
def test_what_is_not_needed_is_not_loaded(loaded: str, absent: str) -> None:
    code = f"import sys, {loaded}; print(*(set(sys.argv[1:]) & set(sys.modules)))"
    words = [sys.executable, "-c", code, *absent.split()]
    found = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60, cwd=ROOT).stdout
    assert not found.split(), f"`import {loaded}` loads what is for others"


def test_a_film_is_read_without_what_only_few_names_need() -> None:
    code = """
import sys
from scrobbler.events import Media
from scrobbler.reading.reader import read
assert read(Media(path="/films/Heat (1995).mkv")).media.title == "Heat"
print(*(set(sys.argv[1:]) & set(sys.modules)))
"""
    words = [sys.executable, "-c", code, *LATER.split(), "scrobbler.reading.guesser"]
    found = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60, cwd=ROOT).stdout
    assert not found.split()
