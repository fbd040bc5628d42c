"""A prompt flow project is imported: what it has, what it needs, and a project around it."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import keyring
import pytest
from cryptography.fernet import Fernet
from keyring.backend import KeyringBackend

from flowgrade.app import App
from flowgrade.errors import InputError
from flowgrade.models import keep_in_store, stored_connections
from flowgrade.promptflow import Report, import_project
from flowgrade.records import dumps, loads
from flowgrade.settings import read_settings
from tests.project import Project
from tests.promptflow.team import PROJECT

KEY = Fernet.generate_key().decode()


class OneKey(KeyringBackend):
    """A keyring that has prompt flow's key and nothing else."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return KEY if (service, username) == ("promptflow", "encryption_key") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture
def with_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(OneKey())  # type: ignore[no-untyped-call]  # no types there
    yield
    keyring.set_keyring(before)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "theirs"
    for name, text in PROJECT.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Prompt flow's home with a store, in the tables that its release 1.18.5 makes."""
    home = tmp_path / "pf-home"
    home.mkdir()
    database = sqlite3.connect(home / "pf.sqlite")
    database.execute(
        'CREATE TABLE connection ("connectionName" TEXT NOT NULL, "connectionType" TEXT NOT NULL, '
        'configs TEXT NOT NULL, "customConfigs" TEXT NOT NULL, "createdDate" TEXT NOT NULL, '
        '"lastModifiedDate" TEXT NOT NULL, "expiryTime" TEXT, PRIMARY KEY ("connectionName"))'
    )
    sealed = Fernet(KEY.encode()).encrypt
    azure = {"api_base": "https://from.store", "api_type": "azure", "auth_mode": "key"}
    rows = [
        ("azure", "AzureOpenAI", {**azure, "api_key": sealed(b'k"1\\').decode()}, {}),
        ("search", "CognitiveSearch", {"api_base": "https://s", "api_key": "gAAAA-other"}, {}),
        (
            "unused",
            "Custom",
            {},
            {"token": {"configValueType": "Secret", "value": sealed(b"t").decode()}},
        ),
    ]
    for name, kind, configs, custom in rows:
        database.execute(
            "INSERT INTO connection VALUES (?, ?, ?, ?, '', '', NULL)",
            (name, kind, dumps(configs), dumps(custom)),
        )
    database.commit()
    database.close()
    return home


@pytest.fixture
def imported(root: Path, store: Path, tmp_path: Path) -> Callable[..., Report]:
    environment = {"PF_HOME_DIRECTORY": str(store), "FLOWGRADE_HOME": str(tmp_path / "home")}

    def connections_of(folder: Path) -> Any:
        return App(read_settings(environment, folder=folder)).models.connections.keys()

    def imported(**options: Any) -> Report:
        return import_project(
            root, environment=environment, connections_of=connections_of, **options
        )

    return imported


def digests(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_everything_is_found(imported: Callable[..., Report], root: Path) -> None:
    report = imported()
    found = {str(flow.path.relative_to(root)): flow.kind for flow in report.flows}
    assert found == {
        "flows/ask/flow.dag.yaml": "dag",
        "flows/good/flow.flex.yaml": "flex",
        "flows/say.prompty": "prompty",
        "flows/sharp/flow.dag.yaml": "dag",
    }
    assert [str(run.path.relative_to(root)) for run in report.runs] == [
        "flows/good/lost.yml",
        "flows/good/run.yml",
    ]
    assert [str(file.relative_to(root)) for file in report.data] == ["flows/good/data.jsonl"]


def test_what_needs_a_decision_is_named_with_its_place(
    imported: Callable[..., Report], root: Path, store: Path
) -> None:
    decisions = {(d.kind, str(d.place).removeprefix(f"{root}/")) for d in imported().decisions}
    shared = "flows/shared"
    assert decisions == {
        ("file", "flows/ask/flow.dag.yaml:4"),
        ("file", "flows/ask/flow.dag.yaml:29"),
        ("tool", "flows/ask/flow.dag.yaml:14"),
        ("package", f"{shared}/clean.py:4"),
        ("feature", f"{shared}/clean.py:7"),
        ("package", f"{shared}/beside.py:1"),
        ("connection", "flows/ask/flow.dag.yaml:31"),
        ("connection", "connections/tokens.yml"),
        ("secret", "connections/tokens.yml"),
        ("feature", "flows/sharp/flow.dag.yaml:1"),
        ("file", "flows/good/lost.yml:2"),
        ("secret", str(store / "pf.sqlite")),
    }
    ready = {flow.path.name for flow in imported().flows if flow.ready}
    assert ready == {"flow.flex.yaml"}


def test_no_file_of_the_project_changes(imported: Callable[..., Report], root: Path) -> None:
    before = digests(root)
    written = imported().written
    after = digests(root)
    assert {file: after[file] for file in before} == before
    assert set(after) - set(before) == {str(file) for file in written}
    assert {file.name for file in written} == {"flowgrade.yaml", "connections.yaml"}


def test_connections_of_the_store_count_before_files_and_others_stay(
    imported: Callable[..., Report], tmp_path: Path
) -> None:
    report = imported(to=tmp_path / "mine")
    found = {connection.name: connection for connection in report.connections}
    assert set(found) == {"azure", "search", "tokens"}
    assert found["azure"].fields["api_base"] == "https://from.store"
    assert found["azure"].needs == {"api_key": "AZURE_API_KEY"}
    assert found["tokens"].needs == {"token": "MY_TOKEN"}
    app = App(read_settings({"AZURE_API_KEY": "k"}, folder=tmp_path / "mine"))
    connection = app.models.connection("azure")
    assert (connection.kind, connection.base_url) == ("azure_openai", "https://from.store")
    assert connection.api_key is not None
    assert connection.api_key.reveal() == "k"


@pytest.mark.usefixtures("with_keyring")
def test_secrets_that_can_be_read_go_to_a_file_for_one_person(
    imported: Callable[..., Report], tmp_path: Path
) -> None:
    report = imported(to=tmp_path / "mine", secrets=True)
    found = {connection.name: connection for connection in report.connections}
    assert found["azure"].needs == {}
    assert found["search"].needs == {"api_key": "SEARCH_API_KEY"}  # made with another key
    file = tmp_path / "mine" / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (tmp_path / "mine" / ".gitignore").read_text(encoding="utf-8") == ".env\n"
    key = App(read_settings({}, folder=tmp_path / "mine")).models.connection("azure").api_key
    assert key is not None
    assert key.reveal() == 'k"1\\'
    shown = dumps(report.as_json()) + repr(report)
    assert 'k"1' not in shown
    assert "k\\" not in (tmp_path / "mine" / "connections.yaml").read_text(encoding="utf-8")


@pytest.mark.usefixtures("with_keyring")
def test_connections_whose_secrets_can_be_read_go_to_the_store(
    imported: Callable[..., Report], tmp_path: Path
) -> None:
    settings = read_settings({"FLOWGRADE_HOME": str(tmp_path / "home")}, folder=tmp_path)
    app = App(settings)

    def keep(_: Path, name: str, entry: Any) -> str | None:
        if name in stored_connections(app.store):
            return "store"
        keep_in_store(app.store, settings, name, entry)
        return None

    folder = tmp_path / "mine"
    imported(to=folder)
    assert "azure" in (folder / "connections.yaml").read_text(encoding="utf-8")
    report = imported(to=folder, secrets=True, keep=keep)
    found = {connection.name: connection.needs for connection in report.connections}
    assert found["azure"] == {}
    assert found["search"] == {"api_key": "SEARCH_API_KEY"}  # made with another key
    assert folder / "connections.yaml" in report.written  # nobody had changed it
    assert "azure" not in (folder / "connections.yaml").read_text(encoding="utf-8")
    assert not (folder / ".env").exists()
    app.models.reread_connections()
    kept = app.models.connection("azure")
    assert (kept.kind, kept.base_url) == ("azure_openai", "https://from.store")
    assert kept.api_key is not None
    assert kept.api_key.reveal() == 'k"1\\'
    again = imported(to=folder, secrets=True, keep=keep)
    assert any("a connection 'azure' already" in note for note in again.notes)
    assert again.decisions == report.decisions


@pytest.mark.usefixtures("with_keyring")
def test_a_changed_file_of_connections_stays_and_counts(
    imported: Callable[..., Report], tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    imported(to=folder)
    file = folder / "connections.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    report = imported(to=folder, secrets=True, keep=lambda *_: "file")
    assert file.read_text(encoding="utf-8").endswith("# mine\n")
    found = {connection.name: connection.needs for connection in report.connections}
    assert found["azure"] == {"api_key": "AZURE_API_KEY"}
    assert any("counts before the store" in note for note in report.notes)


@pytest.mark.usefixtures("with_keyring")
def test_without_a_key_in_the_keyring_secrets_are_refused_with_the_way_on(
    imported: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.KEY", None)
    with pytest.raises(InputError, match="has no key") as caught:
        imported(secrets=True)
    assert "--secrets" in str(caught.value.hint)


def test_what_is_there_already_stays(imported: Callable[..., Report], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "flowgrade.yaml").write_text("name: mine\n", encoding="utf-8")
    (folder / "connections.yaml").write_text("other: {kind: openai}\n", encoding="utf-8")
    report = imported(to=folder)
    assert report.written == ()
    assert len(report.notes) == 2
    missing = [d for d in report.decisions if "no connection 'azure'" in d.message]
    assert missing
    assert "which was there already" in missing[0].hint


def test_an_import_can_be_repeated(imported: Callable[..., Report]) -> None:
    first, second = imported(), imported()
    assert second.written == ()
    assert second.decisions == first.decisions


def test_a_broken_store_is_named(imported: Callable[..., Report], store: Path) -> None:
    (store / "pf.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match="store cannot be read") as caught:
        imported()
    assert "--no-store" in str(caught.value)
    assert imported(store=False).flows


def test_a_folder_without_flows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no flow below"):
        import_project(tmp_path / "empty", environment={}, connections_of=lambda _: ())


def test_the_command_exits_with_one_until_nothing_is_left_to_decide(
    root: Path, store: Path, tmp_path: Path
) -> None:
    def run(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flowgrade", "import", "promptflow", str(path), *more],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PF_HOME_DIRECTORY": str(store), "HOME": str(tmp_path), "PATH": ""},
        )

    whole = run(root, "--to", str(tmp_path / "all"))
    assert whole.returncode == 1, whole.stderr
    assert "flows/shared/clean.py:4: package: " in whole.stdout
    assert "1 of 4 flows ready" in whole.stderr
    (root / "flows" / "good" / "lost.yml").unlink()
    good = run(root / "flows" / "good", "--to", str(tmp_path / "good"), "--json")
    assert good.returncode == 0, good.stdout
    assert loads(good.stdout)["decisions"] == []


def test_the_command_seals_secrets_so_that_flows_run_at_once(project: Project) -> None:
    project.write("team/c.yaml", "name: greeter\ntype: custom\nsecrets: {token: s3cret-token}\n")
    project.write(
        "team/greet.py",
        """
        from promptflow.connections import CustomConnection
        from promptflow.core import tool

        @tool
        def greet(service: CustomConnection) -> str:
            return f"{len(service.token)} letters"
        """,
    )
    project.write(
        "team/flow.dag.yaml",
        """
        outputs: {letters: {type: string, reference: "${greet.output}"}}
        nodes:
        - name: greet
          type: python
          source: {type: code, path: greet.py}
          inputs: {service: greeter}
        """,
    )
    both = project.run("import", "promptflow", "team", "--secrets", "--dotenv")
    assert both.code == 2
    done = project.run("import", "promptflow", "--no-store", "--secrets", "team")
    assert done.code == 0, done.err
    assert "'greeter' is sealed in the project's store" in done.err
    written = {file.name for file in (project.folder / "team").iterdir()}
    assert "connections.yaml" not in written
    assert ".env" not in written
    team = Project(project.folder / "team", project.environment)
    found = team.run("pf", "flow", "test", "--flow", ".")
    assert found.json == {"letters": "12 letters"}, found.err
