"""Look at the settings of a chunker before anything is cut."""

from __future__ import annotations

from flowgrade.errors import InputError
from flowgrade.retrieval.chunking.chunker import ChunkSettings


def check_settings(settings: ChunkSettings, options: tuple[str, ...] = ()) -> None:
    """Raises InputError for a size below 1 and for options that the chunker does not have."""
    if not _is_whole(settings.size) or settings.size < 1:
        raise InputError(
            f"The size of a chunk is {settings.size!r}.", hint="It is a number of tokens from 1 on."
        )
    unknown = [name for name in settings.options if name not in options]
    if unknown:
        known = f"It has: {', '.join(options)}." if options else "It has no options."
        raise InputError(
            f"The chunker '{settings.chunker}' has no option '{unknown[0]}'.", hint=known
        )


def whole_number(settings: ChunkSettings, name: str, default: int, *, least: int) -> int:
    """The option ``name``; raises InputError for what is not a whole number from ``least`` on."""
    value = settings.options.get(name, default)
    if not _is_whole(value) or value < least:
        raise InputError(
            f"The option '{name}' of the chunker '{settings.chunker}' is {value!r}.",
            hint=f"It is a whole number from {least} on.",
        )
    return int(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
