"""What a whole run is worth."""

from flowgrade import log_metric, tool


@tool
def score(found: list[list[str]], expected: list[str]) -> dict:
    """How often the search found the document that has the answer."""
    known = [(ids, wanted) for ids, wanted in zip(found, expected, strict=True) if wanted]
    hits = sum(wanted in ids for ids, wanted in known)
    first = sum(ids[:1] == [wanted] for ids, wanted in known)
    if known:
        log_metric("document_found", hits / len(known))
        log_metric("document_first", first / len(known))
    return {"rows": len(known), "hits": hits, "first": first}
