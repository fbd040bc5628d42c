"""Look documents up in the knowledge base."""

import json
from functools import cache
from pathlib import Path

from flowgrade import tool

KNOWLEDGE = Path(__file__).parent / "data" / "knowledge.jsonl"


@tool
def context(ids: list[str]) -> dict:
    """The text of the documents, each under its title."""
    documents = [knowledge()[name] for name in ids]
    text = "\n\n".join(f"# {document['title']}\n{document['text']}" for document in documents)
    return {"ids": ids, "text": text}


@cache
def knowledge() -> dict[str, dict]:
    """Every document by its id."""
    lines = KNOWLEDGE.read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line) for line in lines]
    return {document["id"]: document for document in documents}
