"""Where this agent's server is found: by this machine, by a server in the house, and by one that is somewhere else."""

import ipaddress
import socket
from typing import Final
from urllib.parse import quote, urlsplit

from scrobbler.settings.tables import Server

_ELSEWHERE: Final = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses of documentation (RFC 5737, RFC 3849): to connect a datagram socket to one sends nothing."""


def outside(server: Server) -> str:
    """The address that a server enters, without a slash at its end: the public one, else this machine's as it listens.

    ``0.0.0.0`` and ``[::]`` are all of this machine's addresses, of which the one that leads out is taken.
    """
    if server.public_url is not None:
        return server.public_url.rstrip("/")
    host, port = server.address()
    if _is_any(host):
        host = _own_address() or "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def inside(server: Server) -> str:
    """The address by which a program on this machine reaches it without anything in between."""
    host, port = server.address()
    if _is_any(host):
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def hook(base: str, player: str) -> str:
    """Where a player's server posts, without the secret."""
    return f"{base}/hooks/{quote(player, safe='')}"


def with_secret(url: str, secret: str) -> str:
    """The address that opens. Plex leaves out what it logs of a parameter of this name."""
    return f"{url}?token={quote(secret, safe='')}"


def is_here_only(url: str) -> bool:
    """Whether only a program on this machine can use it."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _own_address() -> str | None:
    for address, family in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 9))
                return str(probe.getsockname()[0])
        except OSError:
            continue
    return None
