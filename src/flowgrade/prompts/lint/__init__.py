"""Find in prompts what goes wrong later: one rule, one function, all in ``rules.RULES``."""

from flowgrade.prompts.lint.finding import Finding, Severity
from flowgrade.prompts.lint.run import lint_prompt

__all__ = ["Finding", "Severity", "lint_prompt"]
