# The same short commands for people and for CI. `make` alone lists them.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt
PIP := $(INSTALL) --quiet

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all check look bench pythons format docs fuzz wheel clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing mmpretrain into $(VENV) (a few minutes the first time) ..."
	$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) -e ".[dev]"
	@touch $@

install: $(VENV)/.core  ## Make .venv and install mmpretrain into it

demo: $(VENV)/.core  ## Train, test and predict on real handwritten digits
	$(BIN)/mmpretrain demo

test: $(VENV)/.dev  ## Run the tests on all cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-all: $(VENV)/.dev  ## The same with the costly ones (large models)
	$(MAKE) test ARGS="-m 'not gpu' $(ARGS)"

check: $(VENV)/.dev  ## Lint, type-check, and hold the rules of the house
	$(BIN)/python -m pytest -q tests/test_architecture.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: $(VENV)/.dev  ## Feed odd files, configs and options to mmpretrain: no crash, no hang
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz $(ARGS)

look: $(VENV)/.dev  ## Print what deserves a look: long places, Any, tests without a twin (fails nothing)
	$(BIN)/python tools/look.py

bench: $(VENV)/.core  ## Measure speed and memory in under 10 minutes (benchmarks/peers.sh first, to compare)
	$(BIN)/python benchmarks/run.py $(ARGS)

pythons: $(VENV)/.core  ## Try install and demo on each Python from 3.10 to 3.14 that is there
	tools/try_pythons.sh

docs: $(VENV)/.dev  ## Build the documentation into site/
	$(BIN)/mkdocs build --strict

wheel: $(VENV)/.dev  ## Build the wheel into dist/
	$(PIP) build
	$(BIN)/python -m build --wheel

clean:  ## Remove what was built
	rm -rf $(VENV) build dist site work_dirs .pytest_cache .ruff_cache
