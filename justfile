# Everyday commands.  `just` comes with the dev extra:
#   .venv/bin/pip install -c constraints.txt -e '.[dev]' && .venv/bin/just

set shell := ["bash", "-euo", "pipefail", "-c"]
export PATH := justfile_directory() / ".venv/bin:" + env("PATH") + ":/usr/sbin"

# What there is
default:
    @just --list --unsorted

# All that CI checks, in this tree: lint, types, floors, shape, tests
check: lint types floors shape test

# The tests, or those named: `just test tests/smtp -k stuffing`
test *arguments:
    pytest {{ arguments }}

# The tests that start nothing and take seconds
quick:
    pytest -q --ignore=tests/e2e --ignore=README.md --ignore=QUICKSTART.md

# Lint and format, changing nothing
lint:
    ruff check .
    ruff format --check .

# Format, and mend what lint can mend
fix:
    ruff check --fix .
    ruff format .

# mypy, strict
types:
    mypy

# The floors of docs/ARCHITECTURE.md: who may import whom
floors:
    lint-imports

# File lengths; no path of a machine in a tracked file
shape:
    .ci/shape

# The examples in README, QUICKSTART, ONBOARDING and docs
docs:
    pytest -q README.md QUICKSTART.md ONBOARDING.md CONTRIBUTING.md docs tests/test_documents.py

# Tests with coverage; branches too
coverage:
    coverage run -m pytest -q
    coverage report --skip-covered

# Empath against Postfix in the same run; as root
bench *arguments:
    python -m bench.against_postfix {{ arguments }}

# Peak memory while 100 MB messages pass
memory:
    python -m bench.memory

# kill -9 under load, again and again: `just crash 100`
crash kills="20":
    python -m tests.e2e.crash --kills {{ kills }}

# What CI runs, from a clean clone of the last commit
ci:
    .ci/run
