"""Make a tiny Llama whose answers are known: the weights are worked out, not trained.

    python tests/servers/make_model.py FILE.gguf

Each token has a direction of its own in the model's space, attention and feed-forward add nothing,
and the last layer holds which token follows which. So the model, at temperature 0, answers every
chat with ANSWER, and the vector of a text tells which letters it has. The tokenizer is a
byte-level BPE without merges: every text can be read, a letter outside ASCII as several tokens.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np

ANSWER = "The tiny café is open."
"""What the model says to everything, in eight tokens; é comes as two that are no letter alone."""
CONTEXT = 512
"""The tokens of a prompt and its answer."""

_SPECIAL = ("<|end|>", "<|user|>", "<|assistant|>", "<tool_call>")
_END, _, _ASSISTANT, _CALL = range(4)
_WORDS = ("The", " tiny", " caf", " is", " open")
_WIDTH = 320  # at least the number of tokens
_HEADS = 4
_FEED_FORWARD = 32
_TEMPLATE = """\
{%- if tools %}<|user|>Tools:{% for tool in tools %} {{ tool | tojson }}{% endfor %}{% endif %}
{%- for message in messages %}
{%- if message.role == "assistant" %}<|assistant|>{{ message.content or "" }}
{%- for call in message.tool_calls or [] -%}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|end|>
{%- else %}<|user|>{{ message.content }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|assistant|>{% endif %}"""


def make_model(file: Path) -> Path:
    """Write the model to ``file`` in llama.cpp's format."""
    tokens = [*_SPECIAL, *_byte_tokens(), *(word.replace(" ", "Ġ") for word in _WORDS)]
    writer = gguf.GGUFWriter(file, "llama")
    _write_shape(writer, len(tokens))
    _write_tokenizer(writer, tokens)
    _write_weights(writer, tokens)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _write_shape(writer: gguf.GGUFWriter, vocabulary: int) -> None:
    writer.add_name("tiny")
    writer.add_vocab_size(vocabulary)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)


def _write_tokenizer(writer: gguf.GGUFWriter, tokens: list[str]) -> None:
    kinds = [gguf.TokenType.CONTROL] * _CALL + [gguf.TokenType.USER_DEFINED]
    kinds += [gguf.TokenType.NORMAL] * (len(tokens) - len(kinds))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["Ġ Ġ"])  # llama.cpp wants one; two spaces make no token here
    writer.add_eos_token_id(_END)
    writer.add_add_bos_token(False)
    writer.add_chat_template(_TEMPLATE)


def _write_weights(writer: gguf.GGUFWriter, tokens: list[str]) -> None:
    square = np.zeros((_WIDTH, _WIDTH), np.float32)
    ones = np.ones(_WIDTH, np.float32)
    writer.add_tensor("token_embd.weight", np.eye(len(tokens), _WIDTH, dtype=np.float32))
    writer.add_tensor("output_norm.weight", ones)
    writer.add_tensor("output.weight", _followers(tokens))
    writer.add_tensor("blk.0.attn_norm.weight", ones)
    writer.add_tensor("blk.0.ffn_norm.weight", ones)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        writer.add_tensor(f"blk.0.{name}.weight", square)
    wide = np.zeros((_FEED_FORWARD, _WIDTH), np.float32)
    writer.add_tensor("blk.0.ffn_gate.weight", wide)
    writer.add_tensor("blk.0.ffn_up.weight", wide)
    writer.add_tensor("blk.0.ffn_down.weight", np.ascontiguousarray(wide.T))


def _followers(tokens: list[str]) -> np.ndarray:
    """Row by row the tokens that may come next, column by column those that came last."""
    table = np.zeros((len(tokens), _WIDTH), np.float32)
    # Where a server's grammar demands a call of a tool, the answer cannot end after its full
    # stop: what comes then leads to one call and to no second.
    for last, following in [(_byte("."), _CALL), (_byte("}"), _byte("<"))]:
        table[following, last] = 0.5
    for last, letter in [(_CALL, "\n"), (_byte("\n"), "{"), (_byte("}"), "}")]:
        table[_byte(letter), last] = 1.0
    for last, following in pairwise([_ASSISTANT, *_answer(), _END]):
        table[following, last] = 1.0
    table[_END, _byte(">")] = 1.0
    return table


def _answer() -> list[int]:
    """ANSWER as the numbers of its tokens: words, and é and the full stop by their bytes."""
    words = [len(_SPECIAL) + 256 + place for place in range(len(_WORDS))]
    accent = [len(_SPECIAL) + byte for byte in "é".encode()]
    return [*words[:3], *accent, *words[3:], _byte(".")]


def _byte(letter: str) -> int:
    """The number of an ASCII letter's token."""
    return len(_SPECIAL) + ord(letter)


def _byte_tokens() -> list[str]:
    letters = _byte_letters()
    return [letters[byte] for byte in range(256)]


def _byte_letters() -> dict[int, str]:
    """The letter that stands for each byte, as GPT-2's tokenizer has it.

    A byte that is a printable letter of Latin-1 stands for itself; the others, in their order,
    take the letters from U+0100 on.
    """
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    letters = {byte: chr(byte) for byte in shown}
    return letters | {byte: chr(0x100 + place) for place, byte in enumerate(hidden)}


if __name__ == "__main__":
    make_model(Path(sys.argv[1]))
