"""Sites: pages of a sitemap, from public addresses of its own host alone."""

from __future__ import annotations

import gzip
import ipaddress
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flowgrade.errors import LoadError
from flowgrade.retrieval.loading.addresses import is_public, resolved, web_address
from tests.retrieval.loading.made import limits, load

Answer = tuple[int, dict[str, str], bytes]


class Site:
    """A server on this machine that answers what a test has written."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.drip = False

    def page(self, path: str, body: str | bytes, kind: str = "text/html; charset=utf-8") -> None:
        content = body.encode() if isinstance(body, str) else body
        self.answers[path] = (200, {"Content-Type": kind}, content)

    def sitemap(self, *paths: str, at: str = "/sitemap.xml") -> str:
        urls = "".join(
            f"<url><loc>{path if '://' in path else self.url + path}</loc></url>" for path in paths
        )
        self.page(
            at, f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>"
        )
        return f"sitemap+{self.url}{at}"


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            status, headers, body = found.answers.get(self.path, (404, {}, b"none"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not found.drip:
                self.wfile.write(body)
                return
            with suppress(OSError):  # the other side cuts it off
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.05)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Site(server)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def test_pages_are_read_in_the_order_of_the_sitemap(site: Site) -> None:
    paths = [f"/p{number}?a=1&amp;b=ü" for number in range(9)]
    for number in range(9):
        site.page(f"/p{number}?a=1&b=%C3%BC", f"<h1>Page {number}</h1><p>Text.</p>")
    documents, unread = load(site.sitemap(*paths), allow_private=True)
    assert unread == []
    assert [document.title for document in documents] == [f"Page {n}" for n in range(9)]
    assert documents[3].id == documents[3].source == f"{site.url}/p3?a=1&b=ü"


def test_what_a_server_sends_says_how_it_is_read(site: Site) -> None:
    site.page("/a", "grüß".encode("latin-1"), "text/plain; charset=iso-8859-1")
    site.page("/b.md", "# Heading", "application/octet-stream")
    site.page("/c", b"\x89PNG", "image/png")
    documents, unread = load(site.sitemap("/a", "/b.md", "/c"), allow_private=True)
    assert [document.text for document in documents] == ["grüß", "# Heading"]
    assert [(one.source, one.skipped) for one in unread] == [(f"{site.url}/c", True)]


def test_a_sitemap_of_sitemaps_is_followed_and_may_be_packed(site: Site) -> None:
    site.page("/a", "<p>A")
    site.sitemap("/a", at="/one.xml")
    packed = gzip.compress(site.answers["/one.xml"][2])
    site.page("/two.xml.gz", packed, "application/gzip")
    maps = "".join(
        f"<sitemap><loc>{site.url}{p}</loc></sitemap>" for p in ("/one.xml", "/two.xml.gz")
    )
    site.page("/sitemap.xml", f"<sitemapindex>{maps}</sitemapindex>")
    documents, _ = load(f"{site.url}/sitemap.xml", allow_private=True)
    assert [document.text for document in documents] == ["A"]
    assert site.asked.count("/a") == 1


def test_a_sitemap_that_lists_itself_ends(site: Site) -> None:
    for depth in range(9):
        site.page(
            f"/{depth}.xml",
            f"<sitemapindex><sitemap><loc>{site.url}/{depth + 1}.xml</loc></sitemap>"
            "</sitemapindex>",
        )
    with pytest.raises(LoadError, match="too deeply"):
        load(f"sitemap+{site.url}/0.xml", allow_private=True)


def test_one_bad_page_does_not_stop_the_others(site: Site) -> None:
    site.page("/b", "<p>B")
    documents, unread = load(site.sitemap("/none", "/b"), allow_private=True)
    assert [document.text for document in documents] == ["B"]
    assert unread[0].failure.message == f"{site.url}/none answers with status 404."


def test_what_robots_txt_forbids_is_skipped(site: Site) -> None:
    site.page("/robots.txt", "User-agent: *\nDisallow: /private/\n", "text/plain")
    site.page("/a", "<p>A")
    documents, unread = load(site.sitemap("/private/x", "/a"), allow_private=True)
    assert len(documents) == 1
    assert [(one.skipped, "robots.txt" in one.failure.message) for one in unread] == [(True, True)]
    assert "/private/x" not in site.asked


def test_addresses_that_are_not_public_are_refused_unless_allowed(site: Site) -> None:
    with pytest.raises(LoadError, match="not a public address") as caught:
        load(site.sitemap("/a"))
    assert caught.value.hint is not None
    assert "allow_private" in caught.value.hint
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/a",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a",
        "http://me:secret@127.0.0.1/",
        "http://[::1/",
        "http://127.0.0.1:99999/",
        "javascript:alert(1)",
        "/relative",
    ],
)
def test_pages_elsewhere_are_refused(site: Site, url: str) -> None:
    site.page("/a", "<p>A")
    documents, unread = load(
        site.sitemap(f"{url}" if "://" in url else f"x://{url}", "/a"), allow_private=True
    )
    assert len(documents) == 1
    assert [(one.failure.type, one.skipped) for one in unread] == [("LoadError", False)]
    assert "secret" not in unread[0].failure.message


@pytest.mark.parametrize(
    "location",
    ["http://localhost:1/", "http://169.254.169.254/", "file:///etc/passwd", "//other.example/"],
)
def test_each_redirect_is_checked(site: Site, location: str) -> None:
    site.page("/target", "<p>Moved")
    site.answers["/here"] = (301, {"Location": "/target"}, b"")
    site.answers["/away"] = (302, {"Location": location}, b"")
    documents, unread = load(site.sitemap("/here", "/away"), allow_private=True)
    assert [document.text for document in documents] == ["Moved"]
    assert [one.failure.type for one in unread] == ["LoadError"]


def test_redirects_without_end_are_cut_off(site: Site) -> None:
    site.answers["/a"] = (302, {"Location": "/a"}, b"")
    _, unread = load(site.sitemap("/a"), allow_private=True)
    assert "redirected more than 5 times" in unread[0].failure.message


BOMB = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<urlset><url><loc>&b;</loc></url></urlset>"""
OUTSIDE = """<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<urlset><url><loc>&a;</loc></url></urlset>"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (BOMB, "has a document type"),
        (OUTSIDE, "has a document type"),
        ("<urlset>", "is not a sitemap"),
        ("<html></html>", "its root is <html>"),
        ("", "is not a sitemap"),
        ("<urlset>" + "<a>" * 5000, "nested too deeply"),
        (gzip.compress(b" " * 60_000_000), "unpacks to more than"),
        (b"\x1f\x8bnot gzip", "is not a gzip file"),
    ],
)
def test_a_bad_sitemap_is_refused(site: Site, body: str | bytes, message: str) -> None:
    site.page("/sitemap.xml", body)
    with pytest.raises(LoadError, match=message):
        load(f"{site.url}/sitemap.xml", allow_private=True)


def test_a_page_above_the_limit_is_refused_and_a_site_above_it_ends(site: Site) -> None:
    site.page("/a", b"x" * 5000, "text/plain")
    site.page("/b", "<p>B")
    source = site.sitemap("/a", "/b")
    documents, unread = load(source, allow_private=True, limits=limits(file_bytes=1000))
    assert [document.text for document in documents] == ["B"]
    assert "has more than 1,000 bytes" in unread[0].failure.message
    with pytest.raises(LoadError, match="lists more than 1 pages"):
        load(source, allow_private=True, limits=limits(files=1))


def test_a_server_that_drips_is_cut_off(site: Site) -> None:
    site.page("/sitemap.xml", b"<urlset>" + b" " * 1000)
    site.drip = True
    with pytest.raises(LoadError, match=r"did not answer within 0\.3 s"):
        load(f"{site.url}/sitemap.xml", allow_private=True, limits=limits(page_seconds=0.3))


def test_a_page_that_ends_early_is_an_error(site: Site) -> None:
    site.answers["/a"] = (200, {"Content-Type": "text/plain", "Content-Length": "99"}, b"half")
    documents, unread = load(
        site.sitemap("/a"), allow_private=True, limits=limits(page_seconds=0.5)
    )
    assert documents == []
    assert [one.failure.type for one in unread] == ["LoadError"]


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_addresses_of_this_machine_and_of_networks_are_not_public(number: str) -> None:
    assert not is_public(ipaddress.ip_address(number))


@pytest.mark.parametrize("number", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_other_addresses_are_public(number: str) -> None:
    assert is_public(ipaddress.ip_address(number))


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]"]
)
def test_every_way_to_write_this_machine_is_refused(host: str) -> None:
    with pytest.raises(LoadError):
        resolved(web_address(f"http://{host}/"), allow_private=False)
