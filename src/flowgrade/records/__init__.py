"""The nouns that flow through every room: Ref, Span, Score and their kin.

Frozen, typed and without input or output. What ran is a Ref, what happened is a Span, how good
it was is a Score.
"""

from flowgrade.records.digest import digest_bytes, digest_json
from flowgrade.records.failure import Failure
from flowgrade.records.json import Json, JsonObject, dumps, dumps_any, encode_any, loads
from flowgrade.records.plain import describe
from flowgrade.records.record import (
    Record,
    as_dict,
    field,
    fields_of,
    is_record,
    replace,
    shallow,
)
from flowgrade.records.ref import Ref
from flowgrade.records.score import Score
from flowgrade.records.span import Span, SpanKind
from flowgrade.records.usage import Usage

__all__ = [
    "Failure",
    "Json",
    "JsonObject",
    "Record",
    "Ref",
    "Score",
    "Span",
    "SpanKind",
    "Usage",
    "as_dict",
    "describe",
    "digest_bytes",
    "digest_json",
    "dumps",
    "dumps_any",
    "encode_any",
    "field",
    "fields_of",
    "is_record",
    "loads",
    "replace",
    "shallow",
]
