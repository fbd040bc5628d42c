"""Every name of prompt flow that Flowgrade stands in for, and what it stands for.

The modules and names are those that flows import (counted over the examples and tests of
github.com/microsoft/promptflow).
"""

from __future__ import annotations

from collections.abc import Mapping

_HERE = "flowgrade.promptflow"


def _at(module: str, *names: str) -> dict[str, str]:
    return {name: f"{_HERE}.{module}:{name}" for name in names}


_CONNECTIONS = _at(
    "connections",
    *("AzureOpenAIConnection", "OpenAIConnection", "ServerlessConnection", "CustomConnection"),
    *("CustomStrongTypeConnection", "CognitiveSearchConnection", "AzureContentSafetyConnection"),
    *("AzureAIServicesConnection", "FormRecognizerConnection", "SerpConnection"),
    *("QdrantConnection", "WeaviateConnection"),
)
_TOOL = _at("decorators", "tool", "ToolProvider")
_EDITING = _at("decorators", "InputSetting", "DynamicList", "GeneratedBy")
_METRIC = _at("decorators", "log_metric")
_PROMPTY = _at("prompty", "Prompty", "AsyncPrompty")
_FLOWS = _at("callables", "Flow", "AsyncFlow")
_CONFIGURATIONS = _at(
    "configurations",
    *("ModelConfiguration", "AzureOpenAIModelConfiguration", "OpenAIModelConfiguration"),
)
_TRACING = _at("tracing", "trace", "start_trace", "ThreadPoolExecutorWithContext")
_TYPES = _at("contracts", "Secret", "FilePath", "PromptTemplate", "AssistantDefinition")
_MEDIA = _at("contracts", "Image", "Text", "ChatInputList")
_EXCEPTIONS = _at(
    "exceptions",
    *("PromptflowException", "UserErrorException", "SystemErrorException", "ValidationException"),
    "ErrorTarget",
)
_LOADERS = {**_at("callables", "load_flow"), **_at("client.run_yaml", "load_run")}
_CLIENT = _at("client.client", "PFClient")
_CHAT = _at("llm", "chat", "completion", "embedding")
_MODEL_TOOL = f"{_HERE}.llm:ModelTool"

MODULES: Mapping[str, Mapping[str, str]] = {
    "promptflow": {**_TOOL, **_METRIC, **_LOADERS, **_CLIENT, "flow": f"{_HERE}.tracing:trace"},
    "promptflow.core": {**_TOOL, **_METRIC, **_PROMPTY, **_FLOWS, **_CONFIGURATIONS},
    "promptflow.core._flow": {**_PROMPTY, **_FLOWS},
    "promptflow.core._prompty_utils": {},
    "promptflow.core._model_configuration": _CONFIGURATIONS,
    "promptflow.core._connection": _CONNECTIONS,
    "promptflow.connections": _CONNECTIONS,
    "promptflow.entities": {
        **_CONNECTIONS,
        **_EDITING,
        **_at("callables", "FlowContext"),
        **_at("client.run", "Run"),
    },
    "promptflow.client": {**_LOADERS, **_CLIENT},
    "promptflow.tracing": _TRACING,
    "promptflow.tracing._operation_context": _at("internal", "OperationContext"),
    "promptflow.contracts.types": _TYPES,
    "promptflow.contracts.multimedia": _MEDIA,
    "promptflow.contracts.run_info": _at("internal", "Status"),
    "promptflow.exceptions": _EXCEPTIONS,
    "promptflow._core.tool": {**_TOOL, **_EDITING},
    "promptflow._core.tracer": _at("tracing", "trace"),
    "promptflow._internal": {
        **_TOOL,
        **_EDITING,
        **_at("internal", "ErrorResponse", "ExceptionPresenter"),
    },
    "promptflow._sdk._errors": _at("exceptions", "InvalidRunStatusError"),
    "promptflow._sdk.entities": _CONNECTIONS,
    "promptflow._utils.logger_utils": _at("internal", "get_logger", "logger"),
    "promptflow._utils.yaml_utils": _at("internal", "load_yaml"),
    "promptflow.executor._assistant_tool_invoker": _at("internal", "AssistantToolInvoker"),
    "promptflow.integrations.langchain": _at("internal", "PromptFlowCallbackHandler"),
    "promptflow.tools": {"AzureOpenAI": _MODEL_TOOL, "OpenAI": _MODEL_TOOL},
    "promptflow.tools.aoai": {**_CHAT, "AzureOpenAI": _MODEL_TOOL},
    "promptflow.tools.openai": {**_CHAT, "OpenAI": _MODEL_TOOL},
    "promptflow.tools.embedding": _at("llm", "embedding"),
    "promptflow.tools.common": _at("llm", "parse_chat", "render_jinja_template"),
    "promptflow.tools.llm": _at("tools.chat", "llm"),
    "promptflow.tools.llm_vision": _at("tools.chat", "llm_vision"),
    "promptflow.tools.aoai_gpt4v": {"AzureOpenAI": f"{_HERE}.tools.chat:AzureVision"},
    "promptflow.tools.openai_gpt4v": {"OpenAI": f"{_HERE}.tools.chat:OpenAIVision"},
    "promptflow.tools.open_model_llm": _at("tools.open_model", "OpenModelLLM", "API"),
    "promptflow.tools.serpapi": _at("tools.serpapi", "SerpAPI", "Engine", "SafeMode", "search"),
    "promptflow.tools.azure_content_safety": _at(
        "tools.content_safety", "analyze_text", "TextCategorySensitivity"
    ),
    "promptflow.tools.exception": _at(
        "exceptions",
        *("ChatAPIInvalidRole", "LLMError", "WrappedOpenAIError"),
        *("SerpAPIUserError", "SerpAPISystemError"),
        *("AzureContentSafetyInputValueError", "AzureContentSafetySystemError"),
        *("OpenModelLLMUserError", "OpenModelLLMKeyValidationError"),
        *("OpenModelLLMOnlineEndpointError", "OpenModelLLMSystemError"),
    ),
}
"""By module, each name with the ``module:attribute`` that stands in for it."""
