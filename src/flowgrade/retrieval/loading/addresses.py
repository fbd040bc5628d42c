"""Which machines a site may be on: those of the public internet, unless more is allowed."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import quote, urlsplit

from flowgrade.errors import LoadError
from flowgrade.records import Record

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SAFE = "/%:=&?~+!$,;'@()*[]"


class WebAddress(Record):
    """The parts of an address that a request needs."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query."""


def web_address(url: str) -> WebAddress:
    """The parts of ``url``; raises LoadError for other schemes and for a password in it."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = (parts.hostname or "").encode("idna" if "[" not in parts.netloc else "ascii")
    except (ValueError, UnicodeError):
        raise LoadError("This is no address of a page.", hint="Write https://host/path.") from None
    if parts.scheme not in _PORTS or not host:
        raise LoadError(f"{_shown(url)} is not an address of http or https.")
    if parts.username is not None or parts.password is not None:
        raise LoadError(f"The address of {parts.hostname} has a user name or a password in it.")
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return WebAddress(
        scheme=parts.scheme,
        host=host.decode("ascii"),
        port=_PORTS[parts.scheme] if port is None else port,
        target=(quote(parts.path, safe=_SAFE) or "/") + query,
    )


def resolved(address: WebAddress, *, allow_private: bool) -> str:
    """An IP address of the host, to connect to: looking it up again could give another.

    Raises LoadError when any of its addresses is private, and when there is none.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LoadError(f"The host {address.host} is not known: {reason}.") from error
    numbers = [str(entry[4][0]) for entry in found]
    if not allow_private:
        for number in numbers:
            if not is_public(ipaddress.ip_address(number.partition("%")[0])):
                raise LoadError(
                    f"The host {address.host} is at {number}, which is not a public address.",
                    hint="If that is your own site, allow it with allow_private.",
                )
    return numbers[0]


def is_public(address: IpAddress) -> bool:
    """Whether anybody on the internet could reach it, also where IPv6 wraps an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _shown(url: str) -> str:
    return ascii(url[:200]).strip("'")
