# `make` alone lists what there is. Everything here is one line: the work is done by
# requirements/install, .ci/check and the command line `loket`.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo day rush up down status logs replay verify \
        test check bench chaos chaos-smoke drill-restore drill-tickets drill-races format lint types imports generate clean

VENV   := .venv/bin
PY     := $(VENV)/python
LOKET  := $(VENV)/loket
# Further options for the command behind a target: make demo ARGS="--json"
ARGS   ?=

help:
	@awk -f .ci/help.awk $(MAKEFILE_LIST)

##@ Run the platform

demo: setup ## a morning in one mall, from booking to the audit trail
	@$(LOKET) demo $(ARGS)

day: setup ## a whole day of 350 visits in about a minute, with a picture: make day ARGS="--seed 7"
	@$(LOKET) day $(ARGS)

rush: setup ## 5,000 people for 400 places of a day, with and without a waiting room: make rush ARGS="--seed 7"
	@$(LOKET) rush $(ARGS)

up: setup ## start everything and leave it running
	@$(LOKET) up $(ARGS)

down: ## stop what `make up` started
	@if [ -x $(LOKET) ]; then $(LOKET) down $(ARGS); else echo "Nothing is set up, so nothing runs."; fi

status: setup ## how each part does
	@$(LOKET) status $(ARGS)

logs: setup ## the logs of all parts
	@$(LOKET) logs $(ARGS)

replay: setup ## drive a real process log through the platform: make replay LOG=file.csv.gz
	@if [ -z "$(LOG)" ]; then echo "Say which log: make replay LOG=path/to/log.csv (or .xes, .gz)" >&2; exit 2; fi
	@$(LOKET) replay "$(LOG)" $(ARGS)

verify: setup ## check the audit trail against what the read model says
	@$(LOKET) verify $(ARGS)

##@ Work on the code

setup: ## what running needs (done by itself when it is needed)
	@requirements/install runtime

setup-dev: ## what testing needs (done by itself when it is needed)
	@requirements/install dev

test: setup-dev ## all tests: make test ARGS="tests/chassis -x"
	@$(PY) -m pytest $(ARGS)

check: setup-dev ## exactly what CI runs
	@.ci/check

bench: setup ## measure this machine: make bench ARGS="P1"; alone, for half an hour or so; ARGS=--quick: minutes
	@$(PY) -m bench $(ARGS)

chaos: setup-dev ## break everything under load, for half an hour: make chaos ARGS="--seed 7"
	@$(PY) -m tests.chaos $(ARGS)

chaos-smoke: setup-dev ## the same in about three minutes, with one broker
	@$(PY) -m tests.chaos --smoke $(ARGS)

drill-restore: setup-dev ## lose PostgreSQL's data twice, restore, and measure: two minutes
	@$(PY) -m tests.drills.restore

drill-tickets: setup-dev ## 100,000 tickets at 24 counters while queue and PostgreSQL are killed
	@$(PY) -m tests.drills.tickets $(ARGS)

drill-races: setup-dev ## 1,000 races of 500 clients for one place, while booking and PostgreSQL are killed
	@$(PY) -m tests.drills.races $(ARGS)

format: setup-dev ## format, and repair what can be repaired
	@$(VENV)/ruff check --fix-only --quiet .
	@$(VENV)/ruff format .

lint: setup-dev ## ruff
	@$(VENV)/ruff check .

types: setup-dev ## mypy, strict
	@$(VENV)/mypy

imports: setup-dev ## who may import whom
	@$(VENV)/lint-imports --no-logo

generate: setup-dev ## write schemas, samples and pages that follow from the code
	@$(PY) -m contracts.generate
	@$(PY) -m docs.generate

clean: down ## remove .venv, caches and run-time data
	@rm -rf .venv .loket .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
