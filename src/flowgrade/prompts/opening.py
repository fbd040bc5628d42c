"""What is sure to go wrong with a chat template, before it is rendered."""

from __future__ import annotations

import re

from flowgrade.errors import TemplateError
from flowgrade.prompts.chat import ROLE_HINT
from flowgrade.prompts.escaping import markers
from flowgrade.prompts.source import TemplateSource

_WORD = re.compile(r"\w")
_LONGEST = 60


def check_opening(source: TemplateSource) -> None:
    """Raise TemplateError when lines before the first role are sure to be there.

    A template that makes its roles while it is rendered is found out then.
    """
    text = source.text
    found = markers(text)
    end = found[0][0] if found else len(text)
    tag = text.find("{", 0, end)
    head = text[:end] if tag < 0 else text[: text.rfind("\n", 0, tag) + 1]
    line = next((line for line in head.splitlines() if _WORD.search(line)), None)
    if line is None:
        return
    shown = line.strip() if len(line.strip()) <= _LONGEST else f"{line.strip()[:_LONGEST]}..."
    raise TemplateError(
        f"A message must open with a role, not with '{shown}'.",
        hint=ROLE_HINT,
        place=source.place(text.index(line)),
    )
