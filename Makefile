# The only two commands a newcomer needs: `make run` and `make test`.
# Everything is installed into .venv from the pinned, hashed files in requirements/.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help run test lint format bench pins clean

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

run: $(VENV)/.run ## start the daemon (ARGS="--listen 0.0.0.0:8000" to pass options)
	@$(BIN)/aggregator run $(ARGS)

test: $(VENV)/.dev ## the whole test suite
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/.dev ## put the code into the house's form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## the figures (minutes; see docs/benchmarks.md)
	@$(BIN)/python -m bench $(ARGS)

pins: ## write requirements/*.txt anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 \
	    pyproject.toml requirements/build.in -o requirements/run.txt
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 \
	    --extra test --extra dev -c requirements/run.txt pyproject.toml requirements/build.in -o requirements/dev.txt

clean: ## remove the virtual environment and caches (never the store)
	rm -rf $(VENV) *.egg-info build .mypy_cache .ruff_cache .hypothesis

$(VENV)/.run: requirements/run.txt pyproject.toml
	@./install.sh "$(PYTHON)" "$(VENV)" requirements/run.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	@./install.sh "$(PYTHON)" "$(VENV)" requirements/dev.txt
	@touch $@ $(VENV)/.run
