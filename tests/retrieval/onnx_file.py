"""Writes a tiny ONNX model, byte by byte, so that no test needs a package that makes them.

Source: onnx.proto of ONNX 1.x, field numbers of ModelProto, GraphProto, NodeProto, ValueInfoProto
and AttributeProto; protocol buffers' wire format.
"""

from __future__ import annotations

_INT64, _FLOAT = 7, 1


def share_of_pairs() -> bytes:
    """A model with one score for each row: how many of its tokens stand in both parts.

    It compares each token of the second part with each of the first: what a cross-encoder would
    see, in a single product of two masks.
    """
    nodes = [
        _node("Cast", ["input_ids"], ["ids"], to=_FLOAT),
        _node("Cast", ["token_type_ids"], ["second"], to=_FLOAT),
        _node("Cast", ["attention_mask"], ["there"], to=_FLOAT),
        _node("Sub", ["there", "second"], ["first"]),
        _node("Unsqueeze", ["ids", "last"], ["columns"]),
        _node("Unsqueeze", ["ids", "middle"], ["rows"]),
        _node("Equal", ["columns", "rows"], ["same"]),
        _node("Cast", ["same"], ["equal"], to=_FLOAT),
        _node("Unsqueeze", ["second", "last"], ["of_second"]),
        _node("Unsqueeze", ["first", "middle"], ["of_first"]),
        _node("Mul", ["of_second", "of_first"], ["pairs"]),
        _node("Mul", ["equal", "pairs"], ["shared"]),
        _node("ReduceSum", ["shared", "both"], ["count"], keepdims=0),
        _node("Unsqueeze", ["count", "one"], ["logits"]),
    ]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"g")
    for name, values in {"last": [2], "middle": [1], "both": [1, 2], "one": [1]}.items():
        data = b"".join(value.to_bytes(8, "little") for value in values)
        tensor = _number(1, len(values)) + _number(2, _INT64) + _field(8, name.encode())
        graph += _field(5, tensor + _field(9, data))
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        graph += _field(11, _value(name, _INT64, ["n", "l"]))
    graph += _field(12, _value("logits", _FLOAT, ["n", "m"]))
    opset = _field(8, _field(1, b"") + _number(2, 13))
    return _number(1, 8) + _field(7, graph) + opset


def _node(kind: str, inputs: list[str], outputs: list[str], **attributes: int) -> bytes:
    found = b"".join(_field(1, name.encode()) for name in inputs)
    found += b"".join(_field(2, name.encode()) for name in outputs)
    found += _field(4, kind.encode())
    for name, value in attributes.items():
        found += _field(5, _field(1, name.encode()) + _number(3, value) + _number(20, 2))
    return found


def _value(name: str, kind: int, dimensions: list[str]) -> bytes:
    shape = b"".join(_field(1, _field(2, one.encode())) for one in dimensions)
    tensor = _number(1, kind) + _field(2, shape)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
