"""What carries the program to other machines is in order, as far as can be told on this one.

``packaging/deb/try`` goes further: it installs the Debian package in a clean root and uses it there.
"""

import plistlib
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from scrobbler.settings.config import parse

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "packaging"
SCRIPTS = sorted(
    path
    for path in (*PACKAGING.rglob("*"), ROOT / ".ci/run")
    if path.is_file() and path.read_bytes().startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
)


def test_the_scripts_are_found() -> None:
    assert {"build", "try", "postinst", "prerm", "postrm", "players.sh", "run"} <= {path.name for path in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_no_mistake_that_shellcheck_knows(script: Path) -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), script], capture_output=True, text=True, timeout=30, check=False
    )
    assert found.returncode == 0, found.stdout


def test_what_the_image_is_made_of_is_there_and_let_in() -> None:
    text = (PACKAGING / "docker/Dockerfile").read_text()
    assert re.search(r"^USER scrobbler$", text, re.MULTILINE)
    let_in = [
        line.removeprefix("!")
        for line in (PACKAGING / "docker/Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    assert all((ROOT / path).exists() for path in let_in)
    wheel = re.search(r"^only-include = \[(.+)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert wheel is not None
    assert set(re.findall(r'"([^"]+)"', wheel[1])) <= set(let_in)


def test_the_container_may_write_nothing_but_its_state() -> None:
    service = yaml.safe_load((PACKAGING / "docker/compose.yaml").read_text())["services"]["scrobbler"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == ["127.0.0.1:8722:8722"]
    assert (PACKAGING / "docker" / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_the_credentials_that_the_system_service_names_are_those_that_are_read() -> None:
    named = re.findall(r"^#LoadCredential=(\w+):", (PACKAGING / "systemd/system.service").read_text(), re.MULTILINE)
    page = (ROOT / "spec/config.md").read_text()
    assert named == ["trakt_client_id", "trakt_client_secret"]
    assert all(f"$CREDENTIALS_DIRECTORY/{name}" in page for name in named)


def test_the_containers_configuration_is_in_order() -> None:
    path = PACKAGING / "docker/config.toml"
    found = parse(path.read_text(), path)
    assert found.server is not None
    assert found.server.address() == ("0.0.0.0", 8722)


def test_the_files_of_macos_and_windows_can_be_read() -> None:
    agent = plistlib.loads((PACKAGING / "launchd/org.scrobbler.agent.plist").read_bytes())
    assert agent["ProgramArguments"][1:] == ["run"]
    assert agent["Umask"] == 0o077
    task = ET.parse(PACKAGING / "windows/scrobbler.xml").getroot()
    assert task.tag.endswith("Task")
