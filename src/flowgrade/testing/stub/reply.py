"""What the stub says to a call, before it is put into the endpoint's form."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from flowgrade.records import Json, JsonObject, Record, dumps, replace
from flowgrade.testing.stub.call import Call, whole_number
from flowgrade.testing.stub.instance import named_properties, smallest_instance
from flowgrade.testing.stub.paths import Endpoint
from flowgrade.testing.stub.play import Play, Rule
from flowgrade.testing.stub.refusal import StubRefusal
from flowgrade.testing.stub.script import StubReply, StubScript, StubToolCall
from flowgrade.testing.stub.tokens import count_tokens, first_tokens

_ECHOED = 200
_MOST_CHOICES = 128


class Answer(Record):
    """One choice: a text, calls of tools, or both."""

    text: str | None
    tool_calls: Sequence[StubToolCall] = ()
    finish_reason: str
    stopped_by: str | None = None
    """The stop sequence that ended the text."""


class Reply(Record):
    """All choices of one reply, with what stands beside them."""

    call: Call
    number: int
    created: int
    answers: Sequence[Answer]
    usage: JsonObject
    extra: Mapping[str, Any]
    extra_message: Mapping[str, Any]
    reasoning: str | None = None

    @property
    def fingerprint(self) -> str:
        """``system_fingerprint``: the same for the same model and seed."""
        return _fingerprint(self.call.model, self.call.body.get("seed"))


def compose(call: Call, rule: Rule | None, play: Play) -> Reply:
    """The reply to a chat or completion call; raises StubRefusal for options out of range."""
    scripted = rule.reply if rule else _NO_RULE
    answers = [
        _answer(call, rule, play.script, prompt=prompt)
        for prompt in (call.texts if call.route.endpoint is Endpoint.COMPLETION else (None,))
        for _ in range(_choices(call.body))
    ]
    return Reply(
        call=call,
        number=play.next_number(),
        created=int(time.time()),
        answers=answers,
        usage=_usage(call, answers, scripted, play.script),
        extra={**play.script.extra, **scripted.extra},
        extra_message=scripted.extra_message,
        reasoning=scripted.reasoning,
    )


def _choices(body: JsonObject) -> int:
    count = whole_number(body, "n", least=1) or 1
    if count > _MOST_CHOICES:
        raise StubRefusal(400, f"n must not exceed {_MOST_CHOICES}.", param="n")
    return count


def _answer(call: Call, rule: Rule | None, script: StubScript, *, prompt: str | None) -> Answer:
    text = rule.next_text() if rule else None
    tool_calls = rule.reply.tool_calls if rule else ()
    if text is None and not tool_calls:
        text = _default_text(call, script, prompt=prompt)
    answer = Answer(
        text=text, tool_calls=tool_calls, finish_reason="tool_calls" if tool_calls else "stop"
    )
    answer = _limited(answer, call.body)
    if rule and rule.reply.finish_reason is not None:
        answer = replace(answer, finish_reason=rule.reply.finish_reason)
    return answer


def _default_text(call: Call, script: StubScript, *, prompt: str | None) -> str:
    wanted = call.body.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") in (None, "text"):
        return f"echo: {(call.texts[-1] if prompt is None else prompt)[-_ECHOED:]}"
    if wanted["type"] == "json_object":
        return dumps({"answer": "stub", **script.json_reply})
    if wanted["type"] == "json_schema":
        return dumps(_instance(wanted.get("json_schema"), script))
    raise StubRefusal(
        400,
        "response_format must have the type text, json_object or json_schema.",
        param="response_format",
    )


def _instance(wanted: Json, script: StubScript) -> Json:
    schema = wanted.get("schema") if isinstance(wanted, dict) else None
    if not isinstance(schema, dict):
        raise StubRefusal(
            400, "response_format.json_schema needs a schema.", param="response_format"
        )
    value = smallest_instance(schema)
    if isinstance(value, dict) and script.json_reply:
        names = named_properties(schema)
        value.update({key: item for key, item in script.json_reply.items() if key in names})
    return value


def _limited(answer: Answer, body: JsonObject) -> Answer:
    if answer.text is None:
        return answer
    text, reason = answer.text, answer.finish_reason
    cut = min(((at, stop) for stop in _stops(body) if (at := text.find(stop)) >= 0), default=None)
    stopped_by = None
    if cut is not None:
        text, reason, stopped_by = text[: cut[0]], "stop", cut[1]
    limit = whole_number(body, "max_completion_tokens", least=1)
    if limit is None:
        limit = whole_number(body, "max_tokens", least=1)
    if limit is not None and (short := first_tokens(text, limit)) != text:
        text, reason, stopped_by = short, "length", None
    return replace(answer, text=text, finish_reason=reason, stopped_by=stopped_by)


def _stops(body: JsonObject) -> list[str]:
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(stops, list) or not all(isinstance(item, str) for item in stops):
        raise StubRefusal(400, "stop must be a text or a list of texts.", param="stop")
    return [item for item in stops if item]


def _usage(
    call: Call, answers: Sequence[Answer], scripted: StubReply, script: StubScript
) -> JsonObject:
    given, taken = script.prompt_tokens, script.completion_tokens
    usage: JsonObject = {
        "prompt_tokens": call.prompt_tokens if given is None else given,
        "completion_tokens": sum(map(_tokens, answers)) if taken is None else taken,
        "prompt_tokens_details": {"cached_tokens": script.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": script.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        **(scripted.usage or {}),
    }
    if "total_tokens" not in usage:
        usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
    return {**usage, **script.extra_usage, **scripted.extra_usage}


def _tokens(answer: Answer) -> int:
    return count_tokens(answer.text or "") + sum(
        count_tokens(call.name) + count_tokens(arguments_text(call)) for call in answer.tool_calls
    )


def arguments_text(call: StubToolCall) -> str:
    """A tool call's arguments as the JSON text that is sent."""
    return call.arguments if isinstance(call.arguments, str) else dumps(call.arguments)


def _fingerprint(model: str, seed: Json) -> str:
    return f"fp_{blake2b(dumps([model, seed]).encode(), digest_size=5).hexdigest()}"


_NO_RULE = StubReply()
