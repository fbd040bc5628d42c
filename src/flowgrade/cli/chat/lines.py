"""Read what is typed: with history and completion where readline is, and several lines at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from flowgrade.records import dumps, loads

_KEPT = 500  # entries of the history
_QUOTES = '"""'


class Lines:
    """The prompt of a chat."""

    def __init__(
        self, history: Path, complete: Callable[[str], list[str]], *, prompt: str = "> "
    ) -> None:
        self._first = prompt
        self._readline = _readline()
        self._file = history
        self._entries: list[str] = []
        if self._readline is not None:
            self._prepare(self._readline, complete)

    def read(self) -> str:
        """The next message. Raises EOFError at Ctrl-D and KeyboardInterrupt at Ctrl-C.

        Three quotation marks begin a message of several lines and end it.
        """
        first = input(self._prompt(self._first))
        if not first.lstrip().startswith(_QUOTES):
            self._remember(first)
            return first.strip()
        text = first.lstrip()[len(_QUOTES) :]
        while not text.rstrip().endswith(_QUOTES):
            text += "\n" + input(self._prompt("… "))
        message = text.rstrip()[: -len(_QUOTES)].strip()
        self._remember(message)
        return message

    def _prompt(self, text: str) -> str:
        if self._readline is None:
            return text
        # \001 and \002 tell readline that what is between takes no room.
        return f"\001\033[1;36m\002{text}\001\033[0m\002"

    def _prepare(self, readline: ModuleType, complete: Callable[[str], list[str]]) -> None:
        readline.set_auto_history(False)
        readline.set_completer_delims("\n")  # the completer sees the whole line
        found: list[str] = []

        def completer(text: str, state: int) -> str | None:
            nonlocal found
            if state == 0:
                found = complete(text)
            return found[state] if state < len(found) else None

        readline.set_completer(completer)
        if "libedit" in (readline.__doc__ or ""):
            readline.parse_and_bind("bind ^I rl_complete")
        else:
            readline.parse_and_bind("tab: complete")
            readline.parse_and_bind("set enable-bracketed-paste on")  # a paste is one message
        readline.clear_history()
        for entry in self._stored():
            readline.add_history(entry)

    def _stored(self) -> list[str]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
            self._entries = [str(loads(line)) for line in lines[-_KEPT:]]
        except (OSError, ValueError):
            self._entries = []  # a history that cannot be read is none
        return self._entries

    def _remember(self, entry: str) -> None:
        if self._readline is None or not entry.strip() or self._entries[-1:] == [entry]:
            return
        self._readline.add_history(entry)
        self._entries.append(entry)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            private = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(private, "w", encoding="utf-8") as stream:
                stream.writelines(dumps(one) + "\n" for one in self._entries[-_KEPT:])
        except OSError:
            return  # a chat goes on without a history


def _readline() -> ModuleType | None:
    try:
        import readline  # noqa: PLC0415  not on every system
    except ImportError:
        return None
    return readline
