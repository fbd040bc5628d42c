"""Open models at endpoints of Azure ML, and at servers that speak OpenAI's language."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from flowgrade.models import Connection
from flowgrade.promptflow.connections import connection_object
from flowgrade.promptflow.contracts import PromptTemplate
from flowgrade.promptflow.exceptions import (
    OpenModelLLMKeyValidationError,
    OpenModelLLMOnlineEndpointError,
    OpenModelLLMSystemError,
    OpenModelLLMUserError,
)
from flowgrade.promptflow.host import host
from flowgrade.promptflow.llm import escaped
from flowgrade.promptflow.tools.service import asked, post_json
from flowgrade.prompts import render_chat, render_text
from flowgrade.records import Record, loads

_SERVERLESS = (".inference.ai.azure.com", ".models.ai.azure.com", ".serverless.ml.azure.com")
_FAMILIES = {"llama": "LLaMa", "dolly": "Dolly", "gpt2": "GPT-2", "falcon": "Falcon"}
_ROLES = frozenset({"system", "user", "assistant"})
_MODEL = "llama-2-7b-hf"  # what prompt flow sends; the endpoint has one model and does not look
_LOCAL = "Name a connection of the type custom: connection/NAME."


class API(str, Enum):  # noqa: UP042  flows compare it as prompt flow defines it
    """What is asked of the model."""

    CHAT = "chat"
    COMPLETION = "completion"


class _Endpoint(Record, kw_only=False):
    url: str
    key: str
    family: str
    """Of the model: it decides the shape of requests."""

    @property
    def serverless(self) -> bool:
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/")
        return str(parts.hostname).endswith(_SERVERLESS) or path.split("/")[1:2] == ["v1"]


class OpenModelLLM:
    """A model behind an endpoint that a connection of the type custom describes.

    Its configs are ``endpoint_url`` and ``model_family`` (LLaMa, Dolly, GPT-2, Falcon), its
    secret is ``endpoint_api_key``. A serverless connection will do as well.
    """

    def call(
        self,
        prompt: PromptTemplate,
        api: API,
        endpoint_name: str,
        deployment_name: str | None = None,
        **arguments: Any,
    ) -> Any:
        """The model's answer to the template, whose variables are the other arguments."""
        endpoint = _endpoint(endpoint_name)
        parameters = _parameters(arguments)
        variables = {k: v for k, v in arguments.items() if k not in _OWN}
        given = _prompt(str(prompt), API(api), endpoint, variables, arguments)
        headers = {"Authorization": f"Bearer {endpoint.key}"}
        if deployment_name and deployment_name != "default":
            headers["azureml-model-deployment"] = deployment_name
        url, body = _request(endpoint, API(api), given, parameters)
        answer = asked(
            post_json(url, body, headers),
            user_error=OpenModelLLMOnlineEndpointError,
            system_error=OpenModelLLMSystemError,
        )
        return _text(answer, endpoint, API(api))


_OWN = frozenset({"temperature", "max_new_tokens", "top_p", "model_kwargs", "_inputs_to_escape"})


def _endpoint(name: str) -> _Endpoint:
    """The endpoint ``connection/NAME``; other prefixes mean endpoints that Azure would list."""
    kind, _, own = str(name).rpartition("/")
    known = host().models.connections
    if own not in known:
        raise OpenModelLLMUserError(
            f"There is no connection '{own}' for the endpoint '{name}'."
            + (" Flowgrade does not look endpoints up in Azure." if "ndpoint" in kind else ""),
            hint=f"{_LOCAL} There are: {', '.join(sorted(known))}.",
        )
    return _described(known[own])


def _described(connection: Connection) -> _Endpoint:
    if connection.kind == "openai" and connection.base_url and connection.api_key:
        return _Endpoint(connection.base_url, connection.api_key.reveal(), "LLaMa")
    values = connection_object(connection)
    for key in ("endpoint_url", "model_family", "endpoint_api_key"):
        if not values.get(key):
            raise OpenModelLLMKeyValidationError(
                f"The connection '{connection.name}' has no '{key}'.",
                hint="It needs the configs endpoint_url and model_family, and the secret "
                "endpoint_api_key.",
            )
    family = _FAMILIES.get(str(values["model_family"]).lower().replace("-", ""))
    if family is None:
        raise OpenModelLLMKeyValidationError(
            f"The connection '{connection.name}' names the unknown model_family "
            f"'{values['model_family']}'.",
            hint=f"There are: {', '.join(_FAMILIES.values())}.",
        )
    return _Endpoint(str(values["endpoint_url"]), str(values["endpoint_api_key"]), family)


def _parameters(arguments: Mapping[str, Any]) -> dict[str, Any]:
    more = arguments.get("model_kwargs") or {}
    found: dict[str, Any] = dict(loads(more) if isinstance(more, str) else more)
    found["top_p"] = float(arguments.get("top_p") or 1.0)
    found["temperature"] = float(arguments.get("temperature", 1.0))
    found["max_new_tokens"] = int(arguments.get("max_new_tokens") or 500)
    return found


def _prompt(
    template: str,
    api: API,
    endpoint: _Endpoint,
    variables: Mapping[str, Any],
    arguments: Mapping[str, Any],
) -> Any:
    """The messages of a chat; for models that know no messages, and for completions, text."""
    if api is API.COMPLETION or not (endpoint.family == "LLaMa" or endpoint.serverless):
        return str(render_text(template, variables, escape=()))
    messages = render_chat(template, variables, escape=escaped(arguments))
    for message in messages:
        if message["role"] not in _ROLES:
            raise OpenModelLLMUserError(
                f"The model knows no messages of the role '{message['role']}'.",
                hint=f"Its roles are: {', '.join(sorted(_ROLES))}.",
            )
    return messages


def _request(
    endpoint: _Endpoint, api: API, prompt: Any, parameters: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    if endpoint.serverless:
        base = endpoint.url.rstrip("/").removesuffix("/completions").removesuffix("/chat")
        base = base.removesuffix("/v1")
        asks = {"n": 1, **parameters, "max_tokens": parameters["max_new_tokens"]}
        if api is API.COMPLETION:
            return f"{base}/v1/completions", {"prompt": prompt, **asks}
        return f"{base}/v1/chat/completions", {"model": _MODEL, "messages": prompt, **asks}
    given = [prompt] if isinstance(prompt, str) else prompt
    if endpoint.family == "LLaMa":
        asks = {**parameters, "do_sample": True}
        return endpoint.url, {"input_data": {"input_string": given, "parameters": asks}}
    return endpoint.url, {"input_data": {"input_string": given}, "parameters": parameters}


def _text(answer: Any, endpoint: _Endpoint, api: API) -> Any:
    try:
        if endpoint.serverless:
            choice = answer["choices"][0]
            return choice["text"] if api is API.COMPLETION else choice["message"]["content"]
        if endpoint.family == "LLaMa" and api is API.CHAT:
            return answer["output"]
        return answer[0]["0"]
    except (KeyError, IndexError, TypeError) as error:
        raise OpenModelLLMOnlineEndpointError(
            f"The endpoint's answer has another shape than a model of the family "
            f"{endpoint.family} gives: {str(answer)[:200]}",
            hint="Correct the model_family of the connection.",
        ) from error
