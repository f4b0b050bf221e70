/* The queue server's log. */
#include "queue.h"

#include <endian.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_HEADER = 8, SMALLEST_LARGE = 16 << 20 };

static const char *path;
static int log_fd = -1;
static off_t size, rewritten_size;
static struct {
    char *bytes;
    size_t length, capacity;
} pending;

/* The CRC-32 of IEEE 802.3. */
static uint32_t checksum(const void *bytes, size_t length) {
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                       0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t sum = UINT32_MAX;
    for (const unsigned char *byte = bytes; length > 0; length--, byte++) {
        sum = (sum >> 4) ^ table[(sum ^ *byte) & 15];
        sum = (sum >> 4) ^ table[(sum ^ (uint32_t)(*byte >> 4)) & 15];
    }
    return ~sum;
}

/* -- Writing -- */

void store_append(json_t *record) {
    char *text = log_fd != -1 ? json_dumps(record, JSON_COMPACT) : NULL;
    if (log_fd != -1 && !text)
        err(EX_OSERR, "malloc");
    json_decref(record);
    if (!text)
        return;
    const size_t length = strlen(text), needed = pending.length + RECORD_HEADER + length;
    if (needed > pending.capacity) {
        pending.capacity = MAX(2 * pending.capacity, needed);
        pending.bytes = reallocf(pending.bytes, pending.capacity);
        if (!pending.bytes)
            err(EX_OSERR, "malloc");
    }
    const uint32_t header[2] = {htole32((uint32_t)length), htole32(checksum(text, length))};
    memcpy(pending.bytes + pending.length, header, RECORD_HEADER);
    memcpy(pending.bytes + pending.length + RECORD_HEADER, text, length);
    pending.length = needed;
    free(text);
}

/* A failed fsync(2) may have discarded the data, so the server does not retry it: the next start reads what
 * is on the disk. */
void store_commit(void) {
    if (pending.length == 0)
        return;
    for (size_t written = 0; written < pending.length;) {
        const ssize_t part = pwrite(log_fd, pending.bytes + written, pending.length - written, size);
        if (part == -1 && errno != EINTR)
            err(EXIT_FAILURE, "write '%s'", path);
        written += part == -1 ? 0 : (size_t)part;
        size += part == -1 ? 0 : part;
    }
    if (fdatasync(log_fd) == -1)
        err(EXIT_FAILURE, "fdatasync '%s'", path);
    pending.length = 0;
}

/* -- Reading -- */

/* Reads a record. Returns NULL at the end, or if the record is not complete. */
static json_t *read_record(FILE *file, off_t *end) {
    uint32_t header[2];
    if (fread(header, sizeof header, 1, file) != 1)
        return NULL;
    const size_t length = le32toh(header[0]);
    /* A record is only slightly longer than a message's payload. */
    char *bytes = length <= 2 * MESSAGE_LIMIT ? malloc(length) : NULL;
    json_t *record = NULL;
    if (bytes && fread(bytes, 1, length, file) == length && checksum(bytes, length) == le32toh(header[1]))
        record = json_loadb(bytes, length, 0, NULL);
    if (record)
        *end += RECORD_HEADER + (off_t)length;
    free(bytes);
    return record;
}

static void read_all(void (*replay)(const json_t *record)) {
    const int copy = dup(log_fd);
    FILE *file = copy == -1 ? NULL : fdopen(copy, "r");
    if (!file)
        err(EX_OSERR, "fdopen");
    for (json_t *record; (record = read_record(file, &size)); json_decref(record))
        replay(record);
    if (ferror(file))
        err(EXIT_FAILURE, "read '%s'", path);
    fclose(file);
    struct stat status;
    if (fstat(log_fd, &status) == -1)
        err(EXIT_FAILURE, "stat '%s'", path);
    if (status.st_size == size)
        return;
    say("Queue Server: removed %jd bytes of incomplete records.", (intmax_t)(status.st_size - size));
    if (ftruncate(log_fd, size) == -1 || fsync(log_fd) == -1)
        err(EXIT_FAILURE, "ftruncate '%s'", path);
}

/* -- Files -- */

static void lock(int fd) {
    if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == -1)
        err(EXIT_FAILURE, "open '%s'", path);
}

/* Makes the log's name durable. */
static void sync_directory(void) {
    char *copy = strdup(path);
    const int directory = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (directory == -1 || fsync(directory) == -1)
        err(EXIT_FAILURE, "fsync of the directory of '%s'", path);
    close(directory);
    free(copy);
}

void store_open(const char *log_path, void (*replay)(const json_t *record)) {
    path = log_path;
    if (!path)
        return;
    struct stat opened, named;
    do {
        /* Another server may have replaced the log between these calls. */
        if (log_fd != -1)
            close(log_fd);
        log_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        lock(log_fd);
        if (fstat(log_fd, &opened) == -1)
            err(EXIT_FAILURE, "stat '%s'", path);
    } while (stat(path, &named) == -1 || opened.st_ino != named.st_ino || opened.st_dev != named.st_dev);
    sync_directory();
    read_all(replay);
    rewritten_size = size;
}

bool store_is_large(void) {
    return log_fd != -1 && size > SMALLEST_LARGE && size / 2 > rewritten_size;
}

void store_rewrite(void (*write_all)(void)) {
    char *new_path;
    if (log_fd == -1)
        return;
    store_commit();
    if (asprintf(&new_path, "%s.new", path) == -1)
        err(EX_OSERR, "malloc");
    const int old = log_fd;
    /* A server that died may have left this file behind. */
    if (unlink(new_path) == -1 && errno != ENOENT)
        err(EXIT_FAILURE, "unlink '%s'", new_path);
    log_fd = open(new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    lock(log_fd);
    size = 0;
    write_all();
    store_commit();
    if (fsync(log_fd) == -1 || rename(new_path, path) == -1)
        err(EXIT_FAILURE, "rename '%s'", new_path);
    sync_directory();
    close(old);
    free(new_path);
    rewritten_size = size;
}
