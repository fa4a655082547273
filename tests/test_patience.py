"""A disk that takes nothing is asked again, and nothing is thrown away."""

import pytest

from scrobbler.errors import StateError
from scrobbler.state.patience import patiently

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.state.patience.RETRY_SECONDS", 0.0)


async def test_the_store_is_asked_until_it_answers(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[StateError | int] = [StateError("disk full"), StateError("disk full"), 7]

    async def ask() -> int:
        answer = answers.pop(0)
        if isinstance(answer, StateError):
            raise answer
        return answer

    assert await patiently(ask) == 7
    assert answers == []
    assert [record.message for record in caplog.records] == ["disk full; trying again every 0 s"] * 2


async def test_another_mistake_is_not_asked_again() -> None:
    async def act() -> None:
        raise OSError("no socket")

    with pytest.raises(OSError, match="no socket"):
        await patiently(act)
