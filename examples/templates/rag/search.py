"""Find the documents that fit a question best, by their words (BM25)."""

import json
import math
import re
from collections import Counter
from functools import cache
from pathlib import Path

from flowgrade import tool

KNOWLEDGE = Path(__file__).parent / "data" / "knowledge.jsonl"
COMMON = set(
    re.findall(
        r"\w+",
        "a an and are as at be by can do does for from have how i in is it may me much must my of "
        "on or soon that the their to what when which who whom will with within",
    )
)
K1, B = 1.2, 0.75  # how much repetitions count, and how much long documents are held back


@tool
def search(question: str, count: int) -> dict:
    """The best documents: their ids, and their text for the prompt."""
    documents, frequency, average = index()
    wanted = set(words(question))
    scores = []
    for document, counts in documents:
        length = sum(counts.values())
        score = 0.0
        for word in wanted & counts.keys():
            rarity = math.log(
                1 + (len(documents) - frequency[word] + 0.5) / (frequency[word] + 0.5)
            )
            often = counts[word] * (K1 + 1)
            score += rarity * often / (counts[word] + K1 * (1 - B + B * length / average))
        scores.append((score, document))
    best = sorted(scores, key=lambda pair: -pair[0])[:count]
    found = [document for score, document in best if score > 0]
    text = "\n\n".join(f"# {document['title']}\n{document['text']}" for document in found)
    return {"ids": [document["id"] for document in found], "text": text}


@cache
def index() -> tuple:
    """The documents with the counts of their words, read once."""
    lines = KNOWLEDGE.read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line) for line in lines]
    counted = [(d, Counter(words(f"{d['title']} {d['title']} {d['text']}"))) for d in documents]
    frequency = Counter(word for _, counts in counted for word in counts)
    average = sum(sum(counts.values()) for _, counts in counted) / len(counted)
    return counted, frequency, average


def words(text: str) -> list[str]:
    """The words that tell texts apart, without their endings."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return [stem(word) for word in found if word not in COMMON]


def stem(word: str) -> str:
    """A word without the commonest English endings."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
