# make            this help
# The first build takes a few minutes; later builds compile only changed files.

SHELL := /bin/bash
BUILD ?= build
SWIFT ?= swift
BIN := $(BUILD)/bin

# Compilation is faster without debugging information (decision 0130).
SWIFT_OPTIONS := -c release -debug-info-format none
SWIFT_BUILD := $(SWIFT) build $(SWIFT_OPTIONS)

# Compilers leave temporary files in TMPDIR; `make clean` removes them. Quote TMPDIR, because a path may contain spaces.
export TMPDIR := $(if $(filter /%,$(BUILD)),$(BUILD),$(CURDIR)/$(BUILD))/tmp
# Package.swift declares the tools only if this variable is set.
export IPC_INTEROP_TOOLS := 1
$(shell mkdir -p "$(TMPDIR)" 2>/dev/null)

# The installation directory for `make install`; package builds prepend DESTDIR.
PREFIX ?= /usr/local
DESTDIR ?=
# Filters and options for `ipc-interop run`: make interop RUN="--mechanism pipe --verbose"
RUN ?=
# Filters and options for fault injection: make fault-injection FAULT_INJECTION="--mechanism pipe"
FAULT_INJECTION ?=
# Mutants and options for the self-test: make self-test SELF_TEST="mq-priority-dropped"
SELF_TEST ?=
# Selection and options for generated mutants: make generated-mutants GENERATED="mmap:"
GENERATED ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help guide browser deps bench-deps lint-deps patch-deps strace-deps models-deps build peers rust-peer interop self-test mutants fault-injection test unit lint models orders sanitize fuzz soak services-soak robustness coverage cost bench async-cost adoption docs scenarios install install-check uninstall deb dist clean swift-release missing-program

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

deps: ## Install missing dependencies (libbsd-dev, libjansson-dev, pkg-config, a C compiler)
	@.ci/install-dependencies

# Only `make lint` requires the formatter.
lint-deps:
	@.ci/install-dependencies clang-format

# Building the C peers with a mutant in a header requires patch(1).
patch-deps:
	@.ci/install-dependencies patch

# Fault injection requires strace(1).
strace-deps:
	@.ci/install-dependencies strace

# The benchmark also measures these libraries if they are installed.
bench-deps: ## Install the libraries that the benchmark compares against (ZeroMQ, nng, Boost)
	@.ci/install-dependencies $(CXX) $(ALTERNATIVE_PACKAGES)

# `make models` requires spin.
models-deps:
	@.ci/install-dependencies spin

include c-peers/c.mk

# The longest Swift compilation uses only one CPU, so the C programs are compiled at the same time.
IN_PARALLEL = $(MAKE) --no-print-directory $(if $(filter 1,$(V)),,--silent) \
  $(if $(findstring jobserver,$(MAKEFLAGS)),,--jobs=2)

build: deps ## Build the command, the sandbox init, the peers and the examples
	+@$(IN_PARALLEL) c swift-release

# Use release builds, because the suite also tests performance. SwiftPM takes a second to determine that nothing has
# changed, so make compares the modification times of the sources, their folders and the compiler instead.
SWIFT_SOURCES := $(shell find Package.swift $(wildcard Package.resolved) Sources c-peers/include)
SWIFT_PROGRAMS := $(BIN)/swift-peer $(BIN)/swift-examples $(BIN)/ipc-interop $(BUILD)/mutants/swift-peer
swift-release: $(BUILD)/swift-release
$(BUILD)/swift-release: $(SWIFT_SOURCES) $(realpath $(shell command -v $(SWIFT))) \
  $(if $(filter-out $(wildcard $(SWIFT_PROGRAMS)),$(SWIFT_PROGRAMS)),missing-program)
	@$(SWIFT_BUILD)
	@mkdir -p $(BIN)
	@products="$$($(SWIFT_BUILD) --show-bin-path)"; \
	for name in swift-peer swift-examples ipc-interop; do \
	  cmp -s "$$products/$$name" $(BIN)/$$name || install "$$products/$$name" $(BIN)/$$name || exit; \
	done; \
	install -D "$$products/swift-peer-mutants" $(BUILD)/mutants/swift-peer
	@touch $@

# Python and Perl peers need no build step. The Rust peer uses only the standard library.
include fixtures/peers/swift.mk
peers: peers-deps build c-variants swift-peers rust-peer ## Build the peers in other languages and for other ABIs, and list them
	@$(BIN)/ipc-interop peers

RUSTC ?= rustc
rust-peer:
	@if command -v $(RUSTC) >/dev/null; then $(MAKE) --no-print-directory $(BUILD)/peers/rust; \
	else rm -f $(BUILD)/peers/rust; echo "  --  rust is left out: there is no $(RUSTC)"; fi
$(BUILD)/peers/rust: fixtures/peers/peer.rs
	@mkdir -p $(@D)
	$(call quiet,RUSTC,$<)PEER_COMPILER="rustc-$$($(RUSTC) --version | cut -d' ' -f2)" \
	  $(RUSTC) --edition 2021 -O -D warnings -o $@ $<

# docs/abi.md shows what is safe between ABIs, as measured on this machine with all peers.
.PHONY: docs/abi.md
docs/abi.md: peers
	@$(BIN)/ipc-interop run --peers all --incompatible --format abi --output $@

# The page and the README have a column for each language, so all peers must be built.
.PHONY: docs/languages.md
docs/languages.md: build $(BUILD)/peers/rust
	@$(BIN)/ipc-interop peers --format markdown --output $@
	@awk -f .ci/languages.awk $@ > $(BUILD)/languages
	@sed -i -e '/^<!-- languages:/,/^<!-- end/{' -e '/^<!-- languages:/r $(BUILD)/languages' -e '/^|/d' -e '}' README.md

# In a name such as fifo/order[c>swift], `>` is not a redirection.
interop: build ## Run the suite: every scenario in every language pairing (RUN="--help" shows options)
	@$(BIN)/ipc-interop run $(if $(findstring ',$(RUN))$(findstring ",$(RUN)),$(RUN),$(subst >,\>,$(RUN)))

mutants: build patch-deps ## Build the peer mutants and runner mutants
	+@$(IN_PARALLEL) c-mutants swift-mutants rust-peer

# The Swift services' sources, patched to contain decision mutants. If the patch does not apply, the
# build fails.
SERVICE_MUTANTS := .build/service-mutants
$(SERVICE_MUTANTS)/.made: $(wildcard Sources/swift-service-mutants/* Sources/swift-services/*) | patch-deps
	@rm -rf $(@D) && mkdir -p $(@D) && cp -r Sources/swift-services Sources/swift-service-mutants/ServiceMutant.swift $(@D)
	@mv $(@D)/ServiceMutant.swift $(@D)/swift-services/
	@patch --directory $(@D)/swift-services --strip 1 --fuzz 0 --silent <Sources/swift-service-mutants/decisions.patch
	@touch $@

# First write the runner's sources with its mutants. Package.swift declares the mutant programs only for this rule.
.PHONY: swift-mutants generated-mutants generated-sample
swift-mutants: $(BUILD)/mutants/ipc-interop
$(BUILD)/mutants/ipc-interop: $(BUILD)/swift-release fixtures/runner-mutants.yaml $(wildcard c-peers/generated-mutants/*) \
  $(SERVICE_MUTANTS)/.made
	@$(BIN)/ipc-interop self-test --write-runner .build/runner-mutants
	@export GENERATED_CALLS="$(filter-out main,$(GENERATED_CALLS))"; \
	for product in swift-peer-generated swift-service-mutants ipc-interop-mutants; do \
	  $(SWIFT_BUILD) --product $$product || exit; \
	done
	@products="$$($(SWIFT_BUILD) --show-bin-path)"; \
	install -D "$$products/swift-peer-generated" $(BUILD)/mutants/generated/swift-peer && \
	install -D "$$products/swift-service-mutants" $(BUILD)/mutants/swift-services && \
	install -D "$$products/ipc-interop-mutants" $@

generated-mutants: mutants ## Test the suite with generated changes to calls (GENERATED="read: --jobs 2")
	@$(BIN)/ipc-interop self-test --generated $(GENERATED)

generated-sample: mutants
	@$(BIN)/ipc-interop self-test --generated --write-sample fixtures/generated-sample.txt

self-test: mutants ## Check that the suite catches every mutant (SELF_TEST="--help" shows options)
	@$(BIN)/ipc-interop self-test $(SELF_TEST)

docs/mutants.md: fixtures/mutants.yaml fixtures/runner-mutants.yaml $(BIN)/ipc-interop
	@$(BIN)/ipc-interop self-test --list --format markdown > $@
	@count=$$(sed -n 's/^\([0-9]*\) peers, each.*/\1/p' $@) && sed -i "s/killed [0-9]* of [0-9]*/killed $$count of $$count/" README.md

docs/coverage.md: fixtures/assertions.yaml $(BIN)/ipc-interop
	@$(BIN)/ipc-interop coverage --format markdown > $@

fault-injection: strace-deps build ## Inject a fault into every system call of every operation (FAULT_INJECTION="--help" shows options)
	@$(BIN)/ipc-interop fault-injection $(FAULT_INJECTION)

# Options for the unit tests: make unit UNIT="--filter RingTests"
UNIT ?=

# If all tests started at once, the exit tests' processes would end long before their tests continue, and Swift Testing
# spins while such a process has not been reaped.
UNIT_OPTIONS := --experimental-maximum-parallelization-width 16

# The tests link the release build of the sources. Package.swift makes its internal declarations available.
unit: build ## Run the unit tests (UNIT="--filter RingTests" selects some)
	@IPC_INTEROP_COMMAND="$(if $(filter /%,$(BUILD)),$(BUILD),$(CURDIR)/$(BUILD))/bin/ipc-interop" $(SWIFT) test $(SWIFT_OPTIONS) \
	  --disable-testable-imports $(UNIT_OPTIONS) $(UNIT)

test: lint unit guide self-test interop install-check ## Run lint, the unit tests, the guide, the self-test, and the suite

lint: lint-deps c-lint ## Check the prose and the formatting of Swift and C, and compile C with a second compiler
	@.ci/prose lint
	@swift format lint --parallel --strict --recursive Package.swift Sources Tests

models: models-deps ## Check the ring, queue, lock and block models with spin (MODELS="ring lock" selects some)
	@.ci/models $(MODELS)

orders: ## Check that the thread sanitizer detects each relaxed operation (ORDERS="c" selects one language)
	@.ci/orders $(ORDERS)

sanitize: build ## Run the unit tests and the suite with address, undefined (C) and thread sanitizers (takes half an hour)
	@.ci/sanitize address $(RUN)
	@.ci/sanitize thread $(RUN)

fuzz: c ## Run every fuzz target (FUZZ_SECONDS=60 each; FUZZ_TARGETS="channel wire" selects some)
	@.ci/fuzz $(FUZZ_TARGETS)

# The soak tests to run: make soak SOAK="killed limits"
SOAK ?= killed interrupted limits growth alarms

soak: build ## Test the harness: kill, interrupt and repeat it, and limit its resources (SOAK="killed limits" selects tests; takes hours)
	@.ci/soak $(SOAK)

# The test duration: make services-soak SECONDS=600
SECONDS ?= 600

services-soak: build ## Kill the services' servers and clients at random, and count lost messages and permits (SECONDS=600)
	@.ci/services-soak $(SECONDS) $(BIN)
	@.ci/semaphores-soak $(SECONDS) $(BIN)

# The checks to repeat, and their environments: make robustness ROBUSTNESS="matrix load nice" RUNS=20
ROBUSTNESS ?=

robustness: mutants ## Repeat matrix, self-test and unit tests on a busy machine, and count false failures (RUNS=20; takes hours)
	@$(SWIFT_BUILD) --build-tests >/dev/null
	@RUNS=$(RUNS) UNIT_OPTIONS="$(UNIT_OPTIONS)" .ci/robustness $(ROBUSTNESS)

cost: c-cost ## Measure the library's overhead over C (prints tables, writes build/cost.json; takes 2 minutes)
	@.ci/install-dependencies valgrind strace
	@$(SWIFT_BUILD) --product swift-cost
	@$(SWIFT_BUILD) --product cost-report
	@mkdir -p $(BUILD)/cost/stripped
	@products="$$($(SWIFT_BUILD) --show-bin-path)"; \
	strip -o $(BUILD)/cost/stripped/c $(BUILD)/cost/c && \
	strip -o $(BUILD)/cost/stripped/swift "$$products/swift-cost" && \
	"$$products/cost-report" $(BUILD)/cost/stripped/c $(BUILD)/cost/stripped/swift $(BUILD)/cost.json

# Filters and options for the benchmarks: make bench BENCH="--quick --mechanism pipe"
BENCH ?=
bench: build alternatives ## Measure latency and throughput in every pairing, and write build/bench.json and .html (takes 5 minutes)
	@$(BIN)/ipc-interop bench --format json --output $(BUILD)/bench.json $(BENCH)
	@$(BIN)/ipc-interop bench --from $(BUILD)/bench.json --format html --output $(BUILD)/bench.html

# The tables in docs/costs.md come from the last `make bench`.
docs/costs.md: $(BUILD)/bench.json
	@$(BIN)/ipc-interop bench --from $< --format markdown --output $@

async-cost: ## Measure the latency and allocations of asynchronous calls (takes a minute)
	@$(SWIFT_BUILD) --product async-cost
	@"$$($(SWIFT_BUILD) --show-bin-path)/async-cost"

# This is the only target that requires swift-nio.
adoption: ## Compile and run the recipes for SwiftNIO and Dispatch
	@env -u IPC_INTEROP_TOOLS IPC_INTEROP_NIO=1 $(SWIFT) test --scratch-path .build/adoption

coverage: strace-deps build c-mutants ## Measure the tests' line coverage, and write build/coverage/index.html
	@.ci/coverage

# docc warnings are errors, except those about parameters without a description.
docs: deps ## Build the library documentation into build/docs and build/docs-async
	@for module in IPC:docs IPCAsync:docs-async; do .ci/docs "$${module%:*}" $(BUILD) "$${module#*:}" || exit; done
	@echo "View it with docc preview, or with any web server in $(BUILD)/docs and $(BUILD)/docs-async"

# The guide's snippets are compiled with the modules from the last build. Conversion to HTML requires cmark-gfm.
guide: build ## Compile the porting guide's snippets, and write build/guide/*.html
	@.ci/install-dependencies cmark-gfm python3
	@.ci/guide snippets "$$($(SWIFT_BUILD) --show-bin-path)/Modules"
	@rm -rf $(BUILD)/guide && .ci/guide html $(BUILD)/guide

# The README's picture of a terminal with a matrix and a failure: a Python peer does not pass the priority to
# mq_send(3).
.PHONY: docs/failure.svg
docs/failure.svg: build
	@printf 'python:\n  peer: /usr/bin/python3 %s --mutant python-priority-dropped\n' "$(CURDIR)/fixtures/peers/peer.py" >$(BUILD)/failure.yaml
	@script -qec "stty cols 96; $(BIN)/ipc-interop run --mechanism posix-mq --peers $(BUILD)/failure.yaml --jobs 1 \
	  --pairs c:c --pairs c:swift --pairs swift:c --pairs c:python --pairs python:c \
	  --skip delivery --skip outlives --skip timed --skip receive-blocks --skip senders" /dev/null | sed '1,/^\r$$/d; /posix-mq  /q' | .ci/picture 104 >$@

# This is not part of `make test`, because Chromium takes up several hundred MB.
browser: guide ## Open the HTML report and the guide in a headless Chromium, and click, type and measure (screenshots in build/browser)
	@.ci/install-dependencies chromium
	@mkdir -p $(BUILD)/browser
	@Tests/Browser/pages.py $(BIN)/ipc-interop $(BUILD)/guide $(BUILD)/browser

# This target has no prerequisites, so that `sudo make install` builds nothing as root. Mutants and fuzz inputs are not
# installed.
INSTALLED := $(DESTDIR)$(PREFIX)
LEFT_OUT := corpus runner-checks peers more-peers.yaml mutants.yaml mutant-peers.yaml runner-mutants.yaml generated-%
MANUAL := share/man/man1/ipc-interop.1
COMPLETIONS := share/bash-completion/completions/ipc-interop share/zsh/site-functions/_ipc-interop \
  share/fish/vendor_completions.d/ipc-interop.fish
DOCUMENTS := share/doc/ipc-interop
HEADERS := include/ipc-interop
# In the installed documents, links to the C headers lead to the installed ones, and links to files that are not
# installed are only text.
INSTALLED_LINKS := -e 's|](../c-peers/include/|](headers:|g' -e 's!\[\([^][]*\)\](\(\.\./\|decisions/\)[^)]*)!\1!g' \
  -e 's|](headers:|](../../../$(HEADERS)/|g'
install: ## Install the command, the peers, the scenarios and the C headers after `make build` (PREFIX=/usr/local DESTDIR=)
	@test -x $(BIN)/ipc-interop || { echo "run 'make build' first" >&2; exit 1; }
	install -d "$(INSTALLED)/bin" "$(INSTALLED)/libexec/ipc-interop/c-examples" "$(INSTALLED)/share/ipc-interop/fixtures"
	install -m 755 $(BIN)/ipc-interop "$(INSTALLED)/bin/"
	install -m 755 $(BIN)/sandbox-init $(BIN)/short-transfer $(BIN)/wire-recorder $(BIN)/limits $(BIN)/c-peer $(BIN)/swift-peer $(BIN)/swift-examples \
	  "$(INSTALLED)/libexec/ipc-interop/"
	install -m 755 $(BIN)/c-examples/* "$(INSTALLED)/libexec/ipc-interop/c-examples/"
	cp -R $(addprefix fixtures/,$(filter-out $(LEFT_OUT),$(notdir $(wildcard fixtures/*)))) \
	  "$(INSTALLED)/share/ipc-interop/fixtures/"
	chmod -R u=rwX,go=rX "$(INSTALLED)/share/ipc-interop"
	install -d "$(INSTALLED)/$(DOCUMENTS)" $(patsubst %,"$(INSTALLED)/%",$(HEADERS) $(dir $(MANUAL) $(COMPLETIONS)))
	install -m 644 docs/*.md docs/*.json docs/*.py "$(INSTALLED)/$(DOCUMENTS)/"
	sed -z -i $(INSTALLED_LINKS) "$(INSTALLED)/$(DOCUMENTS)"/*.md
	install -m 644 c-peers/include/*.h "$(INSTALLED)/$(HEADERS)/"
	$(BIN)/ipc-interop manual >"$(INSTALLED)/$(MANUAL)"
	set -o pipefail; $(BIN)/ipc-interop --generate-completion-script bash | sed "1{/^#!/d}" >"$(INSTALLED)/$(word 1,$(COMPLETIONS))"
	$(BIN)/ipc-interop --generate-completion-script zsh >"$(INSTALLED)/$(word 2,$(COMPLETIONS))"
	$(BIN)/ipc-interop --generate-completion-script fish >"$(INSTALLED)/$(word 3,$(COMPLETIONS))"

STAGED := $(abspath $(BUILD))/staged
install-check: build ## Check the installed files without the Swift toolchain, and check the plugin
	@rm -rf "$(STAGED)" && $(MAKE) --no-print-directory install PREFIX="$(STAGED)" DESTDIR= >/dev/null
	@.ci/check-installed "$(STAGED)"
	@$(MAKE) --no-print-directory uninstall PREFIX="$(STAGED)" DESTDIR= >/dev/null
	@left="$$(find "$(STAGED)" -type f)"; test -z "$$left" || { echo "uninstall left $$left" >&2; exit 1; }

deb: build ## Write a Debian package into build
	@.ci/package deb $(BUILD)

dist: build ## Write an archive of the installed suite into build
	@.ci/package tarball $(BUILD)

uninstall: ## Remove what `make install` installed (PREFIX=/usr/local DESTDIR=)
	rm -f "$(INSTALLED)/bin/ipc-interop" $(patsubst %,"$(INSTALLED)/%",$(MANUAL) $(COMPLETIONS))
	rm -rf "$(INSTALLED)/libexec/ipc-interop" "$(INSTALLED)/share/ipc-interop" "$(INSTALLED)/$(DOCUMENTS)" "$(INSTALLED)/$(HEADERS)"

scenarios: build ## Rewrite docs/scenarios.md
	@$(BIN)/ipc-interop run --list --format markdown --output docs/scenarios.md

clean: ## Remove all build products
	rm -rf $(BUILD) .build
