"""Where Kodi listens."""

from typing import Annotated

from msgspec import Meta

from scrobbler.adapters import Options

Host = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_.:%-]{1,253}$", description='a name or an address such as "192.0.2.7"')
]
Port = Annotated[int, Meta(ge=1, le=65535, description="a number from 1 to 65535")]


class KodiOptions(Options, frozen=True, kw_only=True):
    """The keys of ``[players.NAME]`` for Kodi: its address, and the port of its JSON-RPC over TCP."""

    host: Host = "127.0.0.1"
    port: Port = 9090
