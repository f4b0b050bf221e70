# The project's C programs: the reference peer, the examples, the mutants, and the test runner's helpers. `make c`
# builds it. `make c-lint` checks it with clang, which warns about defects that gcc misses.

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
CLANG_FORMAT ?= clang-format

# Prints a short line in place of a compiler command. `make V=1` prints the commands themselves.
quiet = $(if $(filter 1,$(V)),,@echo '  $1 $2';)

# BSD_FLAGS, BSD_LIBRARIES, STATIC and STATIC_LIBRARIES: the results of pkg-config and of a test link, which are
# computed only once.
C_CONFIG := $(BUILD)/c-config.mk
ifneq ($(filter-out help clean deps,$(or $(MAKECMDGOALS),help)),)
include $(C_CONFIG)
endif

C_FLAGS = -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Ic-peers/include $(BSD_FLAGS)

# A dynamically linked program spends a third of its startup time on linking, and a run starts 20,000 programs.
# Sanitizers need dynamic linking.
LINK = $(if $(findstring -fsanitize,$(CFLAGS)),,$(STATIC))
LIBRARIES = $(if $(LINK),$(STATIC_LIBRARIES),$(BSD_LIBRARIES))

PEER_SOURCES := $(wildcard c-peers/peer/*.c)
SANDBOX_INIT_SOURCES := $(wildcard c-peers/sandbox-init/*.c)
SHORT_TRANSFER_SOURCES := $(wildcard c-peers/short-transfer/*.c)
WIRE_RECORDER_SOURCES := $(wildcard c-peers/wire-recorder/*.c)
HOSTILE_SOURCES := $(wildcard c-peers/hostile/*.c)
TEXTBOOK_SOURCES := $(wildcard Tests/Textbook/*.c)
WITHOUT_SOURCES := $(wildcard c-peers/without/*.c)
EXAMPLE_SOURCES := $(wildcard c-peers/examples/*.c)
EXAMPLE_LIBRARY := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard c-peers/examples/common/*.c))
EXAMPLES := $(EXAMPLE_SOURCES:c-peers/examples/%.c=$(BUILD)/bin/c-examples/%)
SERVICE_SOURCES := $(wildcard c-peers/services/*.c)
SERVICE_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard c-peers/services/*/*.c))
SERVICE_LIBRARY := $(BUILD)/obj/c-peers/services.a
SERVICES := $(SERVICE_SOURCES:c-peers/services/%.c=$(BUILD)/bin/c-examples/%)
MUTANT_SOURCES := $(wildcard c-peers/mutants/*.c)
GENERATED_SOURCES := $(wildcard c-peers/generated-mutants/*.c)
COST_SOURCES := $(wildcard c-peers/cost/*.c)
PAIR_SOURCES := $(wildcard c-peers/benchmark/*.c)
LIMITS_SOURCES := $(wildcard c-peers/limits/*.c)
C_SOURCES := $(PEER_SOURCES) $(SANDBOX_INIT_SOURCES) $(SHORT_TRANSFER_SOURCES) $(WIRE_RECORDER_SOURCES) $(TEXTBOOK_SOURCES) \
  $(WITHOUT_SOURCES) $(HOSTILE_SOURCES) $(EXAMPLE_SOURCES) $(wildcard c-peers/examples/common/*.c c-peers/services/*.c c-peers/services/*/*.c) $(MUTANT_SOURCES) $(GENERATED_SOURCES) $(COST_SOURCES) \
  $(PAIR_SOURCES) $(LIMITS_SOURCES) c-peers/alternatives/main.c
C_FILES = $(C_SOURCES) $(wildcard c-peers/checks/*.c c-peers/alternatives/*.c* c-peers/*/*.h c-peers/generated-mutants/include/*.h c-peers/*/*/*.h Sources/CIPC*/*.c Sources/CIPC*/include/*.h Sources/CReal/*.h Tests/*/*.c Tests/*/*/*.c Tests/*/*/*/*.h)
C_OBJECTS := $(C_SOURCES:%.c=$(BUILD)/obj/%.o)

# The mutant peer is built from the same objects, linked with wrappers that replace calls. It is never installed.
MUTANT_OBJECTS := $(MUTANT_SOURCES:%.c=$(BUILD)/obj/%.o)
# Example programs do not use the protocol, so protocol mutants are not linked into them.
CALL_MUTANTS := $(filter-out %/contract.o %/timeout.o,$(MUTANT_OBJECTS))
MUTANT_EXAMPLES := $(EXAMPLE_SOURCES:c-peers/examples/%.c=$(BUILD)/mutants/c-examples/%)
MUTANT_SERVICES := $(SERVICE_SOURCES:c-peers/services/%.c=$(BUILD)/mutants/c-examples/%)
# A wrapper can change only calls. Mutants in headers or plain stores are patches to copies of these sources.
PATCHES := $(wildcard c-peers/mutants/*.patch)
PATCHED := benchmark benchmark_links benchmark_lock_links benchmark_shared_links benchmark_socket_links buffered channel channel_series filter ring ring_series ring_spoil shared_block shared_queue shared_queue_bulk
PATCHED_TREE := $(BUILD)/mutants/patched
PATCHED_OBJECTS := $(PATCHED:%=$(PATCHED_TREE)/%.o)
# This variable is recursive, so only the link rule evaluates it. The mutants are linked dynamically, so a wrapper
# replaces only calls in these objects.
WRAPPED = main $(shell sed -n 's/^WRAPPED(\(.*\));$$/\1/p' $(MUTANT_SOURCES))

# The peer and the programs with generated mutants: a table lists the calls to change.
GENERATED_OBJECTS := $(GENERATED_SOURCES:%.c=$(BUILD)/obj/%.o)
GENERATED_EXAMPLES := $(EXAMPLE_SOURCES:c-peers/examples/%.c=$(BUILD)/mutants/generated/c-examples/%)
GENERATED_CALLS = main $(shell sed -n 's/^CALL(\([a-z0-9_]*\),.*)$$/\1/p' c-peers/generated-mutants/calls.h)

.PHONY: c c-mutants c-cost c-lint c-headers c-musl alternatives alternatives-lint

# Libraries that a program could use instead, each with its header, its Debian package and its linker options. A library
# that is not installed is skipped; `make bench-deps` installs them all.
ALTERNATIVES := zeromq nng boost
zeromq_HEADER := zmq.h
zeromq_PACKAGE := libzmq3-dev
zeromq_LIBRARIES := -lzmq
nng_HEADER := nng/nng.h
nng_PACKAGE := libnng-dev
nng_LIBRARIES := -lnng
boost_HEADER := boost/interprocess/ipc/message_queue.hpp
boost_PACKAGE := libboost-dev
ALTERNATIVE_PACKAGES := $(foreach name,$(ALTERNATIVES),$($(name)_PACKAGE):$($(name)_HEADER))
CXX_FLAGS = -std=gnu++17 -D_GNU_SOURCE -Wall -Wextra -Werror $(BSD_FLAGS)
# $(call if-installed,NAME,COMMAND,COMMAND): a shell command that runs the first command if the library is installed,
# and otherwise the second.
if-installed = if echo '\#include <$($(1)_HEADER)>' | $(CXX) -E -x c++ - >/dev/null 2>&1; then $(2); else $(3); fi

$(C_CONFIG): c-peers/c.mk .ci/install-dependencies
	@.ci/install-dependencies
	@mkdir -p "$(@D)"
	@{ echo "BSD_FLAGS := $$(pkg-config --cflags libbsd-overlay)"; \
	  echo "BSD_LIBRARIES := $$(pkg-config --libs libbsd-overlay)"; \
	  echo "STATIC_LIBRARIES := $$(pkg-config --static --libs libbsd-overlay)"; \
	  if echo 'int main(void) { return 0; }' | $(CC) -static-pie -x c -o /dev/null - \
	    $$(pkg-config --static --libs libbsd-overlay) 2>/dev/null; then echo "STATIC := -static-pie"; fi; } >$@.new
	@mv $@.new $@

c: $(BUILD)/bin/c-peer $(BUILD)/bin/sandbox-init $(BUILD)/bin/short-transfer $(BUILD)/bin/wire-recorder \
  $(BUILD)/bin/without $(BUILD)/bin/limits $(EXAMPLES) $(SERVICES) $(BUILD)/tests/hostile $(BUILD)/tests/textbook
c-mutants: $(BUILD)/mutants/c-peer $(MUTANT_EXAMPLES) $(MUTANT_SERVICES) $(BUILD)/mutants/generated/c-peer $(GENERATED_EXAMPLES)
c-cost: $(BUILD)/cost/c

$(BUILD)/bin/c-peer: $(PEER_SOURCES:%.c=$(BUILD)/obj/%.o)
$(BUILD)/bin/short-transfer: $(SHORT_TRANSFER_SOURCES:%.c=$(BUILD)/obj/%.o)
$(BUILD)/bin/wire-recorder: $(WIRE_RECORDER_SOURCES:%.c=$(BUILD)/obj/%.o)
$(BUILD)/bin/without: $(WITHOUT_SOURCES:%.c=$(BUILD)/obj/%.o)
$(BUILD)/bin/sandbox-init: $(SANDBOX_INIT_SOURCES:%.c=$(BUILD)/obj/%.o)
$(BUILD)/bin/limits: $(LIMITS_SOURCES:%.c=$(BUILD)/obj/%.o) $(PAIR_SOURCES:%.c=$(BUILD)/obj/%.o)
# The sandbox tests start this program. It is never installed.
$(BUILD)/tests/hostile: $(HOSTILE_SOURCES:%.c=$(BUILD)/obj/%.o)
$(BUILD)/tests/textbook: $(TEXTBOOK_SOURCES:%.c=$(BUILD)/obj/%.o)
$(EXAMPLES): $(BUILD)/bin/c-examples/%: $(BUILD)/obj/c-peers/examples/%.o $(EXAMPLE_LIBRARY)
$(SERVICES): $(BUILD)/bin/c-examples/%: $(BUILD)/obj/c-peers/services/%.o $(SERVICE_LIBRARY) $(EXAMPLE_LIBRARY)
$(SERVICES): SERVICE_LIBRARIES := -ljansson
# A program links only the objects that it needs.
$(SERVICE_LIBRARY): $(SERVICE_OBJECTS)
	@rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/bin/c-peer $(BUILD)/bin/sandbox-init $(BUILD)/bin/short-transfer $(BUILD)/bin/wire-recorder $(BUILD)/bin/without \
$(BUILD)/bin/limits $(EXAMPLES) $(SERVICES) $(BUILD)/tests/hostile $(BUILD)/tests/textbook: $(C_CONFIG)
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) -O2 -g $(LINK) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(SERVICE_LIBRARIES) $(LIBRARIES)

# The libraries are dynamic, and one of them is written in C++.
alternatives:
	@$(foreach name,$(ALTERNATIVES),$(call if-installed,$(name),\
	  $(MAKE) --silent $(BUILD)/bin/alternatives/$(name),\
	  rm -f $(BUILD)/bin/alternatives/$(name); \
	  echo "  skipped $(name): $($(name)_PACKAGE) is not installed; run 'make bench-deps'") &&) true

$(ALTERNATIVES:%=$(BUILD)/bin/alternatives/%): $(BUILD)/bin/alternatives/%: $(BUILD)/obj/c-peers/alternatives/%.o \
  $(BUILD)/obj/c-peers/alternatives/main.o $(PAIR_SOURCES:%.c=$(BUILD)/obj/%.o)
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CXX) $(CFLAGS) -O2 -g $(LDFLAGS) -o $@ $^ $($*_LIBRARIES) $(BSD_LIBRARIES)

# The C programs that `make cost` compares with the library.
$(BUILD)/cost/c: $(COST_SOURCES:%.c=$(BUILD)/obj/%.o)
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) -O2 -g $(LDFLAGS) -o $@ $^ $(BSD_LIBRARIES)

$(BUILD)/mutants/c-peer: $(filter-out $(PATCHED:%=$(BUILD)/obj/c-peers/peer/%.o),$(PEER_SOURCES:%.c=$(BUILD)/obj/%.o)) \
  $(PATCHED_OBJECTS) $(MUTANT_OBJECTS)
$(MUTANT_EXAMPLES): $(BUILD)/mutants/c-examples/%: $(BUILD)/obj/c-peers/examples/%.o $(EXAMPLE_LIBRARY) $(CALL_MUTANTS)
$(MUTANT_SERVICES): $(BUILD)/mutants/c-examples/%: $(BUILD)/obj/c-peers/services/%.o $(CALL_MUTANTS) $(SERVICE_LIBRARY) \
  $(EXAMPLE_LIBRARY)

# The service mutants need jansson.
$(BUILD)/mutants/c-peer $(MUTANT_EXAMPLES) $(MUTANT_SERVICES):
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) -O2 -g $(LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ -ljansson $(BSD_LIBRARIES)

$(BUILD)/mutants/generated/c-peer: $(PEER_SOURCES:%.c=$(BUILD)/obj/%.o) $(GENERATED_OBJECTS)
$(GENERATED_EXAMPLES): $(BUILD)/mutants/generated/c-examples/%: $(BUILD)/obj/c-peers/examples/%.o $(EXAMPLE_LIBRARY) \
  $(GENERATED_OBJECTS)
$(GENERATED_OBJECTS): C_FLAGS += -Ic-peers/generated-mutants/include

$(BUILD)/mutants/generated/c-peer $(GENERATED_EXAMPLES):
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) -O2 -g $(LDFLAGS) $(GENERATED_CALLS:%=-Wl,--wrap=%) -o $@ $^ $(BSD_LIBRARIES)

# A patch that no longer applies stops the build: if you change the line, change its mutant too.
$(PATCHED_TREE)/.made: $(PATCHES) $(PEER_SOURCES) $(wildcard c-peers/*/*.h) | patch-deps
	@rm -rf $(@D) && mkdir -p $(@D) && cp -r c-peers/benchmark c-peers/include c-peers/peer $(@D)
	@cat $(PATCHES) | patch --directory $(@D) --strip 1 --fuzz 0 --silent
	@touch $@

$(PATCHED_OBJECTS): $(PATCHED_TREE)/%.o: $(PATCHED_TREE)/.made c-peers/mutants/mutant.h
	$(call quiet,CC,$(PATCHED_TREE)/peer/$*.c)$(CC) -I$(PATCHED_TREE)/include $(C_FLAGS) -include c-peers/mutants/mutant.h \
	  -O2 -g $(CFLAGS) -c -o $@ $(PATCHED_TREE)/peer/$*.c

# Some compilers fortify by default. In that case, open(2) has a different symbol name, and the wrappers do not
# replace it.
$(BUILD)/obj/c-peers/%.o $(PATCHED_OBJECTS): C_FLAGS += -U_FORTIFY_SOURCE

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(C_FLAGS) -O2 -g $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.cc
	@mkdir -p $(@D)
	$(call quiet,CXX,$<)$(CXX) $(CXX_FLAGS) -O2 -g $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(C_OBJECTS:.o=.d) $(ALTERNATIVES:%=$(BUILD)/obj/c-peers/alternatives/%.d)

c-lint: lint-deps c-headers c-musl alternatives-lint
	@$(CLANG) $(C_FLAGS) -Ic-peers/generated-mutants/include -fsyntax-only $(C_SOURCES)
	@$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)

alternatives-lint:
	@$(foreach name,$(ALTERNATIVES),$(call if-installed,$(name),$(if $(wildcard c-peers/alternatives/$(name).cc),\
	  $(CLANG) -x c++ $(CXX_FLAGS),$(CLANG) $(C_FLAGS)) -fsyntax-only $(wildcard c-peers/alternatives/$(name).c*),\
	  echo "  not checked: c-peers/alternatives/$(name): $($(name)_PACKAGE) is not installed") &&) true

# The headers in c-peers/include must compile without warnings everywhere, and their waits must work if time_t is larger than long.
c-headers: lint-deps
	@.ci/install-dependencies gcc-multilib
	@CC="$(CC)" CLANG="$(CLANG)" .ci/check-c-headers

# The library also supports musl, so its shims and the headers that users copy must compile with musl. The kernel's
# headers are not part of musl.
MUSL_FLAGS = -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -idirafter /usr/include \
  -idirafter /usr/include/$(shell $(CC) -print-multiarch)
c-musl: lint-deps
	@.ci/install-dependencies musl-tools
	@for source in Sources/CIPC*/*.c; do musl-gcc $(MUSL_FLAGS) -I$$(dirname $$source)/include -fsyntax-only $$source || exit; done
	@for header in c-peers/include/*.h; do musl-gcc $(MUSL_FLAGS) -fsyntax-only -x c $$header || exit; done

include c-peers/variants.mk
