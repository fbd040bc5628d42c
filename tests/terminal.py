"""A command in a terminal of its own: what is typed, what is seen."""

from __future__ import annotations

import codecs
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time
from types import TracebackType

from tests.project import Project

_PATIENCE = 60.0  # seconds until what is expected counts as missing
_MOMENT = 0.2  # seconds between a prompt and what is typed at it
_PIECE = 65_536
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Runs a command behind a pseudo-terminal of 100 columns."""

    def __init__(self, command: list[str], project: Project) -> None:
        self._own, other = pty.openpty()
        os.set_inheritable(other, True)
        # A letter of several bytes may come in two pieces.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.raw = ""
        """All that was written so far, with the sequences that steer a terminal."""
        self._read = 0
        self._process = subprocess.Popen(
            command,
            cwd=project.folder,
            env={**project.environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(other)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        os.close(self._own)

    @property
    def seen(self) -> str:
        """All that appeared so far."""
        return _STEERING.sub("", self.raw)

    def send(self, text: str) -> None:
        """Type ``text`` as it is."""
        os.write(self._own, text.encode())

    def type(self, line: str, *, prompt: str = "> ") -> None:
        """Wait for the prompt, type a line and press Enter.

        A person takes a moment; what comes before readline has taken the terminal may be lost.
        """
        self.expect(prompt)
        time.sleep(_MOMENT)
        self.send(line + "\r")

    def leave(self) -> int:
        """Press Ctrl-D at the next prompt; returns the exit code."""
        self.expect("> ")
        time.sleep(_MOMENT)
        self.send("\x04")
        return self.ends()

    def expect(self, text: str) -> None:
        """Wait until ``text`` appears behind what was expected before."""
        found = self._appears(text, _PATIENCE)
        assert found, f"{text!r} did not appear:\n{self.seen[self._read :]}"

    def interrupt(self, text: str) -> None:
        """Press Ctrl-C at a prompt until ``text`` appears.

        Python's readline misses a signal that comes between the prompt and its first wait for a
        key; only a program is quick enough for that.
        """
        self.expect("> ")
        for _ in range(20):
            self.send("\x03")
            if self._appears(text, 3):
                return
        raise AssertionError(f"{text!r} did not appear:\n{self.seen[self._read :]}")

    def _appears(self, text: str, patience: float) -> bool:
        end = time.monotonic() + patience
        while (place := self.seen.find(text, self._read)) < 0:
            left = end - time.monotonic()
            if left <= 0 or not self._more(left):
                return False
        self._read = place + len(text)
        return True

    def ends(self) -> int:
        """Wait for the end; returns the exit code."""
        while self._more():
            pass
        return self._process.wait(_PATIENCE)

    def kill(self) -> None:
        """End the command as ``kill -9`` does, if it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def _more(self, patience: float = _PATIENCE) -> bool:
        ready, _, _ = select.select([self._own], [], [], patience)
        if not ready:
            return False
        try:
            found = os.read(self._own, _PIECE)
        except OSError:  # how Linux says that the other side is gone
            return False
        self.raw += self._decoder.decode(found)
        return bool(found)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C becomes a signal
