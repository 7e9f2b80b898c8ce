# Two commands matter: `make demo` and `make test`. Both do all of their own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready

.DEFAULT_GOAL := help
.PHONY: help demo codes serve test check lint soak bench lock clean system

help: ## Say what can be done here
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUN_READY): requirements/run.txt requirements/build.txt pyproject.toml hatch_build.py | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

$(DEV_READY): requirements/dev.txt $(RUN_READY)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(RUN_READY) ## Set everything up and serve a portal with sample data on http://127.0.0.1:8000
	$(BIN)/docvault demo

codes: $(RUN_READY) ## Print the current one-time codes of the demo's people
	$(BIN)/docvault demo-codes

serve: $(RUN_READY) ## Set everything up and serve a real portal from ./data
	$(BIN)/docvault serve

system: ## Install the browser and the independent validators that the tests use, where that is allowed
	@sh tools/install_system_packages.sh

test: $(DEV_READY) system ## Set everything up and run every test
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not soak" --databases spread

soak: $(DEV_READY) system ## Run the tests with very large numbers, and those of actions and web on each database
	$(BIN)/python -m pytest -m soak
	$(BIN)/python -m pytest tests/actions tests/security/test_two_servers.py -m "not soak" --databases both
	$(BIN)/python -m pytest tests/web -m "not soak" --web-database sqlite
	$(BIN)/python -m pytest tests/web -m "not soak" --web-database postgresql

lint: $(DEV_READY) ## Format, lint, types and contracts
	$(BIN)/ruff format --check src tests tools benchmarks hatch_build.py
	$(BIN)/ruff check src tests tools benchmarks hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint ## The same, and the pure tests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/rules tests/encryption tests/credentials tests/audit tests/policy -m "not browser and not slow and not soak"

bench: $(DEV_READY) ## Print every speed as a ratio against its floor, in one run
	$(BIN)/python benchmarks/run.py

lock: $(DEV_READY) ## Renew the hash-pinned locks from pyproject.toml
	$(BIN)/python tools/lock.py

clean: ## Remove what the commands above made
	rm -rf $(VENV) demo-data build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
