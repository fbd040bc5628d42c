"""Nothing that is known to be secret leaves by standard output or standard error."""

from __future__ import annotations

import sys
from typing import Any


class RedactedStream:
    """A text stream that hides secrets in what is written; otherwise the stream behind it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write ``text`` without secrets."""
        # Not imported for this: before the settings are read nothing is known to be secret.
        redact = getattr(sys.modules.get("flowgrade.settings"), "redact", None)
        self._stream.write(redact(text) if redact else text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write each line without secrets."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def redact_output() -> None:
    """Hide secrets in all that this process prints from now on, whoever prints it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, RedactedStream):
            setattr(sys, name, RedactedStream(stream))
