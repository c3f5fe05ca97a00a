PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: app test test-fast bench endure simulate lint
.DELETE_ON_ERROR:

app: $(VENV)/.app
	$(BIN)/python app.py

test: $(VENV)/.test
	$(BIN)/python -m pytest tests

test-fast: $(VENV)/.test
	$(BIN)/python -m pytest tests -m "not slow" -n 2

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.swap
	$(BIN)/python -m benchmarks.retraining
	$(BIN)/python -m benchmarks.quantisation
	$(BIN)/python -m benchmarks.languages
	$(BIN)/python -m benchmarks.privacy
	$(BIN)/python -m benchmarks.messages

endure: $(VENV)/.test
	$(BIN)/python -m benchmarks.swap --swaps 100
	$(BIN)/python -m benchmarks.kills --kills 100

simulate: $(VENV)/.test
	$(BIN)/python -m benchmarks.loop
	$(BIN)/python -m benchmarks.gate

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	 || { echo "Attune needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 app" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	 || { echo "the module venv is missing; on Debian: apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.app: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --disable-pip-version-check -q --progress-bar off -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-dev.txt requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --disable-pip-version-check -q --progress-bar off -r requirements-dev.txt
	@touch $@ $(VENV)/.app
