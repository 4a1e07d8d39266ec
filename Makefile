# Two commands do everything: `make run` and `make test`. Each makes its own environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ADDONS := .venv-addons
TPU := .venv-tpu
# The first that runs: tensorflow-addons is for Python 3.11 and older, and this package for 3.10 and newer.
PYTHON_ADDONS ?= $(shell for python in python3.11 python3.10; do $$python -c '' 2>/dev/null && echo $$python && break; done)
TPU_COMPILER := .venv-tpu-compile
# The versions that requirements.txt pins are for Python 3.12 and newer.
PYTHON_TPU ?= $(shell for python in python3.12 python3.13; do $$python -c '' 2>/dev/null && echo $$python && break; done)

# Those that run, of the ones that tensorflow-tpu is tried with.
PYTHONS_TPU ?= $(shell for python in python3.11 python3.12; do $$python -c '' 2>/dev/null && echo $$python; done)
# Without the first TensorFlow's import asks Google's servers for a minute where there is no TPU.
NO_TPU := TPU_SKIP_MDS_QUERY=1 TPU_WORKER_HOSTNAMES=localhost
RECIPE ?= quickstart
MODEL_DIR ?= runs/emoji32_quickstart
ARGS ?=
# Three workers for two cores: at times one waits for what it has started. Each takes a file at a time,
# in the order of tests/lanes.py.
PYTEST := -m pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run test-fast test test-addons test-tpu-compile test-tpu-trace test-tpu-install demo-v2 demo-pretext bench docs lint types format clean

help:  ## Lists the commands.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# A stamp is newer than what it was made from; an install that was cut short leaves none.
$(VENV)/.run: setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[hog]'
	@touch $@

$(VENV)/.test: setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,hog,onnx,lite,notebooks,browser]'
	@touch $(VENV)/.run $@

$(VENV)/.docs: setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $(VENV)/.run $@

$(ADDONS)/.test: setup.py constraints-addons.txt
	@test -n "$(PYTHON_ADDONS)" || { echo "Python 3.11 or 3.10 is needed: make $(MAKECMDGOALS) PYTHON_ADDONS=/path/to/python3.11"; exit 1; }
	$(PYTHON_ADDONS) -m venv $(ADDONS)
	$(ADDONS)/bin/python -m pip install --quiet --constraint constraints-addons.txt --editable '.[addons,test]'
	@touch $@

run: $(VENV)/.run  ## Pretrains on bundled images, judges, exports. ARGS=--flag=value
	$(BIN)/tf-simclr --recipe=$(RECIPE) --model_dir=$(MODEL_DIR) $(ARGS)

test-fast: lint types  ## After each edit: lint, types, the quick tests.
	$(BIN)/python $(PYTEST) -m 'not slow'

# Coverage by SlipCover, which rewrites bytecode: tracing each line would add a quarter to the tests' time.
# Held against its bound by a second command: in that of several workers the report would be empty.
test: lint types  ## Lint, types and the whole suite with coverage.
	$(BIN)/python -m slipcover --source=tf_simclr --json --out=build/coverage.json \
	  $(PYTEST) --junitxml=build/test.xml
	@$(BIN)/python -m slipcover --merge build/coverage.json --out=build/coverage.json \
	  --skip-covered --missing-width=12 --fail-under=90

# One Keras for all: tensorflow-addons trains with tf.keras, and this package with tf_keras.
test-addons: $(ADDONS)/.test  ## Beside tensorflow-addons, on TensorFlow 2.15: what it can tell.
	TF_USE_LEGACY_KERAS=1 $(ADDONS)/bin/python $(PYTEST) --junitxml=build/test-addons.xml \
	  -m 'not first_lane'

$(TPU_COMPILER)/.test: tests/tpu/compiled/requirements.txt
	@test -n "$(PYTHON_TPU)" || { echo "Python 3.12 is needed: make $(MAKECMDGOALS) PYTHON_TPU=/path/to/python3.12"; exit 1; }
	$(PYTHON_TPU) -m venv $(TPU_COMPILER)
	$(TPU_COMPILER)/bin/python -m pip install --quiet --requirement $<
	@touch $@

# Not in CI: about 40 minutes of two cores. Each cell is a step that TensorFlow lowers and that the
# compiler of another environment compiles.
test-tpu-compile: $(VENV)/.test $(TPU_COMPILER)/.test  ## Compiles steps for TPUs, without one: memory, operations.
	TPU_COMPILER=$(TPU_COMPILER)/bin/python $(BIN)/python -m pytest tests/tpu/compiled/check.py $(ARGS)

test-tpu-trace: $(VENV)/.test  ## Traces every kind of training step for TPUs, without one.
	TPU_TRACE=whole $(BIN)/python -m pytest tests/tpu/trace_test.py

# Without --no-deps pip would lay `tensorflow` over tensorflow-tpu. One after the other: a process at
# a time may hold the library of TPUs.
test-tpu-install:  ## Installs beside tensorflow-tpu, afresh for each of PYTHONS_TPU, and tries it.
	@test -n "$(PYTHONS_TPU)" || { echo "Python 3.11 or 3.12 is needed: make $@ PYTHONS_TPU=/path/to/python3.12"; exit 1; }
	@for python in $(PYTHONS_TPU); do \
	  $$python --version && $$python -m venv --clear $(TPU) && \
	  $(TPU)/bin/python -m pip install --quiet --constraint constraints.txt pytest pytest-xdist && \
	  $(TPU)/bin/python -m pip install --quiet --no-deps --requirement constraints-tpu.txt --editable . && \
	  $(NO_TPU) $(TPU)/bin/python tests/tpu/install.py || exit 1; done

demo-v2: $(VENV)/.run  ## Few labels: pretrains, fine-tunes, distils; prints a table.
	$(BIN)/python -m benchmarks.demo_v2

demo-pretext: $(VENV)/.run  ## Pretext tasks side by side, trained equally long; prints tables.
	$(BIN)/python -m benchmarks.demo_pretext

bench: $(VENV)/.test  ## Runs every benchmark; that of the exports after `make run`.
	@for name in startup scan resume mixing augmentation step small_maps microbatches loss precision exemplars; do \
	  printf '\n## %s\n\n' $$name; $(BIN)/python -m benchmarks.$$name || exit 1; done
	@if test -d $(MODEL_DIR); then printf '\n## exports\n\n'; \
	  $(BIN)/python -m benchmarks.exports --model_dir=$(MODEL_DIR); fi

# Not in CI. A link to a page or a heading that is not there is an error.
docs: $(VENV)/.docs  ## Makes a site of docs/ and the docstrings (Python 3.11 and newer).
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --conf-dir docs \
	  --doctree-dir build/doctrees . build/docs
	@echo "Made build/docs/index.html"

lint: $(VENV)/.test  ## Checks style.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test  ## Checks types.
	$(BIN)/mypy

format: $(VENV)/.test  ## Formats the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Removes the environments; runs/ stays.
	rm -rf $(VENV) $(ADDONS) $(TPU) $(TPU_COMPILER) build *.egg-info
