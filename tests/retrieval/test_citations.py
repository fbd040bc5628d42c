"""Citations are found, matched and weighed against the passages."""

from __future__ import annotations

import asyncio

import pytest

from flowgrade.retrieval import CitationCheck, check_citations, check_citations_by_meaning
from tests.retrieval.memory import TEXTS, embed, searcher

PASSAGES = [
    {"id": "returns.md#0", "document": "returns.md", "text": TEXTS["returns"]},
    {"id": "hours.md#0", "document": "hours.md", "text": TEXTS["hours"]},
]


def check(answer: str) -> CitationCheck:
    return check_citations(answer, PASSAGES)


def marks(answer: str) -> list[list[tuple[str, int | None]]]:
    return [[(c.mark, c.passage) for c in s.citations] for s in check(answer).sentences]


def test_a_good_answer_is_good() -> None:
    found = check(
        "A lamp may be sent back within thirty days [1]. The shop opens at nine [2] and pays the "
        "postage [1]."
    )
    assert found.ok
    assert found.cited == (1, 2)
    assert [s.support for s in found.sentences] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("It is open [1].", [[("1", 1)]]),
        ("It is open. [1]", [[("1", 1)]]),
        ("It is open. [1][2] It is red. [2]", [[("1", 1), ("2", 2)], [("2", 2)]]),
        ("[1] says it is open. [2] says it is red.", [[("1", 1)], [("2", 2)]]),
        ("It is open [1, 2].", [[("1", 1), ("2", 2)]]),
        ("It is open [1-2].", [[("1", 1), ("2", 2)]]),
        ("It is open [1–3].", [[("1", 1), ("2", 2), ("3", None)]]),
        ("It is open [^2].", [[("2", 2)]]),
        ("It is open [hours.md].", [[("hours.md", 2)]]),
        ("It is open [hours.md#0; returns.md].", [[("hours.md#0", 2), ("returns.md", 1)]]),
        ("It is open [7].", [[("7", None)]]),
        ("It is open [else.md].", [[("else.md", None)]]),
        ("It is open [sic] and [see below].", [[]]),
        ("See [1](https://example.org).", [[]]),
        ("- It is open [1]\n- It is red [2]", [[("1", 1)], [("2", 2)]]),
        ("Dr. Ada paid e.g. 5.50 to No. 3 [1]. It is red.", [[("1", 1)], []]),
        ("1. It is open [1].\n2. It is red [2].", [[("1", 1)], [("2", 2)]]),
        ("# Hours\n\nThese hold:\n\n* It is open [1].", [[("1", 1)]]),
        ("The item `a[0]` is red [1].", [[("1", 1)]]),
        ("It is open[1]. It is red[2].", [[("1", 1)], [("2", 2)]]),
        ("店は開いています。[1] 赤です。[2]", [[("1", 1)], [("2", 2)]]),
        ("", []),
        ("[1]", []),
    ],
)
def test_marks_are_found_and_belong_to_their_sentence(
    answer: str, found: list[list[tuple[str, int | None]]]
) -> None:
    assert marks(answer) == found


def test_what_is_wrong_is_named() -> None:
    found = check(
        "A lamp may be sent back within thirty days [1]. The king of Spain likes cheese [2]. "
        "The shop opens at nine. Parcels are slow [9]."
    )
    assert not found.ok
    assert found.unknown == ("9",)
    assert found.uncited == ("The shop opens at nine.", "Parcels are slow.")
    assert found.unsupported == ("The king of Spain likes cheese.",)
    shown = found.as_json()
    assert shown["coverage"] == 0.5
    assert shown["support"] == 0.25
    assert shown["sentences"][0]["citations"] == [["1", 1, 1.0]]


def test_two_passages_support_a_sentence_together() -> None:
    [sentence] = check("Lamps go back within thirty days, nine to six [1][2].").sentences
    assert sentence.support is not None
    assert sentence.supported
    assert all((one.support or 0) < sentence.support for one in sentence.citations)


def test_sentences_are_given_as_they_stand_without_marks() -> None:
    found = check("**Bold** claims of `a[0]` [1], see [sic]. - not a bullet [2]")
    texts = [sentence.text for sentence in found.sentences]
    assert texts == ["**Bold** claims of `a[0]`, see [sic].", "not a bullet"]


def test_stems_and_scripts_without_spaces_count() -> None:
    assert check_citations("Lamps were returned [1].", ["The lamp is returning."]).ok
    assert check_citations("店は九時に開く。[1]", ["九時に店は開く"]).ok
    assert not check_citations("店は九時に開く。[1]", ["茶は熱い"]).ok


def test_an_answer_without_sentences_is_not_good() -> None:
    found = check("")
    assert not found.ok
    assert found.as_json()["coverage"] is None


def test_the_threshold_decides() -> None:
    answer = "A lamp costs ten coins [1]."
    assert check_citations(answer, PASSAGES, threshold=0.2).ok
    assert not check_citations(answer, PASSAGES, threshold=0.9).ok


def test_passages_may_be_texts_and_hits() -> None:
    assert check_citations("The shop opens at nine [1].", [TEXTS["hours"]]).ok
    hits = asyncio.run(searcher().search("opens at nine?")).hits
    name = hits[0].chunk.document
    assert check_citations(f"The shop opens at nine [{name}].", hits).ok


def test_meaning_takes_the_nearest_of_the_cited_passages() -> None:
    answer = "The shop opens at nine [1][2]. Zzz qqq xxx [1]."
    found = asyncio.run(check_citations_by_meaning(answer, PASSAGES, embed, threshold=0.6))
    first, second = found.sentences
    assert first.support == max(c.support or 0 for c in first.citations)
    assert (first.supported, second.supported) == (True, False)
    assert not asyncio.run(check_citations_by_meaning("", [], embed)).ok


def test_a_long_answer_of_brackets_takes_no_time_without_end() -> None:
    check("[" * 20_000 + "1]" * 20_000)
    check("a [1" * 20_000)
