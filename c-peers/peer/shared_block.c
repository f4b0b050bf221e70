/* A block in shared memory: a flag that publishes data, a counter, and the data. */
#include "shared_block.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct block {
    _Atomic uint32_t ready; /* 0 or 1; a 32-bit word, as futex(2) requires */
    _Atomic uint64_t counter;
    unsigned char buffer[PEER_BLOCK_SIZE];
};
_Static_assert(sizeof(struct block) == 4016 && _Alignof(struct block) == 8, "layout");
_Static_assert(offsetof(struct block, ready) == 0, "layout");
_Static_assert(offsetof(struct block, counter) == 8, "layout");
_Static_assert(offsetof(struct block, buffer) == 16, "layout");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "atomics between processes");

static struct block *find_block(struct call *call) {
    return peer_memory_at(call, "memory", "at", sizeof(struct block));
}

/* The timeout and method for a wait. */
struct block_wait {
    struct timeout timeout;
    bool looks;
};

static struct block_wait block_wait_of(struct call *call) {
    static const struct symbol means[] = {{"futex", 0}, {"poll", 1}, {0}};
    return (struct block_wait){
        .timeout = peer_optional_timeout(call),
        .looks = peer_has(call, "by") && peer_symbol(call, "by", means) == 1,
    };
}

/* If the flag is `value`, sleeps until a wake-up. After a timeout the caller checks the flag once more:
 * its writer may have died before it woke the waiters. */
static bool sleep_while(_Atomic uint32_t *flag, uint32_t value, struct timeout *wait) {
    const struct timespec *left = peer_remaining(wait);
    if (left && left->tv_sec == 0 && left->tv_nsec == 0) {
        errno = ETIMEDOUT;
        return false;
    }
    /* The call takes two longs, even if time_t has a different size. A longer sleep is repeated. */
    const long time[2] = {left && left->tv_sec < INT32_MAX ? (long)left->tv_sec : INT32_MAX,
                          left ? left->tv_nsec : 0};
    if (syscall(SYS_futex, flag, FUTEX_WAIT, value, left ? time : NULL, NULL, 0) == 0 || errno == EAGAIN ||
        errno == ETIMEDOUT || (errno == EINTR && wait->retry))
        return true;
    peer_set_failed_call("futex");
    return false;
}

/* Waits until the flag is set, or cleared. The load acquires: stores that precede the flag are then
 * visible. */
static bool await(struct block *block, bool set, struct block_wait *wait) {
    struct timespec backoff = peer_first_backoff;
    for (uint32_t flag; ((flag = atomic_load_explicit(&block->ready, memory_order_acquire)) != 0) != set;) {
        bool continues = wait->looks ? peer_pause_before(peer_deadline(&wait->timeout), &backoff) ||
                                           (errno == EINTR && wait->timeout.retry)
                                     : sleep_while(&block->ready, flag, &wait->timeout);
        if (!continues)
            return false;
    }
    return true;
}

/* Sets or clears the flag after all preceding stores, and wakes all waiters. */
static void set_ready(struct block *block, uint32_t flag) {
    atomic_store_explicit(&block->ready, flag, memory_order_release);
    syscall(SYS_futex, &block->ready, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

struct block *peer_block(struct call *call, const char *key) {
    return peer_memory_at(call, key, "at", sizeof(struct block));
}

int peer_block_send(struct block *block, const void *bytes, size_t count) {
    struct block_wait wait = {.timeout = {.never = true}};
    if (!await(block, false, &wait))
        return -1;
    memcpy(block->buffer, bytes, count);
    set_ready(block, 1);
    return 0;
}

int peer_block_receive(struct block *block, void *bytes, size_t count) {
    struct block_wait wait = {.timeout = {.never = true}};
    if (!await(block, true, &wait))
        return -1;
    memcpy(bytes, block->buffer, count);
    set_ready(block, 0);
    return 0;
}

static void perform_block_init(struct call *call) {
    struct block *made = find_block(call);
    if (call->outcome == OK)
        memset(made, 0, sizeof *made);
}

static void perform_block_layout(struct call *call) {
    peer_reply(call, "size", "%zu", sizeof(struct block));
    peer_reply(call, "alignment", "%zu", _Alignof(struct block));
    peer_reply(call, "ready", "%zu", offsetof(struct block, ready));
    peer_reply(call, "counter", "%zu", offsetof(struct block, counter));
    peer_reply(call, "buffer", "%zu", offsetof(struct block, buffer));
}

static void perform_block_publish(struct call *call) {
    struct block *published = find_block(call);
    struct payload bytes = peer_payload(call, "buf", "count");
    if (call->outcome != OK)
        return;
    if (bytes.length > sizeof published->buffer) {
        peer_fail(call, EMSGSIZE);
        return;
    }
    memcpy(published->buffer, bytes.bytes, bytes.length);
    set_ready(published, 1);
}

static void perform_block_reset(struct call *call) {
    struct block *reset = find_block(call);
    if (call->outcome == OK)
        set_ready(reset, 0);
}

static void perform_block_ready(struct call *call) {
    struct block *asked = find_block(call);
    if (call->outcome == OK)
        peer_reply(call, "ready", "%s",
                   atomic_load_explicit(&asked->ready, memory_order_acquire) != 0 ? "yes" : "no");
}

static void perform_block_wait(struct call *call) {
    struct block *awaited = find_block(call);
    struct block_wait wait = block_wait_of(call);
    if (call->outcome == OK && !await(awaited, true, &wait))
        peer_fail(call, errno);
}

static void perform_block_read(struct call *call) {
    struct block *read = find_block(call);
    size_t count = peer_size(call, "count");
    struct expectation expected = peer_expectation(call);
    if (call->outcome != OK)
        return;
    if (count > sizeof read->buffer) {
        peer_fail(call, EFAULT);
        return;
    }
    void *copy = peer_scratch(call, count);
    if (!copy)
        return;
    memcpy(copy, read->buffer, count);
    peer_reply_payload(call, "buf", expected, copy, count);
}

static void perform_block_add(struct call *call) {
    struct block *counted = find_block(call);
    long long count = peer_number(call, "count", 0, INT64_MAX);
    if (call->outcome != OK)
        return;
    for (long long i = 0; i < count; i++)
        atomic_fetch_add(&counted->counter, 1);
    peer_reply(call, "return", "%lld", count);
}

static void perform_block_counter(struct call *call) {
    struct block *asked = find_block(call);
    if (call->outcome == OK)
        peer_reply(call, "counter", "%llu", (unsigned long long)atomic_load(&asked->counter));
}

/* Publishes one generation after another: first the number in the counter, then data derived from it, and
 * finally the flag. */
static void perform_block_publish_rounds(struct call *call) {
    struct block *published = find_block(call);
    uint64_t rounds = (uint64_t)peer_number(call, "count", 0, INT64_MAX), round = 0;
    struct block_wait wait = block_wait_of(call);
    while (call->outcome == OK && round < rounds) {
        if (!await(published, false, &wait)) {
            peer_fail(call, errno);
            break;
        }
        round++;
        atomic_store_explicit(&published->counter, round, memory_order_relaxed);
        peer_make_pattern(round, 0, published->buffer, sizeof published->buffer);
        set_ready(published, 1);
    }
    if (call->outcome != INVALID)
        peer_reply(call, "return", "%llu", (unsigned long long)round);
}

/* Receives one generation after another, and counts the incomplete ones. */
static void perform_block_check_rounds(struct call *call) {
    struct block *read = find_block(call);
    uint64_t rounds = (uint64_t)peer_number(call, "count", 0, INT64_MAX), round = 0, torn = 0;
    struct block_wait wait = block_wait_of(call);
    while (call->outcome == OK && round < rounds) {
        if (!await(read, true, &wait)) {
            peer_fail(call, errno);
            break;
        }
        round++;
        torn += atomic_load_explicit(&read->counter, memory_order_relaxed) != round ||
                peer_first_difference(round, 0, read->buffer, sizeof read->buffer) != sizeof read->buffer;
        set_ready(read, 0);
    }
    if (call->outcome == INVALID)
        return;
    peer_reply(call, "return", "%llu", (unsigned long long)round);
    peer_reply(call, "torn", "%llu", (unsigned long long)torn);
}

/* Wakes one process that sleeps on a word. A process that waits in short intervals is briefly awake between
 * them, so this function retries until it wakes one. */
static void perform_futex_wake(struct call *call) {
    const void *word = peer_memory_at(call, "memory", "at", sizeof(uint32_t));
    struct timespec backoff = peer_first_backoff;
    peer_set_failed_call("clock_nanosleep");
    while (call->outcome == OK && syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
        if (!peer_pause_before(NULL, &backoff))
            peer_fail(call, errno);
}

const struct operation peer_shared_block_operations[] = {
    {"block_init", "memory at", perform_block_init},
    {"block_layout", "", perform_block_layout},
    {"block_publish", "memory at buf count pattern offset", perform_block_publish},
    {"block_reset", "memory at", perform_block_reset},
    {"block_ready", "memory at", perform_block_ready},
    {"block_wait", "memory at by timeout eintr", perform_block_wait},
    {"block_read", "memory at count pattern offset", perform_block_read},
    {"block_add", "memory at count", perform_block_add},
    {"block_counter", "memory at", perform_block_counter},
    {"futex_wake", "memory at", perform_futex_wake},
    {"block_publish_rounds", "memory at count by timeout", perform_block_publish_rounds},
    {"block_check_rounds", "memory at count by timeout", perform_block_check_rounds},
    {0},
};
