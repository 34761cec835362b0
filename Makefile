# Needs Python 3.11 or newer, git and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What CI runs of the exhaustive tests: some five minutes on two cores.
EXHAUSTIVE := tests/logic tests/records tests/patient tests/kernel tests/test_authoring_guide.py \
	tests/population/test_spark.py tests/population/test_batch_resume.py

.PHONY: help run test test-exhaustive test-all check format house bench clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: $(VENV)/.run  ## classify the guideline's own patient
	@$(BIN)/guideproof classify docs/examples/patient.ttl

test: $(VENV)/.dev  ## run the tests, but for what is exhaustive
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not exhaustive"

test-exhaustive: $(VENV)/.dev  ## run a fixed part of what is exhaustive: the logic and the kernel against other engines
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m exhaustive $(EXHAUSTIVE)

test-all: $(VENV)/.dev  ## run all tests: thousands of records by HermiT, mutations by the thousand, Spark
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev  ## format, lint, types, Turtle, prefixes, rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_ontology.py tests/test_authoring.py tests/test_rooms.py

format: $(VENV)/.dev  ## format and mend what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

house: $(VENV)/.dev  ## draw the picture of the rooms, and list their modules
	$(BIN)/python tests/house.py

bench: $(VENV)/.bench  ## measure against peers and floors, and compare: ten minutes to half an hour, or QUICK=1 for less
	$(BIN)/python tests/bench/bench.py $(if $(QUICK),--quick)

clean:  ## remove what was installed and cached
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml
	@echo "installing into $(VENV) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	@echo "installing into $(VENV), with what tests need …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e ".[dev]"
	@touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/.dev
	@echo "installing into $(VENV), with the peers of the benchmark …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e ".[dev,bench]"
	@touch $@
