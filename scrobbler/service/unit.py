"""The unit of systemd: where it lies, what is in it, and what ``systemctl`` is asked to do with it.

The text comes from ``packaging/systemd``, which the wheel holds beside this module.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import Final

from msgspec import Struct

from scrobbler.errors import ScrobblerError

NAME: Final = "scrobbler.service"
COMMAND: Final = "@COMMAND@"
_FOLDER: Final = 0o755
"""As ``ConfigurationDirectoryMode`` in the unit says, which changes no folder that is there."""
PATIENCE: Final = 60.0
"""Seconds that ``systemctl`` may take."""


class Scope(Enum):
    """Whose service it is."""

    USER = "user"
    SYSTEM = "system"


class Unit(Struct, frozen=True, kw_only=True):
    """One unit in one place; ``root`` is in front of the system's folders (a Debian root, or a test's)."""

    scope: Scope
    root: Path = Path("/")

    @property
    def path(self) -> Path:
        """Where systemd looks for it."""
        if self.scope is Scope.SYSTEM:
            return self.root / "etc/systemd/system" / NAME
        return _configured() / "systemd/user" / NAME

    @property
    def configuration(self) -> Path | None:
        """What the agent reads, where the unit itself says so."""
        return self.root / "etc/scrobbler/config.toml" if self.scope is Scope.SYSTEM else None

    @property
    def account(self) -> Path | None:
        """The file that makes the user in whose name it runs, where that is not ours."""
        return self.root / "etc/sysusers.d/scrobbler.conf" if self.scope is Scope.SYSTEM else None

    def text(self, command: Sequence[str]) -> str:
        """The unit that runs this command."""
        words = " ".join(map(_quoted, command))
        return _packaged(f"{self.scope.value}.service").replace(COMMAND, words)

    def write(self, command: Sequence[str]) -> list[Path]:
        """Put the unit into its place, and what belongs to it. Raises ``ScrobblerError`` where that cannot be."""
        texts = {self.path: self.text(command)}
        if self.account is not None:
            texts[self.account] = _packaged("sysusers.conf")
        for path, text in texts.items():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                raise ScrobblerError(f"{path} cannot be written: {error.strerror}{self._hint()}") from None
        return list(texts)

    def remove(self) -> list[Path]:
        """Take away what ``write`` put there; what is not there is no trouble."""
        gone = []
        for path in filter(None, (self.path, self.account)):
            try:
                path.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise ScrobblerError(f"{path} cannot be removed: {error.strerror}{self._hint()}") from None
            gone.append(path)
        return gone

    def control(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What ``systemctl`` says to this. Raises ``ScrobblerError`` where there is none, or it does not answer."""
        program = shutil.which("systemctl")
        if program is None:
            raise ScrobblerError(f"there is no systemctl here: {self.path} is of use to systemd only")
        mine = ["--user"] if self.scope is Scope.USER else []
        try:
            return subprocess.run(  # noqa: S603  # our own words
                [program, *mine, "--no-pager", *words], capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            raise ScrobblerError(f"systemctl {' '.join(words)} took more than {PATIENCE:.0f} s") from None

    def order(self, *words: str) -> None:
        """The same for what must succeed. Raises ``ScrobblerError`` with systemd's own words."""
        done = self.control(*words)
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split()) or f"exit status {done.returncode}"
            raise ScrobblerError(f"systemctl {' '.join(words)}: {said}{self._bus(said)}{self._hint()}")

    def _bus(self, said: str) -> str:
        """What to do where nobody is logged in, so that no systemd of the user's runs."""
        if self.scope is Scope.SYSTEM or "bus" not in said:
            return ""
        return (
            "; the unit is in place, but no session of yours runs here: log in (not by su or sudo), or let it run "
            "without you by `sudo loginctl enable-linger $USER` and log in anew; --no-start leaves it at the unit"
        )

    def _hint(self) -> str:
        return "; try it with sudo" if self.scope is Scope.SYSTEM and os.geteuid() else ""


def hand_over(configuration: Path) -> None:
    """Let the system service read what root wrote for itself alone. Raises ``ScrobblerError``."""
    try:
        status = configuration.stat()
        if status.st_uid == 0 and not status.st_mode & stat.S_IROTH:
            shutil.chown(configuration, "scrobbler")
        folder = configuration.parent.stat()
        if folder.st_uid == 0 and not folder.st_mode & stat.S_IXOTH:
            configuration.parent.chmod(_FOLDER)
    except (OSError, LookupError) as error:
        raise ScrobblerError(f"{configuration} cannot be given to the user scrobbler: {error}") from None


def make_user() -> None:
    """Let there be the user that the system service runs as. Raises ``ScrobblerError``."""
    program = shutil.which("systemd-sysusers")
    if program is None:
        raise ScrobblerError("there is no systemd-sysusers here: make a system user `scrobbler` by hand")
    done = subprocess.run(  # noqa: S603  # our own words
        [program, "scrobbler.conf"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode:
        raise ScrobblerError(f"systemd-sysusers: {' '.join(done.stderr.split()) or done.returncode}")


def _configured() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _packaged(name: str) -> str:
    """A file of ``packaging/systemd``: beside us in the wheel, in its own folder in the source tree."""
    beside = files(__package__).joinpath("systemd", name)
    if beside.is_file():
        return beside.read_text(encoding="utf-8")
    return Path(__file__).parents[2].joinpath("packaging", "systemd", name).read_text(encoding="utf-8")


def _quoted(word: str) -> str:
    """A word of a command line as systemd reads it: % and $ mean something to it."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if any(sign.isspace() or sign in "\"'\\" for sign in word) else plain
