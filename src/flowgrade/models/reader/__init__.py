"""A small extractive reader: it answers a question with sentences of a given context, verbatim.

It stands behind the model ``embedded/reader``, the offline default for demos, tests and laptops
without a key. It weighs words; it does not generate, it holds no model weights, and what the
context does not say it does not answer. English only, as far as stems, synonyms and stop words go.
"""

from flowgrade.models.reader.messages import read_messages
from flowgrade.models.reader.reading import NO_ANSWER, Reading, Sentence, read
from flowgrade.models.reader.words import count_tokens

__all__ = ["NO_ANSWER", "Reading", "Sentence", "count_tokens", "read", "read_messages"]
