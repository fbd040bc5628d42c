"""Which reader a file takes: decided by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from flowgrade.datasets.jsonl import count_json, count_jsonl, read_json, read_jsonl
from flowgrade.datasets.parquet import count_parquet, read_parquet
from flowgrade.datasets.table import count_table, read_table
from flowgrade.records import JsonObject, Record


class Format(Record, kw_only=False):
    """How files of one format are read and their rows counted."""

    name: str
    read: Callable[[Path], Iterator[JsonObject]]
    count: Callable[[Path], int]


_JSONL = Format("jsonl", read_jsonl, count_jsonl)
_TSV = Format("tsv", partial(read_table, delimiter="\t"), partial(count_table, delimiter="\t"))
_FORMATS = {
    ".jsonl": _JSONL,
    ".ndjson": _JSONL,
    ".json": Format("json", read_json, count_json),
    ".csv": Format("csv", read_table, count_table),
    ".tsv": _TSV,
    ".parquet": Format("parquet", read_parquet, count_parquet),
}


def format_of(path: Path) -> Format:
    """The format of the file; JSON lines when its suffix is not known."""
    return _FORMATS.get(_suffix(path), _JSONL)


def is_known(path: Path) -> bool:
    """Whether the file's suffix says what its format is."""
    return _suffix(path) in _FORMATS


def stem_of(path: Path) -> str:
    """The file's name without the suffix of its format and ``.gz``."""
    return _unpacked(path).stem


def _suffix(path: Path) -> str:
    return _unpacked(path).suffix.lower()


def _unpacked(path: Path) -> Path:
    return path.with_suffix("") if path.suffix == ".gz" else path
