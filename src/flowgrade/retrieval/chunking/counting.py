"""Count the tokens that a model makes of a text, without ever asking the network."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flowgrade.errors import MissingExtraError
from flowgrade.models import load_static
from flowgrade.prompts import estimated_tokens
from flowgrade.records import Record
from flowgrade.retrieval.chunking.chunker import CountTokens

_VOCABULARIES = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
"""What tiktoken expects of its files, by SHA-256: with another it would download them anew."""
_ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"


class TokenCounter(Record):
    """Counts tokens; call it with a text."""

    name: str
    """What counts, such as ``tiktoken:o200k_base``; the same name always counts the same."""
    exact: bool
    """False where it is an estimate: the model's own tokenizer is not on this machine."""
    count: CountTokens

    def __call__(self, text: str) -> int:
        """The tokens of ``text``."""
        return self.count(text)


def token_counter(model: str | None, environment: Mapping[str, str] | None = None) -> TokenCounter:
    """The best counter for a model, such as ``embedded/static`` or ``openai/gpt-4o``.

    Exact where the model's tokenizer is on this machine: that of the embedded model comes with
    the extra ``embeddings``, tiktoken's vocabularies and Hugging Face's files are used when an
    earlier download left them. Otherwise a quarter of the characters.
    """
    variables = os.environ if environment is None else environment
    connection, _, name = (model or "").rpartition("/")
    if connection == "embedded":
        found = _static()
    else:
        found = _tiktoken(name, variables) or _hugging_face(model or "", variables)
    return found or TokenCounter(name="characters/4", exact=False, count=_estimate)


def _estimate(text: str) -> int:
    return estimated_tokens((text,))


def _static() -> TokenCounter | None:
    try:
        count = load_static().count  # the one that embeds, so that it cuts each word once
    except MissingExtraError:
        return None
    return TokenCounter(name="tokenizers:wordllama", exact=True, count=count)


def _tokenizer(file: Path) -> CountTokens | None:
    if not file.is_file():
        return None
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 optional dependency
    except ImportError:
        return None
    try:
        tokenizer: Any = Tokenizer.from_file(str(file))
    except Exception:  # noqa: BLE001 a file that it cannot read raises a bare Exception
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _tiktoken(name: str, environment: Mapping[str, str]) -> TokenCounter | None:
    if not name or find_spec("tiktoken") is None:
        return None
    import tiktoken  # noqa: PLC0415 optional dependency

    try:
        encoding = tiktoken.encoding_name_for_model(name)
    except KeyError:
        return None
    if encoding not in _VOCABULARIES or not _is_kept(encoding, environment):
        return None
    encode: Callable[..., list[int]] = tiktoken.get_encoding(encoding).encode_ordinary
    return TokenCounter(
        name=f"tiktoken:{encoding}", exact=True, count=lambda text: len(encode(text))
    )


def _is_kept(encoding: str, environment: Mapping[str, str]) -> bool:
    folder = environment.get("TIKTOKEN_CACHE_DIR", environment.get("DATA_GYM_CACHE_DIR"))
    if folder == "":  # tiktoken takes that as: keep nothing
        return False
    address = _ADDRESS.format(encoding)
    key = hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    file = Path(folder or os.path.join(tempfile.gettempdir(), "data-gym-cache"), key)
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest() == _VOCABULARIES[encoding]
    except OSError:
        return False


def _hugging_face(model: str, environment: Mapping[str, str]) -> TokenCounter | None:
    home = environment.get("HF_HOME") or os.path.expanduser("~/.cache/huggingface")
    hub = Path(environment.get("HF_HUB_CACHE") or os.path.join(home, "hub"))
    # ``connection/organisation/model``; the connection's name says nothing of the tokenizer.
    parts = model.split("/")
    if len(parts) < 3 or not all(parts) or ".." in parts:
        return None
    folder = hub / f"models--{'--'.join(parts[-2:])}"
    try:
        revision = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    count = _tokenizer(folder / "snapshots" / Path(revision).name / "tokenizer.json")
    if count is None:
        return None
    return TokenCounter(name=f"tokenizers:{'/'.join(parts[-2:])}", exact=True, count=count)
