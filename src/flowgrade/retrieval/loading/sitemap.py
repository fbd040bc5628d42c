"""Pages of a site, as its sitemap lists them."""

from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser
from xml.parsers import expat

from flowgrade.errors import FlowgradeError, LoadError
from flowgrade.records import Failure, replace
from flowgrade.retrieval.loading.addresses import web_address
from flowgrade.retrieval.loading.formats import Formats
from flowgrade.retrieval.loading.found import Budget, Found, skipped
from flowgrade.retrieval.loading.loader import LoadLimits, LoadOptions, Unread
from flowgrade.retrieval.loading.web import AGENT, Page, read_page

_LANES = 4
_SITEMAP_BYTES = 52_428_800  # sitemaps.org: 50 MB, unpacked
_MOST_SITEMAPS = 1000
_DEEPEST = 3
_LONGEST_ADDRESS = 2048
_GZIP = b"\x1f\x8b"


def pages_of(url: str, options: LoadOptions, formats: Formats) -> Iterator[Found | Unread]:
    """The pages of the sitemap at ``url``, in its order; those that robots.txt forbids are skipped.

    Raises LoadError when the sitemap cannot be read, and above the limits.
    """
    home = web_address(url)
    hosts = frozenset((home.host, *options.allow_hosts))
    budget = Budget(url, options.limits)
    end = time.monotonic() + options.limits.seconds
    rules = _rules(url, options, hosts)
    wanted: deque[str] = deque()
    for page in dict.fromkeys(_listed(url, options, hosts)):
        budget.file()
        if _may_read(rules, page):
            wanted.append(page)
        else:
            yield skipped(page, f"{page} is not to be read: robots.txt forbids it.")
    pool = ThreadPoolExecutor(_LANES, thread_name_prefix="flowgrade-site")
    reads: deque[tuple[str, Future[Page]]] = deque()
    try:
        while wanted or reads:
            while wanted and len(reads) < _LANES:
                page = wanted.popleft()
                reads.append((page, pool.submit(read_page, page, options, budget, hosts)))
            if time.monotonic() > end:
                raise LoadError(
                    f"{url} could not be read within {options.limits.seconds:g} s.",
                    hint="Raise the limit seconds, or name a smaller sitemap.",
                )
            page, read = reads.popleft()
            yield _found(page, read, formats)
            budget.check()
    finally:
        pool.shutdown(cancel_futures=True)
        _close(reads)


def _may_read(rules: RobotFileParser, page: str) -> bool:
    try:
        return rules.can_fetch(AGENT, page)
    except ValueError:
        return True  # no address at all: reading it says so


def _close(reads: deque[tuple[str, Future[Page]]]) -> None:
    for _, read in reads:
        if not read.cancelled() and read.exception() is None:
            read.result().body.close()


def _found(url: str, read: Future[Page], formats: Formats) -> Found | Unread:
    try:
        page = read.result()
    except FlowgradeError as error:
        return Unread(source=url, failure=Failure.of(error))
    name = urlsplit(page.url).path.rsplit("/", 1)[-1]
    loader = formats.of_type(page.content_type) or formats.of_name(name)
    if loader is None:
        page.body.close()
        return skipped(url, f"{url} is {page.content_type}, which is not read.")
    return Found(
        id=url,
        name=name or url,
        source=url,
        loader=loader,
        open=lambda: page.body,
        charset=page.charset,
    )


def _rules(url: str, options: LoadOptions, hosts: frozenset[str]) -> RobotFileParser:
    rules = RobotFileParser()
    limits = replace(options.limits, file_bytes=1024 * 1024)
    own = replace(options, limits=limits)
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc}/robots.txt"
    try:
        with read_page(address, own, Budget(address, limits), hosts).body as body:
            text = body.read().decode("utf-8", "replace")
    except LoadError:
        text = ""  # no such file: everything may be read (RFC 9309)
    rules.parse(text.splitlines())
    return rules


def _listed(url: str, options: LoadOptions, hosts: frozenset[str]) -> Iterator[str]:
    waiting = deque([(url, 0)])
    seen = {url}
    limits = replace(options.limits, file_bytes=_SITEMAP_BYTES)
    own = replace(options, limits=limits)
    while waiting:
        current, depth = waiting.popleft()
        with read_page(current, own, Budget(current, limits), hosts).body as body:
            pages, sitemaps = _parsed(_unpacked(body, current), current, options.limits)
        yield from pages
        for further in sitemaps:
            if further in seen:
                continue
            seen.add(further)
            if depth == _DEEPEST or len(seen) > _MOST_SITEMAPS:
                raise LoadError(
                    f"{url} lists too many sitemaps, or sitemaps of sitemaps too deeply.",
                    hint="Name one of the sitemaps that it lists.",
                )
            waiting.append((further, depth + 1))


def _unpacked(body: BinaryIO, url: str) -> bytes:
    content = body.read()
    if not content.startswith(_GZIP):
        return content
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(content, _SITEMAP_BYTES)
    except zlib.error as error:
        raise LoadError(f"{url} is not a gzip file: {error}.") from None
    if unpacker.unconsumed_tail:
        raise LoadError(f"{url} unpacks to more than {_SITEMAP_BYTES:,} bytes.")
    return content


def _parsed(content: bytes, url: str, limits: LoadLimits) -> tuple[list[str], list[str]]:
    reader = _Reader(url, limits)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise LoadError(
            f"{url} is not a sitemap: {error}.", hint="A sitemap is XML: see sitemaps.org."
        ) from None
    if reader.root not in ("urlset", "sitemapindex"):
        raise LoadError(f"{url} is not a sitemap: its root is <{reader.root}>.")
    return reader.pages, reader.sitemaps


class _Reader:
    """Takes the addresses out of a sitemap, and no more."""

    def __init__(self, url: str, limits: LoadLimits) -> None:
        self.root = ""
        self.pages: list[str] = []
        self.sitemaps: list[str] = []
        self._url = url
        self._limits = limits
        self._path: list[str] = []
        self._text = ""

    def doctype(self, *_: object) -> None:
        """A document type can define entities that grow without bound; sitemaps have none."""
        raise LoadError(f"{self._url} has a document type, which is not read.")

    def start(self, name: str, _: object) -> None:
        """An element begins."""
        own = name.rpartition(" ")[2]
        self.root = self.root or own
        self._path.append(own)
        self._text = ""
        if len(self._path) > 100:
            raise LoadError(f"{self._url} is nested too deeply for a sitemap.")

    def text(self, data: str) -> None:
        """Characters of an element."""
        if self._path[-1] == "loc" and len(self._text) <= _LONGEST_ADDRESS:
            self._text += data

    def end(self, _: str) -> None:
        """An element ends."""
        path = self._path[-2:]
        found = self._text.strip()
        self._path.pop()
        kind = {("url", "loc"): self.pages, ("sitemap", "loc"): self.sitemaps}.get(tuple(path))  # type: ignore[arg-type]
        if kind is None or not found:
            return
        kind.append(found)
        if len(kind) > self._limits.files:
            raise LoadError(
                f"{self._url} lists more than {self._limits.files:,} pages.",
                hint="Name a smaller sitemap, or raise the limit files.",
            )
