"""Connections in the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowgrade.errors import ConnectionSealedError, InputError, SettingsError
from flowgrade.models import (
    Models,
    find_keys,
    forget,
    keep_in_store,
    kept_entry,
    new_key,
    reseal_connections,
    stored_connections,
)
from flowgrade.models.repository import save_connection
from flowgrade.settings import Secret, Settings
from flowgrade.store import Store

KEY = new_key()


def settings(folder: Path, **environment: str) -> Settings:
    own = {"FLOWGRADE_KEY": KEY.text(), **environment}
    return Settings(project=folder, home=folder / "home", store="", environment=own)


def test_what_is_kept_comes_back(store: Store, tmp_path: Path) -> None:
    entry = {"base_url": "http://a/v1", "api_key": "sk-1234567890", "headers": {"X": "é\u2028"}}
    keep_in_store(store, settings(tmp_path), "a", entry)
    assert kept_entry(store, settings(tmp_path), "a") == entry
    assert kept_entry(store, settings(tmp_path), "b") is None


def test_nothing_of_it_can_be_read_in_the_store(store: Store, tmp_path: Path) -> None:
    entry = {"base_url": "http://hidden/v1", "api_key": "sk-1234567890"}
    keep_in_store(store, settings(tmp_path), "a", entry)
    with store.read() as transaction:
        (row,) = transaction.all("SELECT * FROM connections")
    assert row[:2] == ("a", "openai")
    assert "hidden" not in str(row)
    assert "sk-1234567890" not in str(row)


def test_keeping_it_again_replaces_it(store: Store, tmp_path: Path) -> None:
    for kind in ("openai", "azure_openai"):
        keep_in_store(store, settings(tmp_path), "a", {"kind": kind})
    assert [one.kind for one in stored_connections(store).values()] == ["azure_openai"]


def test_what_is_forgotten_is_gone(store: Store, tmp_path: Path) -> None:
    keep_in_store(store, settings(tmp_path), "a", {})
    assert forget(store, "a", None)
    assert not forget(store, "a", None)
    assert stored_connections(store) == {}


def test_they_are_listed_by_name_without_a_key(store: Store, tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        keep_in_store(store, settings(tmp_path), name, {})
    assert list(stored_connections(store)) == ["a", "b", "c"]


def test_another_key_seals_all_of_them_anew(store: Store, tmp_path: Path) -> None:
    keep_in_store(store, settings(tmp_path), "a", {"api_key": "x"})
    fresh = new_key()
    assert reseal_connections(store, [fresh, KEY]) == 1
    assert reseal_connections(store, [fresh, KEY]) == 0
    assert stored_connections(store)["a"].opened([fresh]) == {"api_key": "x"}
    with pytest.raises(ConnectionSealedError):
        stored_connections(store)["a"].opened([KEY])


def test_where_one_cannot_be_opened_none_is_sealed_anew(store: Store, tmp_path: Path) -> None:
    keep_in_store(store, settings(tmp_path), "a", {})
    save_connection(store, "z", {}, new_key())
    before = stored_connections(store)
    with pytest.raises(ConnectionSealedError):
        reseal_connections(store, [new_key(), KEY])
    assert stored_connections(store) == before


def test_a_lost_key_harms_only_what_it_sealed(store: Store, tmp_path: Path) -> None:
    keep_in_store(store, settings(tmp_path), "mine", {"base_url": "http://a/v1", "api_key": "k1"})
    save_connection(store, "lost", {}, new_key())
    models = Models(settings(tmp_path), store=lambda: store)
    assert "lost" in models.connections
    assert models.connection("mine").api_key == Secret("k1")
    with pytest.raises(ConnectionSealedError, match="which is not here"):
        models.connection("lost")


def test_a_kept_connection_is_used_and_the_environment_fills_it_in(
    store: Store, tmp_path: Path
) -> None:
    here = settings(tmp_path, OPENAI_API_KEY="from-env", OTHER="from-other")
    keep_in_store(store, here, "openai", {"base_url": "http://mine/v1"})
    keep_in_store(store, here, "other", {"base_url": "http://o/v1", "api_key": "${env:OTHER}"})
    models = Models(here, store=lambda: store)
    assert models.connection("openai").base_url == "http://mine/v1"
    assert models.connection("openai").api_key == Secret("from-env")
    assert models.connection("other").api_key == Secret("from-other")


def test_the_file_comes_before_the_store(store: Store, tmp_path: Path) -> None:
    keep_in_store(store, settings(tmp_path), "a", {"base_url": "http://store/v1", "api_key": "k"})
    (tmp_path / "connections.yaml").write_text("a: {base_url: http://file/v1}", encoding="utf-8")
    connections = Models(settings(tmp_path), store=lambda: store).connections
    assert connections["a"].base_url == "http://file/v1"
    assert connections["a"].api_key is None
    assert connections.sources("a") == (str(tmp_path / "connections.yaml"), "store")


def test_a_team_needs_a_key_in_its_settings(store: Store, tmp_path: Path) -> None:
    alone = Settings(project=tmp_path, home=tmp_path / "home", store="")
    if store.dialect == "sqlite":
        keep_in_store(store, alone, "a", {})
        assert find_keys(alone).file is not None
    else:
        with pytest.raises(SettingsError, match="FLOWGRADE_KEY"):
            keep_in_store(store, alone, "a", {})


@pytest.mark.parametrize("name", ["a/b", "a.b", "", "a b", "embedded", "${x}", "x" * 101])
def test_a_name_that_could_not_be_said_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="connection"):
        keep_in_store(store, settings(tmp_path), name, {})
    assert stored_connections(store) == {}
