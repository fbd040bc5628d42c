"""Where the keys are that seal connections in the store: in a setting, or in a file of the user."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from flowgrade.errors import Place, SettingsError
from flowgrade.models.sealing import SealingKey, new_key, parse_key
from flowgrade.records import Record
from flowgrade.settings import Settings

VARIABLE = "FLOWGRADE_KEY"
KEY_FILE = "key"
_MAKE = "Make one with: flowgrade connection new-key"


class SealingKeys(Record):
    """The keys that are here: the first seals, each of them opens."""

    keys: tuple[SealingKey, ...]
    file: Path | None
    """The file they are in; None when a setting has them."""


def key_file(settings: Settings) -> Path:
    """Where the key is when no setting gives one."""
    return settings.home / KEY_FILE


def find_keys(settings: Settings) -> SealingKeys:
    """The keys, maybe none; raises SettingsError for what is no key."""
    given = settings.variable(VARIABLE)
    if given:
        return SealingKeys(keys=_parsed(given.replace(",", "\n"), VARIABLE), file=None)
    file = key_file(settings)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return SealingKeys(keys=(), file=file)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(
            f"The key of the store's connections cannot be read: {reason}.",
            hint="Make the file readable for this user, or set FLOWGRADE_KEY.",
            place=Place(str(file)),
        ) from None
    return SealingKeys(keys=_parsed(text, str(file)), file=file)


def need_keys(settings: Settings, *, shared: bool) -> SealingKeys:
    """The keys, with a new one made in the user's file where there is none.

    A store that is ``shared`` by several machines needs its key in a setting; raises
    SettingsError where there is none.
    """
    found = find_keys(settings)
    if shared and found.file is not None:
        raise SettingsError(
            "A store on a server needs a key that its whole team has.",
            hint=f"Set {VARIABLE} (or {VARIABLE}_FILE) on each machine. {_MAKE}",
        )
    if found.keys:
        return found
    assert found.file is not None
    _write(found.file, [new_key()], replace=False)
    return find_keys(settings)


def add_key(keys: SealingKeys) -> SealingKeys:
    """A new first key in the file; those before it stay, since other stores may need them."""
    assert keys.file is not None
    more = (new_key(), *keys.keys)
    _write(keys.file, more, replace=True)
    return SealingKeys(keys=more, file=keys.file)


def _parsed(text: str, where: str) -> tuple[SealingKey, ...]:
    found = []
    for line in text.split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        key = parse_key(line)
        if key is None:
            raise SettingsError(
                f"{where} is no key: a key is 32 bytes in base64, 44 characters.", hint=_MAKE
            )
        found.append(key)
    return tuple(found)


def _write(file: Path, keys: Sequence[SealingKey], *, replace: bool) -> None:
    """Write whole and readable for this user only; without ``replace`` a file that is there stays.

    Of several processes that make the first key at once, one wins and all read the same.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=".key-")  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write("".join(f"{key.text()}\n" for key in keys))
                opened.flush()
                os.fsync(opened.fileno())
            if replace:
                os.replace(draft, file)
            else:
                with suppress(FileExistsError):
                    os.link(draft, file)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(draft)
    except OSError as error:
        raise SettingsError(
            f"The key of the store's connections cannot be written: {error.strerror}.",
            hint="Set FLOWGRADE_KEY, or FLOWGRADE_HOME to a folder of yours.",
            place=Place(str(file)),
        ) from error
