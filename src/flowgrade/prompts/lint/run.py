"""Look at one prompt with every rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from flowgrade.errors import FlowgradeError, Place
from flowgrade.prompts.lint.finding import Finding, Severity
from flowgrade.prompts.lint.found import Found
from flowgrade.prompts.lint.length import too_long
from flowgrade.prompts.lint.rules import RULES, SYNTAX, TOO_LONG
from flowgrade.prompts.lint.subject import Subject, subject_of
from flowgrade.prompts.sending import errors_placed
from flowgrade.prompts.template import parse_template

_ALLOWED = re.compile(r"lint:\s*allow\s+([\w-]+(?:\s*,\s*[\w-]+)*)")


def lint_prompt(path: Path, *, context: int | None = None) -> list[Finding]:
    """What is wrong in the Prompty file or template at ``path``, in the order of its lines.

    ``context`` is how many tokens the model takes, if that is known. A comment
    ``lint: allow RULE`` on the line, or on the one before, allows what the rule finds there.
    """
    try:
        subject = subject_of(path)
        with errors_placed(subject.source, path):
            parse_template(subject.template, str(path))
    except UnicodeDecodeError as error:
        return [
            _syntax(Place(str(path), 1, 1), f"It is not UTF-8 text (byte {error.start}).", None)
        ]
    except FlowgradeError as error:
        return [_syntax(_syntax_place(error, path), error.message, error.hint)]
    found = [
        Finding(rule=name, severity=severity, place=one.place, message=one.message, fix=one.fix)
        for name, severity, one in _all(subject, context)
    ]
    allowed = _Allowed()
    return sorted(
        (one for one in found if not allowed(one)),
        key=lambda one: (one.place.file, one.place.line or 0, one.place.column or 0, one.rule),
    )


def _all(subject: Subject, context: int | None) -> Iterator[tuple[str, Severity, Found]]:
    for rule in RULES:
        yield from ((rule.name, rule.severity, found) for found in rule.check(subject))
    yield from ((TOO_LONG, Severity.ERROR, found) for found in too_long(subject, context))


class _Allowed:
    """Says whether a comment in the file allows a finding."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def __call__(self, finding: Finding) -> bool:
        lines = self._of(finding.place.file)
        line = finding.place.line or 1
        near = "\n".join(lines[max(line - 2, 0) : line])
        return any(
            finding.rule in re.split(r"\s*,\s*", match[1]) for match in _ALLOWED.finditer(near)
        )

    def _of(self, file: str) -> list[str]:
        if file not in self._lines:
            text = Path(file).read_text(encoding="utf-8-sig", errors="replace")
            self._lines[file] = text.splitlines()
        return self._lines[file]


def _syntax(place: Place, message: str, hint: str | None) -> Finding:
    fix = hint or "Correct it; flowgrade prompts render shows what the template gives."
    return Finding(rule=SYNTAX, severity=Severity.ERROR, place=place, message=message, fix=fix)


def _syntax_place(error: FlowgradeError, path: Path) -> Place:
    place = error.place or Place(str(path))
    return Place(place.file, place.line or 1, place.column or 1)
