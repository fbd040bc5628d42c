"""What a call costs, model by model: figures worked out apart from the code that is tested.

Each line is a model, the tokens of one call, and what that call costs in US dollars. Looked up on
2026-11-27 in LiteLLM 1.110.2 (``model_prices_and_context_window``), which names the makers' pages;
the figures are count · price summed by decimal arithmetic, and agree with LiteLLM's own
calculation where it does one (90 of 94). By hand, for one of each kind:

- openai/gpt-4o-mini: 6,000 · 0.15 + 4,000 · 0.075 + 1,500 · 0.60 = 2,100 millionths. Its prices
  also stand in https://github.com/CommitBrief/commitbrief/wiki/Provider-OpenAI (2026-05-27).
- anthropic/claude-opus-5-5: 4,000 · 4 + 4,000 · 0.20 + 2,000 · 5 + 1,500 · 20 = 56,800 millionths;
  https://platform.claude.com/docs/en/about-claude/pricing.
- openai/gpt-6-luna: 4,000 · 0.10 + 4,000 · 0.01 + 2,000 · 0.125 + 1,500 · 0.50 = 1,440 millionths.
- cohere/embed-v4.0: 10,000 · 0.12 = 1,200 millionths.

Every call has 10,000 input tokens. Reasoning tokens are part of the output and cost the same.
"""

from __future__ import annotations

# model, cached, written to the cache, output, of that reasoning, US dollars
BILLS = """
anthropic/claude-fable-5-1              4000 2000 1500 500 0.141
anthropic/claude-opus-5-5               4000 2000 1500 500 0.0568
anthropic/claude-sonnet-5-5             4000 2000 1500 500 0.0284
anthropic/claude-haiku-5-5              4000 2000 1500 500 0.00144
anthropic/claude-opus-5                 4000 2000 1500 500 0.072
anthropic/claude-sonnet-5               4000 2000 1500 500 0.0288
anthropic/claude-opus-4-8               4000 2000 1500 500 0.072
anthropic/claude-opus-4-7               4000 2000 1500 500 0.072
anthropic/claude-opus-4-6               4000 2000 1500 500 0.072
anthropic/claude-opus-4-5               4000 2000 1500 500 0.072
anthropic/claude-sonnet-4-6             4000 2000 1500 500 0.0432
anthropic/claude-sonnet-4-5             4000 2000 1500 500 0.0432
anthropic/claude-haiku-4-5              4000 2000 1500 500 0.0144
azure_ai/Llama-4-Scout-17B-16E-Instruct    0    0 1500   0 0.00317
azure_ai/Llama-3.3-70B-Instruct            0    0 1500   0 0.008165
azure_ai/Phi-4                             0    0 1500   0 0.002
azure_ai/Phi-4-mini-instruct               0    0 1500   0 0.0012
azure_ai/mistral-large-3                   0    0 1500   0 0.00725
azure_ai/cohere-command-a                  0    0 1500   0 0.04
azure_ai/deepseek-v3.2                     0    0 1500 500 0.00832
azure_ai/gpt-oss-120b                      0    0 1500   0 0.0024
azure_ai/embed-v-4-0                       0    0    0   0 0.0012
azure_openai/gpt-6-luna                 4000 2000 1500 500 0.00144
azure_openai/gpt-5.4                    4000    0 1500 500 0.0385
azure_openai/gpt-5.4-mini               4000    0 1500 500 0.01155
azure_openai/gpt-5                      4000    0 1500 500 0.023
azure_openai/gpt-5-mini                 4000    0 1500 500 0.0046
azure_openai/gpt-6.1-sol                4000 2000 1500 500 0.0284
azure_openai/gpt-6-sol                  4000 2000 1500 500 0.0288
azure_openai/gpt-4.1                    4000    0 1500   0 0.026
azure_openai/gpt-4.1-mini               4000    0 1500   0 0.0052
azure_openai/gpt-4.1-nano               4000    0 1500   0 0.0013
azure_openai/gpt-4o                     4000    0 1500   0 0.035
azure_openai/gpt-4o-mini                4000    0 1500   0 0.0021
azure_openai/text-embedding-3-large        0    0    0   0 0.00143
azure_openai/text-embedding-3-small        0    0    0   0 0.00022
cohere/command-a-03-2025                   0    0 1500   0 0.04
cohere/command-r-08-2024                   0    0 1500   0 0.0024
cohere/command-r-plus-08-2024              0    0 1500   0 0.04
cohere/command-r7b-12-2024                 0    0 1500   0 0.0006
cohere/embed-v5.0-pro                      0    0    0   0 0.0012
cohere/embed-v5.0-fast                     0    0    0   0 0.0008
cohere/embed-v4.0                          0    0    0   0 0.0012
cohere/embed-english-v3.0                  0    0    0   0 0.001
cohere/embed-multilingual-v3.0             0    0    0   0 0.001
gemini/gemini-4-argon                   4000    0 1500 500 0.0274
gemini/gemini-4-hydrogen                4000    0 1500 500 0.02055
gemini/gemini-3.8-flash                 4000    0 1500 500 0.010425
gemini/gemini-3.6-flash                 4000    0 1500 500 0.010425
gemini/gemini-3.5-flash                 4000    0 1500 500 0.0231
gemini/gemini-3.5-flash-lite            4000    0 1500 500 0.00567
gemini/gemini-3.1-pro-preview           4000    0 1500 500 0.0308
gemini/gemini-3.1-flash-lite            4000    0 1500 500 0.00385
gemini/gemini-2.5-pro                   4000    0 1500 500 0.023
gemini/gemini-2.5-flash                 4000    0 1500 500 0.00567
gemini/gemini-2.5-flash-lite            4000    0 1500 500 0.00124
gemini/gemini-embedding-001                0    0    0   0 0.0015
gemini/gemini-embedding-2                  0    0    0   0 0.002
mistral/mistral-large-4                 4000    0 1500 500 0.00763
mistral/mistral-large-3                 4000    0 1500   0 0.00545
mistral/mistral-medium-3-5              4000    0 1500 500 0.02085
mistral/mistral-small-2603              4000    0 1500 500 0.00186
mistral/ministral-8b-2512               4000    0 1500   0 0.001185
mistral/ministral-3b-2512               4000    0 1500   0 0.00079
mistral/codestral-2508                  4000    0 1500   0 0.00327
mistral/mistral-embed                      0    0    0   0 0.001
mistral/codestral-embed                    0    0    0   0 0.0015
openai/gpt-6-astra                      4000 2000 1500 500 0.144
openai/gpt-6.1-sol                      4000 2000 1500 500 0.0284
openai/gpt-6-sol                        4000 2000 1500 500 0.0288
openai/gpt-6.1-terra                    4000 2000 1500 500 0.0142
openai/gpt-6-luna                       4000 2000 1500 500 0.00144
openai/gpt-5.6-sol                      4000 2000 1500 500 0.0576
openai/gpt-5.6-terra                    4000 2000 1500 500 0.0318
openai/gpt-5.6-luna                     4000 2000 1500 500 0.00318
openai/gpt-5.5                          4000    0 1500 500 0.077
openai/gpt-5.4                          4000    0 1500 500 0.0385
openai/gpt-5.4-mini                     4000    0 1500 500 0.01155
openai/gpt-5.4-nano                     4000    0 1500 500 0.003155
openai/gpt-5.2                          4000    0 1500 500 0.0322
openai/gpt-5.1                          4000    0 1500 500 0.023
openai/gpt-5                            4000    0 1500 500 0.023
openai/gpt-5-mini                       4000    0 1500 500 0.0046
openai/gpt-5-nano                       4000    0 1500 500 0.00092
openai/o3                               4000    0 1500 500 0.026
openai/gpt-4.1                          4000    0 1500   0 0.026
openai/gpt-4.1-mini                     4000    0 1500   0 0.0052
openai/gpt-4o                           4000    0 1500   0 0.035
openai/gpt-4o-mini                      4000    0 1500   0 0.0021
openai/gpt-audio-1.5                       0    0 1500   0 0.04
openai/gpt-audio-mini                      0    0 1500   0 0.0096
openai/text-embedding-3-large              0    0    0   0 0.0013
openai/text-embedding-3-small              0    0    0   0 0.0002
openai/text-embedding-ada-002              0    0    0   0 0.001
"""
