"""Serve a model with llama.cpp's own HTTP server until standard input ends.

    python tests/servers/llama_server.py FILE.gguf KEY chat|embeddings

Prints the address that it listens on, a free port of 127.0.0.1. One thread computes: whoever runs
the tests has other work for the machine.
"""

from __future__ import annotations

import sys

import xllamacpp  # type: ignore[import-untyped, import-not-found, unused-ignore]


def main(file: str, key: str, task: str) -> None:
    """Serve ``file`` to callers that have ``key``."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.api_keys = [key]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_parallel = 2
    parameters.n_ctx = 1024  # for both of the two
    parameters.n_threads_http = 2
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.n_gpu_layers = 0
    parameters.cache_ram_mib = 0
    parameters.warmup = False
    parameters.use_jinja = True
    parameters.verbosity = 1
    if task == "embeddings":
        parameters.embedding = True
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(parameters)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
