/* Mapped memory, and stores and loads for every kind of memory. */
#include "peer.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

static void perform_mmap(struct call *call) {
    static const struct symbol protections[] = {SYMBOL(PROT_READ), SYMBOL(PROT_WRITE), {0}};
    static const struct symbol kinds[] = {SYMBOL(MAP_SHARED), SYMBOL(MAP_PRIVATE), {0}};
    const char *mapping = peer_new_handle(call, "mapping");
    int fd = peer_descriptor(call);
    size_t length = peer_size(call, "length");
    off_t offset = peer_offset(call, "offset", INT64_MIN);
    int protection = peer_flags(call, "prot", protections);
    int kind = peer_has(call, "flags") ? peer_symbol(call, "flags", kinds) : MAP_SHARED;
    if (!(protection & PROT_READ) || (kind == MAP_PRIVATE && !(protection & PROT_WRITE)))
        peer_invalid_request(call, "memory is mapped for reading, and a private mapping also for writing");
    if (call->outcome != OK)
        return;
    void *address = mmap(NULL, length, protection, kind, fd, offset);
    if (address == MAP_FAILED)
        peer_fail(call, errno);
    else
        peer_register_segment(mapping, (struct segment){address, length, !(protection & PROT_WRITE), true});
}

static struct segment mapping(struct call *call) {
    struct segment memory = peer_segment(call);
    if (call->outcome == OK && !memory.mapped)
        peer_invalid_request(call, "the handle is not a mapping");
    return memory;
}

static void perform_munmap(struct call *call) {
    struct segment memory = mapping(call);
    if (call->outcome != OK)
        return;
    if (munmap(memory.address, memory.size) == -1)
        peer_fail(call, errno);
    else
        peer_release_handle(call);
}

static void perform_mremap(struct call *call) {
    struct segment memory = mapping(call);
    size_t length = peer_size(call, "new_size");
    if (call->outcome != OK)
        return;
    void *address = mremap(memory.address, memory.size, length, MREMAP_MAYMOVE);
    if (address == MAP_FAILED) {
        peer_fail(call, errno);
        return;
    }
    memory.address = address;
    memory.size = length;
    peer_replace_segment(call, memory);
}

/* Check this here, because an access beyond the end would raise SIGSEGV or, within the last page, succeed. */
static bool is_within(struct segment memory, long long at, size_t length) {
    return at >= 0 && (unsigned long long)at <= memory.size && length <= memory.size - (size_t)at;
}

static void perform_on_range(struct call *call, int (*perform)(void *, size_t, int), int how) {
    struct segment memory = mapping(call);
    long long at = peer_number_or(call, "at", INT64_MIN, INT64_MAX, 0);
    size_t rest = is_within(memory, at, 0) ? memory.size - (size_t)at : 0;
    size_t length = peer_has(call, "length") ? peer_size(call, "length") : rest;
    if (call->outcome != OK)
        return;
    if (!is_within(memory, at, length))
        peer_fail(call, EFAULT);
    else if (perform(memory.address + at, length, how) == -1)
        peer_fail(call, errno);
}

static void perform_msync(struct call *call) {
    static const struct symbol known[] = {SYMBOL(MS_SYNC), SYMBOL(MS_ASYNC), {0}};
    perform_on_range(call, msync, peer_has(call, "flags") ? peer_symbol(call, "flags", known) : MS_SYNC);
}

static void perform_madvise(struct call *call) {
    static const struct symbol known[] = {SYMBOL(MADV_NORMAL),     SYMBOL(MADV_RANDOM),
                                          SYMBOL(MADV_SEQUENTIAL), SYMBOL(MADV_WILLNEED),
                                          SYMBOL(MADV_DONTNEED),   {0}};
    perform_on_range(call, madvise, peer_symbol(call, "advice", known));
}

/* mlock(2) and munlock(2) take no third argument. */
static int lock(void *address, size_t length, int unused) {
    (void)unused;
    return mlock(address, length);
}

static int unlock(void *address, size_t length, int unused) {
    (void)unused;
    return munlock(address, length);
}

static void perform_mlock(struct call *call) {
    perform_on_range(call, lock, 0);
}

static void perform_munlock(struct call *call) {
    perform_on_range(call, unlock, 0);
}

/* Accessing pages beyond the end of the object raises SIGBUS. The object may shrink at any time, so a check
 * before the copy does not help: the handler aborts the copy. */
static sigjmp_buf before_copy;

static void leave_copy(int number) {
    siglongjmp(before_copy, number);
}

static bool copy(void *to, const void *from, size_t length) {
    struct sigaction guard = {.sa_handler = leave_copy}, before;
    sigaction(SIGBUS, &guard, &before);
    bool whole = false;
    if (sigsetjmp(before_copy, true) == 0) {
        memcpy(to, from, length);
        whole = true;
    }
    sigaction(SIGBUS, &before, NULL);
    return whole;
}

static void perform_store(struct call *call) {
    struct segment memory = peer_segment(call);
    long long at = peer_number_or(call, "at", INT64_MIN, INT64_MAX, 0);
    struct payload stored = peer_payload(call, "buf", "count");
    if (call->outcome != OK)
        return;
    if (memory.read_only || !is_within(memory, at, stored.length) ||
        !copy(memory.address + at, stored.bytes, stored.length))
        peer_fail(call, EFAULT);
}

static void perform_load(struct call *call) {
    struct segment memory = peer_segment(call);
    long long at = peer_number_or(call, "at", INT64_MIN, INT64_MAX, 0);
    size_t count = peer_size(call, "count");
    struct expectation expected = peer_expectation(call);
    if (call->outcome != OK)
        return;
    if (!is_within(memory, at, count)) {
        peer_fail(call, EFAULT);
        return;
    }
    /* Use a copy: other processes may write to the memory at any time, but the digest and the difference must
     * describe the same bytes. */
    void *loaded = peer_scratch(call, count);
    if (!loaded)
        return;
    if (copy(loaded, memory.address + at, count))
        peer_reply_payload(call, "buf", expected, loaded, count);
    else
        peer_fail(call, EFAULT);
}

const struct operation peer_mapping_operations[] = {
    {"mmap", "handle mapping length prot flags offset", perform_mmap},
    {"munmap", "handle", perform_munmap},
    {"mremap", "handle new_size", perform_mremap},
    {"msync", "handle at length flags", perform_msync},
    {"madvise", "handle at length advice", perform_madvise},
    {"mlock", "handle at length", perform_mlock},
    {"munlock", "handle at length", perform_munlock},
    {"store", "handle at buf count pattern offset", perform_store},
    {"load", "handle at count pattern offset", perform_load},
    {0},
};
