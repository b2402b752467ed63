# The commands of this project; `make help` lists them. Needs Python 3.11 or newer, pip and make, and no compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The environment is made anew when what it is made of has changed, or the folder has moved; otherwise never.
STATE := $(shell { pwd; cat pyproject.toml constraints.txt requirements/*; } | sha256sum | cut -c1-16)
STAMP := $(VENV)/.stamp-$(STATE)

# Bytecode is kept, beside the code: without it every start compiles some thousand files.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPYCACHEPREFIX
# No telemetry, from nobody.
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
export HF_HUB_OFFLINE := 1
export GX_ANALYTICS_ENABLED := false

# make test TESTS=tests/stores ARGS='-x -k lake'
TESTS ?= tests
ARGS ?=
# Most tests of rounds wait for a server; three processes keep two cores busy. A file's tests stay together, since they
# share a server or a home. WORKERS=0: one after another, in this process.
WORKERS ?= 3

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench docs soak constraints clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 22

setup: $(STAMP) ## make the environment in .venv (once)
	@:

$(STAMP):
	@bash requirements/install.sh "$(PYTHON)" "$(VENV)" "$(STAMP)"

demo: $(STAMP) ## two nights of an invented hospital, and a page that shows them (DATA=/my/export: yours)
	@$(BIN)/nightrounds demo $(if $(DATA),--data "$(DATA)")

test: $(STAMP) ## all tests but the soak (TESTS=tests/stores ARGS='-x' for fewer)
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile $(TESTS) $(ARGS)

lint: $(STAMP) ## style, types, and who may import what
	@began=$$SECONDS; $(BIN)/ruff check --quiet . && echo "lint: ruff check ($$((SECONDS - began)) s)"
	@began=$$SECONDS; $(BIN)/ruff format --quiet --check . && echo "lint: ruff format ($$((SECONDS - began)) s)"
	@began=$$SECONDS; $(BIN)/mypy --no-error-summary && echo "lint: mypy, strict ($$((SECONDS - began)) s)"
	@began=$$SECONDS; $(BIN)/lint-imports --no-cache --no-logo | grep -vE '^(-*|Contracts)$$' && echo "lint: imports ($$((SECONDS - began)) s)"

format: $(STAMP) ## put the code into its form
	@$(BIN)/ruff check --quiet --fix --exit-zero . && $(BIN)/ruff format .

bench: $(STAMP) ## measure against the goals
	@$(BIN)/python -m benchmarks

docs: $(STAMP) ## check that the documents' links and commands lead somewhere
	@$(BIN)/python -m pytest -q tests/architecture/test_documents.py

soak: $(STAMP) ## hours of nights one after another
	@$(BIN)/python -m pytest -q -m soak --timeout 0 tests $(ARGS)

constraints: $(STAMP) ## pin anew what pyproject.toml asks for (ARGS=--upgrade: the newest)
	@UV_CUSTOM_COMPILE_COMMAND="make constraints" $(BIN)/uv pip compile pyproject.toml --all-extras --universal \
		--python-version 3.11 --no-annotate --no-emit-index-url --quiet --output-file constraints.txt $(ARGS)

clean: ## remove what make made; homes of rounds stay
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
