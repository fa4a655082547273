"""``scrobbler sandbox``: says where it is and how to use it, serves until it is told to stop, and leaves quietly."""

import json
import re
import signal
import socket
from pathlib import Path

import httpx
import pytest
from cli_process import complaint, ran, running

from scrobbler.settings.config import load

HEADERS = {"User-Agent": "Visitor/1.0"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    with running("sandbox", "--port", "0") as sandbox:
        sandbox.says("Ctrl-C ends it.")
        sandbox.says('client_secret = "')
        file = tmp_path / "config.toml"
        file.write_text(sandbox.said[sandbox.said.index("[trakt]") : sandbox.said.rindex('"') + 1])
        trakt = load(file).trakt
        assert trakt.api_url in sandbox.lines[0] + sandbox.lines[1]
        with httpx.Client() as http:
            http.post(f"{trakt.api_url}/sandbox/faults", content=json.dumps({"kind": "drop_before"}))
            code = {"client_id": trakt.client_id}
            with pytest.raises(httpx.RemoteProtocolError):
                http.post(f"{trakt.auth_url}/oauth/device/code", json=code, headers=HEADERS)
            assert http.post(f"{trakt.auth_url}/oauth/device/code", json=code, headers=HEADERS).status_code == 200
            assert "a local Trakt" in http.get(trakt.api_url).text
            assert sandbox.end(number) == 0
    assert "Traceback" not in sandbox.said


def test_a_sign_in_approves_itself_where_that_was_asked_for() -> None:
    with running("sandbox", "--port", "0", "--approve", "0") as sandbox, httpx.Client(headers=HEADERS) as http:
        url = re.findall(r"http://[\d.:]+", sandbox.says("The sandbox is at"))[0]
        app = {"client_id": "sandbox", "client_secret": "sandbox-secret"}
        code = http.post(f"{url}/oauth/device/code", json=app).json()["device_code"]
        assert http.post(f"{url}/oauth/device/token", json={"code": code, **app}).status_code == 200
        assert sandbox.end() == 0


def test_a_busy_port_is_one_line_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        words = complaint(ran("sandbox", "--port", str(port)), 2)
    assert words == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use; "
        "choose another with --port, or --port 0 for a free one"
    )


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", ""])
def test_a_wait_that_is_none_is_refused(value: str) -> None:
    done = ran("sandbox", "--port", "0", "--approve", value)
    assert done.returncode == 2
    words = f"Error: Invalid value for '--approve': {value!r} is neither a number of seconds nor 'never'."
    assert done.stderr.splitlines()[-1] == words


@pytest.mark.parametrize("value", ["70000", "-1", "http"])
def test_a_port_that_is_none_is_refused(value: str) -> None:
    done = ran("sandbox", "--port", value)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: Invalid value for '--port': ")
