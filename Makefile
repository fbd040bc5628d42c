# Everything that is done in this repository, by name. Needs Python 3.11+, git and make.

VENV ?= .venv
PYTHON := $(VENV)/bin/python
DEV := $(VENV)/.dev
CORE := $(VENV)/.core

.DEFAULT_GOAL := help

.PHONY: help
help:  ## show this
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z]*\):.*## /\1:/p' Makefile | while IFS=: read -r name text; do \
		printf '  %-8s %s\n' "$$name" "$$text"; done

.PHONY: demo
demo: $(CORE)  ## see Flowgrade at work, without a key or a network
	@$(VENV)/bin/flowgrade demo $(ARGS)

.PHONY: test
test: $(DEV)  ## run every test, on PostgreSQL too where one is installed (ARGS="tests/store -x")
	@$(PYTHON) tools/postgres.py -- $(PYTHON) tools/run_tests.py $(ARGS)

.PHONY: setup
setup: $(DEV)  ## make .venv with the development set, when it changed
	@echo "$(VENV) is ready"

.PHONY: fmt
fmt: $(DEV)  ## format the code and mend what can be mended
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

# One target for each checker, so that `make -k lint` shows what all of them have to say.
LINTERS := lint-style lint-format lint-types lint-imports lint-rooms lint-spelling

.PHONY: lint $(LINTERS)
lint: $(LINTERS)  ## ruff, mypy, the order of the rooms, spelling
lint-style: $(DEV)
	@$(PYTHON) -m ruff check .
lint-format: $(DEV)
	@$(PYTHON) -m ruff format --check .
lint-types: $(DEV)
	@$(PYTHON) -m mypy
lint-imports: $(DEV)
	@$(VENV)/bin/lint-imports
lint-rooms: $(DEV)
	@$(PYTHON) tools/check_rooms.py
lint-spelling: $(DEV)
	@$(VENV)/bin/codespell

.PHONY: compat
compat: $(DEV)  ## run prompt flow's own examples (PROMPTFLOW_EXAMPLES names their folder)
	@$(PYTHON) -m tools.compat $(ARGS)

.PHONY: docs
docs: $(DEV)  ## check the links and that generated pages are fresh
	@$(PYTHON) tools/docs.py --check
	@$(PYTHON) tools/check_links.py

.PHONY: check
check: lint docs test  ## everything that CI does

.PHONY: bench
bench: $(DEV)  ## measure the promises, one benchmark after the other (ARGS="startup")
	@$(PYTHON) tools/run_benchmarks.py $(ARGS)

# The locks hold for Python 3.11 and newer on every platform. ARGS=--upgrade takes newer versions.
LOCK = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)

.PHONY: lock
lock:  ## work out requirements/*.txt anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "uv is missing: https://docs.astral.sh/uv/" >&2; exit 1; }
	@$(LOCK) --all-extras --group dev -o requirements/dev.txt
	@$(LOCK) --extra embeddings --group build --constraints requirements/dev.txt -o requirements/core.txt

# The development set holds the core set, at the same versions.
$(DEV): requirements/dev.txt pyproject.toml tools/setup.sh
	@tools/setup.sh $(VENV) requirements/dev.txt
	@touch $(DEV) $(CORE)

$(CORE): requirements/core.txt pyproject.toml tools/setup.sh
	@tools/setup.sh $(VENV) requirements/core.txt
	@touch $(CORE)
