"""Formats: which loader reads which file, by its name or by what a server calls it."""

from __future__ import annotations

from functools import cache

from flowgrade.plugins import load_plugin, plugins
from flowgrade.retrieval.loading.loader import LOADERS, Loader, LoadOptions

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


class Formats:
    """The installed loaders, with the choice that the options make."""

    def __init__(self, options: LoadOptions) -> None:
        """Raises NotFoundError for a format of the options that no loader reads."""
        self._wanted = tuple(suffix.lower() for suffix in options.suffixes)
        self._loaders = dict(_by_suffix())
        for suffix, name in options.formats:
            self._loaders[suffix.lower()] = _loader(name)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The file name endings that are read."""
        return self._wanted or tuple(sorted(self._loaders))

    def of_name(self, name: str) -> Loader | None:
        """The loader for a file of this name, if it is to be read."""
        lower = name.lower()
        if self._wanted and not lower.endswith(self._wanted):
            return None
        suffix = "." + lower.rpartition(".")[2] if "." in lower else lower
        return self._loaders.get(suffix)

    def of_type(self, content_type: str) -> Loader | None:
        """The loader for what a server sends as ``content_type``."""
        return _by_type().get(content_type.lower())

    def why_not(self, name: str) -> str:
        """Why a file of this name is passed over."""
        if name.lower().endswith(ARCHIVES):
            return f"{name} is an archive inside of another place; load it by itself."
        return f"{name} is of no format that is read."


def _loader(name: str) -> Loader:
    return load_plugin(LOADERS, name, Loader)  # type: ignore[type-abstract]


@cache
def _loaders() -> tuple[Loader, ...]:
    return tuple(_loader(plugin.name) for plugin in plugins(LOADERS))


@cache
def _by_suffix() -> dict[str, Loader]:
    return {suffix: loader for loader in _loaders() for suffix in loader.suffixes}


@cache
def _by_type() -> dict[str, Loader]:
    return {kind: loader for loader in _loaders() for kind in loader.content_types}
