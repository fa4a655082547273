"""Which players are installed on this machine, and which media servers answer on it."""

import http.client
import json
import os
import shutil
import socket
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from scrobbler.setup.mpvconf import FLATPAK

WITHIN_SECONDS: Final = 0.7
"""So long has a server to answer. It is on this machine."""
_LONGEST: Final = 64 * 1024

_APPS: Final = {
    "mpv": ("mpv", FLATPAK, "mpv.app"),
    "vlc": ("vlc", "org.videolan.VLC", "VLC.app"),
    "kodi": ("kodi", "tv.kodi.Kodi", "Kodi.app"),
}


class Found(Struct, frozen=True, kw_only=True):
    """A player or a server, by the name of its kind, and where it is."""

    kind: str
    name: str
    where: str


class Knock(Struct, frozen=True, kw_only=True):
    """Where a server listens as its makers ship it, and how it is known."""

    kind: str
    name: str
    port: int
    path: str
    knows: Callable[[bytes], bool]
    encrypted: bool = False


def _jellyfin(body: bytes) -> bool:
    return "jellyfin" in str(_object(body).get("ProductName", "")).lower()


def _emby(body: bytes) -> bool:
    said = _object(body)
    return "ServerName" in said and "Version" in said and not _jellyfin(body)


KNOCKS: Final = (
    Knock(kind="plex", name="Plex", port=32400, path="/identity", knows=lambda body: b"machineIdentifier" in body),
    Knock(kind="jellyfin", name="Jellyfin", port=8096, path="/System/Info/Public", knows=_jellyfin),
    Knock(kind="emby", name="Emby", port=8096, path="/System/Info/Public", knows=_emby),
    Knock(kind="emby", name="Emby", port=8920, path="/System/Info/Public", knows=_emby, encrypted=True),
    Knock(kind="tautulli", name="Tautulli", port=8181, path="/auth/login", knows=lambda body: b"Tautulli" in body),
)
KODI_PORT: Final = 9090


def look(knocks: Sequence[Knock] = KNOCKS, kodi_port: int = KODI_PORT) -> tuple[Found, ...]:
    """All that is found, each kind once: what is installed first, then what answers. Takes a second at most."""
    with ThreadPoolExecutor(len(knocks) + 1) as pool:
        answers = [pool.submit(_answers, knock) for knock in knocks]
        kodi = pool.submit(_pings, kodi_port)
        found = list(installed())
        found += [_found(knock) for knock, answer in zip(knocks, answers, strict=True) if answer.result()]
        if kodi.result():
            found.append(Found(kind="kodi", name="Kodi", where=f"answers on port {kodi_port}"))
    return tuple({one.kind: one for one in reversed(found)}.values())[::-1]


def installed() -> tuple[Found, ...]:
    """The players for which there is a program or an app, wherever such things are kept."""
    home = Path.home()
    folders = [
        home / ".var/app",
        Path("/var/lib/flatpak/app"),
        Path("/snap"),
        Path("/Applications"),
        home / "Applications",
    ]
    found = []
    for kind, (program, *apps) in _APPS.items():
        where = shutil.which(program) or next(
            (str(folder / app) for folder in folders for app in (*apps, program) if (folder / app).is_dir()), None
        )
        if where:
            found.append(Found(kind=kind, name={"mpv": "mpv", "vlc": "VLC", "kodi": "Kodi"}[kind], where=where))
    return tuple(found)


def _found(knock: Knock) -> Found:
    return Found(kind=knock.kind, name=knock.name, where=f"answers on port {knock.port}")


def _answers(knock: Knock) -> bool:
    """Whether the server that is meant answers on this machine, whatever proxies the environment names."""
    import ssl  # noqa: PLC0415  # only a look for servers needs it

    unproven = ssl.create_default_context()
    unproven.check_hostname, unproven.verify_mode = False, ssl.CERT_NONE  # its own certificate, and nothing is told it
    plain = http.client.HTTPConnection("127.0.0.1", knock.port, timeout=WITHIN_SECONDS)
    secure = http.client.HTTPSConnection("127.0.0.1", knock.port, timeout=WITHIN_SECONDS, context=unproven)
    with closing(secure if knock.encrypted else plain) as connection:
        try:
            connection.request("GET", knock.path, headers={"Accept": "*/*"})
            return knock.knows(connection.getresponse().read(_LONGEST))
        except (OSError, http.client.HTTPException):
            return False


def _pings(port: int) -> bool:
    """Whether a Kodi answers, which speaks JSON-RPC over a plain socket."""
    asked = json.dumps({"jsonrpc": "2.0", "method": "JSONRPC.Ping", "id": 1}).encode()
    try:
        with socket.create_connection(("127.0.0.1", port), WITHIN_SECONDS) as connection:
            connection.sendall(asked)
            return b"pong" in connection.recv(_LONGEST)
    except OSError:
        return False


def _object(body: bytes) -> dict[str, object]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def runtime() -> Path:
    """The user's runtime folder, in which sockets are."""
    import platformdirs  # noqa: PLC0415  # not needed where nothing is looked for

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that there is none is for the caller to say
        return Path(os.environ.get("XDG_RUNTIME_DIR") or platformdirs.user_runtime_path())
