"""The Trakt app that a distributor ships, if any; whoever runs the program can name another.

A distributor who has an app registered for all of his users sets these two when he builds the package. The secret
stays None for an app that has none; whatever stands here can be read by everybody. ``spec/config.md`` says what comes
first.
"""

from typing import Final

CLIENT_ID: Final[str | None] = None
CLIENT_SECRET: Final[str | None] = None
