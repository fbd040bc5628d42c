"""Run a command beside a throw-away PostgreSQL, if one is installed.

    python tools/postgres.py -- COMMAND [ARGUMENT …]

The command finds the server's URL in FLOWGRADE_TEST_POSTGRES. The cluster lives in a temporary
folder, listens on 127.0.0.1 only, and is gone afterwards, even when this process is killed. With
FLOWGRADE_TEST_POSTGRES set already, that server is used. Without PostgreSQL the command runs all
the same and a line says so; FLOWGRADE_REQUIRE_POSTGRES=1 makes that a failure.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

URL = "FLOWGRADE_TEST_POSTGRES"
REQUIRE = "FLOWGRADE_REQUIRE_POSTGRES"

PROGRAMS = ("initdb", "pg_ctl", "postgres")
FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # PostgreSQL's own packages for Fedora and its kin
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/latest/bin",
)
UNPRIVILEGED = ("postgres", "nobody")
ATTEMPTS = 3
# Speed before safety: what is stored lives for one command.
OPTIONS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
)
PATIENCE = 60  # seconds that starting and stopping may take


class NoServerError(Exception):
    """No PostgreSQL can be had; the message says why."""


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status, or 1 when a required PostgreSQL is missing."""
    if arguments[:1] == ["--keep"]:
        return keep(Path(arguments[1]), Path(arguments[2]))
    if arguments[:1] != ["--"] or len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = arguments[1:]
    if os.environ.get(URL):
        return run(command, {})
    try:
        keeper, url = start()
    except NoServerError as error:
        print(f"PostgreSQL tests are skipped: {error}", file=sys.stderr)
        return 1 if os.environ.get(REQUIRE) == "1" else run(command, {})
    try:
        return run(command, {URL: url})
    finally:
        keeper.communicate()  # closes its standard input, which is its sign to stop


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end, handing on the signals that end us."""
    process = subprocess.Popen(command, env={**os.environ, **environment})
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: process.send_signal(received))
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal has told the command as well
    status = process.wait()
    return status if status >= 0 else 128 - status


def start() -> tuple[subprocess.Popen[str], str]:
    """Start a cluster under a keeper; the URL is that of its superuser. Raises NoServerError."""
    programs = find()
    if programs is None:
        raise NoServerError(
            "no PostgreSQL was found (Debian: apt install postgresql; macOS: brew install "
            "postgresql@17)."
        )
    user = unprivileged()
    # A root's own temporary folder may be closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="flowgrade-postgres-", dir="/tmp" if user else None))
    if "user" in user:
        shutil.chown(folder, user["user"], user["group"])
    # In a session of its own, so that an interrupt at the terminal does not reach it first.
    keeper = subprocess.Popen(
        [sys.executable, "-I", __file__, "--keep", str(programs), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        start_new_session=True,
    )
    assert keeper.stdout is not None
    answer = keeper.stdout.readline().strip()
    if not answer.startswith("postgresql://"):
        keeper.communicate()
        raise NoServerError(answer or "its keeper ended early.")
    return keeper, answer


def find() -> Path | None:
    """The folder of an installed server's programs, the newest where several are found."""
    for folder in _folders():
        if all((folder / program).is_file() for program in PROGRAMS):
            return folder
    return None


def _folders() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    for pattern in FOLDERS:
        yield from sorted(Path("/").glob(pattern[1:]), key=_version, reverse=True)
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent


def _version(folder: Path) -> tuple[int, ...]:
    digits = "".join(c if c.isdigit() else " " for c in str(folder)).split()
    return tuple(int(number) for number in digits)


def unprivileged() -> dict[str, Any]:
    """The user to become, in the words of ``subprocess.Popen``; empty unless we are root.

    PostgreSQL refuses to run as root. Raises NoServerError when no other user exists.
    """
    if os.geteuid() != 0:
        return {}
    for name in UNPRIVILEGED:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise NoServerError("it does not run as root, and there is no user 'postgres' or 'nobody'.")


def keep(programs: Path, folder: Path) -> int:
    """Hold a cluster in ``folder`` until standard input ends: whoever holds the other end is gone.

    Prints the URL, or the reason why there is none, in one line.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        print(_make(programs, folder), flush=True)
        sys.stdin.read()
    except (OSError, subprocess.CalledProcessError) as error:
        output = getattr(error, "stdout", "")
        said = [line for line in f"{output}\n{_log(folder)}".splitlines() if line.strip()]
        print(f"PostgreSQL in {programs} does not start: {said[-1] if said else error}", flush=True)
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            _pg_ctl(programs, folder, "stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _make(programs: Path, folder: Path) -> str:
    data = str(folder / "data")
    _call(
        [
            *(str(programs / "initdb"), "-D", data, "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        ],
        folder,
    )
    for attempt in range(1, ATTEMPTS + 1):
        port = _free_port()
        options = " ".join(f"-c {option}" for option in (*OPTIONS, f"port={port}"))
        try:
            _pg_ctl(programs, folder, "start", "-o", options, "-l", str(folder / "log"))
        except subprocess.CalledProcessError:
            if attempt == ATTEMPTS:  # before that: somebody else took the port
                raise
        else:
            break
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _pg_ctl(programs: Path, folder: Path, verb: str, *more: str) -> None:
    _call(
        [
            *(str(programs / "pg_ctl"), verb, "-D", str(folder / "data"), "-w"),
            *("-t", str(PATIENCE), *more),
        ],
        folder,
    )


def _call(command: list[str], folder: Path) -> None:
    # Into a file, not a pipe: the server inherits it, and a pipe would stay open while it runs.
    with (folder / "output").open("w+", encoding="utf-8") as output:
        try:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, "HOME": str(folder), "LC_ALL": "C"},
                check=True,
                **unprivileged(),
            )
        except subprocess.CalledProcessError as error:
            output.seek(0)
            error.stdout = output.read()
            raise


def _log(folder: Path) -> str:
    file = folder / "log"
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
