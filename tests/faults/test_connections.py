"""No process of the tests connects to another machine, and one that did would be found out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faults.outcomes import surroundings

CONNECT = """
import socket
try:
    socket.create_connection((%r, 9), 0.2)
except OSError:
    pass
"""


@pytest.mark.parametrize(("host", "noted"), [("192.0.2.1", True), ("nowhere.invalid", True), ("127.0.0.1", False)])
def test_a_connection_is_noted(host: str, noted: bool, tmp_path: Path) -> None:
    file = tmp_path / "connections"
    env = surroundings(GUIDEPROOF_CONNECTIONS=str(file))
    subprocess.run([sys.executable, "-c", CONNECT % host], env=env, check=True, timeout=60)
    assert (host in file.read_text() if file.exists() else False) is noted


def test_this_process_notes_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Path(os.environ["GUIDEPROOF_CONNECTIONS"]).is_file()
    monkeypatch.setenv("GUIDEPROOF_CONNECTIONS", str(tmp_path / "connections"))
    exec(CONNECT % "192.0.2.1")
    assert "192.0.2.1" in (tmp_path / "connections").read_text()
