"""Files that are broken, locked or made to do harm: each is refused, and the next one is read."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest

from flowgrade.errors import LoadError
from tests.retrieval.loading.made import limits, load, pdf, saved

MIB = 1024 * 1024


def packed(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def zip_bomb() -> bytes:
    return packed({"word/document.xml": b"\0" * (40 * MIB)})


def entity_bomb() -> bytes:
    good = zipfile.ZipFile(io.BytesIO(saved(docx.Document().save)))
    members = {name: good.read(name) for name in good.namelist()}
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    body = members["word/document.xml"].partition(b"?>")[2].replace(b"<w:body>", b"<w:body>&e11;")
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "lol">{lines}]>'
    members["word/document.xml"] = head.encode() + body
    return packed(members)


LIMITS = limits(text_characters=MIB, unpacked_bytes=8 * MIB)

TABLE: list[tuple[str, Callable[[], bytes], str]] = [
    ("locked.pdf", lambda: pdf("Secret.", password="x"), "locked.pdf is encrypted."),
    ("broken.pdf", lambda: b"%PDF-1.7\nnothing", "cannot be read as PDF"),
    ("empty.pdf", lambda: b"", "cannot be read as PDF"),
    ("cut.pdf", lambda: pdf("Text.")[:300], "cut.pdf"),
    ("scanned.pdf", lambda: pdf("", ""), "has no text on its 2 pages."),
    ("locked.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is encrypted, or"),
    ("old.pptx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is encrypted, or"),
    ("broken.docx", lambda: b"PK\x03\x04 broken", "is not DOCX, or it is broken"),
    ("other.docx", lambda: packed({"a.txt": b"x"}), "cannot be read as DOCX"),
    ("other.pptx", lambda: saved(docx.Document().save), "cannot be read as PPTX"),
    ("bomb.docx", zip_bomb, "bomb.docx would unpack to 41,943,040 bytes."),
    ("entities.docx", entity_bomb, "cannot be read as DOCX"),
    ("latin.txt", lambda: "grüß".encode("latin-1"), "latin.txt is not UTF-8 text."),
    ("half.txt", lambda: "grüß".encode("utf-16")[:-1], "half.txt is not UTF-16 text."),
    ("binary.txt", lambda: b"MZ\0\0", "it has a zero byte"),
    ("latin.md", lambda: "grüß".encode("latin-1"), "latin.md is not UTF-8 text."),
    ("latin.csv", lambda: "text\ngrüß".encode("latin-1"), "latin.csv is not UTF-8 text."),
    ("latin.jsonl", lambda: '{"text": "ü"}'.encode("latin-1"), "not JSON"),
    ("long.txt", lambda: b"x" * (2 * MIB), "a text of more than 1,048,576 characters"),
    ("long.md", lambda: b"# x\n" * MIB, "a text of more than 1,048,576 characters"),
    ("long.html", lambda: b"<p>" + b"x" * (2 * MIB), "a text of more than 1,048,576 characters"),
    ("long.csv", lambda: b"text\n" + b"x" * (2 * MIB), "a text of more than 1,048,576 characters"),
    ("long.jsonl", lambda: b'{"text": "' + b"x" * (9 * MIB), "a text of more than 1,048,576"),
]


@pytest.mark.parametrize(("name", "make", "message"), TABLE, ids=[row[0] for row in TABLE])
def test_a_file_that_cannot_be_used_is_named_with_its_reason(
    tmp_path: Path, name: str, make: Callable[[], bytes], message: str
) -> None:
    (tmp_path / name).write_bytes(make())
    (tmp_path / "zz.txt").write_text("good", encoding="utf-8")
    documents, unread = load(tmp_path, limits=LIMITS)
    assert [document.id for document in documents] == ["zz.txt"]
    assert [(one.source, one.skipped) for one in unread] == [(name, False)]
    assert unread[0].failure.type == "LoadError"
    assert message in unread[0].failure.message


def test_a_pdf_that_only_restricts_printing_is_read(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Open."))))
    writer.encrypt(user_password="", owner_password="x", algorithm="AES-256")
    writer.write(tmp_path / "a.pdf")
    documents, unread = load(tmp_path)
    assert [document.text for document in documents] == ["Open."]
    assert unread == []


@pytest.mark.parametrize("opening", ["<div>", "<b>", "<table><tr><td>", "<ul><li>", "> ", "- "])
def test_deep_nesting_does_no_harm(tmp_path: Path, opening: str) -> None:
    name = "a.html" if "<" in opening else "a.md"
    (tmp_path / name).write_text(opening * 20_000 + "text", encoding="utf-8")
    documents, unread = load(tmp_path)
    assert len(documents) + len(unread) == 1


def test_a_text_of_200_megabytes_is_refused_within_bounded_memory(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as stream:
        for _ in range(200):
            stream.write(b"x" * MIB)
    tracemalloc.start()
    _, unread = load(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "a text of more than 16,777,216 characters" in unread[0].failure.message
    assert peak < 40 * MIB


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 100, encoding="utf-8")
    _, unread = load(tmp_path, limits=limits(file_bytes=99))
    assert unread[0].failure.message == "a.txt has more than 99 bytes."


NAMES = [
    "../evil.md",
    "a/../../evil.md",
    "/etc/evil.md",
    "C:\\evil.md",
    "..\\evil.md",
    "C:/evil.md",
]


def tarred(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("name", NAMES)
def test_paths_that_lead_out_of_an_archive_are_refused(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    tarred(inside / "a.tar.gz", [(tarfile.TarInfo(n), b"x") for n in (name, "good.md")])
    with zipfile.ZipFile(inside / "a.zip", "w") as archive:
        member = zipfile.ZipInfo("x")
        member.filename = name
        archive.writestr(member, "x")
        archive.writestr("good.md", "x")
    for path in (inside / "a.tar.gz", inside / "a.zip"):
        documents, unread = load(path)
        assert [document.id for document in documents] == ["good.md"]
        assert [one.skipped for one in unread] == [False]
        assert "leads out of the archive" in unread[0].failure.message
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["a.tar.gz", "a.zip", "in"]


def test_links_and_archives_inside_of_an_archive_are_not_followed(tmp_path: Path) -> None:
    link = tarfile.TarInfo("link.md")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    inner = packed({"inner.md": b"x"})
    tarred(
        tmp_path / "a.tar.gz",
        [(link, b""), (tarfile.TarInfo("n.zip"), inner), (tarfile.TarInfo("a.md"), b"x")],
    )
    documents, unread = load(tmp_path / "a.tar.gz")
    assert [document.id for document in documents] == ["a.md"]
    assert [(one.source, one.skipped) for one in unread] == [("link.md", True), ("n.zip", True)]


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_an_archive_that_unpacks_above_the_limit_ends(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    bomb = b"x" * (8 * MIB)
    if suffix == ".zip":
        path.write_bytes(packed({f"{n}.txt": bomb for n in range(4)}))
    else:
        tarred(path, [(tarfile.TarInfo(f"{n}.bin"), bomb) for n in range(4)])
    with pytest.raises(LoadError, match="unpacks to more than 10,485,760 bytes"):
        load(path, limits=limits(total_bytes=10 * MIB))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", b"PK\x03\x04 broken"),
        ("b.tar.gz", b"\x1f\x8b broken"),
        ("c.tar.gz", gzip.compress(b"no tar at all" * 99, mtime=0)),
        ("d.tar", b"x" * 600),
        ("e.tgz", b""),
    ],
)
def test_a_broken_archive_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LoadError, match=f"The archive {name} is broken"):
        load(tmp_path / name)


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    member = tarfile.TarInfo("a.md")
    member.pax_headers = {"comment": "x" * (2 * MIB)}
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member)
    with pytest.raises(LoadError, match="it has a header of"):
        load(tmp_path / "a.tar.gz")


def test_a_heading_without_end_does_not_come_again_with_every_section(tmp_path: Path) -> None:
    text = "# " + "word " * 100_000 + "\n\n## Next\n"
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    documents, _ = load(tmp_path)
    assert [len(section.headings[0]) for section in documents[0].sections] == [300, 300]


def test_an_archive_that_was_cut_off_gives_what_it_has_and_then_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    tarred(path, [(tarfile.TarInfo(f"{n}.md"), bytes(range(32, 127)) * 50) for n in range(9)])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LoadError, match="is broken"):
        load(path)
