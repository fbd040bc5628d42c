"""Prompt flow's model tools as functions: ``promptflow.tools.aoai.chat`` and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowgrade.errors import InputError
from flowgrade.flows import promptflow_parameters
from flowgrade.models import ChatRequest, CompletionRequest, Connection, EmbeddingRequest, Model
from flowgrade.promptflow.connections import PromptFlowConnection
from flowgrade.promptflow.host import blocking, host
from flowgrade.prompts import render_chat, render_text
from flowgrade.settings import Secret

_OPTIONAL = (
    *("stop", "max_tokens", "presence_penalty", "frequency_penalty", "logit_bias", "user", "seed"),
    *("response_format", "suffix", "logprobs", "echo", "best_of"),
)


def chat(
    connection: PromptFlowConnection,
    prompt: str,
    deployment_name: str = "",
    model: str = "",
    **arguments: Any,
) -> Any:
    """Render ``prompt`` as a chat template and ask; what is no parameter is a template variable.

    With ``functions`` or ``tools`` the whole message comes back, otherwise its text.
    """
    name = deployment_name or model
    parameters, variables = _split(connection, arguments)
    messages = render_chat(str(prompt), variables, escape=escaped(arguments))
    request = ChatRequest(messages=messages, parameters=parameters)
    response = blocking(opened(connection, name).chat(request))
    if "functions" in parameters or "tools" in parameters:
        return response.message
    return response.text


def completion(
    connection: PromptFlowConnection,
    prompt: str,
    deployment_name: str = "",
    model: str = "",
    **arguments: Any,
) -> str:
    """Render ``prompt`` and let the model continue it."""
    name = deployment_name or model
    parameters, variables = _split(connection, arguments)
    text = str(render_text(str(prompt), variables, escape=()))
    request = CompletionRequest(prompt=text, parameters=parameters)
    return blocking(opened(connection, name).complete(request)).text


def embedding(
    connection: PromptFlowConnection,
    input: str | list[str],
    deployment_name: str = "",
    model: str = "",
) -> Any:
    """The vector of a text, or the vectors of several."""
    texts = [input] if isinstance(input, str) else list(input)
    found = opened(connection, deployment_name or model)
    vectors = blocking(found.embed(EmbeddingRequest(inputs=texts))).vectors
    return vectors[0] if isinstance(input, str) else list(vectors)


class ModelTool:
    """``AzureOpenAI`` and ``OpenAI``: the functions above, bound to a connection."""

    def __init__(self, connection: PromptFlowConnection) -> None:
        self.connection = connection

    def chat(self, prompt: str, **arguments: Any) -> Any:
        """See ``chat``."""
        return chat(self.connection, prompt, **arguments)

    def completion(self, prompt: str, **arguments: Any) -> str:
        """See ``completion``."""
        return completion(self.connection, prompt, **arguments)

    def embedding(self, input: str | list[str], **arguments: Any) -> Any:
        """See ``embedding``."""
        return embedding(self.connection, input, **arguments)


def render_jinja_template(
    prompt: str, trim_blocks: bool = True, keep_trailing_newline: bool = True, **variables: Any
) -> str:
    """The text of a template, always rendered in the sandbox."""
    from flowgrade.prompts import render  # noqa: PLC0415  the template engine takes 30 ms

    return render(prompt, variables)


def parse_chat(chat_str: str, images: Any = None, **options: Any) -> list[dict[str, Any]]:
    """The messages of a rendered chat template."""
    from flowgrade.prompts import parse_chat as parse  # noqa: PLC0415  as above

    return parse(chat_str, images=images or ())


def as_model_connection(given: PromptFlowConnection | str) -> Connection:
    """The connection that reaches the models behind one of prompt flow's objects."""
    if isinstance(given, str):
        return host().models.connection(given)
    if given.name and given.name in host().models.connections:
        return host().models.connection(given.name)
    kind = {"AzureOpenAI": "azure_openai"}.get(given.type, "openai")
    address = given.get("api_base") if kind == "azure_openai" else given.get("base_url")
    key = given.get("api_key")
    return Connection(
        name=given.name or f"{kind}-object",
        kind=kind,
        base_url=address or given.get("api_base"),
        api_key=Secret(str(key)) if key else None,
        api_version=given.get("api_version") if kind == "azure_openai" else None,
        organization=given.get("organization"),
    )


def opened(connection: PromptFlowConnection, name: str) -> Model:
    """The model ``name`` of the connection; raises InputError when no name is given."""
    if not name:
        raise InputError(
            "The call names no model.", hint="Give deployment_name (Azure) or model (OpenAI)."
        )
    return host().models.open(name, connection=as_model_connection(connection))


def _split(
    connection: PromptFlowConnection, arguments: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters as prompt flow sends them, and the template's variables."""
    given: dict[str, Any] = {
        "temperature": arguments.get("temperature", 1.0),
        "top_p": arguments.get("top_p", 1.0),
    }
    if connection.type == "AzureOpenAI":
        given["n"] = arguments.get("n", 1)
    given |= {name: arguments[name] for name in _OPTIONAL if name in arguments}
    for name, choice in (("tools", "tool_choice"), ("functions", "function_call")):
        if arguments.get(name):
            given |= {key: arguments[key] for key in (name, choice) if arguments.get(key)}
            break
    parameters = promptflow_parameters(given)
    known = {*parameters, *_OPTIONAL, *_OTHER}
    return parameters, {key: value for key, value in arguments.items() if key not in known}


_OTHER = (
    *("temperature", "top_p", "n", "tools", "tool_choice", "functions", "function_call", "stream"),
    "inputs_to_escape",
)


def escaped(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the arguments whose text comes from users and opens no message."""
    return tuple(arguments.get("_inputs_to_escape") or arguments.get("inputs_to_escape") or ())
