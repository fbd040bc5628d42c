"""docs/architecture.md and the glossary speak of the code as it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.docs.examples import blocks

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "flowgrade"
PAGE = ROOT / "docs" / "architecture.md"


def layers() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    found: list[str] = next(c["layers"] for c in contracts if c["type"] == "layers")
    return found


def rooms() -> set[str]:
    folders = {folder.name for folder in SOURCE.iterdir() if (folder / "__init__.py").is_file()}
    modules = {file.stem for file in SOURCE.glob("*.py") if not file.stem.startswith("_")}
    return folders | modules


def test_the_page_has_the_order_of_the_contract() -> None:
    drawn = [block.text.split("\n")[:-1] for block in blocks(PAGE) if block.language == "text"]
    assert layers() in drawn


def test_the_contract_has_every_room() -> None:
    assert {room.strip() for layer in layers() for room in layer.split("|")} == rooms()


def test_the_page_has_a_line_for_every_room_and_for_no_other() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text.partition("| Room | Holds |")[2].partition("\n\n")[0]
    described = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert sorted(described) == sorted(rooms())


def test_the_files_that_the_page_names_are_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?|[a-z]+/[a-z_]+\.py)`", text))
    assert "runs/engines/local.py" in named
    places = (ROOT, SOURCE, *(SOURCE / room for room in ("flows", "models", "retrieval", "runs")))
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_the_names_of_code_on_the_page_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    code = "\n".join(file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py"))
    classes = set(re.findall(r"`([A-Z][a-zA-Z]+)(?:\.\w+)?[(`]", text))
    assert len(classes) > 8
    assert [name for name in classes if not re.search(rf"\bclass {name}\b", code)] == []


def test_words_of_the_glossary_stand_once_and_in_order() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| (?!Word|-)([^|]+?) \|", text, flags=re.MULTILINE)
    assert "run" in words
    assert words == sorted(set(words))
