# Everything a newcomer runs. `make help` lists it.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
OUT ?= out
ARGS ?=
NPM := ui/node.sh npm --prefix ui

.DEFAULT_GOAL := help
.PHONY: help report ui wheel ui-client ui-check ui-e2e ui-test openapi setup setup-train lock demo watch serve test check format bench soak clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## create .venv and install everything pinned in requirements/dev.txt

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Haetae needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is incomplete. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }

$(UV): requirements/bootstrap.txt | $(VENV)/bin/pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $(UV)

$(VENV)/.ready: requirements/dev.txt pyproject.toml | $(UV)
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

setup-train: setup ## add torch and transformers, which train and test the optional networks
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/train.in

lock: $(UV) ## compile requirements/*.txt anew from pyproject.toml
	@cd requirements && ../$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 bootstrap.in -o bootstrap.txt
	@cd requirements && ../$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 node.in -o node.txt
	@$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements/runtime.txt
	@$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --extra postgres --extra notify --group dev -o requirements/dev.txt

demo: setup ## run a site of four simulated cameras with the console on http://127.0.0.1:8000
	@$(MAKE) --no-print-directory ui || echo "Without the console: the API alone" >&2
	@$(BIN)/haetae demo --out $(OUT)/demo $(ARGS)

report: setup ## render a plaza with labelled incidents, watch it, and write a report that says where it lies
	@$(BIN)/haetae demo --report --out $(OUT)/demo $(ARGS)

watch: setup ## watch your own video: make watch SOURCE=path-or-url
	@test -n "$(SOURCE)" || { echo "Say what to watch: make watch SOURCE=video.mp4 (or rtsp://..., /dev/video0, a folder of images)" >&2; exit 2; }
	@$(BIN)/haetae watch "$(SOURCE)" --report --out $(OUT)/watch $(ARGS)

serve: setup ## run all cameras of the database in ./haetae-data, and the API, until Ctrl-C
	@$(BIN)/haetae serve $(ARGS)

ui: ui/dist/index.html ## build the console, which `make serve` then serves

ui/node_modules/.ready: ui/package-lock.json
	@$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

ui/dist/index.html: ui/node_modules/.ready ui/index.html ui/vite.config.ts $(shell find ui/src ui/public -type f)
	@$(NPM) run --silent build -- --logLevel warn
	@echo "The console is built: make serve"

wheel: setup ui ## build a wheel that holds the console, in dist/
	@$(BIN)/python -m hatchling build -t wheel -d dist

ui-client: openapi ui/node_modules/.ready ## write the console's typed client anew, from the API as it is
	@$(NPM) run --silent client

ui-check: | setup ## lint, types and unit tests of the console; says so where there is no Node.js
	@if ui/node.sh true; then $(MAKE) --no-print-directory ui/node_modules/.ready && $(NPM) run --silent lint && $(NPM) run --silent types && $(NPM) run --silent unit; \
		else echo "ui-check skipped: no Node.js"; fi

ui-e2e: | setup ## try the console in Chromium, against a site with simulated cameras
	@if ! ui/node.sh true; then echo "ui-e2e skipped: no Node.js"; \
		elif ! command -v chromium chromium-browser google-chrome >/dev/null; then echo "ui-e2e skipped: no Chromium (apt-get install chromium)"; \
		else $(MAKE) --no-print-directory ui && $(NPM) run --silent e2e; fi

ui-test: ui-check ui-e2e ## all tests of the console

test: setup ## run the whole test suite, a file at a time on each of two processes
	@$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

check: setup ## lint, format check, types, import directions; the console's too
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory ui-check

format: setup ## format the code and sort the imports
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup ## measure the whole path and the event log, as JSON in out/bench
	@mkdir -p $(OUT)/bench
	@$(BIN)/haetae bench watch --json | tee $(OUT)/bench/watch.json
	@$(BIN)/haetae bench log --json | tee $(OUT)/bench/log.json
	@$(BIN)/haetae bench cameras --json | tee $(OUT)/bench/cameras.json
	@$(BIN)/haetae bench triage --json | tee $(OUT)/bench/triage.json

openapi: setup ## write docs/reference/openapi.json anew
	@$(BIN)/haetae openapi > docs/reference/openapi.json

soak: setup ## run 16 cameras with faults for 20 minutes and say what it came to
	@mkdir -p $(OUT)/bench
	@$(BIN)/python -m tests.soak.run $(ARGS) | tee $(OUT)/bench/soak.json

clean: ## remove the virtual environment, the caches and out/
	@rm -rf $(VENV) $(OUT) dist ui/dist ui/node_modules ui/test-results .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
