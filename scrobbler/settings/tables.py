"""The tables of the configuration, their keys, and what is allowed in each."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct, field

from scrobbler.machine.session import DEFAULT_ACCOUNT
from scrobbler.notices.kind import NEEDED, WORDS
from scrobbler.settings.secrets import SHORTEST

HttpUrl = Annotated[
    str, Meta(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$", description='an address such as "https://api.trakt.tv"')
]
_PORT: Final = r"([1-5]?\d{1,4}|6([0-4]\d{3}|5([0-4]\d\d|5([0-2]\d|3[0-5]))))"
HostPort = Annotated[
    str,
    Meta(
        pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^:\s\[\]]+):" + _PORT + "$", description='HOST:PORT, such as "127.0.0.1:8722"'
    ),
]
HostName = Annotated[str, Meta(pattern=r"^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]
HookSecret = Annotated[str, Meta(min_length=SHORTEST, description=f"a text of {SHORTEST} signs or more")]
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
Address = Annotated[str, Meta(pattern=r"^(desktop|[A-Za-z][A-Za-z0-9+.-]*://\S.*)$")]
Told = Annotated[str, Meta(pattern=f"^({'|'.join(WORDS)})$")]
NAME_WORDS: Final = "letters, digits, dots, dashes and underlines, 64 at most"
Days = Annotated[int, Meta(ge=1, le=36500, description="a number of days from 1 to 36500")]
AccountName = Annotated[str, Meta(pattern=NAME, description=NAME_WORDS)]
Users = Annotated[dict[str, str], Meta(description='a table such as { "Marta K." = "marta" }')]


class Trakt(Struct, frozen=True, kw_only=True):
    """``[trakt]``: the service, and the app in whose name we talk to it."""

    api_url: HttpUrl = "https://api.trakt.tv"
    auth_url: HttpUrl = "https://auth.trakt.tv"
    client_id: str | None = None
    client_secret: str | None = None
    client_id_file: str | None = None
    client_secret_file: str | None = None

    def __repr__(self) -> str:  # the secret must not reach a log through a repr
        return f"Trakt(api_url={self.api_url!r}, auth_url={self.auth_url!r}, ...)"


class Account(Struct, frozen=True, kw_only=True):
    """``[accounts.NAME]``: one Trakt account. It has no key of its own yet; its name is enough."""


class Scrobbling(Struct, frozen=True, kw_only=True):
    """``[scrobble]``: what the user takes for watched; it holds for all players."""

    threshold: Annotated[float, Meta(ge=80, le=100, description="a percent from 80 to 100")] = 80.0
    really_watched: Annotated[float, Meta(ge=0, le=100, description="a percent from 0 to 100")] = 0.0
    at_threshold: bool = False


class Server(Struct, frozen=True, kw_only=True):
    """``[server]``: where webhooks come in and pages are seen."""

    listen: HostPort = "127.0.0.1:8722"
    password: Annotated[str, Meta(min_length=8, description="a text of 8 signs or more")] | None = None
    public_url: HttpUrl | None = None
    hosts: (
        Annotated[tuple[HostName, ...], Meta(description='a list of names such as "scrobbler.lan" or "*.home.example"')]
        | None
    ) = None

    def __repr__(self) -> str:  # the password must not reach a log through a repr
        return f"Server(listen={self.listen!r}, ...)"

    def address(self) -> tuple[str, int]:
        """Host and port, as a socket wants them."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class Notify(Struct, frozen=True, kw_only=True):
    """``[notify]``: where it is said that something needs the user, and what else is."""

    targets: (
        Annotated[
            tuple[Address, ...],
            Meta(description='a list of addresses such as "ntfy://ntfy.sh/my-topic", or "desktop"'),
        ]
        | None
    ) = None
    say: Annotated[tuple[Told, ...], Meta(description=f"a list of words out of: {', '.join(WORDS)}")] = (NEEDED,)
    silent_after_days: Annotated[int, Meta(ge=0, le=3650, description="a number of days from 0 (never) to 3650")] = 14

    def __repr__(self) -> str:  # an address may hold a secret, and must not reach a log through a repr
        return "Notify(...)"


class State(Struct, frozen=True, kw_only=True):
    """``[state]``: the folder that holds what must not be lost."""

    dir: str | None = None
    keep_days: Days = 365


class PlayerKeys(Struct, frozen=True, kw_only=True):
    """The keys of a player that are the program's own and not its adapter's."""

    kind: str | None = None
    account: AccountName = DEFAULT_ACCOUNT
    secret: HookSecret | None = None
    secret_file: str | None = None
    users: Users | None = None
    filter: dict[str, Any] = field(default_factory=dict)


class Sections(Struct, frozen=True, kw_only=True):
    """The tables that a file may have. What is in them is read table by table, for the sake of the line numbers."""

    trakt: dict[str, Any] = field(default_factory=dict)
    accounts: dict[str, Any] = field(default_factory=dict)
    players: dict[str, Any] = field(default_factory=dict)
    scrobble: dict[str, Any] = field(default_factory=dict)
    filter: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] | None = None
    notify: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    rules: Any = None
