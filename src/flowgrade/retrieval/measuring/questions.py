"""Questions with the documents that answer them, read from a dataset."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from flowgrade.datasets import open_dataset
from flowgrade.errors import DatasetError, Place
from flowgrade.records import Json, JsonObject, Record

_HINT = (
    'Write {"question": "…", "relevant": ["document id"]}, or {"document id": grade} where some '
    "are better than others."
)


class Question(Record):
    """One question and what should be found for it."""

    id: str
    text: str
    relevant: Mapping[str, float]
    """Grades, above 0, by document; empty where no document answers it."""
    kind: str | None = None
    """Names the segment that it is counted in too."""

    @property
    def group(self) -> tuple[str, ...]:
        """Equal for questions with the same relevant documents: their results go together."""
        return tuple(sorted(self.relevant))


class QuestionSet(Record):
    """Questions, and the digest of the file that they were read from."""

    questions: tuple[Question, ...]
    digest: str


def read_questions(path: str | Path, *, limit: int | None = None) -> QuestionSet:
    """The questions in a file with ``question`` and ``relevant``, optionally ``id`` and ``kind``.

    Raises DatasetError with the line for one that cannot be used.
    """
    dataset = open_dataset(path, limit=limit)
    found: list[Question] = []
    ids: dict[str, int] = {}
    for index, row in dataset.rows():
        try:
            question = _question(index, row)
            if question.id in ids:
                raise ValueError(f"The id '{question.id}' was there before.")
        except ValueError as error:
            place = Place(str(path), _line(dataset.path, dataset.format, index))
            raise DatasetError(str(error), hint=_HINT, place=place) from None
        ids[question.id] = index
        found.append(question)
    return QuestionSet(questions=tuple(found), digest=dataset.ref.digest)


def _question(index: int, row: JsonObject) -> Question:
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("There is no 'question', or it is no text.")
    if "relevant" not in row:
        raise ValueError("There is no 'relevant'.")
    given, kind = row.get("id"), row.get("kind")
    return Question(
        id=str(index) if given is None else str(given),
        text=text,
        relevant=_grades(row["relevant"]),
        kind=None if kind is None else str(kind),
    )


def _grades(written: Json) -> dict[str, float]:
    if isinstance(written, Mapping):
        grades = {str(name): _grade(name, value) for name, value in written.items()}
        return {name: grade for name, grade in grades.items() if grade > 0}
    if isinstance(written, str) or not isinstance(written, Sequence):
        raise ValueError("'relevant' is neither a list of document ids nor an object of grades.")
    if not all(isinstance(one, (str, int)) and not isinstance(one, bool) for one in written):
        raise ValueError("'relevant' holds something that is no document id.")
    return dict.fromkeys(map(str, written), 1.0)


def _grade(name: str, value: Json) -> float:
    sound = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not sound or not math.isfinite(value) or not 0 <= value <= 30:
        raise ValueError(f"The grade of '{name}' is no number from 0 to 30.")
    return float(value)


def _line(path: Path | None, format: str, index: int) -> int | None:
    """The line of a row of a JSONL file, where blank lines are no rows."""
    if path is None or format != "jsonl" or path.suffix == ".gz":
        return None
    seen = -1
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            seen += bool(line.strip())
            if seen == index:
                return number
    return None
