"""SerpAPI: a web search."""

from __future__ import annotations

from enum import Enum
from typing import Any
from urllib.parse import urlencode

from flowgrade.models import HttpRequest
from flowgrade.promptflow.connections import SerpConnection
from flowgrade.promptflow.exceptions import (
    SerpAPISystemError,
    SerpAPIUserError,
)
from flowgrade.promptflow.tools.service import asked

_ADDRESS = "https://serpapi.com"


class SafeMode(str, Enum):  # noqa: UP042  flows compare it as prompt flow defines it
    """Whether adult content is left out."""

    ACTIVE = "active"
    OFF = "off"


class Engine(str, Enum):  # noqa: UP042  as above
    """Who searches."""

    GOOGLE = "google"
    BING = "bing"


class SerpAPI:
    """The search of one connection; its ``api_base`` replaces https://serpapi.com."""

    def __init__(self, connection: SerpConnection) -> None:
        self.connection = connection

    def search(
        self,
        query: str,
        location: str | None = None,
        safe: SafeMode = SafeMode.OFF,
        num: int = 10,
        engine: Engine = Engine.GOOGLE,
    ) -> Any:
        """What the search engine finds, as JSON."""
        address = str(self.connection.get("api_base") or _ADDRESS).rstrip("/")
        bing = Engine(engine) is Engine.BING
        asks: dict[str, Any] = {"q": query}
        if location:
            asks["location"] = location
        asks |= {"api_key": str(self.connection.api_key or ""), "engine": Engine(engine).value}
        if SafeMode(safe) is SafeMode.ACTIVE:
            asks |= {"safeSearch": "Strict"} if bing else {"safe": "Active"}
        asks |= {"count" if bing else "num": int(num), "source": "python"}
        return asked(
            HttpRequest(method="GET", url=f"{address}/search?{urlencode(asks)}"),
            user_error=SerpAPIUserError,
            system_error=SerpAPISystemError,
        )


def search(connection: SerpConnection, query: str, **options: Any) -> Any:
    """The same as a function."""
    return SerpAPI(connection).search(query, **options)
