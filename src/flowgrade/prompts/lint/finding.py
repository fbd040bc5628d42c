"""What a rule found."""

from __future__ import annotations

from enum import StrEnum

from flowgrade.errors import Place
from flowgrade.records import JsonObject, Record


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Record):
    """One thing that is wrong in a prompt."""

    rule: str
    severity: Severity
    place: Place
    message: str
    fix: str
    """What to do."""

    def as_json(self) -> JsonObject:
        """The finding as JSON."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "fix": self.fix,
        }
