/* A histogram of times in nanoseconds, in the text form of docs/peer-protocol.md ("Histograms").
 *
 * Each bucket counts the values in a range. The first 128 buckets hold one value each. From 128 on, every
 * power of two is divided into 64 buckets of the same width, so a bucket is never wider than 1/64 of its
 * values.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum {
    HISTOGRAM_EXACT = 128, /* each value below this has a separate bucket */
    HISTOGRAM_STEPS = 64,  /* the number of buckets for each power of two */
    HISTOGRAM_BUCKETS = HISTOGRAM_EXACT + (64 - 7) * HISTOGRAM_STEPS,
    HISTOGRAM_TEXT = 60000, /* enough for any histogram with fewer than 10 million values */
};

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t value) {
    if (value < HISTOGRAM_EXACT)
        return (unsigned)value;
    const unsigned power = 63 - (unsigned)__builtin_clzll(value);
    return HISTOGRAM_EXACT + (power - 7) * HISTOGRAM_STEPS + (unsigned)(value >> (power - 6)) -
           HISTOGRAM_STEPS;
}

static inline void histogram_record(struct histogram *histogram, uint64_t value) {
    histogram->counts[histogram_bucket(value)]++;
}

/* Writes `BUCKET:COUNT` for each nonempty bucket, in ascending order and separated by commas. Returns the
 * length of the text, or 0 if there are no values or the text does not fit. */
static inline size_t histogram_print(const struct histogram *histogram, char *text, size_t size) {
    size_t length = 0;
    if (size > 0)
        text[0] = '\0';
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS && length < size; bucket++)
        if (histogram->counts[bucket] > 0)
            length += (size_t)snprintf(text + length, size - length, "%s%u:%" PRIu64, length > 0 ? "," : "",
                                       bucket, histogram->counts[bucket]);
    return length < size ? length : 0;
}

/* The clock for all measurements. */
static inline uint64_t histogram_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Prints one line of JSON: the result of a program that the runner starts alongside the peers. The name must
 * not contain characters that JSON escapes. */
static inline int histogram_report(const char *name, const struct histogram *histogram, uint64_t elapsed,
                                   uint64_t messages, uint64_t bytes) {
    static char text[HISTOGRAM_TEXT];
    histogram_print(histogram, text, sizeof text);
    return printf("{\"name\": \"%s\", \"unit\": \"ns\", \"histogram\": \"%s\", \"elapsed\": %" PRIu64
                  ", \"messages\": %" PRIu64 ", \"bytes\": %" PRIu64 "}\n",
                  name, text, elapsed, messages, bytes);
}

#endif
