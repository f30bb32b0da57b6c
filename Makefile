SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell for v in python3.11 python3.12 python3.13 python3.14 python3; do command -v $$v >/dev/null && $$v -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$v; break; }; done)
UV_VERSION := 0.13.9
BIN := .venv/bin
STAMP := .venv/.installed
# Without bytecode each process needs three times the CPU to start, whatever a shell says elsewhere.
unexport PYTHONDONTWRITEBYTECODE

# What a developer's shell is set up for is not for us.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE PYTHONSAFEPATH LD_PRELOAD VIRTUAL_ENV CDPATH

help: ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)-dev ## Install everything into .venv

# What .venv may hold, each with all that stands before it. What was installed once stays: `make demo` after `make test` removes nothing.
SETS := demo stack dev
$(STAMP)-demo: locks/devstack.lock
$(STAMP)-stack: locks/devstack.lock locks/analysts.lock
$(STAMP)-dev: locks/dev.lock
$(SETS:%=$(STAMP)-%): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Looks needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "making .venv with $(PYTHON)"; $(PYTHON) -m venv .venv || { echo "$(PYTHON) can't make virtual environments: install its venv module (Debian: python3-venv)" >&2; exit 1; }; }
	@$(BIN)/uv --version 2>/dev/null | grep -q ' $(UV_VERSION)' || { echo "installing uv $(UV_VERSION)"; $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@set=$(lastword $(foreach one,$(SETS),$(if $(filter $(STAMP)-$(one),$@ $(wildcard $(STAMP)-*)),$(one)))); \
	case $$set in demo) locks=locks/devstack.lock;; stack) locks="locks/devstack.lock locks/analysts.lock";; dev) locks=locks/dev.lock;; esac; \
	echo "installing $$locks"; \
	$(BIN)/uv pip sync --python $(BIN)/python $$locks; \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline --editable .; \
	for one in $(SETS); do touch $(STAMP)-$$one; test $$one != $$set || break; done

demo: $(STAMP)-demo ## Start everything, dress two mannequins, show them in demo-output/, stop
	@$(BIN)/looks dev demo

up: $(STAMP)-stack ## Start the stack in the background; safe to repeat
	@$(BIN)/looks dev up

down: $(STAMP)-demo ## Stop the stack; data stays
	@$(BIN)/looks dev down

reset: $(STAMP)-demo ## Stop the stack and forget its data
	@$(BIN)/looks dev reset

quick: install ## Run every test that needs no stack, on all cores
	@LOOKS_FUZZ_EXAMPLES=$${LOOKS_FUZZ_EXAMPLES:-25} $(BIN)/python -m pytest --numprocesses auto tests/architecture tests/contract tests/unit

WORKERS ?= 2
test: install ## Run the whole suite but the fault campaigns, side by side on one embedded stack: WORKERS=2
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder --ignore tests/chaos --ignore tests/containers --ignore tests/spark --ignore tests/connect

faults: install ## Strike a whole system while it works: a short campaign, the simulation, one planted bug after another
	@$(BIN)/python -m pytest tests/chaos

test-containers: install ## Build the images, run the compose file on a Docker engine, kill parts of it
	@$(BIN)/python -m pytest -v tests/containers

test-connect: install ## Write the lake by Iceberg's sink on a real Kafka Connect worker, killed ten times while 100,000 records arrive
	@$(BIN)/python -m pytest -v tests/connect

SPARK := build/spark/bin/python
test-spark: install ## Ask Spark the cookbook's questions, of the same tables as DuckDB
	@test -x $(SPARK) || $(PYTHON) -m venv build/spark
	@$(BIN)/uv pip sync --quiet --python $(SPARK) locks/spark.lock
	@$(BIN)/python -m pytest -v tests/spark

TYPESCRIPT := clients/typescript/node_modules/.package-lock.json
$(TYPESCRIPT): clients/typescript/package-lock.json
	@cd clients/typescript && npm ci --silent --prefer-offline && touch node_modules/.package-lock.json

clients: install ## Build the clients as packages into build/clients: a wheel, and a tarball for npm where npm is there
	@rm -rf build/clients && mkdir -p build/clients
	@$(BIN)/uv build --quiet --wheel --no-build-isolation --offline --python $(BIN)/python --out-dir build/clients clients/python
	@rm -rf clients/python/build clients/python/*.egg-info build/clients/.gitignore
	@if command -v npm >/dev/null; then \
	  $(MAKE) --no-print-directory $(TYPESCRIPT) && cd clients/typescript && npm pack --silent --pack-destination ../../build/clients >/dev/null; \
	else echo "no npm on this machine: the TypeScript client is not built" >&2; fi
	@ls build/clients

# Installs these packages, as root; without, says what they are for.
apt = if [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1); \
	elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1); \
	else echo "run as root: apt-get install $(1); $(2)" >&2; exit 1; fi

node: ## Install Node and npm for the TypeScript client, where apt-get and root are there
	@if command -v npm >/dev/null; then echo "npm is there"; \
	elif ! command -v apt-get >/dev/null; then echo "install Node 20 or newer with npm: the TypeScript client is checked and tested with it" >&2; exit 1; \
	else $(call apt,nodejs npm,the TypeScript client is checked and tested with it); fi

images: ## Build the images; with syft at hand, list what each holds in build/sbom
	@for target in api ops worker compositor lake cli; do \
	  docker build --quiet --target $$target --tag looks-$$target .; \
	  if command -v syft >/dev/null; then mkdir -p build/sbom; syft scan --quiet --output spdx-json=build/sbom/$$target.spdx.json docker:looks-$$target; fi; \
	done

chart: ## Render the chart anew, with helm, for the values files of deploy/chart/ci
	@for file in deploy/chart/ci/*.yaml; do \
	  helm template looks deploy/chart --values $$file --namespace looks --kube-version 1.34.0 > tests/contract/chart/rendered/$$(basename $$file); \
	done

browser: ## Install Chromium for the console's tests, where apt-get and root are there
	@if command -v chromium >/dev/null; then echo "chromium is there"; \
	elif ! command -v apt-get >/dev/null; then echo "install Chromium as /usr/bin/chromium: the console's tests run in it" >&2; exit 1; \
	else $(call apt,chromium,the console's tests run in it); fi

TOOLS := kcat pgbouncer prometheus redis-server
tools: ## Install what some tests ask for and skip without, where apt-get and root are there: kcat, pgbouncer, promtool, Redis
	@if test "$$(command -v kcat pgbouncer promtool redis-server | wc -l)" = 4; then echo "the tools are there"; \
	elif ! command -v apt-get >/dev/null; then echo "install kcat, pgbouncer, promtool and Redis: some tests are skipped without" >&2; exit 1; \
	else $(call apt,$(TOOLS),some tests are skipped without); fi

NEW_MIGRATIONS = $(filter-out migrations/000% migrations/0010%,$(sort $(wildcard migrations/*.sql)))
check: install ## Format, lint, types, imports, contracts; edits nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PYTHONPATH=clients/python $(BIN)/lint-imports
	@$(BIN)/python -m cli.contracts --check
	@$(BIN)/squawk $(NEW_MIGRATIONS)
	@$(BIN)/python -m pytest -q tests/contract/test_openapi_rules.py tests/contract/test_clients.py::test_the_python_client_asks_for_what_is_there_and_for_all_of_it
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(TYPESCRIPT) && cd clients/typescript && npm run --silent check; \
	else echo "no npm on this machine: the TypeScript client is not checked (make node)" >&2; fi

known-flaws: install ## Check the locked packages for known vulnerabilities; needs the advisories, which are on the network
	@bad=0; for lock in locks/*.lock; do echo "$$lock"; $(BIN)/uv tool run pip-audit --strict --disable-pip --require-hashes -r $$lock || bad=1; done; \
	test $$bad = 0 || { echo "known vulnerabilities, or packages that could not be checked: see above" >&2; exit 1; }

workflows: ## Check the GitHub workflows with actionlint; needs Go
	@go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

fix: install ## Format, and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install ## Measure against bare baselines in the same run; JSON in bench/results/
	@$(BIN)/python -m bench

SUITE ?= -m "not long" tests/architecture tests/contract tests/unit
coverage: install ## Branch coverage by room, of what needs no stack: SUITE=tests for all
	@rm -rf build/coverage && mkdir -p build/coverage
	@LOOKS_FUZZ_EXAMPLES=$${LOOKS_FUZZ_EXAMPLES:-25} $(BIN)/coverage run -m pytest --numprocesses auto $(SUITE)
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage json --quiet -o build/coverage/all.json
	@$(BIN)/python -m bench.covered build/coverage/all.json

mutants: install ## Mutation testing: change the rules one place at a time and see whether their tests notice: MODULES="domain.money"
	@$(BIN)/python -m bench.mutants $(MODULES)

SEED ?= 1
FAULTS ?= 300
REQUESTS ?= 3000
OVER_S ?= 240
chaos: install ## Strike a whole system while it works, then audit it: SEED=7 FAULTS=300 REQUESTS=3000 OVER_S=240
	@$(BIN)/python -m chaos --seed $(SEED) --faults $(FAULTS) --requests $(REQUESTS) --over-s $(OVER_S)

CHUNKS ?= 3
campaign: install ## Twenty minutes of faults over many cheap looks, so many times, each with the next seed: CHUNKS=3 SEED=1000
	@$(BIN)/python -m chaos --cheap --chunks $(CHUNKS) --seed $(SEED) --faults 450 --requests 9000 --over-s 1080 --at-once 300 --sample 500

N ?= 20000
simulate: install ## Run the decision core through so many interleavings in virtual time: N=20000 SEED=1
	@$(BIN)/python -m chaos.simulation --n $(N) --seed $(SEED)

gallery: install ## Dress every photo of ../shared/garments (or the drawn garments) into gallery-output/index.html
	@$(BIN)/python -m bench.gallery

contracts: install ## Generate docs/contracts and the clients' models from the schemas
	@$(BIN)/python -m cli.contracts

connect: install ## Build what a Kafka Connect worker needs beside Iceberg's sink: build/connect/looks-lake-row.jar
	@$(BIN)/python -m deploy.connect.transform

analysts: install ## Build looks-analysts, what analysts install, in build/analysts/dist
	@$(BIN)/python -m deploy.nesting build/analysts/source
	@$(BIN)/uv build --quiet --no-build-isolation --offline --python $(BIN)/python --out-dir build/analysts/dist build/analysts/source

docs: install ## Build the docs as a site in build/docs/site: no warning, nothing from elsewhere
	@$(BIN)/python -m deploy.site

pictures: install ## Draw the docs' pictures and the console's samples anew, from garments that the project draws itself
	@$(BIN)/python -m bench.pictures

assets: install ## Render the mannequins anew (minutes)
	@$(PYTHON) -m venv build/assets && $(BIN)/uv pip sync --quiet --python build/assets/bin/python assets/requirements.lock
	@build/assets/bin/python -m assets compositing/mannequins

# Each lock is whole for its purpose, and of one choice of versions: that of dev.lock, which holds all.
COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
PART = $(COMPILE) --universal --no-annotate --constraint locks/dev.lock pyproject.toml
lock: ## Write the lock files anew
	@$(COMPILE) --universal --all-extras pyproject.toml -o locks/dev.lock
	@$(PART) -o locks/runtime.lock
	@$(PART) --extra api -o locks/api.lock
	@$(PART) --extra api --extra ops --extra lake -o locks/ops.lock
	@$(PART) --extra compositor -o locks/compositor.lock
	@$(PART) --extra lake -o locks/lake.lock
	@$(PART) --extra cli --extra analysts --extra lake -o locks/analysts.lock
	@$(PART) --extra api --extra compositor --extra cli --extra devstack -o locks/devstack.lock
	@$(PART) --extra api --extra compositor --extra cli --extra docs -o locks/docs.lock
	@$(COMPILE) --universal --no-annotate bench/peers/requirements.in -o locks/peers.lock
	@$(COMPILE) --universal --no-annotate tests/spark/requirements.in -o locks/spark.lock
	@$(COMPILE) assets/requirements.in -o assets/requirements.lock
	@$(COMPILE) --no-deps assets/requirements-data.in >> assets/requirements.lock

.PHONY: help install demo up down reset quick test faults test-containers test-connect test-spark images chart browser tools node clients check known-flaws workflows fix bench coverage mutants chaos campaign simulate gallery contracts connect analysts docs pictures assets lock
