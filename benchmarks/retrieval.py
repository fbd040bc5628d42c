"""Retrieval: how well and how fast an index answers, beside SQLite's full text.

python benchmarks/retrieval.py

The questions of SQuAD are read from ../shared/data/squad-dev-a.jsonl, or from the file that
FLOWGRADE_SQUAD names.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure import ROOT, verdict

# One core, as the promise has it: before numpy is imported.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

SQUAD = Path(os.environ.get("FLOWGRADE_SQUAD", ROOT.parent / "shared/data/squad-dev-a.jsonl"))
CONTOSO = ROOT / "examples" / "contoso" / "data"
TIMED = 2_000  # questions that both sides answer
RATE = 300


def main() -> int:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    held: list[bool] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "flowgrade.yaml").write_text("name: benchmark\n", encoding="utf-8")
        if SQUAD.is_file():
            held += squad(place)
        else:
            print(f"SKIP  SQuAD: there is no {SQUAD}")
        held += contoso(place)
        held += update(place)
    return 0 if all(held) else 1


def app_in(place: Path) -> Any:
    from flowgrade import App
    from flowgrade.settings import read_settings

    return App(read_settings(folder=place))


def measured(index: Any, questions: Sequence[Any], mode: str) -> Any:
    """The measurement of an index that searches in ``mode``."""
    from flowgrade.records import replace
    from flowgrade.retrieval import measure

    settings = replace(index.searching, mode=mode)

    class InMode:
        async def search(self, query: str, *, limit: int | None = None, where: Any = None) -> Any:
            return await index.search(query, limit=limit, where=where, settings=settings)

    return asyncio.run(measure(InMode(), questions))


def squad(place: Path) -> list[bool]:
    """The default against its parts and against SQLite's full text, on SQuAD."""
    from flowgrade.retrieval import Question

    rows = [json.loads(line) for line in SQUAD.read_text(encoding="utf-8").splitlines()]
    paragraphs = {str(row["id"]): row["text"] for row in rows if row["kind"] == "paragraph"}
    questions = [
        Question(id=row["id"], text=row["question"], relevant={str(row["paragraph_id"]): 1.0})
        for row in rows
        if row["kind"] == "question"
    ]
    source = place / "squad.jsonl"
    lines = (json.dumps({"id": id, "text": text}) for id, text in paragraphs.items())
    source.write_text("\n".join(lines), encoding="utf-8")
    app = app_in(place)
    app.build_index("squad", str(source))
    index = app.open_index("squad")
    print(f"SQuAD: {len(questions):,} questions, {len(paragraphs):,} paragraphs")
    found = {mode: measured(index, questions, mode) for mode in ("keyword", "vector", "hybrid")}
    best_peer, rate_peer = full_text(paragraphs, questions)
    for mode, one in found.items():
        shown(mode, one)
    print(f"  FTS5      nDCG@10 {best_peer:.4f}  {rate_peer:,.0f} questions/s")
    hybrid = found["hybrid"]
    score = hybrid.metrics["ndcg@10"].mean
    parts = max(found[mode].metrics["ndcg@10"].mean for mode in ("keyword", "vector"))
    rate = hybrid.queries_per_cpu_second
    return [
        verdict(
            "SQuAD, default against the best of its parts",
            f"nDCG@10 {score:.4f} against {parts:.4f}",
            "at least as good",
            score >= parts,
        ),
        verdict(
            "SQuAD, default against FTS5 porter",
            f"nDCG@10 {score:.4f} against {best_peer:.4f}",
            "at least as good",
            score >= best_peer,
        ),
        verdict(
            "questions a second on one core",
            f"{rate:,.0f}, {rate / rate_peer:.1f}x FTS5 alone",
            f">= {RATE}",
            rate >= RATE,
        ),
    ]


def full_text(paragraphs: dict[str, str], questions: Sequence[Any]) -> tuple[float, float]:
    """nDCG@10 and questions a CPU second of SQLite's FTS5 with porter stems."""
    from flowgrade.retrieval import read_measure

    database = sqlite3.connect(":memory:")
    tokens = "porter unicode61 remove_diacritics 2"
    database.execute(f"CREATE VIRTUAL TABLE p USING fts5(id UNINDEXED, text, tokenize='{tokens}')")
    database.executemany("INSERT INTO p VALUES (?, ?)", paragraphs.items())
    database.execute("INSERT INTO p(p) VALUES ('optimize')")
    ndcg, total = read_measure("ndcg@10"), 0.0
    asked = questions[:: max(1, len(questions) // TIMED)]
    started = time.process_time()
    for question in asked:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question.text))
        sql = "SELECT id FROM p WHERE p MATCH ? ORDER BY bm25(p) LIMIT 10"
        total += ndcg.of([id for (id,) in database.execute(sql, (words,))], question.relevant)
    return total / len(asked), len(asked) / (time.process_time() - started)


def contoso(place: Path) -> list[bool]:
    """Hybrid against both of its parts, where words differ from the documents'."""
    from flowgrade.retrieval import PRIMARY, paired_difference, read_questions

    app = app_in(place)
    app.build_index("contoso", str(CONTOSO / "knowledge.jsonl"))
    index = app.open_index("contoso")
    every = read_questions(CONTOSO / "questions.jsonl").questions
    questions = [question for question in every if question.kind == "paraphrase"]
    print(f"Contoso: {len(questions):,} paraphrased questions")
    found = {mode: measured(index, questions, mode) for mode in ("keyword", "vector", "hybrid")}
    for mode, one in found.items():
        shown(mode, one)
    hybrid, held = found["hybrid"], []
    for mode in ("keyword", "vector"):
        change = paired_difference(
            found[mode].values(PRIMARY), hybrid.values(PRIMARY), hybrid.groups()
        )
        low, high = change.interval
        held.append(
            verdict(
                f"Contoso, hybrid minus {mode}",
                f"nDCG@10 {change.difference:+.4f} ({low:+.4f} to {high:+.4f})",
                "interval above 0",
                low > 0,
            )
        )
    return held


def update(place: Path, documents: int = 10_000) -> list[bool]:
    """CPU time of taking in 1 % of changed documents, as a share of the whole build."""
    from flowgrade.retrieval import Document

    def made(changed: int) -> list[Document]:
        return [
            Document(id=f"d{n}", text=" ".join(sentences(n, n < changed))) for n in range(documents)
        ]

    def sentences(number: int, changed: bool) -> list[str]:
        seed = number * 7919 + (104_729 if changed else 0)
        words = [f"w{(seed + step * step * 31) % 5003}" for step in range(120)]
        return [f"The {' '.join(words[start : start + 12])}." for start in range(0, 120, 12)]

    app = app_in(place)
    before, after = made(0), made(documents // 100)
    started = time.process_time()
    app.build_index("update", documents=before)
    whole = time.process_time() - started
    started = time.process_time()
    app.build_index("update", documents=after)
    part = time.process_time() - started
    return [
        verdict(
            f"update of 1 % of {documents:,} documents",
            f"{part:.2f} s of {whole:.2f} s, {part / whole:.1%}",
            "<= 3 %",
            part <= 0.03 * whole,
        )
    ]


def shown(name: str, found: Any) -> None:
    ndcg, recall = found.metrics["ndcg@10"], found.metrics["recall@10"]
    print(
        f"  {name:<9} nDCG@10 {ndcg.mean:.4f} ({ndcg.low:.4f} to {ndcg.high:.4f})  "
        f"recall@10 {recall.mean:.4f}  {found.queries_per_cpu_second:,.0f} questions/s  "
        f"p95 {found.latency(0.95) * 1000:.1f} ms"
    )


if __name__ == "__main__":
    sys.exit(main())
