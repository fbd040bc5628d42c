"""Variables from folders of secret files, and where each is from."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowgrade.errors import SettingsError
from flowgrade.settings import Settings, read_settings


def settings(folder: Path, **environment: str) -> Settings:
    own = {"FLOWGRADE_SECRETS_DIR": str(folder), **environment}
    return Settings(project=folder, home=folder, store="", environment=own)


@pytest.mark.parametrize("name", ["MY_API_KEY", "my_api_key", "my-api-key"])
def test_a_file_of_the_folder_is_a_variable(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("value\n", encoding="utf-8")
    assert settings(tmp_path).variable("MY_API_KEY") == "value"
    assert settings(tmp_path).origin("MY_API_KEY") == str(tmp_path / name)


def test_the_environment_and_a_named_file_come_first(tmp_path: Path) -> None:
    (tmp_path / "KEY").write_text("mounted", encoding="utf-8")
    (tmp_path / "other").write_text("named", encoding="utf-8")
    named = settings(tmp_path, KEY_FILE=str(tmp_path / "other"))
    assert (named.variable("KEY"), named.origin("KEY")) == ("named", "KEY_FILE")
    given = settings(tmp_path, KEY_FILE=str(tmp_path / "other"), KEY="given")
    assert (given.variable("KEY"), given.origin("KEY")) == ("given", "environment")


def test_what_dotenv_gives_is_said_to_be_from_there(tmp_path: Path) -> None:
    (tmp_path / "flowgrade.yaml").write_text("", encoding="utf-8")
    (tmp_path / ".env").write_text("A=1\nB=2\n", encoding="utf-8")
    environ = {"FLOWGRADE_HOME": str(tmp_path / "home"), "B": "3"}
    found = read_settings(environ, folder=tmp_path)
    assert (found.origin("A"), found.origin("B"), found.origin("C")) == (
        ".env",
        "environment",
        None,
    )


def test_a_name_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x", encoding="utf-8")
    (tmp_path / "inside").mkdir()
    assert settings(tmp_path / "inside").variable("../outside") is None
    assert settings(tmp_path / "inside").variable("..") is None


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert settings(tmp_path / "no").variable("KEY") is None


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "KEY").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"KEY cannot be read: it is not UTF-8"):
        settings(tmp_path).variable("KEY")
