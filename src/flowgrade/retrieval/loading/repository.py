"""Files of a Git repository at one commit, read without a work tree."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from flowgrade.errors import InputError, LoadError
from flowgrade.records import Record
from flowgrade.retrieval.loading.formats import Formats
from flowgrade.retrieval.loading.found import (
    Budget,
    Found,
    Reads,
    refused,
    skipped,
    spooled,
    too_large,
)
from flowgrade.retrieval.loading.loader import LoadOptions, Unread

PREFIX = "git+"
_SCHEMES = ("https", "http", "ssh", "file")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]*")
_LINK, _SUBMODULE = "120000", "160000"
_POINTER = b"version https://git-lfs.github.com/spec/"
# A hook or a helper of the repository is never run, and only these protocols are spoken.
_SETTINGS = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never")
_LEFT_OUT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")


class RepositoryAddress(Record):
    """A repository and what of it to read."""

    url: str
    ref: str
    shown: str
    """The URL without a password."""


def repository_address(source: str) -> RepositoryAddress:
    """The parts of ``git+https://host/path@ref``; raises InputError for any other form."""
    url = source.removeprefix(PREFIX)
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    path, at, ref = path.partition("@")
    if not separator or scheme not in _SCHEMES or not slash or not path or host.startswith("-"):
        raise InputError(
            f"This is no address of a Git repository: {_without_password(source)}",
            hint="Write git+https://host/path/repository.git@branch, or git+file:///path.",
        )
    if at and (not _REF.fullmatch(ref) or ".." in ref):
        raise InputError(
            f"'{ref}' is no name of a branch, a tag or a commit.",
            hint="It has letters, digits and . _ / + -, and begins with a letter or digit.",
        )
    found = f"{scheme}://{host}/{path}"
    return RepositoryAddress(url=found, ref=ref or "HEAD", shown=_without_password(found))


def _without_password(url: str) -> str:
    return re.sub(r"(?<=://)[^/@]*@", "", url)


def files_of(
    address: RepositoryAddress, options: LoadOptions, formats: Formats
) -> Iterator[Found | Unread]:
    """The files of the repository, sorted by path; their source is ``path@blob``.

    The blob, not the commit: a file that did not change is the same document at the next commit.
    Raises LoadError when the repository cannot be copied.
    """
    budget = Budget(address.shown, options.limits)
    with tempfile.TemporaryDirectory(prefix="flowgrade-git-") as folder:
        _copy(address, Path(folder), options.limits.seconds)
        listing = _git(
            ("ls-tree", "-r", "-z", "-l", "--full-tree", "FETCH_HEAD"),
            Path(folder),
            address,
            options.limits.seconds,
        )
        with _blobs(Path(folder)) as process:
            for line in filter(None, listing.split(b"\0")):
                budget.file()
                yield _entry(line, process, options, formats, budget)
                budget.check()


def _copy(address: RepositoryAddress, folder: Path, seconds: float) -> None:
    _git(("init", "--bare", "--quiet", "--template="), folder, address, seconds)
    fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
    _git((*fetch, "--end-of-options", address.url, address.ref), folder, address, seconds)


def _git(
    arguments: tuple[str, ...], folder: Path, address: RepositoryAddress, seconds: float
) -> bytes:
    try:
        process = subprocess.Popen(
            ("git", *_SETTINGS, *arguments),
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that the helpers that git starts end with it
        )
    except FileNotFoundError:
        raise LoadError("Git is not installed.", hint="Install the command git.") from None
    try:
        output, complaint = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise LoadError(
            f"{address.shown} could not be copied within {seconds:g} s.",
            hint="Raise the limit seconds.",
        ) from None
    finally:
        _end(process)
    if process.returncode:
        text = _without_password(complaint.decode("utf-8", "replace").strip())
        reason = text.splitlines()[0] if text else f"exit code {process.returncode}"
        raise LoadError(
            f"{address.shown} at {address.ref} cannot be copied: {reason}",
            hint="Check the address and the branch, and that git can read it without a question.",
        )
    return output


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    return {
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(_SCHEMES),
        "GIT_LFS_SKIP_SMUDGE": "1",
        "LC_ALL": "C",
    }


@contextmanager
def _blobs(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        ("git", *_SETTINGS, "cat-file", "--batch"),
        cwd=folder,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        _end(process)


def _entry(
    line: bytes,
    process: subprocess.Popen[bytes],
    options: LoadOptions,
    formats: Formats,
    budget: Budget,
) -> Found | Unread:
    head, _, raw = line.partition(b"\t")
    mode, _, blob, size = head.decode("ascii").split()
    path = raw.decode("utf-8", "replace")
    if mode == _SUBMODULE:
        return skipped(path, f"{path} is a submodule.")
    if mode == _LINK:
        return skipped(path, f"{path} is a link.")
    name = PurePosixPath(path).name
    if any(part.startswith(".") for part in PurePosixPath(path).parts):
        return skipped(path, f"{path} is hidden.")
    loader = formats.of_name(name)
    if loader is None:
        return skipped(path, formats.why_not(path))
    source = f"{path}@{blob[:12]}"
    if int(size) > options.limits.file_bytes:
        return refused(source, too_large(path, options.limits).message)
    return Found(
        id=path,
        name=name,
        source=source,
        loader=loader,
        open=lambda: _opened(process, blob, path, options, budget),
    )


def _opened(process: Any, blob: str, path: str, options: LoadOptions, budget: Budget) -> BinaryIO:
    process.stdin.write(f"{blob}\n".encode("ascii"))
    process.stdin.flush()
    answer = process.stdout.readline().split()
    if len(answer) != 3 or not answer[2].isdigit():
        raise LoadError(f"{path} cannot be read from the repository.")
    stream = spooled(_Part(process.stdout, int(answer[2])), path, options.limits, budget)
    process.stdout.read(1)  # the line end behind each object
    if stream.read(len(_POINTER)) == _POINTER:
        stream.close()
        raise LoadError(
            f"{path} is kept in Git LFS; only its pointer is in the repository.",
            hint="Clone the repository with git lfs and load the folder.",
        )
    stream.seek(0)
    return stream


class _Part:
    """The next ``length`` bytes of a stream."""

    def __init__(self, stream: Reads, length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int = -1, /) -> bytes:
        piece = self._stream.read(min(size, self._left))
        self._left -= len(piece)
        return piece
