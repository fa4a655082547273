"""What is read off a picture by those who read QR codes: zbar and OpenCV, because each misses what the other reads."""

import shutil
import subprocess
from pathlib import Path

import pytest


def zbar(picture: Path) -> str:
    """What zbar reads in the file; empty where it finds no code."""
    if shutil.which("zbarimg") is None:
        pytest.skip("needs zbarimg")
    command = ["zbarimg", "--quiet", "--raw", "--oneshot", "-Sdisable", "-Sqrcode.enable", str(picture)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False).stdout.strip()


def opencv(picture: Path) -> str:
    """What OpenCV reads in the file; empty where it finds no code."""
    import cv2  # noqa: PLC0415  # a quarter of a second that most tests can do without

    image = cv2.imread(str(picture))
    assert image is not None, f"{picture} is no picture"
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(image)
    return text


def read(picture: Path) -> tuple[str, str]:
    """What both read."""
    return zbar(picture), opencv(picture)
