# Tidegate. `make run` starts the portal, `make test` runs all tests; both install what they need.
.DEFAULT_GOAL := help
.PHONY: help run test check fmt demo manage bench clean
.NOTPARALLEL:

PYTHON := .venv/bin/python
LOCAL := $(PYTHON) -m config.local
PORT ?= 8000
STAGE ?=

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: .install-local ## start the portal with its servers (PORT=8000); Ctrl-C stops it, the data stays
	@$(LOCAL) run --port $(PORT)

test: .install-local-test-lint ## run all tests on real servers, on every core (ARGS="tests/access -n 0" for some, on one)
	@$(LOCAL) test -- $(PYTHON) -m pytest -n auto --dist loadgroup $(ARGS)

check: .install-local-test-lint ## format, lint, types, import contracts, migrations, API schema, deployment
	@$(LOCAL) exec -- sh config/local/check.sh

fmt: .install-local-test-lint ## format the code and mend what the linter can
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

demo: .install-local ## load the demo data up to a stage (STAGE=...), beside a running `make run` or without
	@$(LOCAL) with -- sh -c '$(PYTHON) manage.py migrate --no-input -v 0 && $(PYTHON) manage.py demo $(if $(STAGE),--stage $(STAGE))'

manage: .install-local ## any management command on the data of `make run` (ARGS="createsuperuser")
	@$(LOCAL) with -- $(PYTHON) manage.py $(ARGS)

bench: .install-local-test-lint ## measure speed on throw-away servers (ARGS=... are passed on)
	@$(LOCAL) exec -- sh -c '$(PYTHON) manage.py migrate --no-input -v 0 && $(PYTHON) manage.py setup_assets -v 0 && $(PYTHON) manage.py bench $(ARGS)'

clean: ## remove the data, the installed packages and all caches
	@! { [ -s var/lock ] && kill -0 "$$(cat var/lock)" 2>/dev/null; } || { echo "Tidegate runs from this folder; stop it first." >&2; exit 1; }
	rm -rf var .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One bootstrap for every set of dependency groups: .install-local-test installs "local" and "test".
.install-%:
	@sh config/local/bootstrap.sh $(subst -, ,$*)
