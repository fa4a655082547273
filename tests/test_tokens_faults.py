"""What a failing Trakt does to a sign-in: nothing, until it says itself that it is over, and then in one clear word."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from conftest import EPOCH, Clock
from double import Double
from msgspec.structs import replace
from test_delivery import Desk

from scrobbler.errors import Closed, StateError, Unauthorized
from scrobbler.machine.scrobble import Action
from scrobbler.sandbox import FaultKind
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import Refused, TokenFile, Tokens

RENEWAL = "POST /oauth/token"
DAY = timedelta(days=1)
STEP = timedelta(minutes=20)
STALE = timedelta(days=6)
"""When the first tokens of a sign-in have little life left."""
ENDED = timedelta(days=8)
"""When they have none."""


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, double: Double) -> Iterator[Desk]:
    with closing(Desk(tmp_path, clock, double)) as desk:
        yield desk


@pytest.fixture(autouse=True)
def on_purpose(breaches: list[str]) -> Iterator[None]:
    """The answers here are wrong on purpose; what is asked must be right all the same."""
    yield
    breaches[:] = [wrong for wrong in breaches if not wrong.startswith("answer ")]


def file(desk: Desk) -> TokenFile:
    return TokenFile(desk.folder, "default")


def ages(desk: Desk, age: timedelta) -> None:
    """The sign-in gets older."""
    desk.clock.advance(age.total_seconds())


def renewals(desk: Desk) -> list[str]:
    return [call for call in desk.double.calls() if call.startswith(RENEWAL)]


# A day on which nothing works


def answering(kind: FaultKind, **more: Any) -> Callable[[Desk, str], None]:
    return lambda desk, path: desk.double.fault(kind, path=path, times=None, **more)


def silent(desk: Desk, path: str) -> None:
    """Requests arrive, are not done, and are not answered in time."""
    desk.double.fault(FaultKind.DROP_BEFORE, path=path, times=None, delay_s=0.05)


def shut(desk: Desk, path: str) -> None:
    """Nobody listens where the requests go."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    app = desk.double.app
    desk.trakt._app = replace(app, auth_url=nowhere, api_url=app.api_url if path.startswith("/oauth") else nowhere)


OUTAGES: dict[str, Callable[[Desk, str], None]] = {
    "503": answering(FaultKind.STATUS, status=503),
    "500": answering(FaultKind.STATUS, status=500),
    "blocked by the edge": answering(FaultKind.CLOUDFLARE_403),
    "slowed down by the edge": answering(FaultKind.CLOUDFLARE_1015),
    "429": answering(FaultKind.BARE_429),
    "429 with a time": answering(FaultKind.STATUS, status=429, headers={"Retry-After": "60"}),
    "a hotel's page": answering(FaultKind.STATUS, status=200, body="<html>Welcome!</html>"),
    "no tokens in the answer": answering(FaultKind.STATUS, status=200, body={"scope": "public"}),
    "time-outs": silent,
    "refused connections": shut,
}
CALLS_TOO = {name: outage for name, outage in OUTAGES.items() if not name.startswith("no tokens")}


def suffer(desk: Desk) -> None:
    """A whole day of attempts, each when it is due, by a client that has no patience."""
    until = desk.clock() + DAY
    with pytest.MonkeyPatch.context() as haste:
        haste.setattr("scrobbler.trakt.transport.TIMEOUT", httpx.Timeout(10.0, read=0.02))
        while desk.clock() < until:
            ages(desk, STEP)
            desk.deliver()
    desk.trakt.close()


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_a_day_on_which_tokens_cannot_be_renewed_keeps_them_and_every_watch(
    desk: Desk, outage: Callable[[Desk, str], None]
) -> None:
    ages(desk, ENDED)
    before = file(desk).path.read_bytes()
    outage(desk, "/oauth/token")
    desk.say(Action.STOP, 96)
    watched_at = desk.clock()
    desk.double.calls()
    suffer(desk)
    assert all(call.startswith(RENEWAL) for call in desk.double.calls())
    assert file(desk).path.read_bytes() == before
    assert file(desk).refusal() is None
    assert [entry.scrobble.action for entry in desk.state().waiting] == [Action.STOP]
    assert desk.state().aside == ()
    relief(desk)
    assert desk.double.history() == [("Heat", watched_at)]
    assert [call for call in renewals(desk) if not call.endswith("dropped")] == [f"{RENEWAL} 200"]


def relief(desk: Desk) -> None:
    """Everything works again."""
    desk.double.sandbox.faults.clear()
    desk.trakt._app = desk.double.app
    desk.deliver_all()


@pytest.mark.parametrize("outage", CALLS_TOO.values(), ids=CALLS_TOO.keys())
def test_a_day_on_which_nothing_works_keeps_tokens_that_are_good_and_every_watch(
    desk: Desk, outage: Callable[[Desk, str], None]
) -> None:
    before = file(desk).path.read_bytes()
    outage(desk, "*")
    desk.say(Action.STOP, 96)
    suffer(desk)
    assert renewals(desk) == []
    assert file(desk).path.read_bytes() == before
    assert desk.state().aside == ()
    relief(desk)
    assert desk.double.history() == [("Heat", EPOCH)]


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_tokens_that_are_good_for_a_while_deliver_although_they_cannot_be_renewed(
    desk: Desk, outage: Callable[[Desk, str], None]
) -> None:
    ages(desk, STALE)
    before = file(desk).path.read_bytes()
    outage(desk, "/oauth/token")
    desk.say(Action.STOP, 96)
    desk.deliver()
    assert len(desk.double.history()) == 1
    assert file(desk).path.read_bytes() == before


# The end of a sign-in

ENDED_THERE = "it was ended there, or the answer to an earlier renewal was lost"
NO_REASON = "no reason given; sign-ins from before they moved to {host} end so"
GRANT = {"error": "invalid_grant", "error_description": "The refresh token is invalid, expired or revoked."}
OLD_FORM = {"error": "invalid_request", "error_description": "Missing required parameter: grant_type."}

REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "as it is described": ({"reply": {"status": 400, "body": GRANT}}, ENDED_THERE),
    "as it once was": ({"kind": FaultKind.REFRESH_401}, ENDED_THERE),
    "of the old host": ({"reply": {"status": 400}}, NO_REASON),
    "of the old host, with 401": ({"reply": {"status": 401}}, NO_REASON),
    "of years ago": ({"reply": {"status": 400, "body": OLD_FORM}}, NO_REASON),
    "a page": ({"reply": {"status": 400, "body": "<html>Bad request</html>"}}, NO_REASON),
}


@pytest.mark.parametrize(("refusal", "why"), REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.parametrize("age", [STALE, ENDED], ids=["early", "late"])
def test_a_refused_renewal_is_one_request_to_sign_in_with_the_reason(
    desk: Desk, age: timedelta, refusal: dict[str, Any], why: str
) -> None:
    ages(desk, age)
    before = file(desk).path.read_bytes()
    desk.double.fault(refusal.get("kind", FaultKind.STATUS), path="/oauth/token", **refusal.get("reply", {}))
    desk.say(Action.STOP, 96)
    with pytest.raises(Refused) as caught:
        desk.deliver()
    words = f"Trakt does not renew the sign-in any more ({why.format(host=desk.double.url.removeprefix('http://'))})"
    assert str(caught.value) == words
    assert caught.value.tokens == file(desk).read()
    assert file(desk).path.read_bytes() == before
    assert file(desk).refusal() == words
    assert len(desk.state().waiting) == 1
    assert len(renewals(desk)) == 1
    desk.double.tokens(desk.folder)
    assert file(desk).refusal() is None
    desk.deliver_all()
    assert len(desk.double.history()) == 1


def test_an_account_that_ended_the_sign_in_at_trakt_is_told_so(desk: Desk) -> None:
    tokens = file(desk).read()
    assert tokens is not None
    desk.double.sandbox.world.tokens.revoke(tokens.access_token, "sandbox")
    desk.say(Action.STOP, 96)
    with pytest.raises(Unauthorized, match="was ended there"):
        desk.deliver()
    first, *rest = desk.double.calls(lookups=True)  # a lookup comes before the watch, and meets the refusal as well
    assert first.endswith(" 401")
    assert rest == [f"{RENEWAL} 400"]
    assert file(desk).refusal() is not None
    assert len(desk.state().waiting) == 1


def test_tokens_that_are_renewed_and_refused_again_are_not_renewed_for_ever(desk: Desk) -> None:
    desk.double.fault(FaultKind.STATUS, status=401, path="/scrobble/stop", times=None)
    desk.say(Action.STOP, 96)
    with pytest.raises(Refused, match="does not accept the sign-in any more") as caught:
        desk.deliver()
    assert desk.double.calls() == ["POST /scrobble/stop 401", f"{RENEWAL} 200", "POST /scrobble/stop 401"]
    assert caught.value.tokens == file(desk).read()


@pytest.mark.parametrize("status", [301, 404, 405, 410, 422])
def test_an_address_that_renews_nothing_costs_neither_the_tokens_nor_a_watch(desk: Desk, status: int) -> None:
    ages(desk, ENDED)
    before = file(desk).path.read_bytes()
    desk.double.fault(FaultKind.STATUS, status=status, path="/oauth/token")
    desk.say(Action.STOP, 96)
    with pytest.raises(Closed, match=rf"does not renew sign-ins \(status {status}\): check trakt.auth_url"):
        desk.deliver()
    assert file(desk).path.read_bytes() == before
    desk.deliver_all()
    assert len(desk.double.history()) == 1


@pytest.mark.parametrize("word", ["invalid_client", "unauthorized_client"])
def test_an_app_that_is_refused_is_no_sign_in_that_ended(desk: Desk, word: str) -> None:
    ages(desk, ENDED)
    desk.double.fault(FaultKind.STATUS, status=400, body={"error": word}, path="/oauth/token")
    desk.say(Action.STOP, 96)
    with pytest.raises(Closed, match=f"does not accept this app \\({word}\\)"):
        desk.deliver()
    assert file(desk).refusal() is None


# The note of a refusal


def test_a_note_says_nothing_about_other_tokens(desk: Desk) -> None:
    tokens = file(desk).read()
    assert tokens is not None
    file(desk).refuse(replace(tokens, refresh_token="other"), "no more")
    assert file(desk).refusal() is None
    file(desk).refuse(tokens, "no more")
    assert file(desk).refusal() == "no more"
    for secret in (tokens.access_token, tokens.refresh_token):
        assert secret not in (desk.folder / "tokens" / "default.refused").read_text()
    assert (desk.folder / "tokens" / "default.refused").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_a_note_that_makes_no_sense_is_none(desk: Desk, content: bytes) -> None:
    (desk.folder / "tokens" / "default.refused").write_bytes(content)
    assert file(desk).refusal() is None


def test_a_call_that_is_taken_takes_the_note_back(desk: Desk) -> None:
    tokens = file(desk).read()
    assert tokens is not None
    file(desk).refuse(tokens, "no more")
    with closing(Trakt(desk.double.app, file(desk), now=desk.clock)) as trakt:
        trakt.settings()
    assert not (desk.folder / "tokens" / "default.refused").exists()


def test_a_sign_out_leaves_nothing(desk: Desk) -> None:
    tokens = file(desk).read()
    assert tokens is not None
    file(desk).refuse(tokens, "no more")
    file(desk).remove()
    assert list((desk.folder / "tokens").iterdir()) == []


# What cannot be kept, or used


def full(*_: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_found_before_the_old_tokens_are_spent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ages(desk, ENDED)
    before = file(desk).path.read_bytes()
    with monkeypatch.context() as disk:
        disk.setattr("scrobbler.trakt.tokens.os.fsync", full)
        with pytest.raises(StateError, match=r"default\.json cannot be written: No space left"):
            desk.trakt.settings()
    assert desk.double.calls() == []
    assert file(desk).path.read_bytes() == before
    assert [path.name for path in (desk.folder / "tokens").iterdir() if path.name.startswith(".")] == []
    assert desk.trakt.settings().username == "default"


def test_a_refusal_that_cannot_be_noted_is_told_all_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = file(desk).read()
    assert tokens is not None
    with monkeypatch.context() as disk:
        disk.setattr("scrobbler.trakt.tokens.os.fsync", full)
        error = file(desk).refuse(tokens, "no more")
    assert str(error).startswith("no more; ")
    assert "cannot be written" in str(error)


@pytest.mark.parametrize("token", ["two\nlines", "caf\u00e9", "with a space", ""])
def test_a_token_that_no_header_can_carry_is_damage_and_is_not_quoted(desk: Desk, token: str) -> None:
    tokens = file(desk).read()
    assert tokens is not None
    file(desk).write(replace(tokens, access_token=token))
    with pytest.raises(Unauthorized, match="is damaged") as caught:
        desk.trakt.settings()
    assert not token or token not in str(caught.value)
    assert desk.double.calls() == []


@pytest.mark.parametrize("field", ["access_token", "refresh_token"])
def test_an_answer_whose_tokens_cannot_be_used_does_not_replace_those_that_can(desk: Desk, field: str) -> None:
    ages(desk, STALE)
    before = file(desk).path.read_bytes()
    grant = {"access_token": "a", "refresh_token": "r", "expires_in": 604800, field: "caf\u00e9"}
    desk.double.fault(FaultKind.STATUS, status=200, body=grant, path="/oauth/token")
    assert desk.trakt.settings().username == "default"
    assert file(desk).path.read_bytes() == before


def test_tokens_never_show() -> None:
    tokens = Tokens(access_token="hush", refresh_token="hush", created_at=EPOCH, expires_at=EPOCH)
    assert "hush" not in f"{tokens!r} {Refused('no more', tokens=tokens)!r}"
