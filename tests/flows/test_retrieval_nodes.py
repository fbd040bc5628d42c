"""Nodes that search: what they give a flow, and what they say to a definition that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from flowgrade.errors import FlowDefinitionError, FlowgradeError, NotFoundError
from flowgrade.flows import Agent, Flow, flow_problems, load_flow, run_blocking
from flowgrade.models import Models
from flowgrade.retrieval import index_tool
from flowgrade.settings import read_settings
from flowgrade.testing import StubReply, StubScript, StubServer, StubToolCall, running_stub
from tests.flows.conftest import spans_of
from tests.retrieval.memory import TEXTS, open_shop, searcher

Load = Callable[..., Flow]
CHAT = "openai/stub-chat"


@pytest.fixture(scope="module")
def shared_stub() -> Iterator[StubServer]:
    with running_stub(StubScript()) as stub:
        yield stub


@pytest.fixture
def stub(shared_stub: StubServer) -> StubServer:
    shared_stub.set_script(StubScript())
    return shared_stub


@pytest.fixture
def models(stub: StubServer, tmp_path: Path) -> Iterator[Models]:
    surroundings = {"OPENAI_BASE_URL": stub.base_url, "OPENAI_API_KEY": "for-the-stub"}
    home = {"FLOWGRADE_HOME": str(tmp_path / "home")}
    models = Models(read_settings({**home, **surroundings}, folder=tmp_path))
    yield models
    run_blocking(models.aclose())


@pytest.fixture
def load(tmp_path: Path, models: Models) -> Load:
    """A flow of one node of the type, with its inputs, whose output is ``out``."""

    def load(kind: str, inputs: str, *, more: str = "", **options: Any) -> Flow:
        text = f"""
            inputs: {{q: {{type: string, default: opens at nine}}, h: {{type: list, default: []}}}}
            outputs: {{out: {{type: object, reference: "${{n.output}}"}}}}
            nodes:
            - {{name: n, type: {kind}, inputs: {{{inputs}}}{more}}}
        """
        (tmp_path / "flow.dag.yaml").write_text(dedent(text), encoding="utf-8")
        given = {"indexes": open_shop, **options}
        return load_flow(tmp_path, models=models, **given)

    return load


def says(stub: StubServer, *answers: Any) -> None:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in answers]
    stub.set_script(StubScript(replies=tuple(StubReply(text=t, times=1) for t in texts)))


QUESTION = 'question: "${inputs.q}"'
SHOP = f"index: shop, {QUESTION}"


def test_retrieve_gives_passages_text_and_documents(load: Load) -> None:
    found = load("retrieve", f"{SHOP}, limit: 1, mode: keyword")()["out"]
    assert found["documents"] == ["hours"]
    assert found["text"] == f"[1] Hours\n{TEXTS['hours']}"
    assert found["passages"][0]["id"] == "hours#0"
    assert (found["index"], found["snapshot"]) == ("shop", "latest")
    assert found["queries"] == ["opens at nine"]


def test_its_settings_may_come_from_the_flow(load: Load) -> None:
    flow = load("retrieve", f'{SHOP}, where: {{name: "tea"}}, candidates: 10, window: 2')
    assert flow()["out"]["documents"] == ["tea"]
    assert load("retrieve", f"{SHOP}, snapshot: abc")()["out"]["snapshot"] == "abc"


def test_a_search_is_a_step_of_the_trace(load: Load) -> None:
    spans = spans_of(load("retrieve", SHOP), q="lamp")
    names = {span.name: span for span in spans}
    assert names["retrieval shop"].parent_id == names["n"].span_id


def test_a_transform_searches_with_what_a_model_wrote(load: Load, stub: StubServer) -> None:
    says(stub, "green tea")
    history = [{"inputs": {"question": "Do you sell tea?"}, "outputs": {"answer": "Yes."}}]
    inputs = f'{SHOP}, transform: rewrite, model: {CHAT}, history: "${{inputs.h}}", mode: keyword'
    found = load("retrieve", inputs)(q="And how hot?", h=history)["out"]
    assert found["documents"] == ["tea"]
    assert "Do you sell tea?" in str(stub.requests[-1].body)


def test_rewrite_query_asks_only_where_there_is_a_history(load: Load, stub: StubServer) -> None:
    says(stub, "temperature of green tea")
    flow = load("rewrite_query", f'{QUESTION}, model: {CHAT}, history: "${{inputs.h}}"')
    before = len(stub.requests)
    assert flow(q="How hot?")["out"] == "How hot?"
    assert len(stub.requests) == before
    history = [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "Yes."}]
    assert flow(q="How hot?", h=history)["out"] == "temperature of green tea"


def test_rerank_orders_what_retrieve_found(load: Load, stub: StubServer) -> None:
    passages = '["Tea is hot.", {text: "The shop opens.", document: d1}]'
    says(stub, {"grades": [{"passage": 2, "grade": 3}]})
    found = load("rerank", f"{QUESTION}, passages: {passages}, rerank: 'llm:{CHAT}'")()["out"]
    assert [row["text"] for row in found["passages"]] == ["The shop opens.", "Tea is hot."]
    assert found["documents"] == ["d1"]
    assert found["passages"][0]["score"] == 3.0


def test_cite_checks_an_answer_against_the_output_of_retrieve(load: Load) -> None:
    passages = '{passages: [{text: "The shop opens at nine.", id: "hours#0"}]}'
    inputs = f'answer: "${{inputs.q}}", passages: {passages}'
    assert load("cite", inputs)(q="The shop opens at nine [1].")["out"]["ok"] is True
    found = load("cite", inputs)(q="Ada invented radium [hours#0]. Yes [3].")["out"]
    assert found["unsupported"] == ["Ada invented radium."]
    assert found["unknown"] == ["3"]
    by_meaning = load("cite", f"{inputs}, model: embedded/static, threshold: 0.3")
    assert by_meaning(q="The store opens at nine [1].")["out"]["ok"] is True


def test_agentic_retrieve_gives_passages_and_the_trail(load: Load, stub: StubServer) -> None:
    step = {"enough": False, "missing": "", "queries": ["lamp"], "useful": []}
    says(stub, step, {**step, "enough": True, "useful": [1]})
    found = load("agentic_retrieve", f"{SHOP}, model: {CHAT}, rounds: 2, mode: keyword")()["out"]
    assert found["documents"] == ["returns"]
    assert found["stopped"] == "enough"
    assert found["trail"][0]["queries"] == ["lamp"]


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        ("retrieve", QUESTION, "has no 'index'"),
        ("retrieve", "index: shop", "has no 'question'"),
        ("retrieve", f"{SHOP}, indx: a", "no input 'indx'"),
        ("retrieve", f"{SHOP}, mode: magic", "no mode 'magic'"),
        ("retrieve", f"{SHOP}, diversity: 3", "diversity"),
        ("retrieve", f"{SHOP}, window: -1", "window"),
        ("retrieve", f"{SHOP}, where: [1]", "no mapping"),
        ("retrieve", f"{SHOP}, where: {{a: {{like: 1}}}}", "unknown test 'like'"),
        ("retrieve", f"{SHOP}, transform: magic, model: m", "no query transform 'magic'"),
        ("retrieve", f"{SHOP}, transform: hyde", "needs a model"),
        ("agentic_retrieve", SHOP, "has no 'model'"),
        ("rerank", QUESTION, "has no 'passages'"),
        ("cite", "answer: a", "has no 'passages'"),
        ("rewrite_query", QUESTION, "has no 'model'"),
    ],
)
def test_a_definition_that_is_wrong_is_refused_with_its_place(
    load: Load, kind: str, inputs: str, message: str
) -> None:
    with pytest.raises(FlowDefinitionError, match=message) as caught:
        load(kind, inputs)
    assert caught.value.place is not None
    assert caught.value.place.line


@pytest.mark.parametrize("more", [", source: {path: a.py}", ", limits: 3", ", connection: openai"])
def test_a_field_that_it_does_not_have_is_refused(load: Load, more: str) -> None:
    with pytest.raises(FlowDefinitionError):
        load("retrieve", SHOP, more=more)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("retrieve", f"index: museum, {QUESTION}"),
        ("retrieve", f"{SHOP}, rerank: 'llm:nobody/model'"),
        ("rerank", f"{QUESTION}, passages: [], rerank: 'magic:x'"),
        ("cite", "answer: a, passages: [], model: nobody/model"),
    ],
)
def test_what_would_fail_every_row_fails_before_the_first(
    load: Load, kind: str, inputs: str
) -> None:
    with pytest.raises(FlowgradeError):
        load(kind, inputs).body.prepare()


@pytest.mark.parametrize(
    ("kind", "inputs", "given", "message"),
    [
        ("retrieve", SHOP, {"q": ""}, "question is empty"),
        ("retrieve", f'index: "${{inputs.q}}", {QUESTION}', {"q": "museum"}, "no index 'museum'"),
        ("rerank", f'{QUESTION}, passages: "${{inputs.q}}", rerank: x', {}, "must be a list"),
        ("cite", 'answer: a, passages: "${inputs.h}"', {"h": [{"x": 1}]}, "has no text"),
        ("cite", 'answer: "${inputs.h}", passages: []', {"h": [1]}, "must be a text"),
        ("cite", "answer: a, passages: [], threshold: 2", {}, "threshold"),
    ],
)
def test_values_that_are_wrong_fail_in_words(
    load: Load, kind: str, inputs: str, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(FlowgradeError, match=message):
        load(kind, inputs)(**given)


def test_without_a_project_an_index_says_that_there_is_none(load: Load) -> None:
    with pytest.raises(FlowgradeError, match="no project is open"):
        load("retrieve", SHOP, indexes=None)()


def test_a_look_for_problems_knows_the_indexes(load: Load, models: Models, tmp_path: Path) -> None:
    load("retrieve", SHOP)
    assert flow_problems(tmp_path, models=models, indexes=open_shop) == []
    load("retrieve", f"index: museum, {QUESTION}")
    [problem] = flow_problems(tmp_path, models=models, indexes=open_shop)
    assert "no index 'museum'" in str(problem)


def test_an_index_is_opened_once_for_all_rows(load: Load) -> None:
    opened = []

    def open_index(name: str, *, snapshot: str | None = None) -> Any:
        opened.append((name, snapshot))
        return open_shop(name, snapshot=snapshot)

    flow = load("retrieve", SHOP, indexes=open_index)
    assert [flow(q=q)["out"]["documents"][0] for q in ("green tea", "lamp")] == ["tea", "returns"]
    assert opened == [("shop", None)]


def test_the_version_of_a_flow_covers_the_index_it_names(load: Load) -> None:
    first = load("retrieve", SHOP).ref
    assert load("retrieve", SHOP).ref == first
    assert load("retrieve", f"index: museum, {QUESTION}").ref != first


def test_an_inner_flow_has_the_same_indexes(load: Load, models: Models, tmp_path: Path) -> None:
    load("retrieve", f"{SHOP}, mode: keyword")
    outer = tmp_path / "outer"
    outer.mkdir()
    (outer / "flow.dag.yaml").write_text(
        "inputs: {q: {type: list}}\n"
        'outputs: {out: {type: list, reference: "${m.output}"}}\n'
        "nodes:\n- {name: m, type: map, over: q, source: {path: ..}, "
        'inputs: {q: "${inputs.q}"}}\n',
        encoding="utf-8",
    )
    found = load_flow(outer, models=models, indexes=open_shop)(q=["lamp", "green"])["out"]
    assert [one["out"]["documents"] for one in found] == [["returns"], ["tea"]]


def test_an_agent_searches_an_index(models: Models, stub: StubServer) -> None:
    call = StubToolCall(name="search_shop", arguments={"query": "green tea", "limit": 1})
    replies = (StubReply(tool_calls=(call,), times=1), StubReply(text="Eighty degrees."))
    stub.set_script(StubScript(replies=replies))
    tool = index_tool(searcher(), name="search shop", about="the shop's pages")
    result = Agent(model=CHAT, models=models, tools=[tool]).run("How hot is green tea?")
    assert result.answer == "Eighty degrees."
    assert TEXTS["tea"] in str(stub.requests[-1].body)
    described = stub.requests[-1].body["tools"][0]["function"]
    assert described["description"].startswith("Search the shop's pages")
    assert "key words" in described["parameters"]["properties"]["query"]["description"]


def test_the_shop_has_no_other_index() -> None:
    with pytest.raises(NotFoundError):
        open_shop("museum")
