"""The front page and the page of troubles are true: commands are run, links lead somewhere, messages are the program's.

The commands are run as a newcomer types them, one after the other in a home of its own, on a real terminal, with a
sandbox in Trakt's place. What cannot be run here is in ``LEFT_OUT``, with the reason, and held against what there is.
"""

import ast
import os
import re
import shlex
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import cache
from itertools import count, pairwise
from pathlib import Path
from typing import Final

import click
import pytest
from camera import zbar
from cli_process import eventually, ran, running
from double import Served
from tables import SPEC
from terminal import Terminal, terminal

from scrobbler.cli import COMMANDS, program
from scrobbler.sandbox import Sandbox

ROOT: Final = SPEC.parent
README, TROUBLES = ROOT / "README.md", SPEC / "troubleshooting.md"
COMMANDED: Final = (README, TROUBLES, SPEC / "security.md", SPEC / "delivery.md")
PAGES: Final = sorted([README, *SPEC.glob("*.md")])
LARGEST: Final = 150 * 1024

LEFT_OUT: Final = {
    "git clone": "it needs the network",
    "pipx": "it needs the network",
    "make": "this is what it runs",
    "sudo": "it needs root",
    "docker compose": "it needs an engine",
    "journalctl": "it needs systemd",
    "scrobbler service install": "it needs systemd",
}
"""Commands that are looked at and not run, by their beginning."""
LASTING: Final = ("scrobbler run",)
"""Commands that go on until they are told to stop."""


def commands(page: Path) -> list[str]:
    """Each command line of its blocks for a shell."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def left_out(line: str) -> bool:
    return line.startswith(tuple(LEFT_OUT))


class Newcomer:
    """Somebody with a home, who types."""

    def __init__(self, stack: ExitStack, trakt: str) -> None:
        self._stack = stack
        self._trakt = trakt

    def prepare(self) -> None:
        """All that a reader need not do: a Trakt without an account, and a port of one's own."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        secret = Path(os.environ["XDG_RUNTIME_DIR"], "client_secret")  # typed in, it would be in the list of processes
        secret.write_text("sandbox-secret")
        for key, value in (
            *(("trakt.api_url", self._trakt), ("trakt.auth_url", self._trakt)),
            *(("trakt.client_id", "sandbox"), ("trakt.client_secret_file", str(secret))),
            ("server.listen", f"127.0.0.1:{port}"),
        ):
            done = ran("config", "set", key, value)
            assert done.returncode == 0, done.stderr

    def types(self, line: str) -> None:
        """The command does what it is there for."""
        words = shlex.split(line)
        assert words[0] == "scrobbler", f"how is {line!r} to be tried?"
        if line in LASTING:
            self._stack.enter_context(running(*words[1:])).says("watching")
            return
        with terminal(100, 40, *words[1:]) as screen:
            if words[1] == "init":
                self._answers(screen)
            assert screen.end() == 0, f"{line}: {screen.shown}"
            assert screen.shown.strip(), f"{line} says nothing"
            assert "Traceback" not in screen.shown

    def _answers(self, screen: Terminal) -> None:
        """Enter takes what is offered, but for the sign-in, which is a command of its own."""
        for asked in count(1):
            eventually(lambda: screen.shown.count("]: ") >= asked)  # noqa: B023  # it is called at once
            if "Sign in to Trakt now?" in screen.shown:
                screen.types("n\n")
                return
            screen.types("\n")


@pytest.fixture
def newcomer(served: Served) -> Iterator[Newcomer]:
    sandbox = Sandbox(poll_interval=1, approve_after=0)
    with ExitStack() as stack:
        yield Newcomer(stack, served.open(stack, sandbox.app))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", [README, TROUBLES], ids=lambda page: page.stem)
def test_every_command_in_a_block_does_what_it_is_there_for(page: Path, newcomer: Newcomer) -> None:
    lines = [line for line in commands(page) if not left_out(line)]
    assert lines
    if "scrobbler init" not in lines:  # as who has come so far
        for line in ("scrobbler init", "scrobbler login", "scrobbler run"):
            newcomer.types(line)
            if line == "scrobbler init":
                newcomer.prepare()
    for line in lines:
        newcomer.types(line)
        if line == "scrobbler init":
            newcomer.prepare()


@pytest.mark.parametrize("page", [README, TROUBLES], ids=lambda page: page.stem)
def test_a_command_that_cannot_be_run_here_names_what_there_is(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in filter(left_out, commands(page)):
        words = shlex.split(line)
        if words[0] == "make":
            assert words[1] in targets
        for file in (word for word in words if word.startswith("packaging/")):
            assert (ROOT / file).is_file()
        parse_all(words)


@pytest.mark.parametrize("page", COMMANDED, ids=lambda page: page.stem)
def test_every_command_in_the_text_can_be_typed(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    typed = [" ".join(one.split()) for one in re.findall(r"`([^`]+)`", text)]
    typed = [one for one in typed if re.match(r"(sudo .* )?scrobbler ", one)]
    assert typed
    for one in typed:
        parse_all(shlex.split(one))


def parse_all(words: list[str]) -> None:
    """What stands behind each ``scrobbler`` that is a command, and no user's or service's name, is one."""
    if words[0] == "scrobbler":
        parsed(words[1:])
        return
    for number, (word, after) in enumerate(pairwise(words)):
        if word == "scrobbler" and after in COMMANDS:
            parsed(words[number + 1 :])


def parsed(words: list[str]) -> None:
    """The words are a command with its options and arguments. Raises ``click.UsageError`` where they are none."""
    command: click.Command = program
    # Click keeps the help option that a command is first asked for: so as the program asks.
    context = click.Context(program, info_name="scrobbler", **program.context_settings)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, info_name=name, parent=context)
    if words:
        with suppress(click.exceptions.Exit):  # --version
            command.parse_args(context, [*words])


# The links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_to_a_page_and_a_heading_that_are_there(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), f"{page.name} links {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links {link}"


@cache
def anchors(page: Path) -> set[str]:
    """What a page's headings are called in an address, as GitHub makes it."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# The messages


def test_every_message_of_the_page_of_troubles_is_one_of_the_program() -> None:
    said = spoken()
    for message in quoted():
        assert any(message.strip("… ") in one or fits(one, message) for one in said), message


def fits(template: str, message: str) -> bool:
    """Whether the message is the text with some of its values said. A text of values alone would fit all."""
    return len(template.replace("…", "").replace(" ", "")) > 7 and pattern(template).fullmatch(message) is not None


@cache
def pattern(template: str) -> re.Pattern[str]:
    """There are more of them than ``re`` itself remembers."""
    return re.compile(".+".join(map(re.escape, template.split("…"))))


def quoted() -> Iterator[str]:
    """The messages in the first cell of each row, with ``…`` for what differs."""
    for line in TROUBLES.read_text().splitlines():
        cell = line.split(" | ")[0]
        if line.startswith("|") and (found := re.fullmatch(r"\| `([^`]+)`.*", cell)):
            yield pressed(found[1])


@cache
def spoken() -> tuple[str, ...]:
    """Each text in the program's code, with ``…`` in the place of each value."""
    found = []
    for path in [*(ROOT / "scrobbler").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"%(\.\d+)?[sdf]", "…", node.value))
    return tuple(map(pressed, found))


def pressed(text: str) -> str:
    """Without the marks of code, and with one sign for the values that stand beside each other."""
    return re.sub(r"…+", "…", " ".join(text.replace("`", "").split()))


# The pictures


def test_every_picture_is_small_shown_and_known_to_who_makes_it() -> None:
    pictures = {path.name for path in (SPEC / "pictures").iterdir()}
    maker = (ROOT / "tests/pictures.py").read_text()
    texts = "".join(page.read_text() for page in PAGES)
    assert pictures
    for name in pictures:
        assert (SPEC / "pictures" / name).stat().st_size < LARGEST
        assert f"pictures/{name})" in texts
        assert Path(name).stem in maker


def test_the_code_in_the_picture_of_mpv_can_be_read() -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/activate/\w{8}", zbar(SPEC / "pictures/mpv.png"))
