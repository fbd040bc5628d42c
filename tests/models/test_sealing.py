"""What the store keeps of a connection, and the keys that open it."""

from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowgrade.errors import ConnectionSealedError, SettingsError
from flowgrade.models import add_key, find_keys, key_file, new_key
from flowgrade.models.sealing import parse_key, seal, unseal
from flowgrade.models.sealing_keys import need_keys
from flowgrade.settings import Settings

ENTRY = {"kind": "openai", "api_key": "sk-very-secret-1", "headers": {"X": "ü"}}


def settings(home: Path, **environment: str) -> Settings:
    return Settings(project=home, home=home / "home", store="", environment=environment)


def test_what_is_sealed_opens_with_its_key_and_shows_nothing() -> None:
    key = new_key()
    sealed = seal("a", ENTRY, key)
    assert "sk-very-secret-1" not in sealed
    assert "openai" not in sealed
    assert unseal("a", sealed, [new_key(), key]) == ENTRY


def test_the_same_is_sealed_differently_each_time() -> None:
    key = new_key()
    assert seal("a", ENTRY, key) != seal("a", ENTRY, key)


def test_without_its_key_the_error_names_it_and_the_way_out() -> None:
    key = new_key()
    with pytest.raises(ConnectionSealedError, match=key.id) as caught:
        unseal("a", seal("a", ENTRY, key), [new_key()])
    assert "flowgrade connection set a" in str(caught.value)
    with pytest.raises(ConnectionSealedError, match="there is none"):
        unseal("a", seal("a", ENTRY, key), [])


def test_what_is_sealed_for_one_name_does_not_open_for_another() -> None:
    key = new_key()
    with pytest.raises(ConnectionSealedError, match="damaged"):
        unseal("b", seal("a", ENTRY, key), [key])


@pytest.mark.parametrize("damage", ["cut", "changed", "nonsense"])
def test_what_is_damaged_is_said_to_be(damage: str) -> None:
    key = new_key()
    sealed = seal("a", ENTRY, key)
    head, _, data = sealed.rpartition(":")
    raw = bytearray(base64.b64decode(data))
    raw[-1] ^= 1
    wrong = {
        "cut": sealed[:40],
        "changed": f"{head}:{base64.b64encode(raw).decode()}",
        "nonsense": f"{head}:???",
    }
    with pytest.raises(ConnectionSealedError, match="damaged"):
        unseal("a", wrong[damage], [key])


def test_what_a_later_version_sealed_is_not_guessed_at() -> None:
    with pytest.raises(ConnectionSealedError, match="another version"):
        unseal("a", "v9:x:y", [new_key()])


def test_a_key_is_read_in_both_alphabets_and_nothing_else_is_one() -> None:
    key = new_key()
    assert parse_key(key.text()) == key
    assert parse_key(base64.urlsafe_b64encode(key.data).decode() + "\n") == key
    for text in ("", "short", base64.b64encode(b"x" * 31).decode(), "ü" * 44):
        assert parse_key(text) is None


def test_a_key_shows_nothing_of_itself() -> None:
    key = new_key()
    assert key.text() not in repr(key)
    assert str(key.data) not in repr(key)


def test_the_first_key_is_made_in_the_users_folder_for_the_user_only(tmp_path: Path) -> None:
    found = need_keys(settings(tmp_path), shared=False)
    file = key_file(settings(tmp_path))
    assert found.file == file
    assert len(found.keys) == 1
    assert find_keys(settings(tmp_path)) == found
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_of_several_that_make_the_first_key_all_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: need_keys(settings(tmp_path), shared=False), range(16)))
    assert len({one.keys for one in found}) == 1
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["key"]


def test_a_setting_comes_before_the_file(tmp_path: Path) -> None:
    need_keys(settings(tmp_path), shared=False)
    new, old = new_key(), new_key()
    found = find_keys(settings(tmp_path, FLOWGRADE_KEY=f"{new.text()},{old.text()}"))
    assert found.keys == (new, old)
    assert found.file is None


def test_the_setting_may_name_a_file(tmp_path: Path) -> None:
    key = new_key()
    file = tmp_path / "mounted"
    file.write_text(key.text() + "\n", encoding="utf-8")
    assert find_keys(settings(tmp_path, FLOWGRADE_KEY_FILE=str(file))).keys == (key,)


def test_a_store_of_a_team_needs_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a key that its whole team has"):
        need_keys(settings(tmp_path), shared=True)
    assert not key_file(settings(tmp_path)).exists()
    key = new_key()
    found = need_keys(settings(tmp_path, FLOWGRADE_KEY=key.text()), shared=True)
    assert found.keys == (key,)


def test_a_new_key_is_put_before_those_that_are_there(tmp_path: Path) -> None:
    first = need_keys(settings(tmp_path), shared=False)
    added = add_key(first)
    assert added.keys[1:] == first.keys
    assert find_keys(settings(tmp_path)) == added


@pytest.mark.parametrize("text", ["abc", "x" * 44, "0" * 100])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="FLOWGRADE_KEY is no key") as caught:
        find_keys(settings(tmp_path, FLOWGRADE_KEY=text))
    assert text not in str(caught.value)
