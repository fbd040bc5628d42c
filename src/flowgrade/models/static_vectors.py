"""StaticVectors: texts as means of the vectors of their tokens.

Reads the weights and the tokenizer that wordllama's wheel carries. To import wordllama itself takes
a second, and it cuts each text as a whole, which costs twenty times what is done here: no token
goes across the space between two words, so that each word is cut once and remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from flowgrade.errors import MissingExtraError
from flowgrade.records import loads

if TYPE_CHECKING:
    import numpy

    Matrix = numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float32]]

_PACKAGE = "wordllama"
_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_REMEMBERED = 200_000  # words; some 40 MB
_LONGEST = 64  # characters of a word that is remembered
_TOGETHER = 4096  # tokens whose vectors are fetched at once: 4 MB
_SPACE = "▁"  # what stands for a space in tokens; in a text it joins with true ones
_PIECE = re.compile(" +[^ ]*")


class Vectors(Sequence[list[float]]):
    """Vectors as a matrix that behaves as a list of lists; ``numpy.asarray`` gives the matrix."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix

    def __len__(self) -> int:
        return len(self._matrix)

    @overload
    def __getitem__(self, place: int) -> list[float]: ...
    @overload
    def __getitem__(self, place: slice) -> list[list[float]]: ...
    def __getitem__(self, place: int | slice) -> list[float] | list[list[float]]:
        taken: Any = self._matrix[place].tolist()
        return taken  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[list[float]]:
        return iter(self._matrix.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Vectors, list)) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._matrix.astype(dtype or self._matrix.dtype, copy=bool(copy))


class StaticVectors:
    """The model, loaded. Any thread may use it."""

    def __init__(self, folder: Path) -> None:
        import numpy  # noqa: PLC0415 comes with the optional dependency
        import tokenizers  # noqa: PLC0415 so does this

        self._numpy = numpy
        self._table = _read_weights(folder / _WEIGHTS)
        written = (folder / _TOKENIZER).read_text(encoding="utf-8")
        self._tokenizer = tokenizers.Tokenizer.from_str(written)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        special = (each["content"] for each in loads(written)["added_tokens"])
        self._whole = (_SPACE, *special)
        """What is not cut word by word where a text has it."""
        # Where a text begins or ends with a space, that space is a token alone.
        alone: Any = self._tokenizer.token_to_id(_SPACE)
        self._alone: dict[str, list[int]] = {"": [alone]}
        self._words: dict[str, list[int]] = dict(self._alone)

    def embed(self, texts: Sequence[str]) -> tuple[Matrix, int]:
        """A vector for each text, of length 1 or 0 for one without words, and all their tokens."""
        numpy = self._numpy
        vectors = numpy.zeros((len(texts), self._table.shape[1]), numpy.float32)
        tokens = 0
        for row, text in enumerate(texts):
            numbers = self._cut(text)
            tokens += len(numbers)
            for start in range(0, len(numbers), _TOGETHER):
                part = self._table[numbers[start : start + _TOGETHER]]
                vectors[row] += numpy.add.reduce(part, axis=0)
        # Their direction is that of the mean, and their length is made 1.
        lengths = numpy.sqrt(numpy.einsum("ij,ij->i", vectors, vectors))
        vectors /= numpy.where(lengths > 0, lengths, 1)[:, None]
        return vectors, tokens

    def words(self) -> list[str]:
        """The whole words among its tokens, of three letters or more, in lower case and order."""
        begins = (token[1:] for token in self._tokenizer.get_vocab() if token.startswith("▁"))
        return sorted({word.lower() for word in begins if len(word) > 2 and word.isalpha()})

    def count(self, text: str) -> int:
        """How many tokens a text has."""
        return len(self._cut(text))

    def _cut(self, text: str) -> list[int]:
        """The tokens of a text."""
        if not text:
            return []
        if any(mark in text for mark in self._whole):
            return self._encode([text])[0]
        words = text.split(" ")
        if "" in words:  # spaces in a row are one token, together with the word behind them
            words = [piece[1:] for piece in _PIECE.findall(f" {text}")]
        known = self._words
        try:
            parts = [known[word] for word in words]
        except KeyError:
            parts = self._learn(words)
        return [number for part in parts for number in part]

    def _learn(self, words: Sequence[str]) -> list[list[int]]:
        known = self._words
        new = [word for word in dict.fromkeys(words) if word not in known]
        cut = dict(zip(new, self._encode(new), strict=True))
        parts = [cut[word] if word in cut else known[word] for word in words]
        if len(known) + len(new) > _REMEMBERED:
            # A new one: other threads may be looking into the old one.
            known = self._words = dict(self._alone)
        known.update((word, part) for word, part in cut.items() if len(word) <= _LONGEST)
        return parts

    def _encode(self, texts: list[str]) -> list[list[int]]:
        found = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [each.ids for each in found]


@cache
def load_static() -> StaticVectors:
    """The model, loaded once. Raises MissingExtraError when it is not installed."""
    try:
        found = find_spec(_PACKAGE)
        folder = Path(next(iter((found and found.submodule_search_locations) or ())))
        return StaticVectors(folder)
    except (ImportError, StopIteration):
        raise MissingExtraError("embeddings", purpose="embedded/static") from None


def _read_weights(path: Path) -> Matrix:
    """The one matrix in a file of safetensors: a length, a description in JSON, the numbers."""
    import numpy  # noqa: PLC0415 comes with the optional dependency

    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        (described,) = (
            entry for name, entry in loads(file.read(size)).items() if name != "__metadata__"
        )
        kind = {"F16": "<f2", "F32": "<f4"}[described["dtype"]]
        numbers = numpy.fromfile(file, kind)
    return numbers.astype(numpy.float32).reshape(described["shape"])
