"""``flowgrade pf script``: the command ``pf`` itself, where somebody wants it."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
from argparse import Namespace
from pathlib import Path

from flowgrade.cli.show import note
from flowgrade.errors import InputError

_MARK = "Written by flowgrade pf script install"
_WINDOWS = os.name == "nt"
_NAME = "pf.cmd" if _WINDOWS else "pf"
_HOW = f"{_MARK}; remove it with: flowgrade pf script remove"
# -P: what lies in the current folder must not stand before what is installed.
_SHELL = f'#!/bin/sh\n# {_HOW}\nexec {{python}} -P -m flowgrade pf "$@"\n'
_BATCH = f'@rem {_HOW}\r\n@"{{python}}" -P -m flowgrade pf %*\r\n'


def install(given: Namespace) -> None:
    """Write the script; raises InputError where another program of that name is."""
    folder = _folder(given.to)
    file = folder / _NAME
    if _is_there(file) and not _is_ours(file):
        raise InputError(
            f"{file} is another program, perhaps prompt flow's, and stays as it is.",
            hint="Name another folder: --to FOLDER, or uninstall that program first.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(file)
    except OSError as error:
        raise InputError(
            f"{file} cannot be written: {error.strerror}.", hint="Name another folder: --to FOLDER"
        ) from None
    note(f"Written: {file}")
    found = shutil.which("pf")
    if found is None or Path(found).absolute() != file:
        instead = f"; it finds {found} now" if found else ""
        note(f"Put {folder} first on PATH, so that the shell finds this one{instead}.")


def remove(given: Namespace) -> None:
    """Remove the script; raises InputError where it is not this one."""
    file = _folder(given.to) / _NAME
    if not _is_there(file):
        raise InputError(f"There is no {file}.", hint="Name the folder it is in: --to FOLDER")
    if not _is_ours(file):
        raise InputError(f"{file} is another program and stays as it is.")
    file.unlink()
    note(f"Removed: {file}")


def _folder(named: str | None) -> Path:
    return Path(named or sysconfig.get_path("scripts")).expanduser().absolute()


def _is_there(file: Path) -> bool:
    return os.path.lexists(file)


def _is_ours(file: Path) -> bool:
    try:
        return _MARK in file.read_bytes()[:300].decode(errors="replace")
    except OSError:
        return False


def _write(file: Path) -> None:
    form, python = (_BATCH, sys.executable) if _WINDOWS else (_SHELL, shlex.quote(sys.executable))
    # Beside it first: a reader never finds half a script.
    half = file.with_name(f".{file.name}.{os.getpid()}")
    half.write_bytes(form.format(python=python).encode())
    half.chmod(0o755)
    half.replace(file)
