"""kill -9 while tokens are renewed: what is on the disk is used, and what was lost ends in one request to sign in.

Run as a program, this file is a process that makes a call and is killed on the way: ``URL STATE NOW MOMENT``.
"""

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

import pytest

from scrobbler.trakt.app import App
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile, Tokens

if __name__ != "__main__":
    from conftest import Clock
    from double import Double
    from test_agent import House, living

    from scrobbler.events import Kind
    from scrobbler.machine.scrobble import Action
    from scrobbler.sandbox import FaultKind
    from scrobbler.state.snapshot import look

pytestmark = [pytest.mark.anyio, pytest.mark.crash]

WEEK = timedelta(days=8).total_seconds()
"""Seconds after which a sign-in's first tokens have ended."""
RENEWAL = "POST /oauth/token"
LOST = (
    "Trakt does not renew the sign-in any more (it was ended there, or the answer to an earlier renewal was lost): "
    "run `scrobbler login`; what is watched meanwhile is kept"
)


class Moment(Enum):
    """When the blow falls, seen from the commit of new tokens."""

    BEFORE = "the answer is here"
    AMID = "they are in a file, but not yet in their place"
    AFTER = "they are committed, but not yet used"


class Doomed(TokenFile):
    """A token file whose process is killed over it."""

    moment = Moment.AFTER

    def write(self, tokens: Tokens) -> None:
        if self.moment is Moment.BEFORE:
            die()
        if self.moment is Moment.AMID:
            Path.replace = lambda *_: die()  # type: ignore[method-assign, assignment]  # never returns
        super().write(tokens)
        die()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed(double: "Double", folder: Path, now: datetime, moment: Moment) -> None:
    """A process whose tokens have ended makes a call, and is killed."""
    done = subprocess.run(
        [sys.executable, __file__, double.url, str(folder), now.isoformat(), moment.value],
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    assert double.calls()[-1] == f"{RENEWAL} 200"


@pytest.fixture(autouse=True)
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


async def test_a_kill_after_the_commit_of_new_tokens_loses_no_sign_in(
    tmp_path: Path, clock: "Clock", double: "Double"
) -> None:
    async with living(tmp_path, clock, double) as house:
        clock.advance(WEEK)
        killed(double, tmp_path, clock(), Moment.AFTER)
        house.does(Kind.PLAY, 0)
        house.does(Kind.STOP, 95, after=95)
        await house.sees(lambda: len(double.history()) == 1)
        assert house.outlet.trouble is None
        assert not [call for call in double.calls() if call.startswith(RENEWAL)]


async def asks_once_and_delivers_after_a_sign_in(house: "House", caplog: pytest.LogCaptureFixture) -> None:
    """A film is watched while there is no sign-in any more; nothing of it is lost."""
    double, folder = house.double, house.folder
    house.does(Kind.PLAY, 0)
    await house.sees(lambda: house.outlet.trouble is not None)
    house.does(Kind.STOP, 95, after=95)
    await house.sees(lambda: bool(look(folder).waiting) and look(folder).waiting[-1].scrobble.action is Action.STOP)
    assert house.outlet.trouble == LOST
    assert [record.getMessage() for record in caplog.records if "scrobbler login" in record.getMessage()] == [
        f"account default: {LOST}"
    ]
    assert [call for call in double.calls() if call.startswith(RENEWAL)] == [f"{RENEWAL} 400"]
    assert TokenFile(folder, "default").refusal() == LOST.partition(": run")[0]
    assert double.history() == []
    double.tokens(folder)
    await house.sees(lambda: len(double.history()) == 1)
    await house.sees(lambda: house.outlet.trouble is None)
    assert TokenFile(folder, "default").refusal() is None


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AMID])
async def test_a_kill_between_the_answer_and_the_commit_ends_in_one_request_to_sign_in(
    tmp_path: Path, clock: "Clock", double: "Double", moment: Moment, caplog: pytest.LogCaptureFixture
) -> None:
    async with living(tmp_path, clock, double) as house:
        clock.advance(WEEK)
        before = TokenFile(tmp_path, "default").path.read_bytes()
        killed(double, tmp_path, clock(), moment)
        assert TokenFile(tmp_path, "default").path.read_bytes() == before
        await asks_once_and_delivers_after_a_sign_in(house, caplog)


async def test_a_renewal_whose_answer_was_lost_ends_in_one_request_to_sign_in(
    tmp_path: Path, clock: "Clock", double: "Double", caplog: pytest.LogCaptureFixture
) -> None:
    async with living(tmp_path, clock, double) as house:
        clock.advance(WEEK)
        double.fault(FaultKind.DROP_AFTER, path="/oauth/token")
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: bool(look(tmp_path).waiting) and look(tmp_path).waiting[0].attempts == 1)
        await house.sees(lambda: double.calls() == [f"{RENEWAL} dropped"])
        assert house.outlet.trouble is None
        clock.advance(10)
        await asks_once_and_delivers_after_a_sign_in(house, caplog)


if __name__ == "__main__":
    url, state, at, moment = sys.argv[1:]
    file = Doomed(Path(state), "default")
    file.moment = Moment(moment)
    app = App(client_id="sandbox", client_secret="sandbox-secret", api_url=url, auth_url=url)
    Trakt(app, file, now=lambda: datetime.fromisoformat(at)).settings()
