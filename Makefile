# Every command sets up what it needs by itself: a virtual environment in .venv from requirements.txt.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# More processes than the two cores of a small machine, because much of a test is waiting. A file stays in one. What is
# asked for by ARGS runs in one process, so that its output can be followed.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Set on many machines that build. Every program would compile all that it loads, each time that it is started.
unexport PYTHONDONTWRITEBYTECODE

help: ## show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## start everything, play three orders, show what people receive (ONCE=1 ends by itself, VIA=nats by a broker)
	@exec $(BIN)/python -m simulator.demo

run: $(READY) ## start everything, play nothing, stay up until Ctrl-C
	@exec $(BIN)/python -m simulator.demo --run

test: $(READY) ## run the tests (ARGS="FILE -k WORD" for some of them)
	@echo "Running the tests"
	@$(BIN)/pytest $(or $(ARGS),$(SIDE_BY_SIDE))

check: $(READY) ## linters, types and languages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m activities.wording

audit: $(READY) ## whether a package we pin has a known vulnerability, where advisories can be reached
	@$(BIN)/python -m benchmarks.audit

cost: $(READY) ## what one order costs on Temporal, next to the least it could
	@$(BIN)/python -m benchmarks.cost

chaos: $(READY) ## kill, cut and stop everything while orders run, then account for every event (SEED=n ORDERS=n)
	@$(BIN)/python -m benchmarks.chaos

faults: $(READY) ## break the code on purpose, once for each promise, and see the test go red
	@$(BIN)/python -m benchmarks.planted_faults

bench: $(READY) ## CPU, latency and throughput next to the least that Temporal allows (ORDERS=n LANES=n ROUNDS=n PLOT=FILE)
	@$(BIN)/python -m benchmarks.bench

bench-bridge: $(READY) ## events through the bridge next to a bare loop of signal-with-start (EVENTS=n ROUNDS=n LONG=n)
	@$(BIN)/python -m benchmarks.bridge.bench

bridge-chaos: $(READY) ## kill the bridge again and again, and look for what is lost, doubled or out of order (SEED=n)
	@$(BIN)/python -m benchmarks.bridge.chaos

burst: $(READY) ## signal one order 20,000 times (SIGNALS=n)
	@$(BIN)/python -m benchmarks.burst

bench-burst: $(READY) ## signal one order 10,000 times
	@SIGNALS=10000 $(BIN)/python -m benchmarks.burst

bench-priority: $(READY) ## urgent news and a small merchant beside 20,000 queued pushes (BACKLOG=n URGENT=n SMALL=n RATE=n PACE=n)
	@$(BIN)/python -m benchmarks.load.priority

bench-open: $(READY) ## 50,000 open orders on one worker process (ORDERS=n ORDERS_CACHED=n)
	@$(BIN)/python -m benchmarks.load.open_orders

bench-processes: $(READY) ## two worker processes against one, the server on its own core (ORDERS=n)
	@$(BIN)/python -m benchmarks.load.processes

capacity: $(READY) ## what 8 million orders a day take, with a dinner simulated and checked (SCALE=n)
	@$(BIN)/python -m benchmarks.capacity

soak: $(READY) ## run for long at 70 % of what it can do (MINUTES=n)
	@MINUTES=$(MINUTES) $(BIN)/python -m benchmarks.load.soak

apns: $(READY) ## pushes a second through our APNs adapter, next to a bare HTTP/2 loop
	@$(BIN)/python -m benchmarks.apns

streams: $(READY) ## how fast news reaches 2,000 open inboxes, and that cuts lose nothing (STREAMS=n RATE=n)
	@$(BIN)/python -m benchmarks.streams

fuzz: $(READY) ## attack the webhooks with 10,000 requests, and all of the API beside them (CASES=n)
	@$(BIN)/python -m benchmarks.fuzz

secrets: ## make the secrets that docker-compose.yml reads, in deploy/secrets
	@deploy/make-secrets.sh

requirements: pyproject.toml ## pin every dependency with its hashes anew
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --group dev pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -c requirements.txt --extra bridge pyproject.toml -o deploy/requirements.txt

$(READY): requirements.txt
	@echo "Setting up .venv: once, about a minute"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": set PYTHON=")'
	@$(PYTHON) -m venv .venv
	@# Compiling all of it would take longer than compiling what is used, when it is first used.
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@touch $@

.PHONY: help demo run test check audit cost chaos faults bench bench-bridge bridge-chaos burst bench-burst bench-priority bench-open bench-processes capacity soak apns streams fuzz secrets requirements
