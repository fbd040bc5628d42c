"""HTTP calls that are no calls of a model: what is asked and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flowgrade.records import Record, field


class HttpRequest(Record, hide=("url", "headers", "body")):
    """A call to make once: it is not known to be safe to repeat."""

    method: str
    url: str
    """With its query, percent-encoded; it may hold a key."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None)
    seconds: float = 60.0
    most: int = 4_194_304
    """Bytes of the answer that are read; a longer one is an error."""

    @property
    def place(self) -> str:
        """Host and path, for messages."""
        parts = urlsplit(self.url)
        return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


class HttpReply(Record, hide=("body",)):
    """What came back, whatever its status."""

    status: int
    content_type: str
    body: bytes
