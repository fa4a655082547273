"""``scrobbler doctor``: each thing that is wrong is found, and named with what mends it; nothing stops the others."""

import json
import os
import shutil
import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_process import configured, ran, running
from double import Served
from tables import rows
from test_cli_run import tokens_of

from scrobbler import __version__, lock
from scrobbler.doctor.examination import CHECKS, examined
from scrobbler.doctor.finding import Case, Status
from scrobbler.sandbox import Fault, FaultKind, Sandbox
from scrobbler.settings.config import parse
from scrobbler.state.schema import FILE
from scrobbler.state.store import Store
from scrobbler.trakt.tokens import TokenFile


def found(*words: str | Path, status: int | None = None, **env: str) -> list[dict[str, Any]]:
    """What it finds, each as its status, its words and what mends it."""
    done = ran("doctor", "--json", *words, **env)
    assert done.stderr == "", done.stderr
    said = json.loads(done.stdout)
    assert said["ok"] is (done.returncode == 0)
    assert status is None or done.returncode == status, done.stdout
    findings: list[dict[str, Any]] = said["findings"]
    return findings


def one(findings: list[dict[str, Any]], words: str) -> dict[str, Any]:
    """The finding with these words."""
    those = [each for each in findings if words in each["what"]]
    assert len(those) == 1, (words, findings)
    return those[0]


@pytest.fixture
def signed_in(tmp_path: Path, served: Served) -> Any:
    sandbox = Sandbox()
    sandbox.rules.write_gap = 0.0
    with ExitStack() as stack:
        file = configured(tmp_path, served.open(stack, sandbox.app))
        TokenFile(tmp_path / "state", "default").write(tokens_of(sandbox))
        file.chmod(0o600)
        yield file, sandbox


def test_without_anything_it_says_what_to_begin_with() -> None:
    findings = found(status=1)
    assert one(findings, "there is no configuration")["status"] == "ok"
    assert one(findings, "no agent runs")["mend"] == "scrobbler run"
    assert one(findings, "account default is not signed in")["mend"] == "scrobbler login"
    assert one(findings, f"scrobbler {__version__} on Python")["topic"] == "Program"


def test_where_all_is_well_it_says_so(signed_in: tuple[Path, Sandbox], tmp_path: Path) -> None:
    file, _ = signed_in
    mpv = tmp_path / "config" / "mpv" / "mpv.conf"
    mpv.parent.mkdir(parents=True)
    mpv.write_text(f"input-ipc-server={tmp_path}/mpv/socket\n")
    with running("run", "--config", file) as agent:
        agent.says("watching mpv")
        findings = found("--config", file, status=0)
        shown = ran("doctor", "--config", file, PYTHONIOENCODING="utf-8")
        plain = ran("doctor", "--config", file, PYTHONIOENCODING="ascii")
        assert agent.end() == 0
    assert {each["status"] for each in findings} == {"ok"}
    assert one(findings, f"an agent runs (pid {agent.process.pid}, since just now)")
    assert one(findings, "account default is signed in as sandbox (free); its token is good until")
    assert shown.stdout.startswith("Program\n  \u2713 scrobbler")
    assert shown.stdout.endswith(f"\nAll is well ({len(findings)} checks).\n")
    assert plain.stdout.startswith("Program\n  + scrobbler")


def test_a_mistake_in_the_configuration_is_one_finding_among_the_others(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[server]\nlisten = 5\n")
    findings = found("--config", file, status=1)
    mistake = one(findings, f"{file}:2: server.listen: this must be HOST:PORT")
    assert mistake["mend"] == f"edit {file}, then `scrobbler config check`"
    assert one(findings, "no agent runs")
    assert one(found("--config", tmp_path / "no.toml", status=1), "there is no such file")["status"] == "problem"


def test_what_others_can_read_is_found(signed_in: tuple[Path, Sandbox], tmp_path: Path) -> None:
    file, _ = signed_in
    tokens = tmp_path / "state" / "tokens" / "default.json"
    file.chmod(0o644)
    tokens.chmod(0o640)
    tokens.parent.chmod(0o755)
    findings = found("--config", file)
    assert one(findings, f"{file} can be read or written by others (mode 644)")["mend"] == f"chmod 600 {file}"
    assert one(findings, f"{tokens} can be read or written by others (mode 640)")["status"] == "warn"
    assert one(findings, f"{tokens.parent} can be read")["mend"] == f"chmod 700 {tokens.parent}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_somebody_else_is_found(signed_in: tuple[Path, Sandbox], tmp_path: Path) -> None:
    file, _ = signed_in
    tokens = tmp_path / "state" / "tokens" / "default.json"
    os.chown(tokens, 12345, 12345)
    finding = one(found("--config", file, status=1), f"{tokens} belongs to somebody else (uid 12345)")
    assert finding["mend"] == f"sudo chown 0 {tokens}"


@pytest.mark.parametrize(
    ("kind", "words", "status"),
    [
        (FaultKind.DELETED_APP, "Trakt does not know this app, or has deleted it", "problem"),
        (FaultKind.LOCKED_ACCOUNT, "The Trakt account is locked", "problem"),
        (FaultKind.DEACTIVATED, "The Trakt account is deactivated", "problem"),
        (FaultKind.VIP_ONLY, "Trakt offers this to VIP members only", "problem"),
        (FaultKind.ACCOUNT_LIMIT, "The Trakt account is at its limit", "problem"),
        (FaultKind.BARE_429, "Trakt asks us to slow down", "warn"),
        (FaultKind.CLOUDFLARE_403, "account default is signed in, but Trakt could not be asked: Trakt's edge", "warn"),
    ],
)
def test_what_trakt_says_of_an_account_is_found(
    kind: FaultKind, words: str, status: str, signed_in: tuple[Path, Sandbox]
) -> None:
    file, sandbox = signed_in
    sandbox.faults.add(Fault(kind=kind, times=None))
    finding = one([each for each in found("--config", file) if "account default" in each["what"]], words)
    assert finding["status"] == status
    assert "sandbox-secret" not in json.dumps(finding)


def test_a_block_at_the_edge_and_an_ill_trakt_are_told_apart(signed_in: tuple[Path, Sandbox]) -> None:
    file, sandbox = signed_in
    sandbox.faults.add(Fault(kind=FaultKind.CLOUDFLARE_403, times=None))
    findings = found("--config", file, status=1)
    assert [each["status"] for each in findings if each["what"].startswith("Trakt's edge")] == ["problem"]
    sandbox.faults.clear()
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, times=None))
    assert one(found("--config", file), "Trakt is ill just now (status 503)")["status"] == "warn"


def test_a_sign_in_that_was_taken_back_may_be_another_app_in_our_seat(
    signed_in: tuple[Path, Sandbox], tmp_path: Path
) -> None:
    file, _ = signed_in
    tokens = TokenFile(tmp_path / "state", "default")
    known = tokens.read()
    assert known is not None
    tokens.refuse(known, "Trakt does not accept the sign-in any more")
    finding = one(found("--config", file, status=1), "another app may have taken its place")
    assert finding["mend"] == "scrobbler login"


def test_tokens_that_make_no_sense_are_found(signed_in: tuple[Path, Sandbox], tmp_path: Path) -> None:
    file, _ = signed_in
    (tmp_path / "state" / "tokens" / "default.json").write_text("what?")
    finding = one(found("--config", file, status=1), "default.json is damaged")
    assert finding["mend"].endswith("&& scrobbler login")


@pytest.mark.parametrize(
    ("date", "words"),
    [("Fri, 20 Nov 2020 20:00:00 GMT", "ahead of Trakt's"), ("Wed, 20 Nov 2120 20:00:00 GMT", "behind Trakt's")],
)
def test_a_clock_that_is_wrong_is_found(date: str, words: str, signed_in: tuple[Path, Sandbox]) -> None:
    file, sandbox = signed_in
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, path="/search/movie", status=503, headers={"Date": date}))
    assert one(found("--config", file), words)["mend"] == "sudo timedatectl set-ntp true"


def test_a_trakt_that_cannot_be_reached_is_found(tmp_path: Path) -> None:
    file = configured(tmp_path)
    finding = one(found("--config", file, status=1), "Trakt cannot be reached")
    assert finding["mend"] == "curl -I https://127.0.0.1"
    by_proxy = found(
        "--config", file, HTTPS_PROXY="http://ann:hush@127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9", status=1
    )
    assert one(by_proxy, "requests go through a proxy (http://127.0.0.1:9)")
    assert "hush" not in json.dumps(by_proxy)
    file.write_text(file.read_text().replace("127.0.0.1:9", "nowhere.invalid:9"))
    assert one(found("--config", file, status=1), "the name nowhere.invalid cannot be looked up")


def test_an_mpv_that_is_not_heard_is_found(tmp_path: Path) -> None:
    if shutil.which("mpv") is None:
        pytest.skip("needs mpv")
    file, conf = configured(tmp_path), tmp_path / "config" / "mpv" / "mpv.conf"
    missing = one(found("--config", file), f"{conf} has no input-ipc-server")
    assert missing["mend"] == f"put this line into {conf}: input-ipc-server={tmp_path}/run/mpv/socket"
    conf.parent.mkdir(parents=True)
    conf.write_text("input-ipc-server=/tmp/elsewhere\n")
    other = one(found("--config", file), "mpv listens on /tmp/elsewhere, and nobody looks there")
    assert other["mend"] == "scrobbler config set players.mpv.sockets /tmp/elsewhere"
    conf.write_text(f"input-ipc-server={tmp_path}/mpv/socket\n")
    with socket.socket(socket.AF_UNIX) as player:
        player.bind(f"{tmp_path}/mpv/socket")
        player.listen()
        assert one(found("--config", file), "1 mpv listens just now")
    (tmp_path / "mpv").chmod(0o777)
    assert one(found("--config", file), "others may put sockets into")["mend"] == f"chmod 700 {tmp_path}/mpv"


def test_a_port_that_another_program_has_is_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        file = configured(tmp_path, more=f'[server]\nlisten = "127.0.0.1:{number}"\n')
        finding = one(
            found("--config", file, status=1), f"127.0.0.1:{number} cannot be listened on: another program does"
        )
    assert finding["mend"].startswith(f"ss -ltnp 'sport = :{number}'")


def test_a_webhook_is_knocked_at_and_one_that_never_came_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    file = configured(
        tmp_path, more=f'[players.plex]\nsecret = "open sesame"\n[server]\nlisten = "127.0.0.1:{number}"\n'
    )
    with running("run", "--config", file) as agent:
        agent.says("watching ")
        findings = found("--config", file)
        assert one(findings, "the webhook of plex is open to who knows its secret")["status"] == "ok"
        assert one(findings, f"127.0.0.1:{number} is listened on")
        assert one(findings, "nothing was ever heard from plex")["mend"] == "scrobbler webhook plex"
        assert agent.end() == 0
    assert "secret" not in agent.said


def test_an_agent_of_another_version_is_found(tmp_path: Path) -> None:
    file = configured(tmp_path)
    with lock.held(tmp_path / "state"):
        path = tmp_path / "state" / lock.NAME
        path.write_text(f"{os.getpid():<10}\n0.0.9\n")
        finding = one(found("--config", file), f"of version 0.0.9 and not {__version__}")
    assert finding["mend"] == "start it again"


def test_what_was_left_behind_is_found(tmp_path: Path) -> None:
    file = configured(tmp_path)
    old = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    left = tmp_path / "state" / "tokens" / ".default.abc"
    left.parent.mkdir(parents=True)
    left.touch(0o600)
    os.utime(left, (old, old))
    (left.parent / ".default.young").touch(0o600)
    (tmp_path / "state" / f"{FILE}.aside-20260101T000000").touch(0o600)
    findings = found("--config", file)
    assert one(findings, "1 temporary files of writes")["mend"] == f"rm {left}"
    assert one(findings, f"1 copies of the state file that were kept: {FILE}.aside-20260101T000000")["status"] == "warn"


def test_a_state_file_that_is_damaged_is_a_finding(tmp_path: Path) -> None:
    file = configured(tmp_path)
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / FILE).write_bytes(b"what?" * 1000)
    assert any("state" in each["what"] and each["status"] == "problem" for each in found("--config", file, status=1))


def test_it_touches_nothing(tmp_path: Path) -> None:
    found("--config", configured(tmp_path))
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "run" / "mpv").exists()


def test_a_check_that_fails_is_a_finding_and_stops_no_other(tmp_path: Path) -> None:
    Store(tmp_path, datetime.now(UTC)).close()
    broken = Case(
        path=tmp_path / "no.toml",
        configuration=parse("", None),
        mistake=None,
        runtime=None,  # type: ignore[arg-type]
        now="not a time",  # type: ignore[arg-type]
    )
    everything = examined(broken)
    assert list(everything) == list(CHECKS)
    words = [each.what for some in everything.values() for each in some if each.status is Status.PROBLEM]
    assert "the check mpv.line failed: TypeError" in words
    assert any(each.status is Status.OK for each in everything["Program"])


def test_the_topics_and_the_statuses_are_those_of_the_page() -> None:
    assert [row[0] for row in rows("doctor.md", "topic")] == list(CHECKS)
    assert [row[0] for row in rows("doctor.md", "status")] == [status.value for status in Status]
