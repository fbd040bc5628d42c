"""A text that is never shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from flowgrade.settings.redaction import remember


class Secret:
    """Holds a secret; only ``reveal()`` gives it, so no log, trace or message shows it.

    What is held is taken out of whatever is stored or printed, wherever it turns up.
    """

    __slots__ = ("_fetch", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._fetch: Callable[[], str] | None = None
        remember(text)

    @classmethod
    def later(cls, fetch: Callable[[], str]) -> Secret:
        """A secret that is fetched when it is first revealed, such as from a locked keyring."""
        made = cls("")
        made._fetch = fetch
        return made

    @property
    def is_here(self) -> bool:
        """Whether it can be revealed without fetching it."""
        return self._fetch is None

    def reveal(self) -> str:
        """The secret itself; raises what fetching it raises."""
        if self._fetch is not None:
            self._text = self._fetch()
            self._fetch = None
            remember(self._text)
        return self._text

    def __repr__(self) -> str:
        return "Secret('******')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __bool__(self) -> bool:
        return self._fetch is not None or bool(self._text)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not pickled: what is pickled is no longer secret.")
