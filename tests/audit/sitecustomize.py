"""Notes every connection that this process tries to anywhere but itself, in the file that the tests name.

Python imports a module of this name at its start; `tests/conftest.py` puts the folder on the path of all processes.
"""

from __future__ import annotations

import os
import sys

_EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request")
_LOCAL = ("127.", "::1", "localhost", "0.0.0.0", "::")


def _target(event: str, given: tuple[object, ...]) -> str:
    """Where a connection leads; empty where it stays on this machine."""
    address = given[1] if event in ("socket.connect", "socket.sendto") else given[0]
    host = address[0] if isinstance(address, tuple) else address
    if not isinstance(host, str) or (event == "socket.connect" and not isinstance(address, tuple)):
        return ""  # a socket of Unix, or no name at all
    return "" if not host or host.startswith(_LOCAL) else host


def _hear(event: str, given: tuple[object, ...]) -> None:
    noted = os.environ.get("GUIDEPROOF_CONNECTIONS")
    if event in _EVENTS and noted and (target := _target(event, given)):
        with open(noted, "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(f"{event} {target}: {' '.join(sys.argv)}\n")


sys.addaudithook(_hear)
