"""The proxy that the environment names for an address."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """The HTTP proxy to reach ``url`` through, or None.

    Reads ``https_proxy``, ``http_proxy``, ``all_proxy`` and ``no_proxy``, in lower or upper case.
    This machine itself is never reached through a proxy.
    """
    parts = urlsplit(url)
    if (parts.hostname or "") in _HERE:
        return None
    proxy = _variable(environment, f"{parts.scheme}_proxy") or _variable(environment, "all_proxy")
    if not proxy or not proxy.startswith(("http://", "https://")):
        return None
    excluded = {"no": _variable(environment, "no_proxy")}
    if proxy_bypass_environment(parts.netloc.rpartition("@")[2], excluded):
        return None
    return proxy


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""
