/* Stamped records through a pipe, in tight loops, to check that writes are atomic. */
#include "peer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Writes a record with one write(2) if the kernel accepts the whole record, otherwise with several. */
static bool write_record(int fd, const unsigned char *record, size_t size) {
    for (size_t written = 0; written < size;) {
        ssize_t count = write(fd, record + written, size - written);
        if (count == -1)
            return false;
        written += (size_t)count;
    }
    return true;
}

static void perform_write_records(struct call *call) {
    int fd = peer_descriptor(call);
    uint32_t writer = (uint32_t)peer_number(call, "writer", 0, UINT32_MAX);
    uint32_t count = (uint32_t)peer_number(call, "count", 0, UINT32_MAX), sequence = 0;
    size_t size = (size_t)peer_number(call, "size", RECORD_HEADER, SSIZE_MAX);
    unsigned char *record = call->outcome == OK ? peer_scratch(call, size) : NULL;
    if (!record)
        return;
    for (; sequence < count; sequence++) {
        peer_make_record(record, size, writer, sequence);
        if (!write_record(fd, record, size)) {
            peer_fail_in(call, "write", errno);
            break;
        }
    }
    peer_reply(call, "return", "%u", sequence);
}

/* The reader's state for one writer. */
struct writer {
    uint32_t number, last, largest;
    uint64_t seen;
};

struct tally {
    struct writer *writers;
    size_t writer_count, capacity;
    uint64_t records, torn, disordered;
};

/* Returns NULL if there is no memory for another writer. */
static struct writer *writer_of(struct tally *tally, uint32_t number) {
    for (size_t i = 0; i < tally->writer_count; i++)
        if (tally->writers[i].number == number)
            return &tally->writers[i];
    if (tally->writer_count == tally->capacity) {
        size_t capacity = 2 * tally->capacity + 8;
        struct writer *larger = reallocarray(tally->writers, capacity, sizeof *larger);
        if (!larger)
            return NULL;
        tally->writers = larger;
        tally->capacity = capacity;
    }
    struct writer *added = &tally->writers[tally->writer_count++];
    *added = (struct writer){.number = number};
    return added;
}

static bool count_frame(struct tally *tally, const unsigned char *frame, size_t size) {
    uint32_t number, sequence;
    if (!peer_check_record(frame, size, &number, &sequence)) {
        tally->torn++;
        return true;
    }
    struct writer *writer = writer_of(tally, number);
    if (!writer)
        return false;
    tally->records++;
    tally->disordered += writer->seen > 0 && sequence <= writer->last;
    writer->seen++;
    writer->last = sequence;
    if (sequence > writer->largest)
        writer->largest = sequence;
    return true;
}

/* Reads frames to the end of file; a read(2) may return less than a frame. Returns false, with errno, if a
 * call fails. */
static bool count_frames(struct tally *tally, int fd, unsigned char *frame, size_t size) {
    for (size_t filled = 0;;) {
        ssize_t count = read(fd, frame + filled, size - filled);
        if (count == -1)
            return false;
        if (count == 0) {
            tally->torn += filled > 0;
            return true;
        }
        filled += (size_t)count;
        if (filled < size)
            continue;
        if (!count_frame(tally, frame, size))
            return false;
        filled = 0;
    }
}

static void perform_read_records(struct call *call) {
    int fd = peer_descriptor(call);
    size_t size = (size_t)peer_number(call, "size", RECORD_HEADER, SSIZE_MAX);
    unsigned char *frame = call->outcome == OK ? peer_scratch(call, size) : NULL;
    if (!frame)
        return;
    struct tally tally = {0};
    if (!count_frames(&tally, fd, frame, size)) {
        peer_fail_in(call, "read", errno);
    } else {
        int64_t lost = 0;
        for (size_t i = 0; i < tally.writer_count; i++)
            lost += (int64_t)tally.writers[i].largest + 1 - (int64_t)tally.writers[i].seen;
        peer_reply(call, "records", "%llu", (unsigned long long)tally.records);
        peer_reply(call, "torn", "%llu", (unsigned long long)tally.torn);
        peer_reply(call, "lost", "%lld", (long long)lost);
        peer_reply(call, "disordered", "%llu", (unsigned long long)tally.disordered);
        peer_reply(call, "writers", "%zu", tally.writer_count);
    }
    free(tally.writers);
}

const struct operation peer_record_operations[] = {
    {"write_records", "handle writer count size", perform_write_records},
    {"read_records", "handle size", perform_read_records},
    {0},
};
