/* The benchmark loops. They are expanded for every link, so that the link's calls are direct or inlined, as
 * in a program that uses only one link. */
#ifndef BENCHMARK_LOOPS_H
#define BENCHMARK_LOOPS_H

#include "benchmark.h"

#include <errno.h>
#include <string.h>

typedef int send_message(struct benchmark *);
typedef ssize_t receive_message(struct benchmark *);
#define LOOP static inline __attribute__((always_inline)) int

/* Byte 0 of a message is its number, which exposes lost and repeated messages and unchanged buffers. */
static inline void number_message(struct benchmark *benchmark, unsigned char number) {
    if (benchmark->size > 0)
        benchmark->message[0] = number;
}

LOOP receive_numbered(struct benchmark *benchmark, receive_message *receive) {
    const ssize_t length = receive(benchmark);
    if (length == -1)
        return -1;
    benchmark->wrong += (size_t)length != benchmark->size ||
                        (length > 0 && benchmark->message[0] != (unsigned char)benchmark->done);
    benchmark->done++;
    return 0;
}

LOOP make_trip(struct benchmark *benchmark, send_message *send, receive_message *receive) {
    number_message(benchmark, (unsigned char)benchmark->done);
    if (send(benchmark) == -1)
        return -1;
    number_message(benchmark, (unsigned char)~benchmark->done);
    return receive_numbered(benchmark, receive);
}

LOOP ping_loop(struct benchmark *benchmark, send_message *send, receive_message *receive) {
    while (benchmark->done < benchmark->warmup)
        if (make_trip(benchmark, send, receive) == -1)
            return -1;
    const uint64_t start = histogram_now();
    uint64_t before = start, after = start;
    for (uint64_t trip = 0; trip < benchmark->count; trip++, before = after) {
        if (benchmark->interval == 0) {
            if (make_trip(benchmark, send, receive) == -1)
                return -1;
            after = histogram_now();
            histogram_record(&benchmark->latency, after - before);
            continue;
        }
        const uint64_t intended = start + trip * benchmark->interval;
        while (before < intended)
            before = histogram_now();
        if (make_trip(benchmark, send, receive) == -1)
            return -1;
        after = histogram_now();
        histogram_record(&benchmark->latency, after - intended);
        histogram_record(&benchmark->service, after - before);
    }
    benchmark->elapsed = after - start;
    return 0;
}

LOOP pong_loop(struct benchmark *benchmark, send_message *send, receive_message *receive) {
    for (; benchmark->done < benchmark->count; benchmark->done++)
        if (receive(benchmark) == -1 || send(benchmark) == -1)
            return -1;
    return 0;
}

LOOP send_loop(struct benchmark *benchmark, send_message *send) {
    const uint64_t start = histogram_now();
    for (; benchmark->done < benchmark->count; benchmark->done++) {
        number_message(benchmark, (unsigned char)benchmark->done);
        if (send(benchmark) == -1)
            return -1;
    }
    benchmark->elapsed = histogram_now() - start;
    return 0;
}

LOOP receive_loop(struct benchmark *benchmark, receive_message *receive) {
    while (benchmark->done < benchmark->warmup)
        if (receive_numbered(benchmark, receive) == -1)
            return -1;
    const uint64_t start = histogram_now();
    while (benchmark->done < benchmark->warmup + benchmark->count)
        if (receive_numbered(benchmark, receive) == -1)
            return -1;
    benchmark->elapsed = histogram_now() - start;
    return 0;
}

/* Defines the loops for a link that has the functions NAME_send and NAME_receive. */
#define LOOPS(name)                                                                                          \
    static int name##_ping_loop(struct benchmark *benchmark) {                                               \
        return ping_loop(benchmark, name##_send, name##_receive);                                            \
    }                                                                                                        \
    static int name##_pong_loop(struct benchmark *benchmark) {                                               \
        return pong_loop(benchmark, name##_send, name##_receive);                                            \
    }                                                                                                        \
    static int name##_send_loop(struct benchmark *benchmark) {                                               \
        return send_loop(benchmark, name##_send);                                                            \
    }                                                                                                        \
    static int name##_receive_loop(struct benchmark *benchmark) {                                            \
        return receive_loop(benchmark, name##_receive);                                                      \
    }

#define CLOSING_LINK(text, name, has_bytes, close)                                                           \
    {                                                                                                        \
        text, has_bytes, name##_open, name##_ping_loop, name##_pong_loop, name##_send_loop,                  \
            name##_receive_loop, close                                                                       \
    }
#define LINK(text, name, has_bytes) CLOSING_LINK(text, name, has_bytes, NULL)

static inline int failed(const char *function) {
    return peer_set_failed_call(function);
}

/* Reports that the other side closed the object before all messages had arrived. */
static inline int ended(const char *function) {
    errno = EPIPE;
    return failed(function);
}

/* Whether the operation sends or receives. Parameters that it does not take have already been rejected. */
static inline bool sends(struct call *call) {
    return strcmp(call->operation, "bench_receive") != 0;
}

static inline bool receives(struct call *call) {
    return strcmp(call->operation, "bench_send") != 0;
}

static inline void open_descriptors(struct call *call, struct benchmark *benchmark) {
    if (sends(call))
        benchmark->to = peer_descriptor_named(call, peer_text(call, "write"));
    if (receives(call))
        benchmark->from = peer_descriptor_named(call, peer_text(call, "read"));
}

#endif
