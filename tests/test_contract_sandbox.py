"""The sandbox keeps to ``spec/trakt/openapi.yaml`` whatever it is sent: schemathesis finds nothing."""

from typing import Any, Final

import pytest
import schemathesis
from contract import contract
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi import checks
from starlette.types import Receive, Scope, Send

from scrobbler.sandbox import Sandbox
from scrobbler.trakt.transport import USER_AGENT


class Stage:
    """An app for schemathesis to keep, on which each test puts its own sandbox."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.sandbox.app(scope, receive, send)


STAGE: Final = Stage()
SCHEMA: Final = schemathesis.openapi.from_dict(dict(contract().document))
SCHEMA.app = STAGE
SCHEMA.location = "/openapi.yaml"

NOT_TRAKTS: Final = [
    checks.negative_data_rejection,  # it takes keys and parameters that it does not know
    checks.missing_required_header,  # it answers 412, which schemathesis does not count as a refusal
    checks.unsupported_method,  # it answers 404
    checks.positive_data_acceptance,  # it answers 400 to a well-formed date that no calendar has
]
"""What schemathesis asks of every service, and Trakt does not do; the sandbox is like Trakt."""


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox that takes requests as fast as they come."""
    sandbox = Sandbox()
    sandbox.rules.write_gap = 0.0
    sandbox.rules.reads = 1_000_000
    STAGE.sandbox = sandbox
    return sandbox


@pytest.fixture
def headers(sandbox: Sandbox) -> dict[str, str]:
    """What someone says whom the sandbox knows."""
    token = sandbox.sign_in()["access_token"]
    known = {"User-Agent": USER_AGENT, "trakt-api-key": "sandbox", "trakt-api-version": "2"}
    return known | {"Authorization": f"Bearer {token}"}


@SCHEMA.parametrize()
@settings(max_examples=10, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
def test_nothing_makes_the_sandbox_answer_what_is_not_described(case: Any, headers: dict[str, str]) -> None:
    """Each request comes from a stranger and again from someone who is known, about things that are known."""
    sent = {"base_url": "http://127.0.0.1:9", "excluded_checks": NOT_TRAKTS}
    case.call_and_validate(**sent)
    if isinstance(case.body, dict) and "client_id" in case.body:
        case.body |= {"client_id": "sandbox", "client_secret": "sandbox-secret"}
    if case.path_parameters.get("id") and case.path.startswith(("/movies", "/shows")):
        case.path_parameters["id"] = "tt0113277" if case.path.startswith("/movies") else "the-office"
    case.call_and_validate(**sent, headers=headers)
