"""The system keyring: used where there is one, never needed, never waited for without end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from flowgrade.errors import KeyringError, MissingExtraError, SettingsError
from flowgrade.models import keep_in_keyring, keyring_state, load_connections, stored_connections
from flowgrade.models import system_keyring as ours
from flowgrade.settings import Secret, Settings
from flowgrade.store import open_store


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Locked(Ring):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("the password is hunter2hunter2")


class Hanging(Ring):
    released = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.released.wait(60)
        return None


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def settings(folder: Path) -> Settings:
    return Settings(name="here", project=folder, home=folder / "home", store="")


def test_secrets_go_into_the_keyring_and_the_rest_into_the_store(tmp_path: Path) -> None:
    ring = Ring()
    keyring.set_keyring(ring)
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    entry = {"base_url": "http://a/v1", "api_key": "k-1", "secrets": {"t": "t-1", "e": "${env:E}"}}
    keep_in_keyring(store, settings(tmp_path), "a", entry)
    assert ring.kept == {("flowgrade", "here/a"): "k-1", ("flowgrade", "here/a.t"): "t-1"}
    found = load_connections(settings(tmp_path), lambda: store)["a"]
    assert found.api_key == Secret("k-1")
    assert found.secrets["t"].reveal() == "t-1"
    assert "a" in stored_connections(store)
    store.close()


def test_a_file_may_refer_to_it_and_it_is_asked_when_the_key_is_used(tmp_path: Path) -> None:
    keyring.set_keyring(Locked())
    text = "a: {base_url: http://a/v1, api_key: '${keyring:mine}'}"
    (tmp_path / "connections.yaml").write_text(text, encoding="utf-8")
    found = load_connections(settings(tmp_path))["a"]
    assert found.api_key
    assert "keyring" in found.key_place
    with pytest.raises(KeyringError, match="KeyringLocked") as caught:
        found.api_key.reveal()
    assert "hunter2" not in str(caught.value)
    assert "flowgrade connection set" in str(caught.value)


def test_only_keys_and_secrets_may_be_in_it(tmp_path: Path) -> None:
    text = "a: {base_url: 'http://${keyring:mine}/v1'}"
    (tmp_path / "connections.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="'base_url' of the connection 'a' refers to the key"):
        load_connections(settings(tmp_path))


def test_an_entry_that_is_not_there_is_named(tmp_path: Path) -> None:
    keyring.set_keyring(Ring())
    with pytest.raises(KeyringError, match="no entry 'here/a'") as caught:
        ours.keyring_value("here/a")
    assert "flowgrade connection set a --to keyring" in str(caught.value)


def test_a_machine_without_one_says_so(tmp_path: Path) -> None:
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    with pytest.raises(KeyringError, match="no system keyring"):
        ours.set_keyring_value("a", "b")
    assert keyring_state() == (False, "This machine has no system keyring.")


def test_one_that_does_not_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "PATIENCE", 0.05)
    keyring.set_keyring(Hanging())
    with pytest.raises(KeyringError, match="did not answer within"):
        ours.keyring_value("a")
    Hanging.released.set()


def test_deleting_what_is_not_there_is_no_error() -> None:
    ring = Ring()
    keyring.set_keyring(ring)
    ours.set_keyring_value("a", "b")
    ours.remove_keyring_value("a")
    ours.remove_keyring_value("a")
    assert ring.kept == {}


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtraError, match="optional part") as caught:
        ours.keyring_value("a")
    assert "pip install 'flowgrade[keyring]'" in str(caught.value)
