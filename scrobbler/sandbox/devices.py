"""Devices that wait for their user: codes, the user's word, polling. A device's own code never shows."""

import secrets
from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct

from scrobbler.sandbox.clock import SandboxClock
from scrobbler.sandbox.rules import Rules
from scrobbler.sandbox.tokens import Secretive, Token, Tokens

USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"
"""No vowels (no words) and nothing that is read as something else."""


class DeviceState(Enum):
    """How far a device code got."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"
    EXPIRED = "expired"


class Poll(Enum):
    """Why a poll for a device's token gave none, as the status that says so."""

    PENDING = 400
    UNKNOWN = 404
    USED = 409
    EXPIRED = 410
    DENIED = 418
    TOO_FAST = 429


_POLL = {
    DeviceState.USED: Poll.USED,
    DeviceState.EXPIRED: Poll.EXPIRED,
    DeviceState.DENIED: Poll.DENIED,
    DeviceState.PENDING: Poll.PENDING,
}


class DeviceCode(Secretive, Struct, kw_only=True):
    """A device that waits for its user. ``interval`` is in seconds."""

    device_code: str
    user_code: str
    client_id: str
    created_at: datetime
    expires_at: datetime
    interval: int
    state: DeviceState = DeviceState.PENDING
    user: str = ""
    polled_at: datetime | None = None


class Devices:
    """All that ever asked for a code, oldest first."""

    def __init__(self, clock: SandboxClock, rules: Rules, tokens: Tokens) -> None:
        self.codes: list[DeviceCode] = []
        self._clock = clock
        self._rules = rules
        self._tokens = tokens

    def invite(self, client_id: str) -> DeviceCode:
        """Codes for a device that wants in."""
        now = self._clock.now()
        device = DeviceCode(
            device_code=secrets.token_urlsafe(33),
            user_code="".join(secrets.choice(USER_CODE_ALPHABET) for _ in range(8)),
            client_id=client_id,
            created_at=now,
            expires_at=now + timedelta(seconds=self._rules.device_life),
            interval=self._rules.poll_interval,
        )
        self.codes.append(device)
        return device

    def find(self, user_code: str) -> DeviceCode | None:
        """The device whose user was told this code; case, spaces and dashes do not matter."""
        typed = "".join(c for c in user_code.upper() if c.isalnum())
        return next((each for each in reversed(self.codes) if each.user_code == typed), None)

    def state(self, device: DeviceCode) -> DeviceState:
        """Where it stands now. With ``approve_after`` it approves itself in time."""
        now = self._clock.now()
        if device.state in {DeviceState.USED, DeviceState.DENIED}:
            return device.state
        if now >= device.expires_at:
            return DeviceState.EXPIRED
        after = self._rules.approve_after
        if (
            device.state is DeviceState.PENDING
            and after is not None
            and now >= device.created_at + timedelta(seconds=after)
        ):
            device.state, device.user = DeviceState.APPROVED, self._rules.user
        return device.state

    def decide(self, device: DeviceCode, *, approve: bool, user: str = "") -> bool:
        """The user's word; False where it comes too late or was given already."""
        if self.state(device) is not DeviceState.PENDING:
            return False
        device.state = DeviceState.APPROVED if approve else DeviceState.DENIED
        device.user = user or self._rules.user
        return True

    def poll(self, device_code: str, client_id: str) -> Token | Poll:
        """The token of a device that was approved, once; else why not. A tenth of the interval is forgiven."""
        device = next((each for each in self.codes if each.device_code == device_code), None)
        if device is None or device.client_id != client_id:
            return Poll.UNKNOWN
        now, last = self._clock.now(), device.polled_at
        device.polled_at = now
        state = self.state(device)
        waiting = state in {DeviceState.PENDING, DeviceState.APPROVED}
        if waiting and last is not None and now - last < timedelta(seconds=device.interval * 0.9):
            return Poll.TOO_FAST
        if state is DeviceState.APPROVED:
            device.state = DeviceState.USED
            return self._tokens.issue(client_id, device.user)
        return _POLL[state]
