"""Where the user is told things: the addresses that he set, and how they are named without their secrets."""

from typing import Final

from msgspec import Struct

DESKTOP: Final = "desktop"
"""The notifications of the session in which the agent runs."""


class Targets(Struct, frozen=True, kw_only=True):
    """The addresses in the user's order; each may hold a secret."""

    addresses: tuple[str, ...] = ()
    place: str = "notify.targets"
    """Where they are set: file, line and key, for an error."""

    def __repr__(self) -> str:  # the addresses must not reach a log through a repr
        return f"Targets({', '.join(self.name(number) for number in range(len(self.addresses)))})"

    def name(self, number: int) -> str:
        """The target for people, without what may be a secret: ``target 2 (ntfy)``."""
        address = self.addresses[number]
        return address if address == DESKTOP else f"target {number + 1} ({address.partition('://')[0]})"
