"""Read a page of a site: no proxy, no cookies, and only from addresses that were checked."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from http.client import (
    HTTPS_PORT,
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    IncompleteRead,
)
from typing import BinaryIO
from urllib.parse import urljoin

from flowgrade.errors import LoadError
from flowgrade.records import Record
from flowgrade.retrieval.loading.addresses import WebAddress, resolved, web_address
from flowgrade.retrieval.loading.found import Budget, spooled
from flowgrade.retrieval.loading.loader import LoadOptions

AGENT = "flowgrade"
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5


class Page(Record):
    """What a server sent."""

    url: str
    """Where it was found, after redirects."""
    content_type: str
    charset: str | None
    body: BinaryIO


def read_page(
    url: str, options: LoadOptions, budget: Budget, hosts: Collection[str] | None = None
) -> Page:
    """The page at ``url``; ``hosts`` are those it may come from, None lets all pass.

    Each redirect is checked as the first address is. Raises LoadError.
    """
    end = time.monotonic() + options.limits.page_seconds
    for _ in range(_MOST_REDIRECTS + 1):
        address = web_address(url)
        if hosts is not None and address.host not in hosts:
            raise LoadError(
                f"{url} is not on the sitemap's host.", hint="Allow its host with allow_hosts."
            )
        with _asked(address, options, end) as response:
            if response.status not in _REDIRECTS:
                return _page(url, response, options, budget)
            url = urljoin(url, response.headers.get("Location", ""))
    raise LoadError(f"{url} is redirected more than {_MOST_REDIRECTS} times.")


def _page(url: str, response: HTTPResponse, options: LoadOptions, budget: Budget) -> Page:
    if response.status != 200:
        raise LoadError(f"{url} answers with status {response.status}.")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise LoadError(f"{url} sends a compressed page although none was asked for.")
    body = spooled(response, url, options.limits, budget)
    if response.length:  # read() of a part does not complain when the connection ends early
        body.close()
        raise IncompleteRead(b"", response.length)
    return Page(
        url=url,
        content_type=response.headers.get_content_type(),
        charset=response.headers.get_content_charset(),
        body=body,
    )


@contextmanager
def _asked(address: WebAddress, options: LoadOptions, end: float) -> Iterator[HTTPResponse]:
    seconds = options.limits.page_seconds
    shown = f"{address.scheme}://{address.host}{address.target}"
    number = resolved(address, allow_private=options.allow_private)
    connection = _connection(address, number, max(0.001, end - time.monotonic()))
    # A server that sends a byte now and then keeps each single read from timing out.
    timer = threading.Timer(max(0.0, end - time.monotonic()), connection.cut)
    timer.daemon = True
    timer.start()
    try:
        connection.request(
            "GET", address.target, headers={"User-Agent": AGENT, "Accept-Encoding": "identity"}
        )
        with connection.getresponse() as response:
            yield response
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, TimeoutError) or time.monotonic() >= end:
            raise LoadError(f"{shown} did not answer within {seconds:g} s.") from error
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise LoadError(f"{shown} cannot be reached: {reason}.") from error
    finally:
        timer.cancel()
        connection.close()


def _connection(address: WebAddress, number: str, seconds: float) -> _Pinned:
    kind = _PinnedTls if address.scheme == "https" else _Pinned
    return kind(address, number, seconds)


class _Pinned(HTTPConnection):
    """Connects to the address that was checked, whatever the host's name leads to by now."""

    def __init__(self, address: WebAddress, number: str, seconds: float) -> None:
        super().__init__(address.host, address.port, timeout=seconds)
        self._number = number
        self._own: socket.socket | None = None

    def connect(self) -> None:
        """Open the connection."""
        plain = socket.create_connection((self._number, self.port), self.timeout)
        self._own = plain  # http.client forgets the socket while its answer is still read
        self.sock = self._secured(plain)

    def cut(self) -> None:
        """End it from another thread."""
        if self._own is not None:
            with suppress(OSError):  # it may end by itself at that moment
                self._own.shutdown(socket.SHUT_RDWR)

    def _secured(self, plain: socket.socket) -> socket.socket:
        return plain


class _PinnedTls(_Pinned):
    """The same over TLS, with a certificate that must be the host's."""

    default_port = HTTPS_PORT

    def _secured(self, plain: socket.socket) -> socket.socket:
        secured = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        self._own = secured  # wrapping takes the plain one's place
        return secured
