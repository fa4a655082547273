"""Where the tokens of one account are kept, so that several processes can use and renew them."""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from scrobbler import file
from scrobbler.errors import ConfigError, StateError, Unauthorized
from scrobbler.machine.session import DEFAULT_ACCOUNT

Instant = Annotated[datetime, Meta(tz=True)]
USABLE: Final = r"^[!-~]+\Z"
"""What a header can carry; anything else would end in an error that quotes it."""
Secret = Annotated[str, Meta(pattern=USABLE)]

SHARE_LEFT: Final = 0.2
"""A token is renewed once less than this share of its life is left..."""
LEAST_LEFT: Final = timedelta(minutes=10)
"""...or less than this."""

_ACCOUNT: Final = re.compile(r"\w[\w .@+-]{0,63}")


class Tokens(Struct, frozen=True, kw_only=True):
    """What a sign-in gave us. The refresh token works once; the reply that spends it carries the next."""

    access_token: Secret
    refresh_token: Secret
    created_at: Instant
    expires_at: Instant
    scope: str = "public"

    def __repr__(self) -> str:
        return f"Tokens(created_at={self.created_at}, expires_at={self.expires_at}, scope={self.scope!r})"

    def stale(self, now: datetime) -> bool:
        """Whether it is time for new ones, though these may still be accepted."""
        margin = max(LEAST_LEFT, (self.expires_at - self.created_at) * SHARE_LEFT)
        return self.expires_at - now < margin

    def expired(self, now: datetime) -> bool:
        """Whether Trakt will refuse the access token."""
        return self.expires_at <= now


class Refused(Unauthorized):
    """Trakt does not take these tokens any more, or there are none: somebody has to sign in."""

    def __init__(self, text: str, *, tokens: Tokens | None) -> None:
        super().__init__(text)
        self.tokens = tokens


class _Mark(Struct, frozen=True, kw_only=True):
    """Why tokens were refused, and which: a digest of theirs, so that it says nothing about any others."""

    digest: str
    reason: str


class TokenFile:
    """The tokens of one account: a file that only its owner can read, always whole, never half written."""

    def __init__(self, state: Path, account: str) -> None:
        """Touches nothing yet. Raises ``ConfigError`` for a name that cannot be a file's name."""
        if not _ACCOUNT.fullmatch(account):
            raise ConfigError(f"{account!r} cannot be an account's name: use letters, digits and . _ - + @")
        self.account = account
        self.path = state / "tokens" / f"{account}.json"
        self._mark = self.path.with_suffix(".refused")
        self._doubted = True  # whether there may be a mark

    @property
    def login(self) -> str:
        """The command that signs this account in, for the user to run."""
        return "scrobbler login" + ("" if self.account == DEFAULT_ACCOUNT else f" --account {self.account}")

    def read(self) -> Tokens | None:
        """The tokens, or None before the first sign-in.

        Raises ``StateError`` where the file is there and makes no sense; it is left as it is.
        """
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Tokens)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"{self.path} cannot be read: {error.strerror}") from error
        except (msgspec.DecodeError, UnicodeDecodeError):
            # The cause is cut off on purpose: it could quote what the file holds.
            text = f"{self.path} is damaged: move it away and sign in again"
            raise StateError(text) from None

    def write(self, tokens: Tokens) -> None:
        """Puts the tokens in the place of the old ones; on return they survive a loss of power."""
        self._replace(self.path, msgspec.json.encode(tokens))

    def check(self) -> None:
        """Raises ``StateError`` where the disk would not take new tokens, before the old ones are spent on them."""
        try:
            self._make_folder()
            with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=f".{self.account}.") as file:
                file.write(bytes(4096))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StateError(f"{self.path} cannot be written: {error.strerror}") from error

    def refuse(self, tokens: Tokens, reason: str) -> Refused:
        """The error to raise where Trakt does not take these tokens; noted beside the file, for all to know."""
        self._doubted = True
        try:
            self._replace(self._mark, msgspec.json.encode(_Mark(digest=_digest(tokens), reason=reason)))
        except StateError as error:
            reason = f"{reason}; {error}"
        return Refused(reason, tokens=tokens)

    def refusal(self) -> str | None:
        """Why Trakt does not take the tokens that are in the file; None where it was not seen to refuse them.

        Raises ``StateError`` as ``read`` does.
        """
        tokens = self.read()
        try:
            mark = msgspec.json.decode(self._mark.read_bytes(), type=_Mark)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None  # only a note: the next refusal makes it anew
        return mark.reason if tokens is not None and mark.digest == _digest(tokens) else None

    def accept(self) -> None:
        """Takes back what ``refuse`` noted, here or in an earlier run: Trakt takes the tokens."""
        if self._doubted:
            self._unlink(self._mark)
            self._doubted = False

    def remove(self) -> None:
        """Forgets the account's tokens; it is no error if there are none."""
        self._unlink(self.path)
        self._unlink(self._mark)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes and threads from renewing the tokens meanwhile; waits for one that does."""
        try:
            self._make_folder()
            handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(f"{self.path.parent} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)  # lets the lock go as well

    def _unlink(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"{path} cannot be removed: {error.strerror}") from error

    def _replace(self, path: Path, content: bytes) -> None:
        try:
            self._make_folder()
            file.replace(path, content)
        except OSError as error:
            raise StateError(f"{path} cannot be written: {error.strerror}") from error

    def _make_folder(self) -> None:
        for folder in (self.path.parent.parent, self.path.parent):  # a folder's mode is not that of those above it
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _digest(tokens: Tokens) -> str:
    return hashlib.sha256(tokens.refresh_token.encode()).hexdigest()
