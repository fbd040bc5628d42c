"""Make one of the categories of an answer."""

import re

from labelled import labelled

from flowgrade import tool


@tool
def check(answer: str) -> dict:
    """The first category that the answer names; "other" when it names none."""
    categories = {mail["category"] for mail in labelled()}
    for word in re.findall(r"[a-z]+", answer.lower()):
        if word in categories:
            return {"category": word, "known": True}
    return {"category": "other", "known": False}
