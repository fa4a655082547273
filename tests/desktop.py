"""A desktop session of its own: a real message bus, and on it a daemon that keeps the notifications that it is sent."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from jeepney import MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

NAME: Final = "org.freedesktop.Notifications"


class Desktop:
    """What was shown: title, text, and urgency (1 is normal, 2 stays on the screen)."""

    def __init__(self, address: str, capabilities: list[str]) -> None:
        self.shown: list[tuple[str, str, int]] = []
        self._capabilities = capabilities
        self._bus: DBusConnection = open_dbus_connection(bus=address)
        self._bus.send_and_get_reply(message_bus.RequestName(NAME))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._bus.sock.shutdown(2)
        self._thread.join()
        self._bus.close()

    def _serve(self) -> None:
        while True:
            try:
                asked = self._bus.receive()
            except OSError:
                return
            if asked.header.message_type is MessageType.method_call:
                self._bus.send(self._answer(asked))

    def _answer(self, asked: Any) -> Any:
        method = asked.header.fields[3]
        if method == "GetCapabilities":
            return new_method_return(asked, "as", (self._capabilities,))
        if method == "Notify":
            _, _, _, title, text, _, hints, _ = asked.body
            self.shown.append((title, text, hints["urgency"][1]))
            return new_method_return(asked, "u", (len(self.shown),))
        return new_error(asked, "org.freedesktop.DBus.Error.UnknownMethod")


@contextmanager
def session() -> Iterator[str]:
    """The address of a bus on which nobody is yet."""
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8") as bus:
        assert bus.stdout is not None
        try:
            yield bus.stdout.readline().strip()
        finally:
            bus.terminate()


@contextmanager
def desktop(address: str, *capabilities: str) -> Iterator[Desktop]:
    """Somebody who shows notifications meanwhile."""
    shows = Desktop(address, list(capabilities))
    try:
        yield shows
    finally:
        shows.close()
