# Everything that a newcomer, a change and CI need; each works from a bare clone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Holds for the build of our own package too, which pip does in an environment of its own.
export PIP_CONSTRAINT := $(CURDIR)/packaging/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint types unit deb try-deb bench pictures fuzz crash-campaign fault-campaign spec-diff format lock clean

help:
	@echo "make demo    see the whole idea in half a minute, without an account"
	@echo "make test    everything that a change must pass"
	@echo "make bench   figures beside their floors (BENCH=--quick for a short run)"
	@echo "make fuzz    a million webhooks as nobody sends them (BODIES=1000000): no error, no delay"
	@echo "make crash-campaign  kill -9 of the agent in RUNS=300 watches: none is lost, none counts twice"
	@echo "make fault-campaign  a Trakt that fails in every way and for hours: the same"
	@echo "make spec-diff FROM=FILE|URL  what differs between a description of Trakt's API and ours"
	@echo "make deb     a Debian package that carries its own environment, in dist/"
	@echo "make try-deb install it in a clean Debian, use it there, and purge it (as root; needs debootstrap)"
	@echo "make pictures  the pictures of README.md, made from the real program"
	@echo "make format  put the code into its form"
	@echo "make lock    take the newest versions of all dependencies"
	@echo "make clean   remove what the above made"

demo: $(VENV)/.run
	@$(BIN)/scrobbler demo

test: lint types unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	@packaging/players.sh
	$(BIN)/pytest -n auto --cov --cov-context=test --cov-report=
	$(BIN)/python tests/own_coverage.py

bench: $(VENV)/.dev
	@packaging/players.sh
	@$(MAKE) --silent $(VENV)/rival/.done || echo "The rival cannot be installed; all but the race is measured."
	$(BIN)/python tests/bench $(BENCH)

pictures: $(VENV)/.dev
	@packaging/players.sh
	@$(BIN)/python tests/pictures.py

fuzz: $(VENV)/.dev
	@$(BIN)/python tests/fuzz $(if $(BODIES),--bodies $(BODIES)) $(if $(SEED),--seed $(SEED)) $(if $(AGAIN),--again $(AGAIN))

crash-campaign: $(VENV)/.dev
	@$(BIN)/python tests/campaign crash $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED)) $(if $(AGAIN),--again $(AGAIN))

fault-campaign: $(VENV)/.dev
	@$(BIN)/python tests/campaign faults $(if $(SEED),--seed $(SEED)) $(if $(AGAIN),--again '$(AGAIN)')

spec-diff: $(VENV)/.dev
	@$(BIN)/python tests/spec_diff.py "$(FROM)"

deb: $(VENV)/.dev
	packaging/deb/build

try-deb: deb
	packaging/deb/try

format: $(VENV)/.dev
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

lock: $(VENV)/.dev
	PIP_CONSTRAINT= $(BIN)/pip install --quiet --upgrade --upgrade-strategy eager -e '.[dev]' hatchling
	@(sed '/^[^#]/d' packaging/constraints.txt; $(BIN)/pip freeze --exclude-editable) > $(VENV)/constraints.txt
	@mv $(VENV)/constraints.txt packaging/constraints.txt

clean:
	rm -rf $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist

$(VENV)/.run: pyproject.toml packaging/constraints.txt | $(VENV)
	@echo "Installing what the program needs ..."
	@$(BIN)/pip install --quiet -e .
	@touch $@

$(VENV)/.dev: pyproject.toml packaging/constraints.txt | $(VENV)
	@echo "Installing what the program and its tests need ..."
	@$(BIN)/pip install --quiet -e '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/rival/.done: tests/bench/rival.txt | $(VENV)
	@echo "Installing a rival, to be measured beside ..."
	@$(PYTHON) -m venv $(VENV)/rival
	@PIP_CONSTRAINT= $(VENV)/rival/bin/pip install --quiet -r $<
	@touch $@

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "This needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
