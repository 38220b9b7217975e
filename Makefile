# `make run` and `make test` set everything up by themselves; PYTHON=python3.12 chooses another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CAMPAIGN ?= examples/tungsten-quick.yaml

.PHONY: run test setup setup-dev lint bench clean

run: setup  ## a whole rehearsal campaign, into runs/tungsten-quick/
	$(BIN)/defectgenome run $(CAMPAIGN)

test: setup-dev lint  ## all checks and tests
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy -p defectgenome.schemas -p defectgenome.tasks -p defectgenome.workflows -p defectgenome.deploy

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

SOURCES := pyproject.toml Makefile tools/setup.sh $(shell find schemas tasks workflows deploy -name '*.py' 2>/dev/null)

$(VENV)/.installed: $(SOURCES)
	PYTHON="$(PYTHON)" bash tools/setup.sh user

$(VENV)/.installed-dev: $(SOURCES) requirements/ci.txt
	PYTHON="$(PYTHON)" bash tools/setup.sh dev

clean:
	rm -rf $(VENV) build dist *.egg-info
