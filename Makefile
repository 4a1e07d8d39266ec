# Two commands do everything: `make run` and `make test`. Each makes its own environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RECIPE ?= flags/emoji32_quickstart.cfg
MODEL_DIR ?= runs/emoji32_quickstart
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test lint types format clean

help:  ## Lists the commands.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# A stamp is newer than what it was made from; an install that was cut short leaves none.
$(VENV)/.run: setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@

run: $(VENV)/.run  ## Pretrains on the bundled images, judges, exports, writes the report. ARGS=--flag=value
	$(BIN)/tf-simclr --flagfile=$(RECIPE) --model_dir=$(MODEL_DIR) $(ARGS)

test: lint types  ## Runs lint, types and the whole suite with coverage.
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --cov=tf_simclr --cov-report=term:skip-covered --cov-fail-under=90

lint: $(VENV)/.test  ## Checks style.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test  ## Checks types.
	$(BIN)/mypy

format: $(VENV)/.test  ## Formats the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Removes the environment and all runs.
	rm -rf $(VENV) runs build *.egg-info
