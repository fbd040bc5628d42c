"""The category of the labelled mails that share the most words with a mail."""

import math
import re
from collections import Counter
from functools import cache

from labelled import labelled, vote

from flowgrade import tool


@tool
def words(subject: str, text: str) -> str:
    """The category of a mail."""
    rarity, known = index()
    mail = vector(f"{subject} {text}", rarity)
    return vote([sum(mail[word] * other.get(word, 0.0) for word in mail) for other in known])


@cache
def index() -> tuple[dict[str, float], list[dict[str, float]]]:
    """How rare each word is, and the labelled mails as vectors of words."""
    texts = [mail["text"] for mail in labelled()]
    frequency = Counter(word for text in texts for word in set(split(text)))
    rarity = {word: math.log(1 + len(texts) / count) for word, count in frequency.items()}
    return rarity, [vector(text, rarity) for text in texts]


def vector(text: str, rarity: dict[str, float]) -> dict[str, float]:
    """The rarity of each known word of a text, scaled to length 1."""
    weights = {word: rarity[word] for word in set(split(text)) if word in rarity}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {word: weight / length for word, weight in weights.items()}


def split(text: str) -> list[str]:
    """The words of a text without their commonest endings."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return [re.sub(r"(?<=\w{3})(ing|ed|es|s)$", "", word) for word in found]
