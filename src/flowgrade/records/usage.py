"""Usage: what a model call consumed."""

from __future__ import annotations

from flowgrade.records.record import Record, fields_of


class Usage(Record):
    """Tokens of one or several model calls; a count that the endpoint did not give is None."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    """The part of ``input_tokens`` that was read from the endpoint's cache."""
    cache_write_tokens: int | None = None
    """The part of ``input_tokens`` that was written to the endpoint's cache."""
    cache_write_1h_tokens: int | None = None
    """The part of ``cache_write_tokens`` that is kept for an hour, where that costs more."""
    audio_input_tokens: int | None = None
    """The part of ``input_tokens`` that was sound."""
    audio_output_tokens: int | None = None
    """The part of ``output_tokens`` that is sound."""
    reasoning_tokens: int | None = None
    """The part of ``output_tokens`` that the model spent on reasoning."""

    @property
    def total_tokens(self) -> int | None:
        """Input plus output tokens; None when neither is known."""
        if self.input_tokens is None and self.output_tokens is None:
            return None
        return (self.input_tokens or 0) + (self.output_tokens or 0)

    def __add__(self, other: Usage) -> Usage:
        """The sum, where an unknown count stays out of it."""
        return Usage(
            **{name: _sum(getattr(self, name), getattr(other, name)) for name in fields_of(Usage)}
        )


def _sum(left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return right if left is None else left
    return left + right
