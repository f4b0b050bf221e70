/* Limits for two processes that take turns: one, two or four cache lines, a futex on two cores, and a futex
 * on one core.
 *
 * A unit is one transfer from one process to the other. */
#include "limits.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    CACHE_LINE = 64,
    PAGE = 4096,
    ROUND_TRIPS = 32, /* the round trips through cache lines in a batch */
    MESSAGES = 64,    /* the messages, which are consecutive in memory, as in a ring */
};

/* The number that makes the partner exit. */
static const uint32_t STOP = UINT32_MAX;

/* The words that both processes map, each in a separate cache line. */
struct turns {
    _Alignas(CACHE_LINE) _Atomic uint32_t ping;
    _Alignas(CACHE_LINE) _Atomic uint32_t pong;
};
_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t), "the kernel compares 32 bits");

/* The partner replies to each odd number with the next even number. Both write the same cache line. */
static void answer_line(void *context) {
    struct turns *turns = context;
    for (uint32_t next = 1;; next += 2) {
        uint32_t seen;
        while ((seen = atomic_load_explicit(&turns->ping, memory_order_acquire)) != next)
            if (seen == STOP)
                return;
        atomic_store_explicit(&turns->ping, next + 1, memory_order_release);
    }
}

static void exchange_line(void *context) {
    struct turns *turns = context;
    uint32_t next = atomic_load_explicit(&turns->ping, memory_order_relaxed);
    for (int i = 0; i < ROUND_TRIPS; i++) {
        atomic_store_explicit(&turns->ping, next + 1, memory_order_release);
        next += 2;
        while (atomic_load_explicit(&turns->ping, memory_order_acquire) != next)
            ;
    }
}

static void run_cache_line(const struct limit *limit, const struct pair_options *options) {
    struct turns *turns = pair_memory(PAGE);
    const struct pair_partner partner = pair_start(options->cores[1], answer_line, turns);
    limit_measure(limit, options, 2 * ROUND_TRIPS, exchange_line, turns);
    atomic_store_explicit(&turns->ping, STOP, memory_order_release);
    pair_require_end(&partner);
    munmap(turns, PAGE);
}

/* Messages of one cache line each, and, in a separate cache line, the number of the last message. */
struct announced {
    _Alignas(CACHE_LINE) _Atomic uint32_t number;
    _Alignas(CACHE_LINE) unsigned char messages[MESSAGES][CACHE_LINE];
};
struct announcements {
    struct announced ping, pong;
};

static void announce(struct announced *to, uint32_t number, const unsigned char *message) {
    memcpy(to->messages[number % MESSAGES], message, CACHE_LINE);
    atomic_store_explicit(&to->number, number, memory_order_release);
}

static bool take_message(struct announced *from, uint32_t number, unsigned char *message) {
    uint32_t seen;
    while ((seen = atomic_load_explicit(&from->number, memory_order_acquire)) != number)
        if (seen == STOP)
            return false;
    memcpy(message, from->messages[number % MESSAGES], CACHE_LINE);
    limit_observe(message);
    return true;
}

static void answer_message(void *context) {
    struct announcements *both = context;
    unsigned char message[CACHE_LINE];
    for (uint32_t number = 1; take_message(&both->ping, number, message); number++)
        announce(&both->pong, number, message);
}

static void exchange_message(void *context) {
    struct announcements *both = context;
    unsigned char message[CACHE_LINE] = {0};
    uint32_t number = atomic_load_explicit(&both->ping.number, memory_order_relaxed);
    for (int i = 0; i < ROUND_TRIPS; i++) {
        announce(&both->ping, ++number, message);
        take_message(&both->pong, number, message);
    }
}

static void run_two_lines(const struct limit *limit, const struct pair_options *options) {
    struct announcements *both = pair_memory(sizeof *both);
    const struct pair_partner partner = pair_start(options->cores[1], answer_message, both);
    limit_measure(limit, options, 2 * ROUND_TRIPS, exchange_message, both);
    atomic_store_explicit(&both->ping.number, STOP, memory_order_release);
    pair_require_end(&partner);
    munmap(both, sizeof *both);
}

/* The transfers of a ring, and nothing else. A message of 64 bytes and its 8-byte frame occupy two cache
 * lines. Two more contain the sender's position, and the receiver's position, which the sender reads before
 * each message. */
struct framed {
    unsigned char bytes[8 + CACHE_LINE];
};
struct positions {
    _Alignas(CACHE_LINE) _Atomic uint32_t sent;
    _Alignas(CACHE_LINE) _Atomic uint32_t received;
    _Alignas(CACHE_LINE) struct framed messages[MESSAGES];
};
struct ring_pair {
    struct positions ping, pong;
};

static void send_framed(struct positions *to, uint32_t number, const struct framed *message) {
    while (number - atomic_load_explicit(&to->received, memory_order_acquire) > MESSAGES)
        ;
    to->messages[number % MESSAGES] = *message;
    atomic_store_explicit(&to->sent, number, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
}

static bool receive_framed(struct positions *from, uint32_t number, struct framed *message) {
    uint32_t seen;
    while ((seen = atomic_load_explicit(&from->sent, memory_order_acquire)) != number)
        if (seen == STOP)
            return false;
    *message = from->messages[number % MESSAGES];
    limit_observe(message);
    atomic_store_explicit(&from->received, number, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    return true;
}

static void answer_framed(void *context) {
    struct ring_pair *both = context;
    struct framed message;
    for (uint32_t number = 1; receive_framed(&both->ping, number, &message); number++)
        send_framed(&both->pong, number, &message);
}

static void exchange_framed(void *context) {
    struct ring_pair *both = context;
    struct framed message = {{0}};
    uint32_t number = atomic_load_explicit(&both->ping.sent, memory_order_relaxed);
    for (int i = 0; i < ROUND_TRIPS; i++) {
        send_framed(&both->ping, ++number, &message);
        receive_framed(&both->pong, number, &message);
    }
}

static void run_four_lines(const struct limit *limit, const struct pair_options *options) {
    struct ring_pair *both = pair_memory(sizeof *both);
    const struct pair_partner partner = pair_start(options->cores[1], answer_framed, both);
    limit_measure(limit, options, 2 * ROUND_TRIPS, exchange_framed, both);
    atomic_store_explicit(&both->ping.sent, STOP, memory_order_release);
    pair_require_end(&partner);
    munmap(both, sizeof *both);
}

static void futex_sleep(_Atomic uint32_t *word, uint32_t expected) {
    while (atomic_load_explicit(word, memory_order_acquire) == expected)
        if (syscall(SYS_futex, word, FUTEX_WAIT, expected, NULL, NULL, 0) == -1)
            pair_require(errno == EAGAIN || errno == EINTR, "futex");
}

static void futex_set(_Atomic uint32_t *word, uint32_t value) {
    atomic_store_explicit(word, value, memory_order_release);
    pair_require(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) != -1, "futex");
}

static void answer_futex(void *context) {
    struct turns *turns = context;
    for (uint32_t seen = 0;; seen++) {
        futex_sleep(&turns->ping, seen);
        if (atomic_load_explicit(&turns->ping, memory_order_relaxed) == STOP)
            return;
        futex_set(&turns->pong, seen + 1);
    }
}

static void exchange_futex(void *context) {
    struct turns *turns = context;
    const uint32_t before = atomic_load_explicit(&turns->pong, memory_order_relaxed);
    futex_set(&turns->ping, before + 1);
    futex_sleep(&turns->pong, before);
}

static void run_futex(const struct limit *limit, const struct pair_options *options) {
    struct turns *turns = pair_memory(PAGE);
    const int core = options->cores[limit->needs_two_cores ? 1 : 0];
    const struct pair_partner partner = pair_start(core, answer_futex, turns);
    limit_measure(limit, options, 2, exchange_futex, turns);
    futex_set(&turns->ping, STOP);
    pair_require_end(&partner);
    munmap(turns, PAGE);
}

const struct limit limits_exchange[] = {
    {.name = "cache-line", .needs_two_cores = true, .run = run_cache_line},
    {.name = "two-cache-lines", .needs_two_cores = true, .run = run_two_lines},
    {.name = "four-cache-lines", .needs_two_cores = true, .run = run_four_lines},
    {.name = "futex-wake", .needs_two_cores = true, .run = run_futex},
    {.name = "context-switch", .run = run_futex},
    {0},
};
