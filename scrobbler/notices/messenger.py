"""The child process that tells targets something: it alone loads Apprise (36 MiB, 0.3 s), and is gone once it is said.

It reads ``{"targets": […], "seconds": …, "notice": {"title": …, "text": …, "urgent": …} | null}`` on standard input, so
that no address is on a command line for others to see. For each target it writes one line as soon as it knows,
``{"target": 0, "how": "took" | "failed" | "wrong", "why": …}``. Without a notice it only looks whether the addresses
make sense. What a library says of a failure may quote the address, so ``why`` is in our own words. It is run by its
file's name and needs nothing of ours.
"""

import json
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from html import escape
from typing import Any, Final

TOOK: Final = ("took", "")
THREADS: Final = 8
REPLY_SECONDS: Final = 5.0
"""So long may the desktop take for an answer."""


def main() -> None:
    """Tells them all at once. The system ends it when its time is up, whatever a target does."""
    question = json.loads(sys.stdin.buffer.read())
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    signal.setitimer(signal.ITIMER_REAL, question["seconds"])
    with ThreadPoolExecutor(THREADS) as threads:
        told = {threads.submit(_tell, target, question["notice"]): n for n, target in enumerate(question["targets"])}
        for each in as_completed(told):
            how, why = each.result()
            answers.write(json.dumps({"target": told[each], "how": how, "why": why}) + "\n")
            answers.flush()


def _tell(target: str, notice: dict[str, Any] | None) -> tuple[str, str]:
    if target == "desktop":
        return _show(notice) if notice else TOOK
    return _send(target, notice)


def _send(address: str, notice: dict[str, Any] | None) -> tuple[str, str]:
    """One of the many services that Apprise knows."""
    from apprise import Apprise, AppriseAsset, NotifyType  # noqa: PLC0415  # the desktop alone does not need it

    asset = AppriseAsset(app_id="scrobbler", storage_mode="memory")
    service = Apprise.instantiate(address, asset=asset)
    if service is None:
        return "wrong", ""
    if notice is None:
        return TOOK
    kind = NotifyType.WARNING if notice["urgent"] else NotifyType.INFO
    messages = Apprise(service, asset=asset)
    result = messages.notify(title=notice["title"], body=notice["text"], notify_type=kind)
    if result:
        return TOOK
    said = " ".join(log.message for one in result.results for attempt in one.attempts for log in attempt.logs)
    status = re.search(r"\berror=(\d{3})\b", said)
    if status is not None:
        return "failed", f"answered with HTTP status {status[1]}"
    reached = "onnection error" not in said
    return "failed", "did not take it" if reached else "could not be reached, or did not answer"


def _show(notice: dict[str, Any]) -> tuple[str, str]:
    """The desktop's own notifications (specifications.freedesktop.org/notification-spec)."""
    from jeepney import DBusAddress, DBusErrorResponse, new_method_call  # noqa: PLC0415  # not every target needs it
    from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415
    from jeepney.wrappers import unwrap_msg  # noqa: PLC0415

    at = DBusAddress("/org/freedesktop/Notifications", "org.freedesktop.Notifications", "org.freedesktop.Notifications")
    hints = {"urgency": ("y", 2 if notice["urgent"] else 1), "desktop-entry": ("s", "scrobbler")}
    try:
        with open_dbus_connection(bus="SESSION") as bus:
            asked = bus.send_and_get_reply(new_method_call(at, "GetCapabilities"), timeout=REPLY_SECONDS)
            text = escape(notice["text"], quote=False) if "body-markup" in unwrap_msg(asked)[0] else notice["text"]
            words: tuple[Any, ...] = ("scrobbler", 0, "", notice["title"], text, [], hints, -1)
            call = new_method_call(at, "Notify", "susssasa{sv}i", words)
            unwrap_msg(bus.send_and_get_reply(call, timeout=REPLY_SECONDS))
    except DBusErrorResponse:
        return "failed", "nothing shows notifications in this session"
    except TimeoutError:
        return "failed", "did not answer"
    except (OSError, KeyError, ValueError):
        return "failed", "there is no session bus (DBUS_SESSION_BUS_ADDRESS)"
    return TOOK


if __name__ == "__main__":
    main()
