"""Check that every relative link in the Markdown files leads to a file, and to a heading of it.

    python tools/check_links.py [FILE …]

Without arguments it reads every ``*.md`` that Git knows or would add. Links to other hosts are
not followed: what they find changes without us.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_LINKS = (
    re.compile(r"\]\(\s*(?:<([^>]*)>|([^\s()]+(?:\([^\s()]*\)[^\s()]*)*))"),  # [text](target)
    re.compile(r"^ {0,3}\[[^\]^][^\]]*\]:\s*(?:<([^>]*)>|(\S+))"),  # [name]: target
    re.compile(r"<(?:a|img)\s[^>]*?(?:href|src)=(?:\"([^\"]*)\"|'([^']*)')"),
)
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")
_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_ANCHOR = re.compile(r"<a\s[^>]*?(?:id|name)=[\"']([^\"']+)[\"']")


def main(arguments: list[str]) -> int:
    """Print every broken link as ``file:line: reason``; returns 1 when there is one."""
    files = [Path(argument) for argument in arguments] or markdown_files(ROOT)
    found = [complaint for file in files for complaint in broken_links(file, root=ROOT)]
    for complaint in found:
        print(complaint)
    print(f"links: {len(files)} files, {len(found)} broken", file=sys.stderr)
    return int(bool(found))


def markdown_files(root: Path) -> list[Path]:
    """Every Markdown file of the project, without what Git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [
        root / name for name in sorted(set(listed.split("\0"))) if name and (root / name).exists()
    ]


def broken_links(file: Path, *, root: Path) -> Iterator[str]:
    """What is wrong with the links of one file; ``root`` is where a link from ``/`` starts."""
    for number, target in _links(file):
        if reason := _fault(file, target, root):
            yield f"{file}:{number}: {reason}"


def _fault(file: Path, target: str, root: Path) -> str | None:
    path, _, anchor = unquote(target).partition("#")
    path = path.partition("?")[0]
    place = file if not path else root / path[1:] if path.startswith("/") else file.parent / path
    if not place.exists():
        return f"there is no {path}"
    if not place.resolve().is_relative_to(root.resolve()):
        return f"{path} lies outside the project"
    if anchor and place.suffix == ".md" and anchor not in headings(place):
        return f"{place.name} has no heading #{anchor}"
    return None


def _links(file: Path) -> Iterator[tuple[int, str]]:
    for number, line in _prose(file):
        text = _CODE.sub("", line)
        for pattern in _LINKS:
            for match in pattern.finditer(text):
                target = match[1] if match[1] is not None else match[2]
                if target and not _ELSEWHERE.match(target):
                    yield number, target


def _prose(file: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines that are not in a fenced block of code."""
    fence = ""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark[1]
        else:
            yield number, line


@cache
def headings(file: Path) -> frozenset[str]:
    """The anchors of a Markdown file, as GitHub makes them from headings."""
    found: set[str] = set()
    for _, line in _prose(file):
        found.update(_ANCHOR.findall(line))
        if match := _HEADING.match(line):
            slug, number = _slug(match[1]), 0
            while (name := f"{slug}-{number}" if number else slug) in found:
                number += 1
            found.add(name)
    return frozenset(found)


def _slug(heading: str) -> str:
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
