"""Which Trakt application we are, and where Trakt is."""

from msgspec import Struct


class App(Struct, frozen=True, kw_only=True):
    """An application registered with Trakt. The addresses have no slash at their end."""

    client_id: str
    client_secret: str | None = None
    api_url: str = "https://api.trakt.tv"
    auth_url: str = "https://auth.trakt.tv"

    def __repr__(self) -> str:
        return f"App(client_id={self.client_id!r}, api_url={self.api_url!r}, auth_url={self.auth_url!r})"

    def credentials(self) -> dict[str, str]:
        """What a request for tokens says about us. A missing secret is left out: Trakt refuses null."""
        known = {"client_id": self.client_id}
        return known | {"client_secret": self.client_secret} if self.client_secret else known
