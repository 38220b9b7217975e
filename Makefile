# `make run` and `make test` set everything up by themselves; PYTHON=python3.12 chooses another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CAMPAIGN ?= examples/tungsten-quick.yaml

.PHONY: run test setup setup-dev gpaw lint clean

run: setup  ## a whole rehearsal campaign, into runs/tungsten-quick/
	$(BIN)/defectgenome run $(CAMPAIGN)

test: setup-dev lint gpaw  ## all checks and tests
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy -p defectgenome.schemas -p defectgenome.tasks -p defectgenome.workflows -p defectgenome.deploy

gpaw: setup-dev  ## for the tests of the GPAW engine; where it cannot be built they are skipped, but not in CI
	bash tools/install_gpaw.sh $(BIN)/python || { echo "no GPAW: its tests will be skipped"; [ -z "$$CI" ]; }

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

SOURCES := pyproject.toml Makefile tools/setup.sh $(shell find schemas tasks workflows deploy -name '*.py' 2>/dev/null)

$(VENV)/.installed: $(SOURCES)
	PYTHON="$(PYTHON)" bash tools/setup.sh user

$(VENV)/.installed-dev: $(SOURCES) requirements/ci.txt
	PYTHON="$(PYTHON)" bash tools/setup.sh dev

clean:
	rm -rf $(VENV) build dist *.egg-info
