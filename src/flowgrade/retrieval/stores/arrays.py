"""Arrays in files: written so that a full disk is an error, read without copying them."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy

Array: TypeAlias = "numpy.ndarray[Any, Any]"

_ZEROS = bytes(1 << 20)


def save(path: Path, array: Array) -> None:
    """Write ``array`` whole."""
    with path.open("wb") as file:
        numpy.save(file, array, allow_pickle=False)


def reserve(path: Path, shape: tuple[int, ...], dtype: Any) -> Array:
    """A new array in a file, to be filled in place; its room on the disk is taken here.

    A disk that fills up while a mapped file is written would kill the process.
    """
    kind = numpy.dtype(dtype)
    header = {"descr": kind.str, "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        numpy.lib.format.write_array_header_1_0(file, header)
        file.flush()
        _take(file.fileno(), file.tell(), math.prod(shape) * kind.itemsize)
    return load(path, mode="r+")


def load(path: Path, *, mode: Literal["r", "r+"] = "r") -> Array:
    """The array in a file, mapped: what is not looked at is not read."""
    try:
        return numpy.load(path, mmap_mode=mode)  # type: ignore[no-any-return]
    except ValueError:  # an array without elements cannot be mapped
        return numpy.load(path)  # type: ignore[no-any-return]


def plain(array: Array) -> Array:
    """``array`` without the class of mapped ones, whose every slice costs more."""
    return array.view(numpy.ndarray)


def _take(descriptor: int, start: int, size: int) -> None:
    if hasattr(os, "posix_fallocate") and size:
        os.posix_fallocate(descriptor, start, size)
        return
    os.lseek(descriptor, start, os.SEEK_SET)
    while size > 0:
        size -= os.write(descriptor, _ZEROS[:size])
