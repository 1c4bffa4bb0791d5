# Two commands to know: `make demo` and `make test`. Each needs Python 3.11, make and a package index, and nothing else.

PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test chaos fuzz coverage check lock clean

demo: .venv/installed
	$(BIN)/launchready demo $(if $(KEEP),--keep)

# Most tests wait for servers, so four processes keep two cores busy. JOBS=0 runs them in one process. A test that fails
# beside others is run once more, alone: many hold real servers to deadlines, and a busy machine is not their subject.
JOBS ?= 4

test: .venv/installed check
	$(BIN)/python -m pytest -n $(JOBS) || $(BIN)/python -m pytest --last-failed --last-failed-no-failures none

# Workers and stores are killed, frozen and emptied while customers retry, on all stores side by side: six minutes at
# most. CHAOS_SEED draws another mix.
chaos: .venv/installed
	printf '%s\n' $(STORES) | xargs -P 4 -I STORE $(BIN)/python -m pytest -q -m chaos tests/chaos -p no:randomly \
		-p no:cacheprovider -k STORE

STORES := sqlite redis postgresql mysql

# Slow inputs are searched for every parser of outside input, five minutes each: FUZZ_SECONDS=60 make fuzz. The slowest
# are kept in FUZZ_CORPUS and tried first in the next run. FUZZ_SLOWNESS=2 doubles the time that a megabyte may take.
fuzz: .venv/installed
	$(BIN)/python tests/adversary/fuzz.py $(PARSERS)

# Branches that no test takes, servers and command line included.
coverage: .venv/installed
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --skip-covered

check: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# The wheel is installed, not the tree: what is tested is what a user gets.
.venv/installed: requirements/dev.txt pyproject.toml $(shell find src examples -type f -not -name '*.pyc')
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall .
	touch $@

# The pictures of the dashboard, taken in real Chromium.
screenshots: .venv/installed
	mkdir -p docs/images
	SCREENSHOTS=docs/images $(BIN)/python -m pytest -q -k screenshots tests/dashboard

# Needs uv (https://docs.astral.sh/uv); the locks name no index.
lock:
	uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header \
		--all-extras --group dev pyproject.toml -o requirements/dev.txt
	uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header \
		--all-extras --group dev --group bench pyproject.toml -o requirements/bench.txt

clean:
	rm -rf .venv build dist docs/_build report.html
