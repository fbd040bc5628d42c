"""Files that go with a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowgrade.chat import load_attachment
from flowgrade.errors import InputError

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def test_a_text_and_an_image_are_told_apart_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text("\ufeffgrüße", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(PNG)
    text, image = load_attachment(tmp_path / "a.dat"), load_attachment(tmp_path / "b.txt")
    assert (text.text, text.is_image, text.name) == ("grüße", False, "a.dat")
    assert (image.media_type, image.is_image, image.text) == ("image/png", True, None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7\n\xe2\xe3", "not UTF-8 from byte 9"),
        (b"a\0b", "NUL"),
        (b"x" * (512 * 1024 + 1), "at most 512 KiB"),
        (PNG + b"x" * 10 * 1024 * 1024, "at most 10,240 KiB"),
    ],
    ids=["pdf", "nul", "long text", "large image"],
)
def test_what_cannot_be_attached_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(InputError, match=reason) as raised:
        load_attachment(tmp_path / "f")
    assert raised.value.hint


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_attachment(tmp_path / "nothing")
    with pytest.raises(InputError, match="directory"):
        load_attachment(tmp_path)
