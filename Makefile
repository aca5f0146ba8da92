# Every target sets up what it needs: one .venv, pip, versions pinned with hashes.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check -q
VIDEO  ?=
RANGE  ?=

# Set in many containers. Each of the hundreds of processes of a test run would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo playground run sites postgres otel check invite test tests slow quick lint types layers faults docs messages picture walk languages bench lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# What the bot needs in production; the Dockerfile does the same steps. "dev" has them all, and marks both.
$(VENV)/.run: requirements/run.txt requirements/models.txt
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh requirements/install.sh run

$(VENV)/.dev: requirements/run.txt requirements/models.txt requirements/dev.txt requirements/clips.txt requirements/binaries.txt pyproject.toml
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh requirements/install.sh dev

# As pip does with what it installs. A media child may write nothing: it would compile its modules at each start.
COMPILED = $(BIN)/python -m compileall -q bot cogs

demo: $(VENV)/.dev  ## the main job without accounts; ends by itself (VIDEO=path RANGE=1,3 for your own clip)
	@$(COMPILED)
	@$(BIN)/python -m bot demo $(if $(VIDEO),--video "$(VIDEO)") $(if $(RANGE),--range "$(RANGE)")

playground: $(VENV)/.dev  ## the same in a browser; stays up (WITHOUT_SORA=1: no model that makes characters lives; LOCALE=ja: in Japanese; TROUBLE=faces, sound, large or late)
	@$(COMPILED)
	@$(BIN)/python -m bot playground $(if $(WITHOUT_SORA),--without-sora) $(if $(LOCALE),--locale $(LOCALE)) $(if $(TROUBLE),--trouble $(TROUBLE))

# One arena for the few threads there are, and what is free goes back early (glibc); as in the Dockerfile.
run: export MALLOC_ARENA_MAX = 1
run: export MALLOC_TRIM_THRESHOLD_ = 65536
run: $(VENV)/.run  ## the real bot, with config.toml
	@$(COMPILED)
	@$(BIN)/python -m bot run

sites: $(VENV)/.run requirements/sites.txt  ## what links.sites needs (yt-dlp)
	@$(PIP) install --require-hashes -r requirements/sites.txt

postgres: $(VENV)/.run requirements/postgres.txt  ## what a store.url of PostgreSQL needs (asyncpg)
	@$(PIP) install --require-hashes -r requirements/postgres.txt

otel: $(VENV)/.run requirements/otel.txt  ## what a trace.endpoint needs (OpenTelemetry)
	@$(PIP) install --require-hashes -r requirements/otel.txt

check: $(VENV)/.run  ## look at the settings, the database, the files, the balance and the token, a line each
	@$(BIN)/python -m bot check

invite: $(VENV)/.run  ## print the link with which a server invites the bot
	@$(BIN)/python -m bot invite

# The tests begin when the short checks are through, and go on beside the one of the types. What a check finds is told at
# once.
test: $(VENV)/.dev  ## everything that must be green
	@$(MAKE) -j 2 --no-print-directory lint layers types tests

# Four workers for two cores: at times two of them wait, for a child, a process, or a second to pass.
tests: export MAKEFLAGS :=
tests: $(VENV)/.asserts
	$(BIN)/python -W 'ignore:Unable to activate pytest' -m slipcover --json --out .coverage.json -m pytest -m 'not slow' -n 4 --dist loadfile --no-loadscope-reorder
	@$(BIN)/python -m slipcover --fail-under 90 --out .coverage.json --merge .coverage.json

slow: $(VENV)/.asserts  ## the tests that make test leaves out: before a release, and after a change of what they are about
	$(BIN)/python -m pytest -m slow -n 3 --dist loadfile

# What tells most in least time: rules, rendering, rows and transitions; no bot as a process, no video, no PostgreSQL,
# no S3, no coverage.
QUICK := tests/values tests/config tests/store tests/provider tests/web $(wildcard tests/chat/test_render_*.py) \
	tests/jobs/test_transitions.py $(filter-out tests/test_process.py,$(wildcard tests/test_*.py))
quick: $(VENV)/.dev  ## lint, types, layers and the quick tests: under a minute
	$(MAKE) -j 2 --output-sync=target --no-print-directory lint types layers
	$(BIN)/python -m pytest -q -m 'not slow' -k 'not postgres and not bucket' -n 2 $(QUICK)

# Each worker would rewrite the asserts of all tests anew, and each media child compile what has changed: neither keeps
# what it compiled. What cannot be imported is told by the tests' own run.
SOURCES := $(shell find bot cogs playground benchmarks tests -name '*.py')
$(VENV)/.asserts: $(VENV)/.dev $(SOURCES)
	-@$(BIN)/python -m pytest --collect-only -qqq > /dev/null
	@touch $@

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

faults: $(VENV)/.dev  ## kill the bot at every point of its work, hundreds of times (ENGINE=postgres: processes of every role), and print what became of it
	$(BIN)/python -m tests.faults $(if $(ENGINE),--engine $(ENGINE)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only "$(ONLY)")

docs: $(VENV)/.dev  ## write the tables of docs/ that come from the code
	@$(BIN)/python -m docs

messages: $(VENV)/.dev  ## bring the translators' catalogues up to date with the code
	@$(BIN)/python -m messages

picture: $(VENV)/.dev  ## render the README's moving picture of the picker anew (needs Chromium)
	@$(BIN)/python -m tests.playground.picture

walk: $(VENV)/.dev  ## go through the playground as a new member, with pictures (needs Chromium)
	@$(BIN)/python -m tests.playground.walk $(FOLDER) $(if $(ONLY),--only "$(ONLY)")

languages: $(VENV)/.dev  ## pictures of the cards in each language (needs Chromium; LOCALE=ja: only in Japanese)
	@$(BIN)/python -m tests.playground.languages $(if $(LOCALE),--locale $(LOCALE))

bench: $(VENV)/.dev  ## speed and memory, side by side with what they are compared to
	$(BIN)/python -m benchmarks

$(VENV)/.lock: requirements/lock.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/lock.txt
	touch $@

# simcord's preview asks for an older PyAV than the one we use; it runs with ours (the override).
UVO := --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q
UVC := $(BIN)/uv pip compile pyproject.toml $(UVO)
# Packages of which only files are wanted: models, clips, programs. What they depend on is left out.
UVP := $(BIN)/uv pip compile --no-deps $(UVO)
lock: $(VENV)/.lock  ## pin every version with its hashes
	$(UVC) -o requirements/run.txt
	$(UVC) --extra sites -c requirements/run.txt -o requirements/sites.txt
	$(UVC) --extra postgres -c requirements/run.txt -o requirements/postgres.txt
	$(UVC) --extra otel -c requirements/run.txt -o requirements/otel.txt
	$(UVC) --extra dev --extra sites --extra postgres --extra otel --override requirements/override.in -c requirements/run.txt -o requirements/dev.txt
	$(UVP) requirements/models.in -o requirements/models.txt
	$(UVP) requirements/clips.in -o requirements/clips.txt
	$(UVP) requirements/binaries.in -o requirements/binaries.txt

clean:  ## remove what was made here
	rm -rf $(VENV) demo-out data .coverage.json .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
