"""The keyring of the operating system: asked only for what is said to be in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar

from flowgrade.errors import FlowgradeError, KeyringError, MissingExtraError

SERVICE = "flowgrade"
PATIENCE = 20.0
"""Seconds until a keyring that does not answer, such as one that waits for a password, is left."""

T = TypeVar("T")


def keyring_value(name: str) -> str:
    """The secret of that name; raises KeyringError when it is not there or cannot be had."""
    found = _ask(f"read '{name}'", lambda keyring: keyring.get_password(SERVICE, name))
    if not found:
        raise KeyringError(
            f"The system keyring has no entry '{name}' of the service '{SERVICE}'.",
            hint="Set it: flowgrade connection set "
            f"{name.rpartition('/')[2].partition('.')[0]} --to keyring",
        )
    return str(found)


def set_keyring_value(name: str, value: str) -> None:
    """Keep a secret in the keyring."""
    _ask(f"keep '{name}'", lambda keyring: keyring.set_password(SERVICE, name, value))


def remove_keyring_value(name: str) -> None:
    """Delete a secret from the keyring; one that is not there is no error."""

    def remove(keyring: Any) -> None:
        if keyring.get_password(SERVICE, name) is not None:
            keyring.delete_password(SERVICE, name)

    _ask(f"delete '{name}'", remove)


def keyring_state() -> tuple[bool, str]:
    """Whether there is a keyring that can be used, and which or why not."""
    if find_spec("keyring") is None:
        return False, "the package keyring is not installed"
    try:
        name = _ask("look at it", lambda keyring: _title(keyring.get_keyring()))
    except FlowgradeError as error:
        return False, error.message
    return True, name


def _title(backend: Any) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _ask(what: str, question: Callable[[Any], T]) -> T:
    """Put ``question`` to the keyring in a thread of its own, which may be left hanging."""
    answer: list[T] = []
    failure: list[BaseException] = []

    def ask() -> None:
        try:
            answer.append(question(_keyring()))
        except BaseException as error:  # noqa: BLE001  a backend may fail in any way
            failure.append(error)

    thread = threading.Thread(target=ask, name="flowgrade-keyring", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if failure:
        raise _explained(failure[0], what)
    if thread.is_alive():
        raise KeyringError(
            f"The system keyring did not answer within {PATIENCE:g} s when asked to {what}.",
            hint="Unlock it, or keep the key elsewhere: flowgrade connection set NAME --to store",
        )
    return answer[0]


def _keyring() -> Any:
    try:
        import keyring  # noqa: PLC0415  optional dependency
    except ModuleNotFoundError as error:
        if error.name != "keyring":
            raise
        raise MissingExtraError("keyring", purpose="The system keyring") from error
    backend = keyring.get_keyring()
    # The fail and null backends stand in where there is none, as on most servers.
    if _title(backend) in ("keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"):
        raise KeyringError(
            "This machine has no system keyring.",
            hint="Keep the key elsewhere: flowgrade connection set NAME --to store",
        )
    return keyring


def _explained(error: BaseException, what: str) -> FlowgradeError:
    if isinstance(error, FlowgradeError):
        return error
    # Only the class: what a backend says may hold anything.
    return KeyringError(
        f"The system keyring could not {what} ({type(error).__name__}).",
        hint="Unlock it, or keep the key elsewhere: flowgrade connection set NAME --to store",
    )
