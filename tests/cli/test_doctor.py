"""``flowgrade doctor``."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowgrade.cli.checks.extras import EXTRAS, extra_checks
from flowgrade.cli.checks.place import place_checks
from flowgrade.settings import Settings
from flowgrade.store import open_store
from flowgrade.testing import StubServer, parse_script, running_stub
from tests.project import Project, Result

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-canary-0123456789"


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with running_stub(parse_script({"require_key": KEY})) as stub:
        yield stub


def by_name(found: Result) -> dict[str, Any]:
    return {check["check"]: check for check in found.json}


@pytest.mark.slow
def test_a_new_project_is_well(project: Project) -> None:
    found = project.run("doctor", "--json")
    assert found.code == 0, found.out
    checks = by_name(found)
    assert {"python", "flowgrade", "clock", "project", "home", "store", "disk"} <= set(checks)
    assert {"key", "keyring", "connections", "extra ray", "port 11434"} <= set(checks)
    assert {check["status"] for check in checks.values()} <= {"ok", "warn"}
    assert not (project.folder / ".flowgrade").exists()
    assert not (project.folder.parent / "home").exists()


@pytest.mark.slow
def test_people_get_a_line_for_each_and_the_next_step(project: Project) -> None:
    found = project.run("doctor")
    assert found.code == 0
    assert "ok    python" in found.out
    assert "→ flowgrade connection set NAME" in found.out
    assert "fine." in found.err


@pytest.mark.slow
def test_live_connections_are_called(project: Project, stub: StubServer) -> None:
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": stub.base_url}
    calm = by_name(project.run("doctor", "--json", environment=environment))
    assert "not called" in calm["connection openai"]["found"]
    live = project.run("doctor", "--live", "--json", environment=environment)
    assert live.code == 0
    assert "It answers" in by_name(live)["connection openai"]["found"]
    environment["OPENAI_API_KEY"] = "sk-wrong-0123456789"
    wrong = project.run("doctor", "--live", "--json", environment=environment)
    assert wrong.code == 1
    assert by_name(wrong)["connection openai"]["status"] == "fail"
    assert "OPENAI_API_KEY" in by_name(wrong)["connection openai"]["next"]
    assert "sk-wrong" not in wrong.out + wrong.err


@pytest.mark.slow
def test_settings_that_cannot_be_read_fail_and_the_rest_is_looked_at(project: Project) -> None:
    project.write(".env", "no equals sign\n")
    found = project.run("doctor", "--json")
    assert found.code == 1
    assert by_name(found)["settings"]["status"] == "fail"
    assert ".env:1" in by_name(found)["settings"]["found"]
    assert "extra ray" in by_name(found)


@pytest.mark.slow
def test_a_connection_without_its_key_fails(project: Project) -> None:
    project.write("connections.yaml", "az: {kind: azure_openai, base_url: 'https://r.example'}\n")
    found = project.run("doctor", "--json")
    assert found.code == 1
    assert "Set AZ_API_KEY" in by_name(found)["connection az"]["next"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_key_file_that_others_can_read_is_a_warning(project: Project) -> None:
    project.run("connection", "set", "a", "--base-url", "http://a/v1")
    file = project.folder.parent / "home" / "key"
    file.chmod(0o644)
    found = by_name(project.run("doctor", "--json"))
    assert found["key"]["status"] == "warn"
    assert found["key"]["next"] == f"chmod 600 {file}"


def settings(folder: Path, store: str) -> Settings:
    return Settings(project=folder, home=folder / "home", store=store)


def test_a_damaged_store_fails(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    store = open_store(f"sqlite:///{file}")
    with store.write() as transaction:
        transaction.execute("CREATE TABLE big (text TEXT)")
        for _ in range(50):
            transaction.execute("INSERT INTO big VALUES (?)", ("x" * 3_000,))
    with store.read() as transaction:
        transaction.one("SELECT 1")
    store.close()
    raw = bytearray(file.read_bytes())
    raw[60_000:90_000] = b"\xff" * 30_000
    file.write_bytes(raw)
    found = {check.check: check for check in place_checks(settings(tmp_path, f"sqlite:///{file}"))}
    bad = [check for check in found.values() if check.status == "fail"]
    assert bad
    assert all(check.next for check in bad)


def test_a_store_that_cannot_be_reached_fails_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://me:secret-word-12@127.0.0.1:1/db"
    found = {check.check: check for check in place_checks(settings(tmp_path, url))}
    assert found["store"].status == "fail"
    assert "secret-word-12" not in str(found)


def test_a_store_on_either_database_is_well(store_url: str, tmp_path: Path) -> None:
    open_store(store_url).close()
    found = {check.check: check for check in place_checks(settings(tmp_path, store_url))}
    assert {check.status for check in found.values()} == {"ok"}
    assert ("integrity" in found) == store_url.startswith("sqlite")
    assert ("clocks" in found) == store_url.startswith("postgres")


def test_every_extra_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(EXTRAS) == set(project["optional-dependencies"])
    assert all(check.found.startswith("installed") for check in extra_checks())
    monkeypatch.setitem(EXTRAS, "ray", ("flowgrade_no_such.module", "many machines"))
    (missing,) = [check for check in extra_checks() if check.next]
    assert missing.next == "pip install 'flowgrade[ray]'"
    assert missing.found == "not installed; would add: many machines"
