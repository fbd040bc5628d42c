from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import UsageError
from flowgrade.models.reader import NO_ANSWER, Reading, read

HELP = """# Contoso Bikes

## Returns
You can send back unused goods within 30 days of delivery. Refunds are paid to the original card
in 5 to 7 business days. Sale items cannot be returned, e.g. clearance helmets.

## Warranty
Our warranty covers manufacturing defects for two years. Frames are covered for ten years. Damage
from racing is not covered.

## Shipping
| Method | Price | Time |
|---|---|---|
| Standard | 4.90 EUR | 3-5 days |
| Express | 12.50 EUR | next day |

## Contact
Phone: +49 30 1234567
Email: help@contoso.example
Opening hours: Mon-Fri 9:00 to 17:00

## How do I reset my password?
1. Open Settings.
2. Click "Forgot password".
3. Follow the link in the e-mail.

Q: Can I pick up my order in the shop?
A: Yes, choose "Store pickup" at checkout. It is free.
"""
EXPORT = (
    "The export fails with error 4012 when the assembly holds more than 500 parts. The Data "
    "Exchange team owns the exporter; write to exchange@contoso.example. To avoid the error, split "
    "the assembly. Dr. Smith approved the change on 3 May 2024 at 10:30 a.m. The fix ships in "
    "release 14.2."
)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How long do I have to return something?", "within 30 days"),
        ("How long is the warranty?", "for two years"),
        ("And how long is the frame guaranteed?", "ten years"),
        ("How long does a refund take?", "5 to 7 business days"),
        ("Are clearance helmets refundable?", "cannot be returned"),
        ("Is racing damage covered by the warranty?", "is not covered"),
        ("What does express delivery cost?", "12.50 EUR"),
        ("How fast is standard shipping?", "3-5 days"),
        ("What is your telephone number?", "+49 30 1234567"),
        ("What is the price of express?", "12.50 EUR"),
        ("When are you open?", "Mon-Fri 9:00"),
        ("How do I contact you by email?", "help@contoso.example"),
        ("Is store pickup free?", "It is free."),
    ],
)
def test_the_sentence_that_answers_a_support_question_is_found(question: str, words: str) -> None:
    reading = read(question, HELP)
    assert reading.answered
    assert words in reading.answer


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Who should I contact about the export error?", "Data Exchange team"),
        ("Which team is responsible for the exporter?", "Data Exchange team"),
        ("Why does the export fail?", "more than 500 parts"),
        ("When was the change approved?", "3 May 2024"),
        ("Which version contains the fix?", "release 14.2"),
    ],
)
def test_the_one_sentence_that_answers_is_found_among_its_neighbours(
    question: str, words: str
) -> None:
    reading = read(question, EXPORT, max_sentences=1)
    assert len(reading.sentences) == 1
    assert words in reading.answer


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "Who is the CEO of Contoso?",
        "Where is the cafeteria?",
        "Do you ship to Switzerland?",
    ],
)
def test_a_question_that_the_context_does_not_answer_is_refused(question: str) -> None:
    reading = read(question, HELP)
    assert (reading.answer, reading.sentences, reading.answered) == (NO_ANSWER, (), False)
    assert reading.score < 0.5


@pytest.mark.parametrize(
    ("question", "context"),
    [
        ("", HELP),
        ("?!", HELP),
        ("What is it?", HELP),
        ("How long is the warranty?", ""),
        ("a", " "),
    ],
)
def test_nothing_to_ask_or_to_read_is_refused_with_score_zero(question: str, context: str) -> None:
    reading = read(question, context)
    assert (reading.answer, reading.score, reading.answered) == (NO_ANSWER, 0.0, False)


def test_a_context_of_one_sentence_is_enough() -> None:
    assert read("How long is the warranty?", "The warranty lasts two years.").answered


def test_steps_are_answered_from_the_first_one() -> None:
    reading = read("How can I reset my password?", HELP, max_sentences=3)
    assert [one.text[:2] for one in reading.sentences] == ["1.", "2.", "3."]


def test_a_heading_or_a_question_is_no_answer_where_text_follows_it() -> None:
    assert read("Can I pick up my order in the shop?", HELP).answer.startswith("A: Yes")
    found = read("Contact", HELP, max_sentences=4).sentences
    assert found
    assert not any(one.text.startswith("#") for one in found)


def test_the_heading_above_tells_like_sentences_apart() -> None:
    context = "# Frames\nThe warranty lasts ten years.\n\n# Wheels\nThe warranty lasts two years."
    assert "ten" in read("How long is the warranty of frames?", context).answer
    assert "two" in read("How long is the warranty of wheels?", context).answer


def test_what_leads_into_a_list_brings_its_items_along() -> None:
    context = "Bring these documents to the interview:\n- a passport\n- a photograph\n\nThanks."
    reading = read("Which documents for the interview?", context)
    assert reading.answer == "Bring these documents to the interview: - a passport"


def test_a_second_sentence_is_added_only_if_it_adds_words_of_the_question() -> None:
    context = "The lamp has a battery. The battery lasts ten hours. Tests of the lamp are public."
    assert len(read("Who tests the lamp?", context).sentences) == 1
    both = "The blue lamp runs on gas. Its maker is Fabrikam. The red oven runs on wood."
    assert len(read("Do the blue lamp and the red oven run on wood?", both).sentences) == 2


def test_a_sentence_that_begins_with_a_pronoun_brings_the_one_before() -> None:
    context = "The Falcon is our lightest bicycle. It weighs seven kilograms. We also sell bells."
    reading = read("How much does the Falcon weigh?", context)
    assert reading.answer == "The Falcon is our lightest bicycle. It weighs seven kilograms."


def test_sentences_come_in_the_order_of_the_context() -> None:
    reading = read("Which fix in a release follows error 4012 of the export?", EXPORT)
    assert len(reading.sentences) == 2
    assert reading.sentences[0].start < reading.sentences[1].start
    assert reading.answer == " ".join(one.text for one in reading.sentences)


def test_of_equal_sentences_the_first_is_chosen() -> None:
    context = "Lamps are red. Lamps are red."
    assert read("Are lamps red?", context, max_sentences=1).sentences[0].start == 0


def test_what_stands_around_a_question_helps_but_is_not_required() -> None:
    question = "My parcel number 77 got here on Tuesday by bike. How long is the warranty?"
    assert "two years" in read(question, HELP).answer


def test_accents_and_capitals_make_no_difference() -> None:
    assert read("WHERE IS THE CAFE?", "The Café is on the second floor.").answered


def test_japanese_is_answered_by_shared_characters() -> None:
    context = "東京は日本の首都です。富士山は日本一高い山です。"
    assert read("日本の首都はどこですか", context).answer == "東京は日本の首都です。"


def test_fewer_than_one_sentence_is_refused_as_wrong_usage() -> None:
    with pytest.raises(UsageError, match="max_sentences is 0"):
        read("How long is the warranty?", HELP, max_sentences=0)


_WORDS = st.sampled_from(
    ["The", "frame", "warranty", "lasts", "30", "days.", "It", "is", "free?", "free:", "Dr."]
    + ["#", "|", "-", "1.", "\n", "\n\n", "e.g.", "返品", "é", "```", "---"]
)
_TEXTS = st.text(max_size=300) | st.lists(_WORDS, max_size=60).map(" ".join)


@given(_TEXTS, _TEXTS, st.integers(min_value=1, max_value=4))
def test_an_answer_is_verbatim_and_any_text_can_be_read(
    question: str, context: str, most: int
) -> None:
    reading = read(question, context, max_sentences=most)
    assert 0.0 <= reading.score <= 1.0
    assert len(reading.sentences) <= most
    assert reading.answered is bool(reading.sentences)
    for sentence in reading.sentences:
        assert context[sentence.start : sentence.end] == sentence.text
        assert sentence.text.strip()
        assert sentence.score >= 0.0
    expected = " ".join(one.text for one in reading.sentences) or NO_ANSWER
    assert reading.answer == expected


@given(_TEXTS, _TEXTS)
def test_reading_twice_gives_the_same(question: str, context: str) -> None:
    assert read(question, context) == read(question, context)


def test_another_process_reads_the_same_to_the_last_digit() -> None:
    program = (
        "import sys; from flowgrade.models.reader import read;"
        "print(repr(read('Which parts of the export error did the team fix?', sys.argv[1])))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program, EXPORT],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert "Reading(" in runs[0]


def _seconds(context: str) -> tuple[float, Reading]:
    started = time.process_time()
    reading = read("How long is the warranty of the golden frame?", context)
    return time.process_time() - started, reading


def test_a_megabyte_of_prose_is_read_in_two_seconds_of_processor_time() -> None:
    prose = "Our lamps are sold in many shops, e.g. in Bonn. Each lamp has 3.5 kg of steel.\n\n"
    context = prose * (1_000_000 // len(prose)) + "The golden frame has a warranty of ten years."
    seconds, reading = _seconds(context)
    assert reading.answer == "The golden frame has a warranty of ten years."
    assert seconds < 2.0


@pytest.mark.parametrize("unit", [".", " ", "|", "a.", '."', "[", "'", "# ", "...  ", "x"])
def test_a_long_run_of_one_thing_is_read_in_time(unit: str) -> None:
    seconds, _ = _seconds(unit * (200_000 // len(unit)))
    assert seconds < 2.0
