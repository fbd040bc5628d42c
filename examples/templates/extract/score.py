"""What a whole run is worth."""

from flowgrade import log_metric, tool

FIELDS = ("policy", "date", "amount", "currency", "kind")


@tool
def score(found: list[dict | None], expected: list[dict], valid: list[bool]) -> dict:
    """The share of right fields, of claims right in all of them, and of valid ones."""
    rows = [(f or {}, e) for f, e in zip(found, expected, strict=True) if e]
    if not rows:
        return {"rows": 0}
    right = {name: sum(f.get(name) == e.get(name) for f, e in rows) for name in FIELDS}
    for name, count in right.items():
        log_metric(f"right_{name}", round(count / len(rows), 3))
    whole = sum(all(f.get(name) == e.get(name) for name in FIELDS) for f, e in rows)
    log_metric("right_claims", round(whole / len(rows), 3))
    log_metric("valid", round(sum(valid) / len(valid), 3))
    return {"rows": len(rows), "right": right}
