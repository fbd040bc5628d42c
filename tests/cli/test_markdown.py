"""Markdown that is still being written."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from flowgrade.cli.chat.markdown import MarkdownView, drawn, split_blocks


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(text: str) -> list[str]:
    console = Console(file=io.StringIO(), width=60, record=True, no_color=True)
    console.print(drawn(text))
    return [line.rstrip() for line in console.export_text().strip().splitlines()]


TEXT = """\
# Title

A paragraph of
two lines.

1. one

2. two

```python
if x < 1:

    pass
```

| a | b |
|---|---|
| 1 | 2 |

End."""


def test_blocks_end_at_blank_lines_but_not_in_fences_and_lists() -> None:
    done, rest = split_blocks(TEXT)
    assert [block.splitlines()[0] for block in done] == [
        "# Title",
        "A paragraph of",
        "1. one",
        "```python",
        "| a | b |",
    ]
    assert "2. two" in done[2]
    assert "    pass" in done[3]
    assert rest == "End."


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_pieces_of_any_size_give_the_same_blocks(size: int) -> None:
    found: list[str] = []
    rest = ""
    for start in range(0, len(TEXT), size):
        done, rest = split_blocks(rest + TEXT[start : start + size])
        found += done
    assert ["".join(found) + rest, len(found)] == [TEXT, 5]


def test_line_ends_and_angle_brackets_are_kept() -> None:
    assert shown("Roses are red\nViolets are <b>blue</b>") == [
        "Roses are red",
        "Violets are <b>blue</b>",
    ]
    assert shown("Use `a<b>` and <c>.") == ["Use a<b> and <c>."]
    assert shown("```\nx < y\n```") == ["x < y"]
    assert shown("    x < y") == ["x < y"]


def test_a_fence_within_a_longer_one_does_not_end_it() -> None:
    text = "````\n```\n\na\n```\n````\n\nend"
    done, rest = split_blocks(text)
    assert (len(done), rest) == (1, "end")


def test_the_view_ends_with_the_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = Tty()
    with MarkdownView(out) as view:
        for start in range(0, len(TEXT), 5):
            view.add(TEXT[start : start + 5])
    last = out.getvalue()
    for word in ("Title", "A paragraph of", "two lines.", "pass", "End."):
        assert word in last
    assert "# Title" not in last.replace("\x1b", "")
