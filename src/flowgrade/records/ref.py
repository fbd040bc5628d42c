"""Ref: what ran."""

from __future__ import annotations

from flowgrade.errors import InputError
from flowgrade.records.record import Record


class Ref(Record):
    """One immutable version of one named thing, written ``flow/support@sha256:…``."""

    kind: str
    """``flow``, ``dataset``, ``model``, ``prompt``, ``index``, ``release`` or ``evaluator``."""
    name: str
    digest: str
    """``sha256:`` and 64 hexadecimal digits of the content."""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}@{self.digest}"

    @property
    def short(self) -> str:
        """The ref with twelve digits of its digest, for people."""
        return f"{self.kind}/{self.name}@{self.digest.removeprefix('sha256:')[:12]}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read ``kind/name@digest``; raises InputError when it has another form."""
        head, at, digest = text.rpartition("@")
        kind, slash, name = head.partition("/")
        if not (at and slash and kind and name and digest):
            raise InputError(f"'{text}' is not a ref of the form kind/name@digest.")
        return cls(kind=kind, name=name, digest=digest)
