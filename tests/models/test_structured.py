"""JSON under a schema: valid, or repaired once, or a clear error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from flowgrade.errors import (
    BadRequestError,
    ContentFilterError,
    EmptyAnswerError,
    InputError,
    InvalidJsonError,
    UnsupportedByModelError,
)
from flowgrade.models import ChatRequest, JsonAnswer, LimitedModel, Model, ask_json, schema_of
from flowgrade.records import Usage

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "degrees": {"type": "integer", "minimum": -90, "maximum": 60},
    },
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
ROME = '{"city": "Rome", "degrees": 21}'
REQUEST = ChatRequest(messages=[{"role": "user", "content": "Weather in Rome?"}])


def asked(model: Model, schema: Any = SCHEMA, request: ChatRequest = REQUEST) -> JsonAnswer:
    return asyncio.run(ask_json(model, request, schema))


def test_a_valid_answer_is_its_value(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.chat(ROME))
    answer = asked(rig.open())
    assert answer.value == {"city": "Rome", "degrees": 21}
    assert answer.text == ROME
    assert not answer.repaired
    assert answer.usage == Usage(input_tokens=11, output_tokens=3)
    described = {"name": "answer", "schema": SCHEMA}
    assert server.requests[0].body["response_format"] == {
        "type": "json_schema",
        "json_schema": described,
    }


def test_the_requests_own_response_format_is_sent_as_it_is(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.chat(ROME))
    wanted = {
        "type": "json_schema",
        "json_schema": {"name": "weather", "strict": True, "schema": SCHEMA},
    }
    request = ChatRequest(messages=REQUEST.messages, parameters={"response_format": wanted})
    assert schema_of(request) == SCHEMA
    assert asked(rig.open(), None, request).value["city"] == "Rome"
    assert server.requests[0].body["response_format"] == wanted
    assert schema_of(REQUEST) is None
    with pytest.raises(InputError, match="No schema"):
        asked(rig.open(), None)


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{ROME}\n```",
        f"Here it is:\n\n```\n{ROME}\n```\nGood luck!",
        f"Sure! {ROME} Is that fine?",
    ],
)
def test_words_and_markdown_around_the_json_do_no_harm(
    rig: Rig, server: Server, kit: Kit, text: str
) -> None:
    server.will(kit.chat(text))
    answer = asked(rig.open())
    assert answer.value == {"city": "Rome", "degrees": 21}
    assert answer.text == '{"city":"Rome","degrees":21}'
    assert not answer.repaired


def test_an_answer_that_is_not_valid_goes_back_once_with_its_faults(
    rig: Rig, server: Server, kit: Kit
) -> None:
    wrong = '{"city": 7, "degrees": 99, "wind": "none"}'
    server.will(kit.chat(wrong), kit.chat(ROME))
    answer = asked(rig.open())
    assert answer.repaired
    assert answer.value["city"] == "Rome"
    assert answer.usage == Usage(input_tokens=22, output_tokens=6)
    first, said, repair = server.requests[1].body["messages"]
    assert first == REQUEST.messages[0]
    assert said == {"role": "assistant", "content": wrong}
    assert "$.city: 7 is not of type 'string'" in repair["content"]
    assert "$.degrees: 99 is greater than the maximum of 60" in repair["content"]
    assert "'wind' was unexpected" in repair["content"]
    assert '"additionalProperties"' in repair["content"]
    assert server.requests[1].body["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize("text", ["I do not know.", "{cut", "NaN"])
def test_a_second_answer_that_is_not_valid_is_an_error(
    rig: Rig, server: Server, kit: Kit, text: str
) -> None:
    server.will(kit.chat(text), kit.chat('{"city": "Rome"}'))
    with pytest.raises(InvalidJsonError, match="'degrees' is a required property") as caught:
        asked(rig.open())
    assert '{"city": "Rome"}' in caught.value.message
    assert len(server.requests) == 2


def test_an_answer_that_is_empty_leaves_nothing_to_repair(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.chat(""))
    with pytest.raises(EmptyAnswerError):
        asked(rig.open())
    assert len(server.requests) == 1


def test_an_answer_that_was_cut_off_is_not_asked_for_again(
    rig: Rig, server: Server, kit: Kit
) -> None:
    choice = {"message": {"content": '{"city": "Ro'}, "finish_reason": "length"}
    server.will(kit.chat("", choices=[choice]))
    with pytest.raises(InvalidJsonError, match="(?s)cut off.*Raise max_tokens"):
        asked(rig.open())
    assert len(server.requests) == 1


def test_a_call_of_a_tool_is_no_json(rig: Rig, server: Server, kit: Kit) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    choice = {"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}
    server.will(kit.chat("", choices=[choice]))
    with pytest.raises(InvalidJsonError, match="asks for a tool"):
        asked(rig.open())


def test_a_model_whose_endpoint_takes_no_schema_is_told_in_words_from_then_on(
    rig: Rig, server: Server, kit: Kit
) -> None:
    refusal = kit.error(400, "Unsupported value: response_format of type json_schema")
    server.will(refusal, kit.chat(ROME), kit.chat(ROME))
    model = rig.open()
    request = ChatRequest(messages=[{"role": "system", "content": "Be brief."}, *REQUEST.messages])
    assert asked(model, SCHEMA, request).value["city"] == "Rome"
    assert asked(model).value["city"] == "Rome"
    told, again = server.requests[1].body, server.requests[2].body
    assert "response_format" not in told
    assert told["messages"][0]["content"].startswith("Be brief.\n\nAnswer with JSON")
    assert '"maximum":60' in told["messages"][0]["content"]
    assert again["messages"][0]["role"] == "system"
    assert len(server.requests) == 3


def test_other_refusals_stay_what_they_are(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.error(400, "temperature must not exceed 2"))
    with pytest.raises(BadRequestError, match="temperature"):
        asked(rig.open())
    server.will(kit.error(400, "The schema of your words", code="content_filter"))
    with pytest.raises(ContentFilterError):
        asked(rig.open())
    assert len(server.requests) == 2


class NoSchema(LimitedModel):
    """Refuses a schema before the call, and is of the kind that cannot be held weakly."""

    __slots__ = ()

    async def chat(self, request: ChatRequest) -> Any:
        raise UnsupportedByModelError("No json_schema here.")


def test_a_model_that_refuses_before_the_call_is_told_in_words_too() -> None:
    with pytest.raises(UnsupportedByModelError):  # it refuses the words as well
        asked(NoSchema())


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "nonsense"}, r"not a JSON Schema: \$\.type"),
        ({"properties": {"a": {"minimum": "low"}}}, r"\$\.properties\.a\.minimum"),
        ({"$ref": "https://example.com/schema.json"}, "leads nowhere"),
        ({"$ref": "#/$defs/none"}, "leads nowhere"),
        ({"type": "object", "x": {1, 2}}, "not JSON"),
    ],
)
def test_a_schema_that_is_none_is_an_error_and_nothing_is_fetched(
    rig: Rig, server: Server, kit: Kit, schema: Any, words: str
) -> None:
    server.will(kit.chat(ROME))
    with pytest.raises(InputError, match=words):
        asked(rig.open(), schema)


def test_a_schema_need_not_be_of_an_object(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.chat("[1, 2]"), kit.chat("null"))
    assert asked(rig.open(), {"type": "array", "items": {"type": "integer"}}).value == [1, 2]
    assert asked(rig.open(), {"type": "null"}).value is None
