"""The data of the running example keeps what its README promises."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[2] / "examples" / "contoso" / "data"
OVERLAP_BOUND = 0.34
NOT_SAID = "The documents do not say."

# Words that carry no topic: articles, pronouns, prepositions, conjunctions, auxiliaries, asking
# words. The longer this list, the stricter the bound, as such words would only dilute the share.
_STOP_WORDS_TEXT = """
a about after again all am an and any are as at be because been before being between both but
by can could did do does doing done down during each else few for from further get gets got
had has have having he her here hers him his how i if in into is it its just let like may me
might mine more most much must my no nor not now of off on once one only or other our ours out
over own same shall she should so some somebody someone such than that the their them then
there these they this those through till to too under until up upon us very was we were what
when where whether which while who whom whose why will with would yet yes you your yours
don didn doesn won isn aren wasn can't don't won't isn't s t
"""
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())
SUFFIXES = ("ingly", "edly", "ies", "ing", "ied", "ed", "es", "ly", "s", "e", "y")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b", re.I
)
CODE = re.compile(r"\b[A-Z]+\d*-?\d+[A-Z]*\b")
NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+\b")


def load(name: str) -> list[dict[str, Any]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


DOCUMENTS = load("knowledge.jsonl")
QUESTIONS = load("questions.jsonl")
TEXTS = {document["id"]: document["title"] + ".\n" + document["text"] for document in DOCUMENTS}
ANSWERED = [question for question in QUESTIONS if question["kind"] != "unanswerable"]


def by_kind(kind: str) -> list[dict[str, Any]]:
    return [question for question in QUESTIONS if question["kind"] == kind]


def stem(word: str) -> str:
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word.removesuffix(suffix)
    return word


def content_words(text: str) -> set[str]:
    words = re.findall(r"[a-z0-9]+(?:[-'.,:][a-z0-9]+)*", text.lower())
    return {stem(word) for word in words if word not in STOP_WORDS}


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", text)


def overlap(question: dict[str, Any]) -> float:
    """The largest share of the question's content words that one sentence contains."""
    asked = content_words(question["question"])
    told = chain.from_iterable(sentences(TEXTS[name]) for name in question["relevant"])
    return max(len(asked & content_words(sentence)) / len(asked) for sentence in told)


def relevant_text(question: dict[str, Any]) -> str:
    return "\n".join(TEXTS[name] for name in question["relevant"])


def missing(pattern: re.Pattern[str], question: dict[str, Any]) -> set[str]:
    """What the pattern finds in the answer and not in the relevant documents."""
    told = {found.lower() for found in pattern.findall(relevant_text(question))}
    return {found for found in pattern.findall(question["answer"]) if found.lower() not in told}


def test_there_are_sixty_documents_and_three_hundred_questions() -> None:
    assert (len(DOCUMENTS), len(QUESTIONS)) == (60, 300)


@pytest.mark.parametrize("rows", [DOCUMENTS, QUESTIONS], ids=["documents", "questions"])
def test_ids_are_unique(rows: list[dict[str, Any]]) -> None:
    assert len({row["id"] for row in rows}) == len(rows)


def test_no_question_and_no_text_occurs_twice() -> None:
    assert len({question["question"].lower() for question in QUESTIONS}) == len(QUESTIONS)
    assert len({document["text"] for document in DOCUMENTS}) == len(DOCUMENTS)


def test_every_document_has_the_fields_and_a_length_worth_searching() -> None:
    for document in DOCUMENTS:
        assert set(document) == {"id", "title", "text", "owner", "updated", "tags"}
        assert re.fullmatch(r"kb-\d{3}(-[a-z0-9]+)+", document["id"])
        assert re.fullmatch(r"2026-\d{2}-\d{2}", document["updated"])
        assert 120 <= len(document["text"].split()) <= 260, document["id"]


def test_every_question_names_documents_that_exist() -> None:
    for question in QUESTIONS:
        assert question["relevant"], question["id"]
        assert set(question["relevant"]) <= set(TEXTS), question["id"]


def test_every_document_is_relevant_to_at_least_three_questions() -> None:
    counts = Counter(chain.from_iterable(question["relevant"] for question in QUESTIONS))
    assert {name: counts[name] for name in TEXTS if counts[name] < 3} == {}


def test_the_kinds_are_counted_as_the_readme_says() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    counts = Counter(question["kind"] for question in QUESTIONS)
    assert set(counts) == {"direct", "paraphrase", "multi", "unanswerable"}
    for kind, count in counts.items():
        assert f"{count} `{kind}`" in readme


def test_at_least_a_third_are_paraphrases() -> None:
    assert len(by_kind("paraphrase")) >= max(120, len(QUESTIONS) / 3)


def test_a_paraphrase_shares_few_words_with_the_sentence_that_answers_it() -> None:
    shares = {question["question"]: overlap(question) for question in by_kind("paraphrase")}
    assert {asked: share for asked, share in shares.items() if share > OVERLAP_BOUND} == {}


def test_a_multi_question_needs_two_documents() -> None:
    assert {len(set(question["relevant"])) for question in by_kind("multi")} == {2}


def test_exactly_twenty_questions_have_no_answer_in_the_documents() -> None:
    unanswerable = by_kind("unanswerable")
    assert len(unanswerable) == 20
    assert {question["answer"] for question in unanswerable} == {NOT_SAID}
    assert NOT_SAID not in {question["answer"] for question in ANSWERED}


@pytest.mark.parametrize(
    "pattern", [NUMBER, NUMBER_WORD, CODE, NAME], ids=["numbers", "number words", "codes", "names"]
)
def test_the_facts_of_an_answer_stand_in_its_documents(pattern: re.Pattern[str]) -> None:
    assert any(pattern.search(question["answer"]) for question in ANSWERED)
    assert {q["id"]: missing(pattern, q) for q in ANSWERED if missing(pattern, q)} == {}
