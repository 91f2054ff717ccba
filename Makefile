# Needs make, Node 20+ and Python 3.11 to 3.14; everything else is brought by the locks.
#
#   make up      deploy to an AWS emulator here, keep two folders in step, say what happens
#                (ACCOUNTS=emulated: an emulated Google Drive and Dropbox)
#   make test    every check and every test          make check   the fast part of it
#   make simulate  play both simulations by hand (SEEDS=1000 from FROM=0, KIND=feed)
#   make bench   measure against rclone, Unison, cp and rsync (options: BENCH="--quick")
#   make openapi  bring the API's description up to date
#   make lambda  build what the AWS functions run (before npx cdk deploy)
#   make lock    bring the locks up to date            make clean   remove what was built
#
# PYTHON=... chooses the interpreter, TESTS="-k name" narrows the tests.

PYTHON  ?=
BENCH   ?=
TESTS   ?=
ACCOUNTS ?= folders
WORKERS ?= 3
SEEDS   ?= 1000
FROM    ?= 0
KIND    ?=

here := $(shell cd "$$(dirname '$(strip $(MAKEFILE_LIST))')" && pwd -P)
targets := up test check lint browser simulate bench openapi lambda env lock clean

.PHONY: $(targets)
.DEFAULT_GOAL := check

ifneq ($(CURDIR),$(here))
# Called from elsewhere: begin again here, so that every path below may be relative.
$(targets):
	@$(MAKE) --no-print-directory -C '$(here)' $@
else

bin := .venv/bin
pytest := $(bin)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

# The first interpreter that will do, as "python"; a Python without venv or pip will not.
find_python = \
	python=; \
	for candidate in $(if $(PYTHON),'$(PYTHON)',python3.11 python3.12 python3.13 python3.14 python3); do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
	    >/dev/null 2>&1; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'SyncOxiders needs Python 3.11 to 3.14 with venv (Debian: apt install python3 python3-venv).' >&2; \
	  echo '$(if $(PYTHON),PYTHON=$(PYTHON) is not one.,None was found; name one with make PYTHON=/path/to/python3.)' >&2; \
	  exit 1; \
	fi

# A .venv of another Python, or of one that was removed, is made anew.
fresh_venv = \
	version='import sys; print(sys.version_info[:3])'; \
	if [ "$$($(bin)/python -c "$$version" 2>&1)" != "$$("$$python" -c "$$version")" ]; then \
	  "$$python" -m venv --clear .venv; \
	fi

# uv, as the lock has it; pip is only used to bring it.
bring_uv = \
	$(find_python); \
	$(fresh_venv); \
	sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > .venv/uv.txt; \
	$(bin)/python -m ensurepip >/dev/null; \
	$(bin)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt; \
	export VIRTUAL_ENV='$(here)/.venv'

# Another PYTHON= than last time sets up again.
ready := .venv/.ready$(subst /,-,$(PYTHON))

$(ready): requirements-dev.lock pyproject.toml
	@set -eu; \
	echo 'Setting up .venv ...'; \
	$(bring_uv); \
	$(bin)/uv pip sync --quiet --require-hashes requirements-dev.lock; \
	$(bin)/uv pip install --quiet --no-deps --no-build-isolation --editable .; \
	rm -f .venv/.ready*; \
	touch $@

# The local AWS emulator pins what the project does not: it has an environment of its own.
ministack := .venv-ministack/.ready

$(ministack): requirements-ministack.lock $(ready)
	@set -eu; \
	echo 'Setting up .venv-ministack ...'; \
	$(bin)/python -m venv --clear --without-pip .venv-ministack; \
	$(bin)/uv pip sync --quiet --require-hashes --python .venv-ministack/bin/python requirements-ministack.lock; \
	touch $@

# The CDK's command line. Without Node only what deploys is missing, and says so.
cdk := node_modules/.ready

$(cdk): package-lock.json .npmrc
	@set -eu; \
	if command -v npm >/dev/null; then \
	  echo 'Setting up node_modules ...'; \
	  npm ci --silent; \
	  touch $@; \
	else \
	  echo 'Node.js is not on this machine: make up, make lambda and npx cdk will not work.' >&2; \
	fi

env: $(ready) $(ministack) $(cdk)

lint: env
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

check: lint
	$(pytest) -m 'not slow'

test: lint browser
	$(pytest)

# The console is tested in Chromium. Where it may be installed it is; elsewhere those tests say
# why they are skipped. CHROMIUM=... names another one.
browser:
	@if [ -x "$${CHROMIUM:-/usr/bin/chromium}" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo 'Installing Chromium ...'; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 || \
	    echo 'Chromium cannot be installed: the console will not be tested.' >&2; \
	else \
	  echo 'Chromium is not here (Debian: apt install chromium): the console will not be tested.' >&2; \
	fi

# Both simulations, one after the other; every seed that fails is listed, with how to replay it.
simulate: env
	@failed=0; for where in '' --cloud; do \
	  echo "$${where:---one-machine}"; \
	  $(bin)/python -m tests.simulation $$where $(if $(KIND),--kind $(KIND)) --keep-going \
	    --from $(FROM) --to $$(( $(FROM) + $(SEEDS) )) || failed=1; \
	done; exit $$failed

# The deployed system on this machine; see local/up.py. Ctrl-C ends it all, and is no failure.
up: env
	@trap : INT; $(bin)/python -m local.up --accounts $(ACCOUNTS)

# Built anew only where something changed.
lambda: env
	@$(bin)/python -m infra.build

# It is committed: what changes in it is a change of the API.
openapi: env
	$(bin)/python -m syncoxiders.cloud.web.openapi

bench: env
	$(bin)/python -m tests.benchmarks $(BENCH)

# What builds the package is locked with the rest, so that no build asks the network.
build_needs = import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], "editables", sep="\n")
# What the deployed functions need: without what only the command line uses, with the cloud's own.
deployed_needs = import re, tomllib; \
	project = tomllib.load(open("pyproject.toml", "rb")); \
	left = project["tool"]["syncoxiders"]["not-deployed"]; \
	needs = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["cloud"]; \
	print(*(need for need in needs if re.match("[\w.-]+", need)[0] not in left), sep="\n")
compile = $(bin)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-header --no-annotate $(LOCK)

# LOCK="--upgrade" takes the newest versions; without it only what must change does.
lock:
	@set -eu; \
	$(bring_uv); \
	$(compile) pyproject.toml -o requirements.lock >/dev/null; \
	$(bin)/python -c '$(build_needs)' | $(compile) --extra cloud --group dev --group bench pyproject.toml - \
	  -o requirements-dev.lock >/dev/null; \
	$(bin)/python -c '$(deployed_needs)' | $(compile) --python-version 3.11 \
	  --constraint requirements-dev.lock - -o requirements-lambda.lock >/dev/null; \
	$(compile) --group ministack -o requirements-ministack.lock >/dev/null

clean:
	rm -rf .venv .venv-ministack node_modules cdk.out build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find layers infra tests -name __pycache__ -type d -prune -exec rm -rf {} +

endif
