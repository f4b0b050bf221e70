/* Benchmarks: tight loops that send messages and measure them. */
#include "benchmark.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* This is static, because its histograms are large. */
static struct benchmark benchmark;

/* Reads the parameters that all benchmarks have, and allocates a message. Returns NULL if the request is
 * invalid. */
static const struct link *begin(struct call *call) {
    benchmark = (struct benchmark){.to = -1, .from = -1, .id = -1, .connection = -1};
    const struct link *link = peer_link(call);
    benchmark.size = benchmark.room = (size_t)peer_number(call, "size", 0, 1 << 30);
    benchmark.count = (uint64_t)peer_number(call, "count", 1, UINT32_MAX);
    benchmark.warmup = (uint64_t)peer_number_or(call, "warmup", 0, UINT32_MAX, 0);
    benchmark.interval = (uint64_t)peer_number_or(call, "interval", 0, 1000000000, 0);
    if (link && !link->has_bytes && benchmark.size > 0)
        peer_invalid_request(call, "by=%s has no bytes, so 'size' is 0", link->name);
    if (call->outcome == OK)
        link->open(call, &benchmark);
    unsigned char *room = call->outcome == OK ? peer_scratch(call, sizeof(long) + benchmark.room) : NULL;
    if (!room)
        return NULL;
    benchmark.message = room + sizeof(long);
    peer_make_pattern(0, 0, benchmark.message, benchmark.size);
    return link;
}

static void finish(struct call *call, const struct link *link, int result) {
    const int error = errno;
    if (link->close && link->close(&benchmark) == -1 && result != -1)
        result = -1;
    else
        errno = error;
    if (result == -1)
        peer_fail(call, errno);
    peer_reply(call, "return", "%llu", (unsigned long long)benchmark.done);
}

static void reply_elapsed(struct call *call) {
    if (call->outcome == OK)
        peer_reply(call, "elapsed", "%llu", (unsigned long long)benchmark.elapsed);
}

static void reply_wrong(struct call *call) {
    if (call->outcome == OK)
        peer_reply(call, "wrong", "%llu", (unsigned long long)benchmark.wrong);
}

static void reply_histogram(struct call *call, const char *key, const struct histogram *histogram) {
    static char text[HISTOGRAM_TEXT];
    if (call->outcome == OK)
        peer_reply_bytes(call, key, text, histogram_print(histogram, text, sizeof text));
}

static void perform_bench_ping(struct call *call) {
    const struct link *link = begin(call);
    if (!link)
        return;
    finish(call, link, link->ping(&benchmark));
    reply_elapsed(call);
    reply_histogram(call, "latency", &benchmark.latency);
    reply_wrong(call);
    if (benchmark.interval > 0)
        reply_histogram(call, "service", &benchmark.service);
}

static void perform_bench_pong(struct call *call) {
    const struct link *link = begin(call);
    if (link)
        finish(call, link, link->pong(&benchmark));
}

static void perform_bench_send(struct call *call) {
    const struct link *link = begin(call);
    if (!link)
        return;
    finish(call, link, link->send(&benchmark));
    reply_elapsed(call);
}

static void perform_bench_receive(struct call *call) {
    const struct link *link = begin(call);
    if (!link)
        return;
    finish(call, link, link->receive(&benchmark));
    reply_elapsed(call);
    reply_wrong(call);
}

static void perform_bench_histogram(struct call *call) {
    char *list = (char *)peer_text(call, "values"), *word;
    memset(&benchmark.latency, 0, sizeof benchmark.latency);
    while (call->outcome == OK && (word = strsep(&list, ","))) {
        const char *wrong = NULL;
        const long long value = peer_parse_number(word, 0, LLONG_MAX, &wrong);
        if (wrong)
            peer_invalid_request(call, "values is numbers joined by commas");
        histogram_record(&benchmark.latency, (uint64_t)value);
    }
    reply_histogram(call, "latency", &benchmark.latency);
}

const struct operation peer_benchmark_operations[] = {
    {"bench_ping", "by write read msqid semid pid size count warmup interval", perform_bench_ping},
    {"bench_pong", "by write read msqid semid pid size count", perform_bench_pong},
    {"bench_send", "by write msqid semid pid size count", perform_bench_send},
    {"bench_receive", "by read msqid semid size count warmup", perform_bench_receive},
    {"bench_histogram", "values", perform_bench_histogram},
    {0},
};
