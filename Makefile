# make            this help
# The first build takes some minutes; later builds compile only changed files.

SHELL := /bin/bash
BUILD ?= build
SWIFT ?= swift
BIN := $(BUILD)/bin

# Compilers leave temporary files in TMPDIR; `make clean` removes them. It is quoted because a path may have spaces.
export TMPDIR := $(if $(filter /%,$(BUILD)),$(BUILD),$(CURDIR)/$(BUILD))/tmp
# Package.swift declares the tools only if this is set.
export IPC_INTEROP_TOOLS := 1
$(shell mkdir -p "$(TMPDIR)" 2>/dev/null)

# Filters and options of the suite: make interop RUN="--mechanism pipe --verbose"
RUN ?=
# The same for fault injection: make fault-injection FAULT_INJECTION="--mechanism pipe"
FAULT_INJECTION ?=
# The same for the self-test: make self-test SELF_TEST="mq-priority-dropped"
SELF_TEST ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help deps lint-deps patch-deps strace-deps models-deps build interop self-test mutants fault-injection test unit lint models orders sanitize fuzz soak coverage cost docs scenarios clean swift-release missing-program

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

deps: ## Install what is missing (libbsd-dev, pkg-config, a C compiler)
	@.ci/install-dependencies

# Only lint needs the formatter.
lint-deps:
	@.ci/install-dependencies clang-format

# Building the C peers with a mutant in a header requires patch(1).
patch-deps:
	@.ci/install-dependencies patch

# For fault injection.
strace-deps:
	@.ci/install-dependencies strace

# For the models.
models-deps:
	@.ci/install-dependencies spin

include c-peers/c.mk

build: c swift-release ## Build the command, the sandbox init, the peers and the examples

# Release builds, because the suite also tests performance. SwiftPM takes a second to find that nothing has changed, so
# make decides that, by the times of the sources, their folders and the compiler.
SWIFT_SOURCES := $(shell find Package.swift $(wildcard Package.resolved) Sources c-peers/include)
SWIFT_PROGRAMS := $(BIN)/swift-peer $(BIN)/swift-examples $(BIN)/ipc-interop $(BUILD)/mutants/swift-peer
swift-release: $(BUILD)/swift-release
$(BUILD)/swift-release: $(SWIFT_SOURCES) $(realpath $(shell command -v $(SWIFT))) \
  $(if $(filter-out $(wildcard $(SWIFT_PROGRAMS)),$(SWIFT_PROGRAMS)),missing-program)
	@$(SWIFT) build -c release
	@mkdir -p $(BIN)
	@products="$$($(SWIFT) build -c release --show-bin-path)"; \
	for name in swift-peer swift-examples ipc-interop; do \
	  cmp -s "$$products/$$name" $(BIN)/$$name || install "$$products/$$name" $(BIN)/$$name || exit; \
	done; \
	install -D "$$products/swift-peer-mutants" $(BUILD)/mutants/swift-peer
	@touch $@

interop: build ## Run the suite: every scenario, every pairing of languages (RUN="--help" shows options)
	@$(BIN)/ipc-interop run $(RUN)

mutants: build c-mutants ## Build the mutants of the peers

self-test: mutants ## Test the suite: whether it catches every mutant (SELF_TEST="--help" shows options)
	@$(BIN)/ipc-interop self-test $(SELF_TEST)

docs/mutants.md: fixtures/mutants.yaml $(BIN)/ipc-interop
	@$(BIN)/ipc-interop self-test --list --format markdown > $@

fault-injection: strace-deps build ## Inject a fault into every system call of every operation (FAULT_INJECTION="--help" shows options)
	@$(BIN)/ipc-interop fault-injection $(FAULT_INJECTION)

unit: c ## Run the unit tests
	@$(SWIFT) test

test: lint unit self-test interop ## Unit tests, lint, the self-test, then the suite

lint: lint-deps c-lint ## Check the format of Swift and C, compile C with a second compiler, and check the prose
	@.ci/prose lint
	@swift format lint --strict --recursive Package.swift Sources Tests

models: models-deps ## Check the models of ring, queue, lock and block with spin (MODELS="ring lock" for some)
	@.ci/models $(MODELS)

orders: ## Make each ordered atomic operation relaxed, and see the thread sanitizer report it (ORDERS="c" for one language)
	@.ci/orders $(ORDERS)

sanitize: build ## Unit tests and the suite with address, undefined (C) and thread sanitizers (takes half an hour)
	@.ci/sanitize address $(RUN)
	@.ci/sanitize thread $(RUN)

fuzz: c ## Run every fuzz target (FUZZ_SECONDS=60 each; FUZZ_TARGETS="channel wire" for some)
	@.ci/fuzz $(FUZZ_TARGETS)

# Parts of the soak test: make soak SOAK="killed limits"
SOAK ?= killed interrupted limits growth alarms

soak: build ## Kill, interrupt, starve, and repeat the suite itself (SOAK="killed limits" picks parts; takes hours)
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

coverage: strace-deps build c-mutants ## Show how many lines the tests cover; build/coverage/index.html has them
	@.ci/coverage

# A parameter may have no description. Every other warning of docc is an error.
docs: deps ## Build the documentation of the library into build/docs
	@rm -rf $(BUILD)/symbols && mkdir -p $(BUILD)/symbols
	@$(SWIFT) build --target IPC --scratch-path $(BUILD)/docs-build \
	  -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc $(abspath $(BUILD))/docs-build
	@cp $(BUILD)/docs-build/IPC.symbols.json $(BUILD)/symbols/
	@set -o pipefail; \
	docc convert Sources/IPC/IPC.docc --additional-symbol-graph-dir $(BUILD)/symbols --output-dir $(BUILD)/docs \
	  --fallback-display-name IPC --fallback-bundle-identifier IPC --ide-console-output 2>&1 | \
	awk 'tolower($$0) ~ /(warning|error): / && !/is missing documentation|<#/ { print; wrong = 1 } END { exit wrong }'
	@echo "Look at it with: docc preview, or any web server in $(BUILD)/docs"

scenarios: build ## Rewrite docs/scenarios.md
	@$(BIN)/ipc-interop run --list --format markdown --output docs/scenarios.md

clean: ## Remove everything that was built
	rm -rf $(BUILD) .build
