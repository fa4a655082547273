"""The agent as a service: units that systemd itself finds in order, put into place and taken away again.

Systemd's own tools read the units. No machine here is run by it, so ``systemctl`` is one that writes down what it is
asked; what a real one makes of it is untested.
"""

import json
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cli_process import complaint, ran

from scrobbler.errors import ScrobblerError
from scrobbler.service.unit import Scope, Unit, hand_over

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


class Systemctl:
    """A ``systemctl`` on the path that writes down what it is asked; ``says`` is what it answers."""

    def __init__(self, folder: Path, *, says: str = "", status: int = 0) -> None:
        folder.mkdir()
        self.log = folder / "asked"
        program = folder / "systemctl"
        program.write_text(f'#!/bin/sh\necho "$@" >> {self.log}\necho "{says}"\nexit {status}\n')
        program.chmod(0o755)
        self.path = f"{folder}:{os.environ['PATH']}"

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}


def unit_of(home: dict[str, str]) -> Path:
    return Path(home["XDG_CONFIG_HOME"], "systemd/user/scrobbler.service")


def test_the_service_is_put_into_place_and_started(tmp_path: Path, home: dict[str, str]) -> None:
    systemctl = Systemctl(tmp_path / "bin")
    done = ran("service", "install", **home, PATH=systemctl.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Wrote {unit_of(home)}" in done.stdout
    assert re.search(r"^ExecStart=\S+.* run$", unit_of(home).read_text(), re.MULTILINE)
    assert systemctl.asked() == [
        "--user --no-pager daemon-reload",
        "--user --no-pager enable scrobbler.service",
        "--user --no-pager restart scrobbler.service",
    ]


def test_it_is_run_with_the_configuration_that_was_named(tmp_path: Path, home: dict[str, str]) -> None:
    config = tmp_path / "my 100% own.toml"
    config.write_text("")
    done = ran("service", "install", "--dry-run", "--config", config, **home)
    assert f'--config "{tmp_path}/my 100%% own.toml"' in done.stdout
    assert not unit_of(home).exists()


def test_a_broken_configuration_is_said_before_anything_is_written(tmp_path: Path, home: dict[str, str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[players.mpv]\nsocket = 7")
    assert "config.toml:2" in complaint(ran("service", "install", "--config", config, **home), 2)
    assert not unit_of(home).exists()


def test_what_systemd_refuses_is_said_in_its_own_words(tmp_path: Path, home: dict[str, str]) -> None:
    systemctl = Systemctl(tmp_path / "bin", says="Failed to connect to bus", status=1)
    done = ran("service", "install", **home, PATH=systemctl.path)
    assert done.returncode == 1
    assert done.stderr.startswith("scrobbler: systemctl daemon-reload: Failed to connect to bus")
    assert "sudo loginctl enable-linger $USER" in done.stderr
    assert "--no-start" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_has_nothing_to_do_with_a_session_is_not_said_to_be_its_fault(
    tmp_path: Path, home: dict[str, str]
) -> None:
    systemctl = Systemctl(tmp_path / "bin", says="Access denied", status=1)
    done = ran("service", "install", **home, PATH=systemctl.path)
    assert done.stderr == "scrobbler: systemctl daemon-reload: Access denied\n"


@pytest.mark.skipif(Path("/etc/scrobbler/config.toml").exists(), reason="this machine has the service")
def test_without_its_configuration_the_machines_service_is_not_installed(tmp_path: Path, home: dict[str, str]) -> None:
    systemctl = Systemctl(tmp_path / "bin")
    said = complaint(ran("service", "install", "--system", **home, PATH=systemctl.path), 2)
    assert said == (
        "/etc/scrobbler/config.toml: there is no such file, and the service reads it; `sudo scrobbler init --defaults "
        "--config /etc/scrobbler/config.toml --state /var/lib/scrobbler` makes it"
    )
    assert systemctl.asked() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_wrote_for_itself_is_handed_to_the_services_user(tmp_path: Path) -> None:
    configuration = tmp_path / "scrobbler" / "config.toml"
    configuration.parent.mkdir(mode=0o700)
    configuration.touch(mode=0o644)
    hand_over(configuration)  # that can be read by all, so that there need not be such a user
    assert configuration.parent.stat().st_mode & 0o777 == 0o755
    configuration.chmod(0o600)
    try:
        user = pwd.getpwnam("scrobbler").pw_uid
    except KeyError:
        with pytest.raises(ScrobblerError, match=r"config\.toml cannot be given to the user scrobbler: no such user"):
            hand_over(configuration)
    else:
        hand_over(configuration)
        assert configuration.stat().st_uid == user


def test_uninstalling_stops_it_and_takes_the_unit_away(tmp_path: Path, home: dict[str, str]) -> None:
    systemctl = Systemctl(tmp_path / "bin")
    ran("service", "install", "--no-start", **home, PATH=systemctl.path)
    assert systemctl.asked() == []
    done = ran("service", "uninstall", **home, PATH=systemctl.path)
    assert done.stdout == f"Removed {unit_of(home)}\n"
    assert not unit_of(home).exists()
    assert systemctl.asked() == ["--user --no-pager disable --now scrobbler.service", "--user --no-pager daemon-reload"]
    assert ran("service", "uninstall", **home, PATH=systemctl.path).stdout.endswith("nothing to do.\n")


def test_the_status_says_whether_it_runs(tmp_path: Path, home: dict[str, str]) -> None:
    assert ran("service", "status", **home).returncode == 1
    systemctl = Systemctl(tmp_path / "bin", says="active")
    ran("service", "install", "--no-start", **home, PATH=systemctl.path)
    done = ran("service", "status", "--json", **home, PATH=systemctl.path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["active"] is True


def test_the_services_of_the_machine_need_no_options(tmp_path: Path, home: dict[str, str]) -> None:
    said = complaint(ran("service", "install", "--system", "--dry-run", "--state", tmp_path, **home), 2)
    assert "/var/lib/scrobbler" in said


def test_the_machines_unit_and_its_user_are_written_below_a_root(tmp_path: Path) -> None:
    unit = Unit(scope=Scope.SYSTEM, root=tmp_path)
    assert unit.write(["/usr/bin/scrobbler", "run"]) == [
        tmp_path / "etc/systemd/system/scrobbler.service",
        tmp_path / "etc/sysusers.d/scrobbler.conf",
    ]
    assert len(unit.remove()) == 2
    assert unit.remove() == []


@needs_systemd
@pytest.mark.parametrize("scope", list(Scope))
def test_systemd_finds_the_unit_in_order(scope: Scope, tmp_path: Path) -> None:
    path = tmp_path / "scrobbler.service"
    path.write_text(Unit(scope=scope).text(["/bin/true", "run"]))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=30, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")


@needs_systemd
def test_the_machines_service_may_do_next_to_nothing(tmp_path: Path) -> None:
    """At most 2.0 of 10 by systemd's own measure, from 0 (locked up) on."""
    path = tmp_path / "scrobbler.service"
    path.write_text(Unit(scope=Scope.SYSTEM).text(["/bin/true"]))
    found = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", path],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-300:]
    assert "Overall exposure level" in found.stdout
