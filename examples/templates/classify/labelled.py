"""The labelled mails that the nearest ones are looked up in."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "labelled.jsonl"
NEAREST = 5


@cache
def labelled() -> list[dict]:
    """Every labelled mail: its text and its category."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def vote(likeness: list[float]) -> str:
    """The category that the nearest labelled mails speak for, each as loud as it is near."""
    nearest = sorted(zip(likeness, labelled(), strict=True), key=lambda pair: -pair[0])[:NEAREST]
    votes: Counter[str] = Counter()
    for near, mail in nearest:
        votes[mail["category"]] += max(near, 0.0)
    return votes.most_common(1)[0][0]
