"""Models as package tools: with images in the prompt, and the llm node as a function."""

from __future__ import annotations

from typing import Any

from flowgrade.flows import promptflow_parameters
from flowgrade.models import ChatRequest
from flowgrade.promptflow.connections import (
    AzureOpenAIConnection,
    OpenAIConnection,
    PromptFlowConnection,
)
from flowgrade.promptflow.contracts import PromptTemplate
from flowgrade.promptflow.host import blocking
from flowgrade.promptflow.llm import chat, completion, escaped, opened
from flowgrade.prompts import render_chat

_ALWAYS = {
    "temperature": 1.0,
    "top_p": 1.0,
    "n": 1,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}
_SOMETIMES = ("stop", "max_tokens", "seed")
_OTHER = frozenset({"stream", "_inputs_to_escape", *_ALWAYS, *_SOMETIMES})


def llm(
    connection: PromptFlowConnection,
    prompt: PromptTemplate,
    api: str = "chat",
    deployment_name: str = "",
    model: str = "",
    **arguments: Any,
) -> Any:
    """The llm node as a tool."""
    ask = completion if api == "completion" else chat
    return ask(connection, prompt, deployment_name=deployment_name, model=model, **arguments)


def llm_vision(
    connection: AzureOpenAIConnection | OpenAIConnection,
    prompt: PromptTemplate,
    deployment_name: str = "",
    model: str = "",
    detail: str = "auto",
    **arguments: Any,
) -> Any:
    """The model's answer to a chat template with images, ``![image]({{name}})``."""
    given = {name: arguments.get(name, value) for name, value in _ALWAYS.items()}
    given |= {name: arguments[name] for name in _SOMETIMES if name in arguments}
    messages = render_chat(
        str(prompt),
        {name: value for name, value in arguments.items() if name not in _OTHER},
        escape=escaped(arguments),
        image_detail=detail,
    )
    request = ChatRequest(messages=messages, parameters=promptflow_parameters(given))
    return blocking(opened(connection, deployment_name or model).chat(request)).text


class AzureVision:
    """``promptflow.tools.aoai_gpt4v.AzureOpenAI``."""

    def __init__(self, connection: AzureOpenAIConnection) -> None:
        self.connection = connection

    def chat(
        self, prompt: PromptTemplate, deployment_name: str, detail: str = "auto", **arguments: Any
    ) -> Any:
        """See ``llm_vision``."""
        return llm_vision(self.connection, prompt, deployment_name, detail=detail, **arguments)


class OpenAIVision:
    """``promptflow.tools.openai_gpt4v.OpenAI``."""

    def __init__(self, connection: OpenAIConnection) -> None:
        self.connection = connection

    def chat(
        self, prompt: PromptTemplate, model: str = "", detail: str = "auto", **arguments: Any
    ) -> Any:
        """See ``llm_vision``."""
        return llm_vision(self.connection, prompt, model=model, detail=detail, **arguments)
