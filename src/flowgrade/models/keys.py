"""Whose key it is, told by how it begins."""

from __future__ import annotations

# The prefixes that the providers' own documentation and key pages show; longer ones first.
_PREFIXES = (
    ("sk-ant-", "Anthropic", "anthropic.com"),
    ("sk-or-", "OpenRouter", "openrouter.ai"),
    ("sk-proj-", "OpenAI", "openai.com"),
    ("gsk_", "Groq", "groq.com"),
    ("xai-", "xAI", "x.ai"),
    ("hf_", "Hugging Face", "huggingface.co"),
    ("AIza", "Google", "googleapis.com"),
)


def stranger(key: str, host: str) -> str | None:
    """The provider whose key ``key`` looks like, when ``host`` is not one of its hosts."""
    for prefix, owner, domain in _PREFIXES:
        if key.startswith(prefix):
            return None if host == domain or host.endswith(f".{domain}") else owner
    return None
