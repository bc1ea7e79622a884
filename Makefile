# make run | make test | make bench: each sets up what it needs in .venv, from the lock files.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CONFIG ?=
PYTEST_ARGS ?=

.PHONY: help run test bench lock docs boards clean

help: ## show this help
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

run: $(VENV)/.run ## start everything on the sample city, or on your own: make run CONFIG=my.toml
ifeq ($(CONFIG),)
	@exec $(BIN)/camledger demo
else
	@exec $(BIN)/camledger --config "$(CONFIG)" run
endif

test: $(VENV)/.test ## check everything: style, types, layers, tests
	@.ci/browser
	@exec $(BIN)/python -m pytest -n 2 --dist worksteal $$(.ci/browser --marker) $(PYTEST_ARGS)

bench: $(VENV)/.run ## measure each part beside a bare program: a client, a copy, GEOS
	@exec $(BIN)/camledger bench

lock: ## renew the lock files (needs uv)
	uv pip compile -q --universal --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml --group build -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml --extra grafana --group build --group dev \
	  -c requirements.lock -o requirements-dev.lock

docs: $(VENV)/.test ## write the generated sections of the READMEs
	@exec $(BIN)/python -m tests.documents

boards: $(VENV)/.test ## write the Grafana boards anew
	@exec $(BIN)/camledger dashboards build

clean: ## remove the environment; data stays
	rm -rf $(VENV)

$(BIN)/python:
	@for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making the environment in $(VENV) with $$name …"; \
	    "$$name" -m venv $(VENV) || { rm -rf $(VENV); exit 2; }; exit 0; \
	  fi; \
	done; \
	echo "Python 3.11 or later is needed: install it, or say make PYTHON=/path/to/python" >&2; exit 2

$(VENV)/.run: $(BIN)/python requirements.lock pyproject.toml
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(BIN)/python requirements-dev.lock pyproject.toml
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run
