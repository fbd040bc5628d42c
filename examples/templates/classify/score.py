"""What a whole run is worth."""

from collections import Counter

from flowgrade import log_metric, tool


@tool
def score(found: list[str], expected: list[str]) -> dict:
    """The share of right categories, in all and of each category; and what was confused."""
    rows = [(f, e) for f, e in zip(found, expected, strict=True) if e]
    confused: Counter[str] = Counter()
    for category in sorted({e for _, e in rows}):
        own = [f for f, e in rows if e == category]
        log_metric(f"right_{category}", round(own.count(category) / len(own), 3))
    for f, e in rows:
        if f != e:
            confused[f"{e} taken for {f}"] += 1
    if rows:
        log_metric("right", round(sum(f == e for f, e in rows) / len(rows), 3))
    return {"rows": len(rows), "confused": dict(confused)}
