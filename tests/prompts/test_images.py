"""Images in the forms that prompt flow knows."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from flowgrade.errors import InputError
from flowgrade.prompts import Image, image_of_line, load_image, load_images

PNG = b"\x89PNG\r\n\x1a\nabc"
TEXT = base64.b64encode(PNG).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(PNG)
    return tmp_path


@pytest.mark.parametrize(
    ("value", "mime"),
    [
        ({"data:image/png;path": "a.png"}, "image/png"),
        ({"data:image/*;path": "a.png"}, "image/*"),
        ({"data:image/JPEG;base64": TEXT}, "image/jpeg"),
        ({"type": "image_file", "image_file": {"path": "a.png"}}, "image/png"),
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{TEXT}"}},
            "image/png",
        ),
        (TEXT, "image/png"),
        (f"data:image/png;base64,{TEXT}", "image/png"),
        ("a.png", "image/png"),
    ],
)
def test_an_image_is_read_from_each_form(folder: Path, value: object, mime: str) -> None:
    image = load_image(value, folder=folder)
    assert (bytes(image), image.mime, image.source_url) == (PNG, mime, None)
    assert image.url == f"data:{mime};base64,{TEXT}"


@pytest.mark.parametrize(
    "value",
    [
        {"data:image/png;url": "https://x.example/a.png"},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
        "https://x.example/a.png",
    ],
)
def test_an_address_is_kept_and_not_fetched(value: object) -> None:
    image = load_image(value)
    assert (bytes(image), image.url) == (b"", "https://x.example/a.png")
    assert image.to_part() == {
        "type": "image_url",
        "image_url": {"url": "https://x.example/a.png", "detail": "auto"},
    }


@pytest.mark.parametrize(
    ("start", "mime"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\0\0", "image/bmp"),
        (b"who knows", "image/*"),
    ],
)
def test_the_type_is_guessed_from_the_bytes(start: bytes, mime: str) -> None:
    assert Image(start).mime == mime
    assert Image(start)._mime_type == mime


def test_an_image_is_written_as_a_short_name_of_its_content() -> None:
    assert str(Image(PNG)) == repr(Image(PNG)) == f"{Image(PNG)}"
    assert str(Image(PNG)) != str(Image(PNG + b"x"))
    assert len(str(Image(PNG))) == len("Image(00000000)")
    assert str(Image(source_url="https://a")) != str(Image(source_url="https://b"))


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"data:text/plain;base64": TEXT},
        {"type": "image_url"},
        {"type": "image_url", "image_url": {"url": "not an address"}},
        {"data:image/png;path": "absent.png"},
        {"data:image/png;base64": "%%%"},
        "",
        7,
        None,
        "absent.png",
    ],
)
def test_what_is_no_image_is_an_input_error(folder: Path, value: object) -> None:
    with pytest.raises(InputError):
        load_image(value, folder=folder)


def test_images_are_found_however_deep(folder: Path) -> None:
    value: dict[str, Any] = {"l": [1, {"data:image/png;path": "a.png"}, "text"], "d": {"x": None}}
    found = load_images(value, folder=folder)
    assert found == {"l": [1, PNG, "text"], "d": {"x": None}}
    assert isinstance(found["l"][1], Image)
    assert value["l"][1] == {"data:image/png;path": "a.png"}


def test_the_vision_format_turns_text_parts_into_text(folder: Path) -> None:
    value = [
        {"type": "text", "text": "look"},
        {"type": "text", "text": {"value": "here", "annotations": []}},
        {"type": "image_file", "image_file": {"path": "a.png"}},
        {"data:image/png;path": "a.png"},
    ]
    found = load_images(value, folder=folder, message_format="openai-vision")
    assert found == ["look", "here", PNG, {"data:image/png;path": "a.png"}]


def test_a_prompty_s_input_may_be_a_line_with_an_image(folder: Path) -> None:
    image = image_of_line("data:image/png;path: a.png", folder=folder)
    assert isinstance(image, Image)
    assert image == PNG
    assert image_of_line(f"data:image/png;base64: {TEXT}") == PNG
    assert image_of_line("data:image/png;url:https://x.example") == Image()
    assert image_of_line("just text") == "just text"
