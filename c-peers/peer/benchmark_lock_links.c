/* Benchmark links that use a lock, or a flag in shared memory. */
#include "benchmark_loops.h"
#include "shared_block.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>

/* A mailbox in shared memory: one message, protected by a mutex. `full` is true until the message is
 * received. */
struct mailbox {
    pthread_mutex_t mutex;
    _Alignas(64) pthread_cond_t changed;
    _Alignas(64) uint32_t full;
    _Alignas(64) unsigned char message[4096];
};

static void open_memory(struct call *call, struct benchmark *benchmark, size_t size) {
    if (sends(call))
        benchmark->sender = peer_memory_at(call, "write", "at", size);
    if (receives(call))
        benchmark->receiver = peer_memory_at(call, "read", "at", size);
}

/* pthread functions return the error number. */
static int checked(int error, const char *function) {
    errno = error;
    return error == 0 ? 0 : failed(function);
}

/* Each message is one lock call and one unlock call. */
static void mutex_open(struct call *call, struct benchmark *benchmark) {
    open_memory(call, benchmark, sizeof(pthread_mutex_t));
}
static int lock_and_unlock(pthread_mutex_t *mutex) {
    if (checked(pthread_mutex_lock(mutex), "pthread_mutex_lock") == -1)
        return -1;
    return checked(pthread_mutex_unlock(mutex), "pthread_mutex_unlock");
}
static int mutex_send(struct benchmark *benchmark) {
    return lock_and_unlock(benchmark->sender);
}
static ssize_t mutex_receive(struct benchmark *benchmark) {
    return lock_and_unlock(benchmark->receiver);
}
LOOPS(mutex)

static void mailbox_open(struct call *call, struct benchmark *benchmark) {
    open_memory(call, benchmark, sizeof(struct mailbox));
    if (call->outcome == OK && benchmark->size > sizeof((struct mailbox *)NULL)->message)
        peer_fail(call, EMSGSIZE);
}
/* Waits until the mailbox is full or empty, and locks it. */
static int lock_when(struct mailbox *mailbox, bool full) {
    int error = pthread_mutex_lock(&mailbox->mutex);
    while (error == 0 && mailbox->full != full)
        error = pthread_cond_wait(&mailbox->changed, &mailbox->mutex);
    return checked(error, "pthread_cond_wait");
}
static int unlock_as(struct mailbox *mailbox, bool full) {
    mailbox->full = full;
    pthread_cond_signal(&mailbox->changed);
    return checked(pthread_mutex_unlock(&mailbox->mutex), "pthread_mutex_unlock");
}
static int mailbox_send(struct benchmark *benchmark) {
    struct mailbox *mailbox = benchmark->sender;
    if (lock_when(mailbox, false) == -1)
        return -1;
    memcpy(mailbox->message, benchmark->message, benchmark->size);
    return unlock_as(mailbox, true);
}
static ssize_t mailbox_receive(struct benchmark *benchmark) {
    struct mailbox *mailbox = benchmark->receiver;
    if (lock_when(mailbox, true) == -1)
        return -1;
    memcpy(benchmark->message, mailbox->message, benchmark->size);
    return unlock_as(mailbox, false) == -1 ? -1 : (ssize_t)benchmark->size;
}
LOOPS(mailbox)

static void block_open(struct call *call, struct benchmark *benchmark) {
    if (sends(call))
        benchmark->sender = peer_block(call, "write");
    if (receives(call))
        benchmark->receiver = peer_block(call, "read");
    if (call->outcome == OK && benchmark->size > PEER_BLOCK_SIZE)
        peer_fail(call, EMSGSIZE);
}
static int block_send(struct benchmark *benchmark) {
    return peer_block_send(benchmark->sender, benchmark->message, benchmark->size);
}
static ssize_t block_receive(struct benchmark *benchmark) {
    return peer_block_receive(benchmark->receiver, benchmark->message, benchmark->size) == -1
               ? -1
               : (ssize_t)benchmark->size;
}
LOOPS(block)

/* Each message is an exclusive lock on the whole file, followed by an unlock. */
#define record_lock_open open_descriptors
static int lock_record(int fd) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLKW, &lock) == -1)
        return failed("fcntl");
    lock.l_type = F_UNLCK;
    return fcntl(fd, F_OFD_SETLK, &lock) == -1 ? failed("fcntl") : 0;
}
static int record_lock_send(struct benchmark *benchmark) {
    return lock_record(benchmark->to);
}
static ssize_t record_lock_receive(struct benchmark *benchmark) {
    return lock_record(benchmark->from);
}
LOOPS(record_lock)

#define file_lock_open open_descriptors
static int lock_file(int fd) {
    return flock(fd, LOCK_EX) == -1 || flock(fd, LOCK_UN) == -1 ? failed("flock") : 0;
}
static int file_lock_send(struct benchmark *benchmark) {
    return lock_file(benchmark->to);
}
static ssize_t file_lock_receive(struct benchmark *benchmark) {
    return lock_file(benchmark->from);
}
LOOPS(file_lock)

const struct link peer_lock_links[] = {
    LINK("mutex", mutex, false),         LINK("mailbox", mailbox, true),
    LINK("block", block, true),          LINK("record-lock", record_lock, false),
    LINK("file-lock", file_lock, false), {0},
};
