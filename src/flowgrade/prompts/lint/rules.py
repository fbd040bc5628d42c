"""Every rule by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from flowgrade.prompts.lint import fields, roles, safety, variables
from flowgrade.prompts.lint.finding import Severity
from flowgrade.prompts.lint.found import Found
from flowgrade.prompts.lint.subject import Subject


class Rule(NamedTuple):
    """A rule: its name, how bad it is, and what it looks for."""

    name: str
    severity: Severity
    check: Callable[[Subject], Iterator[Found]]


SYNTAX = "syntax"
TOO_LONG = "too-long"

RULES = (
    Rule("undefined-variable", Severity.ERROR, variables.undefined_variable),
    Rule("unused-input", Severity.WARNING, variables.unused_input),
    Rule("wrong-sample", Severity.WARNING, variables.wrong_sample),
    Rule("missing-role", Severity.ERROR, roles.missing_role),
    Rule("unknown-role", Severity.ERROR, roles.unknown_role),
    Rule("text-after-role", Severity.WARNING, roles.text_after_role),
    Rule("duplicate-role", Severity.WARNING, roles.duplicate_role),
    Rule("empty-message", Severity.WARNING, roles.empty_message),
    Rule("trailing-whitespace", Severity.WARNING, roles.trailing_whitespace),
    Rule("missing-format", Severity.ERROR, fields.missing_format),
    Rule("deprecated-field", Severity.WARNING, fields.deprecated_field),
    Rule("unknown-field", Severity.WARNING, fields.unknown_field),
    Rule("injection-risk", Severity.WARNING, safety.injection_risk),
    Rule("secret", Severity.ERROR, safety.secret),
    Rule("template-security", Severity.ERROR, safety.template_security),
    Rule("cannot-render", Severity.ERROR, safety.cannot_render),
)
NAMES = (SYNTAX, *(rule.name for rule in RULES), TOO_LONG)
