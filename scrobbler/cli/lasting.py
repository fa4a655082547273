"""What outlives a run when the configuration changes: the doors, the figures, and who keeps the service."""

from collections.abc import Mapping
from pathlib import Path

from scrobbler.cli import now
from scrobbler.service.supervisor import Supervisor
from scrobbler.state.snapshot import queued
from scrobbler.state.store import Store
from scrobbler.web.doors import Doors
from scrobbler.web.metrics import Metrics
from scrobbler.welcome.invitation import Invitation, SignedIn


class Lasting:
    """One for a process. Close it at the end."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.doors = Doors()
        self.supervisor = Supervisor()
        self.invitations: Mapping[str, Invitation] = {}
        """Those of the run that there is."""
        self.metrics = Metrics(lambda: queued(folder), self._signed_in, now)
        store.listeners.append(self.metrics.told)

    def close(self) -> None:
        """Let go of the doors."""
        self.doors.close()

    def _signed_in(self) -> Mapping[str, bool]:
        return {name: isinstance(one.state, SignedIn) for name, one in self.invitations.items()}
