# make            this help
# The first build takes some minutes; everything after it only what has changed.

SHELL := /bin/bash
BUILD ?= build
SWIFT ?= swift
BIN := $(BUILD)/bin

# Compilers leave litter where TMPDIR says; it goes with `make clean`.
export TMPDIR := $(abspath $(BUILD))/tmp
# Package.swift declares the tools only if this is set.
export IPC_INTEROP_TOOLS := 1
$(shell mkdir -p $(TMPDIR))

# Filters and options for the gate: make interop RUN="--mechanism pipe --verbose"
RUN ?=
# The same for faults: make faults FAULTS="--mechanism pipe"
FAULTS ?=
# And for the self-test: make self-test SELF_TEST="mq-priority-dropped"
SELF_TEST ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help deps lint-deps patch-deps fault-deps build interop self-test faults test unit lint sanitize fuzz soak coverage cost docs scenarios clean swift-release

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

deps: ## Install what is missing (libbsd-dev, pkg-config, a C compiler)
	@.ci/install-dependencies

# The formatter is for those who change the C, not for those who only run it.
lint-deps:
	@.ci/install-dependencies clang-format

# What makes the C peers with a fault that lies in a header.
patch-deps:
	@.ci/install-dependencies patch

# And what puts faults into system calls, for those who want to see it.
fault-deps:
	@.ci/install-dependencies strace

include c-peers/c.mk

build: deps c swift-release ## Build the command, the warden, the peers and the examples

# Release builds: the costs of the peers are part of what is judged.
swift-release:
	@$(SWIFT) build -c release
	@mkdir -p $(BIN)
	@products="$$($(SWIFT) build -c release --show-bin-path)"; \
	for name in swift-peer swift-examples ipc-interop; do \
	  cmp -s "$$products/$$name" $(BIN)/$$name || install "$$products/$$name" $(BIN)/$$name || exit; \
	done; \
	install -D "$$products/swift-peer-faulty" $(BUILD)/faulty/swift-peer

interop: build ## Run the gate: every scenario, every pairing of languages (RUN="--help" tells what it takes)
	@$(BIN)/ipc-interop run $(RUN)

self-test: build c-faulty ## Test the gate: whether it catches each of the deliberate faults (SELF_TEST="--help" tells what it takes)
	@$(BIN)/ipc-interop self-test $(SELF_TEST)

docs/mutants.md: fixtures/mutants.yaml $(BIN)/ipc-interop
	@$(BIN)/ipc-interop self-test --list --format markdown > $@

faults: fault-deps build ## Put a fault into every system call of every operation (FAULTS="--help" tells what it takes)
	@$(BIN)/ipc-interop faults $(FAULTS)

unit: deps c ## Run the unit tests
	@$(SWIFT) test

test: lint unit self-test interop ## Unit tests, lint, whether the gate can fail, then the gate

lint: lint-deps c-lint ## Check the format of Swift and C, and compile C with a second compiler
	@swift format lint --strict --recursive Package.swift Sources Tests

sanitize: build ## Unit tests and the gate with address, undefined (C) and thread sanitizers (takes half an hour)
	@.ci/sanitize address $(RUN)
	@.ci/sanitize thread $(RUN)

fuzz: deps c ## Give every fuzz target made-up input (FUZZ_SECONDS=60 each; FUZZ_TARGETS="channel wire" for some)
	@.ci/fuzz $(FUZZ_TARGETS)

# Which parts: make soak SOAK="killed limits"
SOAK ?= killed interrupted limits growth alarms

soak: build ## Kill, interrupt, starve, and repeat the gate itself (SOAK="killed limits" picks parts; takes hours)
	@.ci/soak $(SOAK)

cost: c-cost ## Measure the cost of the library over C (prints tables, writes build/cost.json; takes 2 minutes)
	@.ci/install-dependencies valgrind strace
	@$(SWIFT) build -c release --product swift-cost
	@$(SWIFT) build -c release --product cost-report
	@mkdir -p $(BUILD)/cost/stripped
	@products="$$($(SWIFT) build -c release --show-bin-path)"; \
	strip -o $(BUILD)/cost/stripped/c $(BUILD)/cost/c && \
	strip -o $(BUILD)/cost/stripped/swift "$$products/swift-cost" && \
	"$$products/cost-report" $(BUILD)/cost/stripped/c $(BUILD)/cost/stripped/swift $(BUILD)/cost.json

coverage: fault-deps build c-faulty ## Show how many lines the tests cover; build/coverage/index.html has them
	@.ci/coverage

# A parameter is described where there is something to say. Whatever else docc has to warn of is an error.
docs: deps ## Build the documentation of the library into build/docs
	@rm -rf $(BUILD)/symbols && mkdir -p $(BUILD)/symbols
	@$(SWIFT) build --target IPC --scratch-path $(BUILD)/docs-build \
	  -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc $(abspath $(BUILD))/docs-build
	@cp $(BUILD)/docs-build/IPC.symbols.json $(BUILD)/symbols/
	@set -o pipefail; \
	docc convert Sources/IPC/IPC.docc --additional-symbol-graph-dir $(BUILD)/symbols --output-dir $(BUILD)/docs \
	  --fallback-display-name IPC --fallback-bundle-identifier IPC --ide-console-output 2>&1 | \
	awk 'tolower($$0) ~ /(warning|error): / && !/is missing documentation/ { print; wrong = 1 } END { exit wrong }'
	@echo "Look at it with: docc preview, or any web server in $(BUILD)/docs"

scenarios: build ## Write docs/scenarios.md anew
	@$(BIN)/ipc-interop run --list --format markdown --output docs/scenarios.md

clean: ## Remove everything that was built
	rm -rf $(BUILD) .build
