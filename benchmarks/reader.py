"""How often the embedded reader picks the sentence that holds the answer, beside plain overlap.

    python benchmarks/reader.py [--data FILE]

FILE has lines of kind ``paragraph`` (id, title, text) and ``question`` (question, paragraph_id,
answers), such as the development set of SQuAD 1.1 (Rajpurkar et al. 2016). Without it there is
nothing to measure, and the benchmark says so. Half of the articles, chosen by a fixed seed, were
looked at when the reader's weights were set; the figures are those of the other half.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

from measure import ROOT, verdict

from flowgrade.models.reader import read

DATA = ROOT.parent / "shared" / "data" / "squad-dev-a.jsonl"
QUESTIONS = 1_500
STRANGERS = 500
_WORD = re.compile(r"\w+")
_END = re.compile(r"(?<=[.!?])\s+")

Row = dict[str, Any]


class Held:
    """The paragraphs and questions of the articles that were held out."""

    def __init__(self, file: Path) -> None:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        paragraphs = {row["id"]: row for row in rows if row["kind"] == "paragraph"}
        titles = sorted({row["title"] for row in paragraphs.values()})
        random.Random(20240501).shuffle(titles)
        held = set(titles[len(titles) // 2 :])
        self.paragraphs = {i: p for i, p in paragraphs.items() if p["title"] in held}
        self._questions = [
            row
            for row in rows
            if row["kind"] == "question" and row["paragraph_id"] in self.paragraphs
        ]

    def questions(self, count: int, seed: int) -> list[Row]:
        """A sample of the questions."""
        return random.Random(seed).sample(self._questions, min(count, len(self._questions)))

    def context(self, question: Row) -> str:
        """The paragraph that a question was asked about."""
        return str(self.paragraphs[question["paragraph_id"]]["text"])

    def stranger(self, question: Row, chance: random.Random) -> str:
        """A paragraph of another article that does not hold the answer."""
        own = self.paragraphs[question["paragraph_id"]]["title"]
        texts = [str(p["text"]) for p in self.paragraphs.values() if p["title"] != own]
        return chance.choice([t for t in texts if not holds(t, question)])


def overlap(question: str, context: str) -> str:
    """The baseline: the sentence that shares the most words with the question."""
    words = set(_WORD.findall(question.lower()))
    return max(_END.split(context), key=lambda s: len(words & set(_WORD.findall(s.lower()))))


def holds(text: str, question: Row) -> bool:
    """Whether a text contains one of the answers."""
    return any(answer.lower() in text.lower() for answer in question["answers"])


def share(hits: int, count: int) -> str:
    """A share with its 95 % interval (Wilson 1927)."""
    z = 1.96
    p, scale = hits / count, 1 + z * z / count
    middle = (p + z * z / 2 / count) / scale
    half = z * math.sqrt(p * (1 - p) / count + z * z / 4 / count**2) / scale
    return f"{p:.3f} [{middle - half:.3f}, {middle + half:.3f}], n = {count:,}"


def measure(data: Held) -> list[bool]:
    questions = data.questions(QUESTIONS, 7)
    count = len(questions)
    plain = sum(holds(overlap(q["question"], data.context(q)), q) for q in questions)
    start = time.process_time()
    one = [read(q["question"], data.context(q), max_sentences=1) for q in questions]
    rate = count / (time.process_time() - start)
    right = sum(holds(found.answer, q) for found, q in zip(one, questions, strict=True))
    refused = sum(not found.answered for found in one)
    chance = random.Random(11)
    strange = data.questions(STRANGERS, 11)
    kept_out = sum(not read(q["question"], data.stranger(q, chance)).answered for q in strange)
    print(f"plain overlap, never refusing      {share(plain, count)}")
    print(f"reader, one sentence, as shipped   {share(right, count)}")
    print(f"reader refuses though it is there  {share(refused, count)}")
    print(f"reader refuses another article     {share(kept_out, len(strange))}")
    print(f"reader                             {rate:,.0f} readings a CPU second")
    return [
        verdict("right sentence", f"{right / plain:.3f}x plain overlap", "> 1x", right > plain),
        verdict("wrongly refused", f"{refused / count:.1%}", "≤ 8 %", refused <= 0.08 * count),
        verdict(
            "refused when it is not there",
            f"{kept_out / len(strange):.1%}",
            "≥ 95 %",
            kept_out >= 0.95 * len(strange),
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    file = parser.parse_args().data
    if not file.is_file():
        print(f"SKIP  {file.name} is not there; name such a file with --data")
        return 0
    return 0 if all(measure(Held(file))) else 1


if __name__ == "__main__":
    sys.exit(main())
