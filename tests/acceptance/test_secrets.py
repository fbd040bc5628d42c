"""200 secrets in every place that may hold one; none is found where it does not belong."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.canaries import Canaries, Endpoint, endpoint, spoken
from tests.project import Project, Result

pytestmark = pytest.mark.slow

COUNT = 200
ODD = ["/+=", '"q"', "\\b", "ü", " x y", "'s", "%41", "&="]
"""What a secret may hold that JSON, URLs, YAML and shells treat specially."""


KEYRING = """
import json, os
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 9

    def get_password(self, service, username):
        with open(os.environ["TEST_RING"]) as ring:
            return json.load(ring).get(username)

    def set_password(self, service, username, password):
        with open(os.environ["TEST_RING"]) as ring:
            kept = json.load(ring)
        with open(os.environ["TEST_RING"], "w") as ring:
            json.dump({**kept, username: password}, ring)

    def delete_password(self, service, username):
        pass
"""

LEAK = """
import logging
import os
import sys
from flowgrade import span
from flowgrade.models import Connection

def leak(row: int, vault: Connection, given: str, variable: str):
    mine = [s.reveal() for s in vault.secrets.values()]
    seen = [os.environ[n] for n in sorted(os.environ) if n.startswith("SVC")]
    told = [given, variable, *mine, *seen]
    with span("step") as step:
        step.inputs({"told": told})
        step.attributes["told"] = " ".join(told)
    print("printed", told)
    print("on stderr", *told, file=sys.stderr)
    logging.getLogger("app").warning("logged %s", told)
    if row % 2:
        raise RuntimeError(f"cannot log in with {told}")
    return {"told": told, "nested": [{value: value for value in told}]}
"""

FLOW = """
inputs:
  row: {type: int}
outputs:
  told: {type: object, reference: "${leak.output}"}
environment_variables:
  SVC_OWN_TOKEN: ${vault.one}
  SVC_ENV_TOKEN: ${env:DOT_TOKEN_0}
nodes:
- name: leak
  type: python
  source: {type: code, path: leak.py}
  inputs:
    row: ${inputs.row}
    vault: vault
    given: ${vault.two}
    variable: ${env:ENV_TOKEN_0}
"""

ASK = """
inputs:
  model: {type: string}
outputs:
  told: {type: string, reference: "${ask.output}"}
nodes:
- name: ask
  type: llm
  connection: %s
  source: {type: code, path: ask.jinja2}
  inputs: {model: "${inputs.model}"}
"""

PROMPTY = """---
model:
  configuration: %s
---
user:
tell me {{row}}
"""


class Place:
    """A project with canaries in every place."""

    def __init__(self, project: Project, address: str) -> None:
        self.project = project
        self.canaries = Canaries()
        self.address = address
        self.shown: list[str] = []
        new = self.canaries.new
        home = project.folder.parent
        self.own = {home / "ring.json", home / "keys.yaml", home / "sealing.key"}
        """Files that are there to hold secrets."""
        environment = project.environment
        environment |= {f"ENV_TOKEN_{i}": new(f"variable {i}", odd(i)) for i in range(30)}
        environment |= {"SVC_PASSWORD": new("variable"), "OPENAI_API_KEY": new("OPENAI_API_KEY")}
        environment |= {
            "OPENAI_BASE_URL": f"http://{address}/v1",
            "TEST_RING": str(home / "ring.json"),
        }
        environment |= {"PYTHON_KEYRING_BACKEND": "ring.Keyring", "PYTHONPATH": str(home)}
        environment["FLOWGRADE_SECRETS_DIR"] = str(home / "secrets")
        environment["AZURE_OPENAI_API_KEY_FILE"] = str(home / "secrets" / "azure")
        environment["AZURE_OPENAI_ENDPOINT"] = f"http://{address}"
        (home / "ring.py").write_text(KEYRING, encoding="utf-8")
        (home / "ring.json").write_text("{}", encoding="utf-8")
        (home / "secrets").mkdir()
        for i in range(20):
            self._own(home / "secrets" / f"mounted_{i}_key", new(f"secret file {i}"))
        self._own(home / "secrets" / "azure", new("AZURE_OPENAI_API_KEY_FILE"))
        dotenv = "".join(f"DOT_TOKEN_{i}='{new(f'.env {i}')}'\n" for i in range(30))
        self._own(project.folder / ".env", dotenv)
        self._own(project.folder / "connections.yaml", self._file())
        Endpoint.gossip = list(self.canaries.made)

    def _own(self, file: Path, text: str) -> None:
        file.write_text(text, encoding="utf-8")
        self.own.add(file)

    def _file(self) -> str:
        new, address = self.canaries.new, self.address
        basic = base64.b64encode(f"user:{new('Basic header')}".encode()).decode()
        found: dict[str, object] = {
            "vault": {
                "kind": "custom",
                "secrets": {
                    **{name: new(f"secret {name}", odd(i)) for i, name in enumerate(NAMES)},
                    "dot": "${env:DOT_TOKEN_1}",
                    "mounted": "${env:MOUNTED_1_KEY}",
                },
            },
            "basic": {
                "base_url": f"http://{address}/v1",
                "headers": {"Authorization": f"Basic {basic}", "X-Api-Key": new("header")},
            },
            "query": {"base_url": f"http://{address}/v1?api_key={new('query')}&v=1"},
        }
        for i in range(20):
            password = quote(new(f"password in URL {i}", odd(i)), safe="")
            found[f"url{i}"] = {"base_url": f"http://user:{password}@{address}/v1"}
        for i in range(30):
            mounted = f"${{env:MOUNTED_{i}_KEY}}" if i < 20 else new(f"file key {i}", odd(i))
            headers = {"X-Row": str(i), "X-Token": new(f"file header {i}")}
            found[f"c{i}"] = {
                "base_url": f"http://{address}/v1",
                "api_key": mounted if mounted.isascii() else new(f"file key {i}"),
                "headers": headers,
            }
        return json.dumps(found)  # JSON is YAML

    def run(self, *arguments: str, stdin: str | None = None, debug: bool = False) -> Result:
        done = subprocess.run(
            self.project.command(*(["--debug"] if debug else []), *arguments),
            cwd=self.project.folder,
            env=self.project.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Fault:" not in done.stderr, done.stderr
        found = self.canaries.found_in(done.stdout) + self.canaries.found_in(done.stderr)
        assert not found, f"flowgrade {' '.join(arguments)}: {found[:5]}"
        return Result(done.returncode, done.stdout, done.stderr)

    def left_behind(self) -> list[str]:
        """Canaries in any file but those that are there to hold them."""
        found = []
        for file in self.project.folder.parent.rglob("*"):
            if file.is_file() and file not in self.own:
                text = file.read_bytes().decode("utf-8", "replace")
                found += [f"{file}: {place}" for place in self.canaries.found_in(text)]
        return found


NAMES = ["one", "two", "three", *(f"more{i}" for i in range(17))]


def odd(number: int) -> str:
    return ODD[number % len(ODD)] if number % 2 else ""


@pytest.fixture
def place(project: Project) -> Iterator[Place]:
    with endpoint() as address:
        found = Place(project, address)
        project.write("leak/flow.dag.yaml", FLOW)
        project.write("leak/leak.py", LEAK)
        models = ("fine", "401", "400", "redirect", "garbage")
        project.write("models.jsonl", "".join(f'{{"model": "{m}"}}\n' for m in models))
        project.write("data.jsonl", "".join(f'{{"row": {i}}}\n' for i in range(4)))
        yield found


def store_some(place: Place) -> None:
    new, url = place.canaries.new, f"http://{place.address}/v1"
    for i in range(2):
        where = ("--to", "keyring" if i else "store")
        arguments = ("connection", "set", f"kept{i}", "--base-url", url, "--api-key-stdin", *where)
        place.run(*arguments, stdin=new(f"kept {i}"))
    ours = {f"more{i}": {"base_url": url, "api_key": new(f"stored key {i}")} for i in range(20)}
    pf = {"type": "custom", "name": "pf", "configs": {"a": "b"}}
    pf["secrets"] = {f"s{i}": new(f"stored secret {i}", odd(i)) for i in range(30)}
    file = place.project.folder.parent / "keys.yaml"
    file.write_text(f"{json.dumps(ours)}\n---\n{json.dumps(pf)}", encoding="utf-8")
    place.run("connection", "set", "-f", str(file))


def prompty(place: Place, name: str, configuration: dict[str, str]) -> str:
    place.project.write(name, PROMPTY % json.dumps(configuration))
    return name


def test_no_secret_leaves_its_place(place: Place) -> None:
    store_some(place)
    assert len(place.canaries.made) >= COUNT
    Endpoint.gossip = list(place.canaries.made)

    # A flow that tells everything it knows, over rows that complete and rows that fail.
    given = ("--env", f"SVC_KEY={place.canaries.new('--env')}")
    told = place.run("run", "leak", "--data", "data.jsonl", *given, "--name", "told", "--json")
    assert (told.json["completed"], told.json["failed"]) == (2, 2)
    assert place.run("test", "leak", "-i", "row=0", *given, "--json").code == 0
    assert place.run("test", "leak", "-i", "row=1", *given, debug=True).code == 1

    # An endpoint that repeats keys in answers and in every kind of refusal.
    for connection in ("openai", "basic", "query", "url1", "c0", "kept0", "kept1", "more3"):
        place.project.write("ask/flow.dag.yaml", ASK % connection)
        place.project.write("ask/ask.jinja2", "user:\ntell me\n")
        ended = place.run("run", "ask", "--data", "models.jsonl", "--name", connection, "--json")
        assert (ended.json["completed"], ended.json["failed"]) == (1, 4), ended.err
    inline = {"type": "openai", "api_key": "${env:DOT_TOKEN_2}", "model": "401"}
    ask = prompty(place, "inline.prompty", inline)
    assert place.run("test", ask, "-i", "row=1", debug=True).code == 1

    # Everything that shows what was kept.
    for run in ("told", "openai", "url1"):
        place.run("runs", "export", run)
        place.run("runs", "errors", run)
    place.run("runs", "export", "told", "--format", "csv")
    place.run("runs", "show", "told", "--json")
    place.run("traces", "export")
    trace = place.run("traces", "list", "--failed", "--json").json[0]["trace_id"]
    place.run("traces", "show", trace, "--full")
    place.run("traces", "show", trace, "--json")

    # Everything that shows connections.
    place.run("connection", "list")
    place.run("connection", "list", "--json")
    for name in ("vault", "pf", "basic", "query", "url1", "kept1"):
        place.run("connection", "show", name, "--json", debug=True)
    place.run("connection", "show", "vault")
    for name in ("openai", "basic", "url1", "kept1"):
        place.run("connection", "test", name, "--model", "401", debug=True)
    place.run("doctor", "--live")
    place.run("connection", "rotate-key")
    place.own.add(place.project.folder.parent / "home" / "key")

    assert place.left_behind() == []


def test_the_search_finds_what_is_there(place: Place) -> None:
    value = place.canaries.new("here", odd="/+=")
    for form in spoken(value):
        assert place.canaries.found_in(f"a {form} b") != []
    (place.project.folder / "leak.txt").write_text(f"x{value}y", encoding="utf-8")
    assert len(place.left_behind()) == 1


def test_addresses_of_stores_and_proxies_show_no_password(project: Project) -> None:
    canaries = Canaries()
    environment = {
        "FLOWGRADE_STORE": f"postgresql://me:{canaries.new('store')}@127.0.0.1:1/db",
        "https_proxy": f"http://me:{canaries.new('proxy')}@127.0.0.1:1",
        "OPENAI_API_KEY": canaries.new("key"),
    }
    project.write("ask.prompty", PROMPTY % '{"model": "openai/m"}')
    for arguments in (("runs", "list"), ("store", "status"), ("doctor", "--live")):
        for debug in ((), ("--debug",)):
            found = project.run(*debug, *arguments, environment=environment)
            assert found.code == 1, found.err
            assert canaries.found_in(found.out + found.err) == []
    del environment["FLOWGRADE_STORE"]
    for debug in ((), ("--debug",)):
        found = project.run(*debug, "connection", "test", "openai", environment=environment)
        assert found.code == 1
        assert "proxy" in found.out
        assert canaries.found_in(found.out + found.err) == []
