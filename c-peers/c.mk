# The C of the project: the reference peer, the examples and the warden. `make c` builds it, `make c-lint` checks it.
# Each is made by the C compiler for the gate, and seen by clang as well: two compilers warn of more than one.

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
CLANG_FORMAT ?= clang-format

# Recursive, since libbsd may only be installed by the target `deps`.
C_FLAGS = -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Ic-peers/include $(shell pkg-config --cflags libbsd-overlay)
C_LIBRARIES = $(shell pkg-config --libs libbsd-overlay)

PEER_SOURCES := $(wildcard c-peers/peer/*.c)
WARDEN_SOURCES := $(wildcard Sources/warden/*.c)
EXAMPLE_SOURCES := $(wildcard c-peers/examples/*.c)
EXAMPLES := $(EXAMPLE_SOURCES:c-peers/examples/%.c=$(BUILD)/bin/c-examples/%)
C_SOURCES := $(PEER_SOURCES) $(WARDEN_SOURCES) $(EXAMPLE_SOURCES)
C_FILES = $(C_SOURCES) $(wildcard c-peers/*/*.h Sources/warden/*.h Sources/CIPC/*.c Sources/CIPC/include/*.h Tests/*/*.c Tests/*/*/*.c Tests/*/*/*/*.h)
C_OBJECTS := $(C_SOURCES:%.c=$(BUILD)/obj/%.o)

.PHONY: c c-lint
c: $(BUILD)/bin/c-peer $(BUILD)/bin/warden $(EXAMPLES)

$(BUILD)/bin/c-peer: $(PEER_SOURCES:%.c=$(BUILD)/obj/%.o)
$(BUILD)/bin/warden: $(WARDEN_SOURCES:%.c=$(BUILD)/obj/%.o)
$(EXAMPLES): $(BUILD)/bin/c-examples/%: $(BUILD)/obj/c-peers/examples/%.o

$(BUILD)/bin/c-peer $(BUILD)/bin/warden $(EXAMPLES):
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -O2 -g $(LDFLAGS) -o $@ $^ $(C_LIBRARIES)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) -O2 -g $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(C_OBJECTS:.o=.d)

c-lint: lint-deps
	$(CLANG) $(C_FLAGS) -fsyntax-only $(C_SOURCES)
	$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)
