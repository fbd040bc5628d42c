"""Where settings come from, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from flowgrade.errors import SettingsError
from flowgrade.settings import VARIABLES, Settings, find_project, read_settings
from flowgrade.settings.project_shape import KEYS

Read = Callable[..., Settings]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home folder."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    return home


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, from whose folder ``sub`` we work."""
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "flowgrade.yaml").write_text("", encoding="utf-8")
    monkeypatch.chdir(folder / "sub")
    return folder


def read(environ: Mapping[str, str] | None = None) -> Settings:
    return read_settings(environ or {})


# --- precedence


def test_without_anything_there_are_defaults(folder: Path, home: Path) -> None:
    settings = read()
    assert settings.project == folder
    assert settings.name == "project"
    assert settings.home == home / ".flowgrade"
    assert settings.store == f"sqlite:///{folder}/.flowgrade/store.db"
    assert settings.connections is None
    assert not settings.debug


def test_the_environment_comes_before_the_dotenv_file_and_that_before_the_projects(
    folder: Path,
) -> None:
    (folder / "flowgrade.yaml").write_text("name: mine\nstore: third.db\n", encoding="utf-8")
    assert read().store == f"sqlite:///{folder}/third.db"
    assert read().name == "mine"
    (folder / ".env").write_text("FLOWGRADE_STORE=second.db\n", encoding="utf-8")
    assert read().store == f"sqlite:///{folder}/second.db"
    given = read({"FLOWGRADE_STORE": "first.db"})
    assert given.store == f"sqlite:///{folder}/sub/first.db"


def test_a_variable_that_is_empty_counts_as_unset(folder: Path) -> None:
    (folder / ".env").write_text("FLOWGRADE_STORE=s.db\nKEY=from file\n", encoding="utf-8")
    settings = read({"FLOWGRADE_STORE": "", "KEY": "", "OTHER": ""})
    assert settings.store.endswith("s.db")
    assert settings.variable("KEY") == "from file"
    assert settings.variable("OTHER") is None


def test_paths_in_files_of_the_project_count_from_its_folder(folder: Path) -> None:
    (folder / ".env").write_text(
        "FLOWGRADE_HOME=state\nFLOWGRADE_CONNECTIONS=c.yaml\n", encoding="utf-8"
    )
    settings = read()
    assert settings.home == folder / "state"
    assert settings.connections == folder / "c.yaml"
    (folder / ".env").unlink()
    (folder / "flowgrade.yaml").write_text("connections: d.yaml\n", encoding="utf-8")
    assert read().connections == folder / "d.yaml"


def test_the_home_folder_may_be_written_short(folder: Path, home: Path) -> None:
    settings = read({"FLOWGRADE_HOME": "~/state", "FLOWGRADE_STORE": "~/s.db"})
    assert settings.home == home / "state"
    assert settings.store == f"sqlite:///{home}/s.db"
    (folder / ".env").write_text("FLOWGRADE_CONNECTIONS=~/c.yaml\n", encoding="utf-8")
    assert read().connections == home / "c.yaml"


def test_the_dotenv_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    (folder / ".env").write_bytes(b"\xef\xbb\xbfKEY=1\r\n")
    assert read().variable("KEY") == "1"


def test_a_dotenv_file_of_another_encoding_is_refused(folder: Path) -> None:
    (folder / ".env").write_bytes("KEY=sk-ä".encode("latin-1"))
    with pytest.raises(SettingsError, match="not UTF-8") as caught:
        read()
    assert str(folder / ".env") in str(caught.value)
    assert "sk-" not in str(caught.value)


def test_a_project_file_of_another_encoding_is_refused(folder: Path) -> None:
    (folder / "flowgrade.yaml").write_bytes("name: ä".encode("latin-1"))
    with pytest.raises(SettingsError, match="not UTF-8"):
        read()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("stor: a.db\n", ":1", "Did you mean 'store'"),
        ("name: a\nstore: [a]\n", ":2", "must be a text"),
        ("- a\n", ":1", "not a mapping"),
        ("name: 'a\n", "", "flowgrade.yaml"),
    ],
)
def test_a_bad_project_file_is_refused_with_its_place(
    folder: Path, text: str, place: str, words: str
) -> None:
    (folder / "flowgrade.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read()
    assert f"flowgrade.yaml{place}" in str(caught.value)
    assert words in str(caught.value)


def test_a_project_file_with_comments_only_sets_nothing(folder: Path) -> None:
    (folder / "flowgrade.yaml").write_text("# name: a\n\n", encoding="utf-8")
    assert read().name == "project"


# --- single settings


@pytest.mark.parametrize(
    "url", ["postgresql://u@h:1/d", "postgres://h/d?sslmode=require", "sqlite:////tmp/a b.db"]
)
def test_a_store_may_be_an_address(folder: Path, url: str) -> None:
    assert read({"FLOWGRADE_STORE": url}).store == url


@pytest.mark.parametrize("url", ["mysql://u:pw@h/d", "postgresql+psycopg://u:pw@h/d"])
def test_another_kind_of_database_is_refused_without_its_password(folder: Path, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read({"FLOWGRADE_STORE": url})
    assert url.split("://", maxsplit=1)[0] in str(caught.value)
    assert "pw" not in str(caught.value)
    assert "postgresql://" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["postgresql:u:hunter2@h/d", "postgres:/u:hunter2@h/d", "host=h password=hunter2"]
)
def test_an_address_of_the_wrong_form_names_no_file(folder: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="neither the path") as caught:
        read({"FLOWGRADE_STORE": text})
    assert "hunter2" not in str(caught.value)
    (folder / ".env").write_text(f"FLOWGRADE_STORE='{text}'\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="neither the path"):
        read()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("true", True), (" YES ", True), ("on", True), ("0", False), ("off", False)],
)
def test_a_flag_is_on_or_off(folder: Path, text: str, expected: bool) -> None:
    assert read({"FLOWGRADE_DEBUG": text}).debug is expected


def test_a_flag_with_another_value_is_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="FLOWGRADE_DEBUG is 'perhaps'"):
        read({"FLOWGRADE_DEBUG": "perhaps"})


def test_the_password_of_the_store_is_not_shown_with_the_settings(folder: Path) -> None:
    settings = read({"FLOWGRADE_STORE": "postgresql://u:hunter2@h/d", "KEY": "sk-secret"})
    assert "hunter2" not in repr(settings)
    assert "sk-secret" not in repr(settings)


def test_every_variable_and_key_is_explained() -> None:
    assert all(variable.name.startswith("FLOWGRADE_") for variable in VARIABLES)
    assert all(variable.help for variable in VARIABLES)
    assert all(shape.help for shape in KEYS.values())


# --- secrets in files


def test_a_variable_may_stand_in_a_file(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("sk-1\n", encoding="utf-8")
    assert read({"KEY_FILE": str(file)}).variable("KEY") == "sk-1"
    assert read({"KEY_FILE": str(file), "KEY": "sk-2"}).variable("KEY") == "sk-2"
    assert read({"KEY_FILE": ""}).variable("KEY") is None
    file.write_text("\n", encoding="utf-8")
    assert read({"KEY_FILE": str(file)}).variable("KEY") is None


@pytest.mark.parametrize("value", ["/no/such/sk-123", ".", "~nobody-of-that-name/sk-123", "a\0b"])
def test_a_file_that_cannot_be_read_is_refused_by_the_name_of_its_variable(
    folder: Path, value: str
) -> None:
    with pytest.raises(SettingsError, match="KEY_FILE names a file that cannot be read") as caught:
        read({"KEY_FILE": value}).variable("KEY")
    assert "sk-123" not in str(caught.value)


def test_a_file_that_is_no_text_is_refused(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="KEY_FILE names a file that cannot be read"):
        read({"KEY_FILE": str(file)}).variable("KEY")


# --- the project


def test_the_nearest_project_counts(folder: Path) -> None:
    inner = folder / "sub" / "inner"
    (inner / "deep").mkdir(parents=True)
    (folder / "sub" / ".flowgrade").mkdir()
    assert find_project(inner / "deep") == folder / "sub"
    (inner / "flowgrade.yaml").write_text("", encoding="utf-8")
    assert find_project(inner / "deep") == inner
    assert find_project(folder) == folder


def test_without_a_project_the_folder_itself_is_one(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_project(tmp_path / "a" / "b") == tmp_path / "a" / "b"


def test_a_file_called_flowgrade_is_no_state_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / ".flowgrade").write_text("", encoding="utf-8")
    assert find_project(tmp_path / "a") == tmp_path / "a"


def test_the_home_folder_is_no_project_because_of_the_users_state(home: Path) -> None:
    (home / ".flowgrade").mkdir()
    (home / "work").mkdir()
    assert read_settings({}, folder=home / "work").project == home / "work"
    elsewhere = read_settings({"FLOWGRADE_HOME": "/elsewhere"}, folder=home / "work")
    assert elsewhere.project == home / "work"
    (home / "flowgrade.yaml").write_text("", encoding="utf-8")
    assert read_settings({}, folder=home / "work").project == home


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_a_home_folder_behind_a_link_is_no_project_either(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".flowgrade").mkdir()
    (home / "work").mkdir()
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(tmp_path / "link"))
    folder = tmp_path / "link" / "work"
    assert read_settings({}, folder=folder).project == (home / "work").resolve()


@pytest.mark.skipif(os.name == "nt", reason="a user without a home folder")
def test_a_user_without_a_home_folder_is_told_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(SettingsError, match="no home folder") as caught:
        read_settings({}, folder=tmp_path)
    assert "FLOWGRADE_HOME" in str(caught.value)
    settings = read_settings({"FLOWGRADE_HOME": str(tmp_path / "h")}, folder=tmp_path)
    assert settings.home == tmp_path / "h"
