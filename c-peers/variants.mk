# Peers that `make peers` builds from the reference peer's source with other compilers, C libraries and ABIs. A
# variant is built if its compiler can build a program; otherwise it is skipped, and the reason is reported.

VARIANTS := c-o0 c-o3 c-clang c-sanitized c-m32 c-m32-time64 c-musl c-aarch64
VARIANT_FLAGS = -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Ic-peers/include -include c-peers/portable/portable.h
VARIANT_PACKAGES := gcc-multilib musl-tools qemu-user-static libc6-dev-arm64-cross

# The compiler and its flags for each variant.
KERNEL_HEADERS := $(BUILD)/peers/kernel-headers
ARM64 := /usr/aarch64-linux-gnu
ARM64_GCC := $(shell command -v aarch64-linux-gnu-gcc)
compile_c-o0 = $(CC) -O0
compile_c-o3 = $(CC) -O3
compile_c-clang = $(CLANG) -O2
compile_c-sanitized = $(CC) -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
compile_c-m32 = $(CC) -m32 -O2 -Wno-psabi
compile_c-m32-time64 = $(CC) -m32 -O2 -Wno-psabi -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64
compile_c-musl = musl-gcc -O2 -isystem $(KERNEL_HEADERS)
# Debian's cross compiler cannot be installed beside gcc-multilib. clang needs only the C library.
compile_c-aarch64 = $(or $(ARM64_GCC),$(CLANG) --target=aarch64-linux-gnu -isystem $(ARM64)/include -fuse-ld=lld \
  -Wno-unused-command-line-argument -L$(ARM64)/lib -B$(ARM64)/lib \
  $(patsubst %,-B%,$(lastword $(wildcard /usr/lib/gcc-cross/aarch64-linux-gnu/*)))) -O2
link_c-sanitized =
variant_link = $(if $(filter undefined,$(origin link_$1)),-static,$(link_$1))
# The additional programs that a variant needs at run time.
needs_c-aarch64 := qemu-aarch64-static

.PHONY: c-variants peers-deps
# If a distribution has no package for one of them, that variant is skipped.
peers-deps:
	@for package in $(VARIANT_PACKAGES); do .ci/install-dependencies $$package || true; done

$(KERNEL_HEADERS):
	@mkdir -p $@.new
	@ln -sfn /usr/include/linux $@.new/linux
	@ln -sfn /usr/include/asm-generic $@.new/asm-generic
	@ln -sfn /usr/include/$(shell $(CC) -print-multiarch)/asm $@.new/asm
	@mv $@.new $@

# A shell command that prints nothing and succeeds if a variant can be built and run here.
usable = test -z "$(needs_$1)" -o -n "$$(command -v $(needs_$1))" && \
  echo 'int main(void) { return 0; }' | $(compile_$1) $(call variant_link,$1) -x c -o $(BUILD)/peers/$1.probe - 2>/dev/null

c-variants: $(KERNEL_HEADERS) $(VARIANTS:%=$(BUILD)/peers/%.built)

define VARIANT
OBJECTS_$1 := $$(PEER_SOURCES:c-peers/peer/%.c=$$(BUILD)/peers/obj/$1/%.o)
.PHONY: $$(BUILD)/peers/$1.built
$$(BUILD)/peers/$1.built: $$(KERNEL_HEADERS)
	@mkdir -p $$(BUILD)/peers
	@if $$(call usable,$1); then rm -f $$(BUILD)/peers/$1.probe; $$(MAKE) --no-print-directory $$(BUILD)/peers/$1; \
	else rm -f $$(BUILD)/peers/$1; echo "  --  $1 is left out: $$(firstword $$(compile_$1)) cannot build a program that runs here"; fi

$$(BUILD)/peers/$1: $$(OBJECTS_$1)
	$$(call quiet,LD,$$@)$$(compile_$1) -g $$(call variant_link,$1) -o $$@ $$^

$$(OBJECTS_$1): $$(BUILD)/peers/obj/$1/%.o: c-peers/peer/%.c c-peers/variants.mk
	@mkdir -p $$(@D)
	$$(call quiet,CC,$$< ($1))$$(compile_$1) $$(VARIANT_FLAGS) -DPEER_LANGUAGE='"$1"' -g -MMD -MP -c -o $$@ $$<
-include $$(OBJECTS_$1:.o=.d)
endef
$(foreach variant,$(VARIANTS),$(eval $(call VARIANT,$(variant))))
