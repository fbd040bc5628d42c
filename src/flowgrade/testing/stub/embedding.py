"""Embeddings: unit vectors that depend on the text alone."""

from __future__ import annotations

import base64
import math
from array import array
from hashlib import shake_128

from flowgrade.records import Json, dumps
from flowgrade.testing.stub.call import Call, whole_number
from flowgrade.testing.stub.play import Play, Rule
from flowgrade.testing.stub.refusal import StubRefusal

_MOST_DIMENSIONS = 16_384


def embedding_body(call: Call, rule: Rule | None, play: Play) -> bytes:
    """The answer to an embeddings call, as floats or as base64 of little-endian float32.

    Raises StubRefusal for options that cannot be met.
    """
    coding = call.body.get("encoding_format") or "float"
    if coding not in ("float", "base64"):
        raise StubRefusal(400, "encoding_format must be float or base64.", param="encoding_format")
    length = whole_number(call.body, "dimensions", least=1) or play.script.dimensions
    if length > _MOST_DIMENSIONS:
        raise StubRefusal(
            400, f"dimensions must not exceed {_MOST_DIMENSIONS}.", param="dimensions"
        )
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": _coded(_vector(text, length, play), coding),
        }
        for index, text in enumerate(call.texts)
    ]
    return _body(call, data, rule, play)


def text_vector(text: str, dimensions: int) -> array[float]:
    """The unit vector of a text, float32: independent directions for different texts."""
    drawn = array("h", shake_128(text.encode()).digest(2 * dimensions))
    norm = math.hypot(*drawn) or 1.0
    return array("f", [value / norm for value in drawn])


def _vector(text: str, dimensions: int, play: Play) -> array[float]:
    fixed = play.script.embedding
    return text_vector(text, dimensions) if fixed is None else array("f", fixed)


def _coded(vector: array[float], coding: str) -> Json:
    return vector.tolist() if coding == "float" else base64.b64encode(vector.tobytes()).decode()


def _body(call: Call, data: Json, rule: Rule | None, play: Play) -> bytes:
    script = play.script
    tokens = call.prompt_tokens if script.prompt_tokens is None else script.prompt_tokens
    usage = {"prompt_tokens": tokens, "total_tokens": tokens, **script.extra_usage}
    extra = dict(script.extra)
    if rule:
        usage.update({**(rule.reply.usage or {}), **rule.reply.extra_usage})
        extra.update(rule.reply.extra)
    return dumps(
        {"object": "list", "data": data, "model": call.model, "usage": usage, **extra}
    ).encode()
