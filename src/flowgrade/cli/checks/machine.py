"""Python, the platform, the clock and the usual ports."""

from __future__ import annotations

import platform
import socket
import time
from collections.abc import Iterator
from importlib.metadata import version

from flowgrade.cli.checks.check import Check
from flowgrade.models import LOCAL_SERVERS

_OLDEST = 1_767_225_600  # 2026 began: a clock before that is wrong
_SLEEP = 0.02  # seconds, by both clocks
_DRIFT = 0.2
_PATIENCE = 0.3  # seconds for a port of this machine
_PORTS = {8765: "flowgrade stub", **{port: name for name, port in LOCAL_SERVERS.items()}}


def machine_checks() -> Iterator[Check]:
    """Everything that needs no settings."""
    yield _python()
    yield Check(check="flowgrade", status="ok", found=version("flowgrade"))
    yield _clock()
    for port, usual in _PORTS.items():
        yield _port(port, usual)


def _python() -> Check:
    found = (
        f"{platform.python_version()} ({platform.python_implementation()}) on "
        f"{platform.system()} {platform.release()}, {platform.machine()}"
    )
    return Check(check="python", status="ok", found=found)


def _clock() -> Check:
    wall, steady = time.time(), time.monotonic()
    time.sleep(_SLEEP)
    drift = abs((time.time() - wall) - (time.monotonic() - steady))
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(wall))
    if wall < _OLDEST:
        return Check(
            check="clock",
            status="fail",
            found=f"It says {now}, which is in the past.",
            next="Set the clock: certificates and times of runs depend on it.",
        )
    if drift > _DRIFT:
        return Check(
            check="clock",
            status="warn",
            found=f"{now}; it jumped by {drift:.1f} s just now.",
            next="Let a time service set it gently (NTP).",
        )
    return Check(check="clock", status="ok", found=now)


def _port(port: int, usual: str) -> Check:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(_PATIENCE)
        taken = client.connect_ex(("127.0.0.1", port)) == 0
    state = "something answers" if taken else "free"
    return Check(check=f"port {port}", status="ok", found=f"{state} (usual for {usual})")
