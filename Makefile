# Everything a person types here. `make help` tells what there is; each target sets up what it needs.
# A machine needs Python >= 3.11 with venv, and make. The tests also need Chromium.

.DEFAULT_GOAL := help
.PHONY: help run test soak faults check check-code check-locks check-production check-twilio check-postfix format bench bench-quick lock secrets clean browser nginx postfix prism tools service baselines
.DELETE_ON_ERROR:

PYTHON ?= python3
ARGS ?=
SAMPLE ?= 200
# Test processes at once; each has servers of its own. JOBS=0 runs all in one, as a debugger needs it.
JOBS ?= 4

BIN := .venv/bin
SOURCES := src channels workers tests benchmarks
# Nothing is fetched but the packages that the locks name: no Python, no browser.
export UV_PYTHON_DOWNLOADS := never
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
# The lock pins the pyright wheel, which runs the pyright of the same version.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# Each start is a handful of processes; without compiled modules each of them reads all its sources anew.
unexport PYTHONDONTWRITEBYTECODE
# The environment is of this folder: a checkout that was moved gets a new one.
PLACE := $(firstword $(shell pwd | cksum))
VENV := .venv/.made-$(PLACE)
SERVICE := .venv/.service-$(PLACE)
TOOLS := .venv/.tools-$(PLACE)
PRISM := .venv/prism/.made-$(PLACE)
BASELINES := .venv/baselines/.made-$(PLACE)
UV := $(BIN)/uv --quiet
INSTALL := $(UV) pip install --python $(BIN)/python
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
BASELINES_NEED := benchmarks/baselines/requirements
# Locks name versions and hashes, no hosts and no paths. $(1): the folder, $(2): more options.
compile = $(COMPILE) pyproject.toml --extra build --output-file $(1)/requirements.lock $(2) && \
	$(COMPILE) pyproject.toml --extra build --extra dev --constraints $(1)/requirements.lock \
		--output-file $(1)/requirements-dev.lock $(2)

help: ## Tell what can be typed here
	@echo "make TARGET [ARGS='…']"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  %-12s %s\n", $$1, $$2 }'

run: $(SERVICE) ## Start Tocsin with sample data on http://127.0.0.1:8000 (ARGS='--port 8001', SAMPLE=200)
	@exec $(BIN)/tocsin up --sample $(SAMPLE) $(ARGS)

test: $(TOOLS) prism browser ## Run all tests, on real servers and a real browser (ARGS='tests/web -k title')
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder --durations=15 $(ARGS)

soak: $(TOOLS) browser ## Run what takes many minutes: hundreds of lives on PostgreSQL, a storm
	@$(BIN)/python -m pytest -m soak --timeout=3600 -s $(ARGS)

faults: $(TOOLS) ## Try every fault in its long form, half an hour of them, and write docs/faults.md
	@$(BIN)/python -m pytest -m "faults or not faults" --timeout=3600 -s $(ARGS) \
		tests/faults/test_every_step.py tests/faults/test_hundred_kills.py tests/faults/test_faults_long.py

check: check-code check-locks check-production check-twilio check-postfix ## Check format, lint, types, layers, locks, production files, Twilio's API, and mail through Postfix

check-code: $(TOOLS)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

check-locks: $(TOOLS)
	@new=$$(mktemp -d) && cp config/requirements*.lock "$$new" && \
	{ ( $(call compile,"$$new",--offline) ) 2>/dev/null || { $(call compile,"$$new"); }; } && \
	for lock in config/requirements*.lock; do diff -u "$$lock" "$$new/$${lock##*/}" || { \
		echo "$$lock is not what pyproject.toml asks for: type make lock" >&2; exit 1; }; done && \
	rm -r "$$new" && echo "Locks are current."

check-production: $(TOOLS) nginx
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint config/Dockerfile
	@! PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || $(BIN)/python -m pytest -q tests/check_nginx.py

check-twilio: $(TOOLS) prism
	@! command -v npm >/dev/null || $(BIN)/python -m pytest -q tests/test_twilio_document.py

# Postfix starts as root alone, and is not installed unasked (see below).
check-postfix: $(TOOLS)
	@if [ "$$(id -u)" = 0 ] && PATH="$$PATH:/usr/sbin" command -v postfix >/dev/null; then \
		$(BIN)/python -m pytest -q tests/check_postfix.py; else \
		echo "Postfix is missing, or you are not root, and mail is not tried through it. On Debian: sudo apt-get install -y postfix" >&2; fi

format: $(TOOLS) ## Put every file into the common form
	@$(BIN)/ruff check --fix --quiet $(SOURCES); $(BIN)/ruff format $(SOURCES)

bench: $(TOOLS) $(BASELINES) postfix ## Measure deliveries per second, beside others on the same machine
	@$(BIN)/python benchmarks/policy.py
	@$(BIN)/python benchmarks/blast.py --subscribers 100000 $(ARGS)
	@$(BIN)/python benchmarks/sparse.py
	@$(BIN)/python benchmarks/overtake.py
	@$(BIN)/python benchmarks/first_word.py
	@$(BIN)/python benchmarks/growth.py
	@$(BIN)/python benchmarks/carriers.py
	@$(BIN)/python benchmarks/scale.py
	@$(BIN)/python benchmarks/intake.py
	@$(BIN)/python benchmarks/receipts.py
	@$(BIN)/python benchmarks/journal.py
	@$(BIN)/python benchmarks/page.py

bench-quick: $(TOOLS) $(BASELINES) postfix ## The same in some five minutes, smaller
	@$(BIN)/python benchmarks/blast.py --subscribers 5000 --rounds 1 --baseline 1000 $(ARGS)
	@$(BIN)/python benchmarks/sparse.py --rounds 3
	@$(BIN)/python benchmarks/first_word.py --subscribers 20000 --samples 10
	@$(BIN)/python benchmarks/carriers.py --subscribers 1000 --rounds 1 --baseline 500
	@$(BIN)/python benchmarks/intake.py --rates 500 --rounds 1
	@$(BIN)/python benchmarks/receipts.py --posts 300 --seconds 2 --rounds 1
	@$(BIN)/python benchmarks/page.py --subscribers 5000 --rounds 2

# In a folder for its owner alone the files are readable: the images' users are not yours.
secrets: ## Make the passwords and keys of docker-compose.yml, those that are missing, in config/secrets/
	@umask 022; mkdir -p config/secrets; chmod 700 config/secrets; cd config/secrets; \
	new() { $(PYTHON) -c 'import secrets; print(secrets.token_hex(32))'; }; \
	keep() { [ -e "$$1" ] || { cat >"$$1"; echo "config/secrets/$$1"; }; }; \
	new | keep postgres_password; new | keep valkey_password; new | keep secret; new | keep receipt_token; \
	echo "postgresql://tocsin:$$(cat postgres_password)@postgres:5432/tocsin" | keep database_url; \
	echo "redis://tocsin:$$(cat valkey_password)@valkey:6379/0" | keep broker_url; \
	printf 'user default off\nuser tocsin on >%s ~tocsin:* &* +@all -@admin -@dangerous +info\n' \
		"$$(cat valkey_password)" | keep valkey_users; \
	$(PYTHON) -c 'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="))' | \
		keep push_private_key; \
	printf '' | keep smtp_url; \
	[ -s smtp_url ] || echo "Write smtp://user:password@host:587 into config/secrets/smtp_url, or no mail is sent."

lock: $(VENV) ## Write the locks anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(COMPILE) --group bootstrap --output-file config/bootstrap.lock $(ARGS)
	@$(call compile,config,$(ARGS))
	@$(COMPILE) $(BASELINES_NEED).in --constraints config/requirements.lock --output-file $(BASELINES_NEED).lock $(ARGS)

clean: ## Remove what these commands made here (the data of `make run` stays)
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache test-results dist build
	@find src channels workers tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

service: $(SERVICE)
prism: $(PRISM)
tools: $(TOOLS)
baselines: $(BASELINES)

$(VENV): config/bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Tocsin needs Python 3.11 or newer as $(PYTHON). On Debian 12 or newer, as root: apt-get install -y python3 python3-venv"; \
		echo "Is it there under another name? make PYTHON=python3.12 …"; exit 1; } >&2
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "Python's venv is missing. On Debian, as root: apt-get install -y python3-venv"; exit 1; } >&2
	@echo "Making .venv …"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r config/bootstrap.lock
	@touch $@

$(SERVICE): $(VENV) config/requirements.lock pyproject.toml
	@echo "Installing what Tocsin runs on …"
	@$(INSTALL) --require-hashes -r config/requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(TOOLS): $(SERVICE) config/requirements-dev.lock
	@echo "Installing what it is tested with …"
	@$(INSTALL) --require-hashes -r config/requirements-dev.lock
	@touch $@

# What the benchmarks compare with has an environment of its own: Tocsin needs none of it.
$(BASELINES): $(VENV) $(BASELINES_NEED).lock
	@echo "Installing what the benchmarks compare with …"
	@$(UV) venv --clear --python $(BIN)/python $(@D)
	@$(UV) pip install --python $(@D)/bin/python --require-hashes -r $(BASELINES_NEED).lock
	@touch $@

# What holds us to Twilio's own OpenAPI document is a program for Node; without it the other tests run all the same.
$(PRISM): $(VENV) tests/prism/package-lock.json
	@mkdir -p $(@D) && cp tests/prism/package.json tests/prism/package-lock.json tests/prism/.npmrc $(@D)
	@if ! command -v npm >/dev/null; then \
		echo "npm is missing and texts are not held to Twilio's API. On Debian: sudo apt-get install -y npm" >&2; \
	else echo "Installing Prism …"; cd $(@D); if npm ci --silent; then touch $(@F); else rm -rf node_modules; \
		echo "npm could not fetch Prism and texts are not held to Twilio's API." >&2; fi; fi

# Debian packages: installed where we may, otherwise the one line to type.
APT := DEBIAN_FRONTEND=noninteractive apt-get
define need
	@for name in $(1); do command -v $$name >/dev/null && exit 0; done; \
	if ! command -v apt-get >/dev/null; then may=; \
	elif [ "$$(id -u)" = 0 ]; then may=env; \
	elif sudo -n true 2>/dev/null; then may="sudo env"; \
	else may=; fi; \
	if [ -n "$$may" ]; then echo "Installing $(2) …"; \
		{ $$may $(APT) update -qq && $$may $(APT) install -y -qq --no-install-recommends $(2); } >/dev/null && exit 0; fi; \
	$(3)
endef

browser:
	$(call need,chromium chromium-browser google-chrome google-chrome-stable,chromium,\
	echo "The tests need Chromium. On Debian: sudo apt-get install -y chromium" >&2; exit 1)

nginx:
	$(call need,nginx /usr/sbin/nginx,nginx-light,\
	echo "nginx is missing and config/nginx.conf is not tried. On Debian: sudo apt-get install -y nginx-light" >&2)

# Not installed unasked: a mail server is nothing to find on one's machine one day.
postfix:
	@PATH="$$PATH:/usr/sbin"; command -v smtp-source >/dev/null || { \
		echo "The bench compares with Postfix's smtp-source. On Debian: sudo apt-get install -y postfix" >&2; exit 1; }
