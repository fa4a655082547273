"""Listens to all that a test makes our program say, and knows the secrets that must not be in it."""

import logging
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import cli_process
import pytest
from click.testing import CliRunner, Result

from scrobbler.cli import stage

FIXED: Final = ("sandbox-secret", "our-secret", "other-secret", "open sesame", "open s\u00e9same")
"""The secrets of apps and webhooks that tests use."""
SOURCES: Final = frozenset({"scrobbler.sandbox.tokens", "scrobbler.sandbox.devices", "scrobbler.settings.secrets"})
"""Who makes secrets. What the client makes goes into an address that the user opens."""
KNOWN_TO_ALL: Final = 'client_secret = "sandbox-secret"'
"""``scrobbler sandbox`` prints this, for a configuration file: the app of a toy."""


class Eavesdropper(logging.Handler):
    """Hears log records as ``scrobbler run -v`` writes them, tracebacks included, and commands with what they print.

    A secret is whatever a sandbox of this process gave out to keep: tokens and device codes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.secrets: set[str] = set(FIXED)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """From now to the end of the test. The loggers are set as the agent sets them."""
        self._listen_to_the_log(patch)
        self._listen_to_processes(patch)
        self._learn(patch)

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))

    def told(self) -> Iterator[str]:
        """What was said with a secret in it, with the secret blotted out."""
        for text in (each.replace(KNOWN_TO_ALL, "") for each in self.heard):
            for secret in self.secrets:
                if secret in text:
                    at = text.index(secret)
                    yield f"{text[max(0, at - 60) : at]}[SECRET]"

    def _listen_to_the_log(self, patch: pytest.MonkeyPatch) -> None:
        root, ours = logging.getLogger(), logging.getLogger("scrobbler")
        patch.setattr(root, "handlers", [*root.handlers, self])
        patch.setattr(ours, "level", logging.DEBUG)
        ours.manager._clear_cache()  # type: ignore[attr-defined]  # what ``setLevel`` does; undone by the next one

    def _listen_to_processes(self, patch: pytest.MonkeyPatch) -> None:
        begin, communicate = subprocess.Popen.__init__, subprocess.Popen.communicate
        close, invoke, listen = cli_process.Running.close, CliRunner.invoke, stage._listen

        def beginning(process: subprocess.Popen[Any], args: Any, *more: Any, **options: Any) -> None:
            self.heard.append(repr(args))  # what anybody sees in the list of processes
            begin(process, args, *more, **options)

        def communicating(process: subprocess.Popen[Any], *args: Any, **options: Any) -> tuple[Any, Any]:
            said = communicate(process, *args, **options)
            self.heard += [each if isinstance(each, str) else repr(each) for each in said if each]
            return said

        def closing(command: cli_process.Running) -> None:
            close(command)
            self.heard.append(command.said)

        def invoking(runner: CliRunner, *args: Any, **options: Any) -> Result:
            result = invoke(runner, *args, **options)
            self.heard.append(f"{result.output} {result.exception}")
            return result

        async def listening(stream: Any, hear: Callable[[str], None]) -> None:
            def both(line: str) -> None:
                self.heard.append(line)
                hear(line)

            await listen(stream, both)

        patch.setattr(subprocess.Popen, "__init__", beginning)
        patch.setattr(subprocess.Popen, "communicate", communicating)
        patch.setattr(cli_process.Running, "close", closing)
        patch.setattr(CliRunner, "invoke", invoking)
        patch.setattr(stage, "_listen", listening)

    def _learn(self, patch: pytest.MonkeyPatch) -> None:
        make = secrets.token_urlsafe

        def made(length: int | None = None) -> str:
            made = make(length)
            if sys._getframe(1).f_globals["__name__"] in SOURCES:
                self.secrets.add(made)
            return made

        patch.setattr(secrets, "token_urlsafe", made)
