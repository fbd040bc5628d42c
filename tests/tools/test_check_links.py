"""Links between Markdown files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.check_links import broken_links, headings, markdown_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/guide.md").write_text("# A guide\n\n## Start & stop\n", encoding="utf-8")
    (tmp_path / "picture one.png").write_bytes(b"")
    return tmp_path


def complaints(root: Path, text: str) -> list[str]:
    file = root / "page.md"
    file.write_text(text, encoding="utf-8")
    return [line.removeprefix(f"{file}:") for line in broken_links(file, root=root)]


@pytest.mark.parametrize(
    "text",
    [
        "[a](docs/guide.md)",
        "[a](docs/guide.md 'with a title')",
        "[a](docs/guide.md#start--stop)",
        "[a](/docs/guide.md)",
        "[a](docs)",
        "![a](picture%20one.png) and ![a](<picture one.png>)",
        "# Here\n[a](#here)",
        "[a][b]\n\n[b]: docs/guide.md",
        '<img src="docs/guide.md">',
        "[a](https://example.org/missing.md) [b](mailto:a@example.org)",
        "`[a](missing.md)` is how a link is written",
        "```\n[a](missing.md)\n```",
        "~~~~\n~~~\n[a](missing.md)\n~~~~",
    ],
)
def test_a_good_link_is_not_complained_of(root: Path, text: str) -> None:
    assert complaints(root, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "[a](missing.md)",
        "[![badge](https://example.org/badge.svg)](missing.md)",
        "[a](missing.md#here)",
        "[b]: missing.md",
        "<a href='missing.md'>a</a>",
        "`code` [a](missing.md) `code`",
        "```\ncode\n```\n[a](missing.md)",
    ],
)
def test_a_link_to_a_missing_file_is_broken(root: Path, text: str) -> None:
    (complaint,) = complaints(root, text)
    assert complaint.endswith("there is no missing.md")


def test_a_complaint_names_the_line(root: Path) -> None:
    assert complaints(root, "one\n\n[a](missing.md)\n") == ["3: there is no missing.md"]


def test_a_link_to_a_missing_heading_is_broken(root: Path) -> None:
    assert complaints(root, "[a](docs/guide.md#gone)") == ["1: guide.md has no heading #gone"]


def test_a_link_out_of_the_project_is_broken(root: Path) -> None:
    (root.parent / "beside.md").write_text("", encoding="utf-8")
    (complaint,) = complaints(root, "[a](../beside.md)")
    assert complaint.endswith("lies outside the project")


def test_headings_become_anchors_as_on_github(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(
        "# `make test`: what it does\n## Again\n## Again\n## [A link](x.md) in it\n"
        '```\n# not a heading\n```\n<a id="own"></a>\n',
        encoding="utf-8",
    )
    assert headings(file) == {"make-test-what-it-does", "again", "again-1", "a-link-in-it", "own"}


def test_files_that_git_ignores_are_left_out(root: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    (root / ".gitignore").write_text("ignored/\n", encoding="utf-8")
    (root / "ignored").mkdir()
    (root / "ignored/page.md").write_text("", encoding="utf-8")
    assert markdown_files(root) == [root / "docs/guide.md"]
