/* A ring in memory that two processes share: one produces, one consumes, bytes or whole records. The kernel
 * is asked for nothing but to sleep, when the ring is empty or full, and to wake who sleeps.
 *
 * The whole of it is this file, for Linux and C11 with GNU extensions: copy it. It speaks with the `Ring` of
 * the Swift library. docs/wire-formats.md has the rules; the layout is this, in the byte order of the
 * machine:
 *
 *   offset  bytes  what
 *        0      8  magic: the letters "ipc-ring"; written last
 *        8      4  version: 1
 *       12      4  content: 1 bytes, 2 records
 *       16      8  capacity, in bytes: a power of two from 16 on
 *       24      8  the inode of the PID namespace of whoever made it
 *       32      8  and of its time namespace; 0 where the kernel has none
 *       64      8  producer: how many bytes it has ever made visible
 *       72      8  producer: its owner, see below
 *       80      4  producer: 1 while it sleeps, or is about to; a futex
 *      128     24  consumer: the same three, of bytes taken
 *      192      -  the data: byte n of the stream is at 192 + n mod capacity
 *
 * A record is its length (4 bytes), 4 bytes of zeros, and its bytes, up to the next multiple of 8.
 *
 * An owner is 0 (nobody yet), IPC_RING_CLOSED, IPC_RING_UNSEEN (a process of other namespaces), or the
 * process: its id in the lowest 24 bits, and above them when it started (/proc/PID/stat, field 22). So who
 * sleeps can look whether the other is dead, and a process that got its number later is not mistaken for it.
 *
 * What the other side wrote is never trusted: it is read once, checked, and reduced to the capacity as it was
 * when the ring was opened. Memory that others can cut off (ftruncate(2)) is another matter: an access is
 * SIGBUS then. Use a sealed memfd, or System V memory, where the other side is not trusted.
 *
 * Functions return -1 and set errno:
 *   EBADMSG     the ring is corrupt
 *   EBUSY       this end has an owner that lives
 *   EFAULT      the ring does not lie in the memory, or its pages are not there
 *   EINTR       a signal handler ran while it slept, SA_RESTART or not
 *   EINVAL      no ring, of another content, or a capacity that is none
 *   EMSGSIZE    the record is larger than the ring can ever hold, or than the buffer; it stays in the ring
 *   ENODATA     nothing will come any more: the producer has closed (ipc_ring_read returns 0 instead)
 *   EOWNERDEAD  the other side died. All that it made visible has been taken. A successor may open its end
 *   EPIPE       the consumer has closed; or the end to be opened was closed before
 *   EPROTONOSUPPORT  another version of the layout
 *   ETIMEDOUT   the deadline passed; one in the past is a try without waiting
 *   EMFILE, ENFILE, ENOMEM, ...  it could not be looked who is who: nothing was taken or given, try again
 */
#ifndef IPC_RING_H
#define IPC_RING_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define IPC_RING_MAGIC 0x676e69722d637069 /* "ipc-ring", the first letter least significant */
#define IPC_RING_CLOSED UINT64_MAX
#define IPC_RING_UNSEEN (UINT64_MAX - 1)
enum { IPC_RING_VERSION = 1, IPC_RING_BYTES = 1, IPC_RING_RECORDS = 2, IPC_RING_FRAME = 8 };
enum ipc_ring_role { IPC_RING_PRODUCER, IPC_RING_CONSUMER };

struct ipc_ring_end {
    _Atomic uint64_t position, owner;
    _Atomic uint32_t sleeps;
    unsigned char unused[44]; /* a cache line for each side, which it alone writes all the time */
};

struct ipc_ring_header {
    _Atomic uint64_t magic;
    _Atomic uint32_t version, content;
    _Atomic uint64_t capacity, pid_namespace, time_namespace;
    unsigned char unused[24];
    struct ipc_ring_end ends[2]; /* by ipc_ring_role */
    unsigned char data[];
};

_Static_assert(offsetof(struct ipc_ring_header, version) == 8, "layout");
_Static_assert(offsetof(struct ipc_ring_header, content) == 12, "layout");
_Static_assert(offsetof(struct ipc_ring_header, capacity) == 16, "layout");
_Static_assert(offsetof(struct ipc_ring_header, pid_namespace) == 24, "layout");
_Static_assert(offsetof(struct ipc_ring_header, time_namespace) == 32, "layout");
_Static_assert(offsetof(struct ipc_ring_header, ends) == 64, "layout");
_Static_assert(offsetof(struct ipc_ring_end, owner) == 8, "layout");
_Static_assert(offsetof(struct ipc_ring_end, sleeps) == 16, "layout");
_Static_assert(sizeof(struct ipc_ring_end) == 64, "layout");
_Static_assert(offsetof(struct ipc_ring_header, data) == 192, "layout");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "atomics between processes");

/* One end of a ring. What stands here was checked, and nobody else can change it. */
struct ipc_ring {
    struct ipc_ring_header *header;
    struct ipc_ring_end *own, *other;
    enum ipc_ring_role role;
    uint32_t content;
    bool sees; /* whether process ids, and when one started, mean here what they mean to the maker */
    uint64_t capacity, position, other_position, owner;
    unsigned waits_in_vain; /* waits since looking was enough */
    int64_t due; /* when a wait is to look whether the other side lives; 0 since what was waited for came */
};

/* Whether a look failed because there is nothing to be seen, or no such call: then nobody can ever say. What
 * fails for want of memory or descriptors, or is interrupted, is an error: it may succeed the next time. */
static inline bool ipc_ring_is_hidden(int error) {
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == EPERM || error == ENOSYS;
}

/* The namespaces by which processes are told here: that of their ids, and that by whose clock they started; 0
 * where /proc, or such a namespace, is not to be had. */
static inline int ipc_ring_namespaces(uint64_t *pid, uint64_t *time) {
    struct stat of_pid = {0}, of_time = {0};
    if ((stat("/proc/self/ns/pid", &of_pid) == -1 && !ipc_ring_is_hidden(errno)) ||
        (stat("/proc/self/ns/time", &of_time) == -1 && !ipc_ring_is_hidden(errno)))
        return -1;
    *pid = of_pid.st_ino;
    *time = of_time.st_ino;
    return 0;
}

/* When a process started, in clock ticks since the machine did: 1. When there is none, or nobody says: 0. */
static inline int ipc_ring_start_of(pid_t process, uint64_t *start) {
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return ipc_ring_is_hidden(errno) ? 0 : -1;
    ssize_t length = read(fd, text, sizeof text - 1);
    const int error = errno;
    close(fd);
    if (length == -1) {
        errno = error;
        return error == ESRCH ? 0 : -1; /* it has gone since */
    }
    text[length] = '\0';
    char *field = strrchr(text, ')'); /* the name, field 2, may have spaces and parentheses in it */
    for (int i = 2; field && i < 22; i++)
        field = strchr(field + 1, ' ');
    if (field)
        *start = strtoull(field, NULL, 10);
    return field != NULL;
}

static inline uint64_t ipc_ring_owner_of(pid_t process, uint64_t start) {
    return start << 24 | (uint64_t)process;
}

/* Whether an owner is dead: 1, or 0, also where nobody can say. Looks through a pidfd: a number may be given
 * anew, a pidfd is of one process, also when that waits to be reaped. */
static inline int ipc_ring_is_dead(const struct ipc_ring *ring, uint64_t owner) {
    const pid_t process = owner & 0xffffff;
    uint64_t start;
    if (owner == 0 || owner == IPC_RING_CLOSED || owner == IPC_RING_UNSEEN || !ring->sees)
        return 0;
    int fd = (int)syscall(SYS_pidfd_open, process, 0);
    if (fd == -1 && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
        return 1; /* no such process, or a number that none has */
    if (fd == -1)
        return ipc_ring_is_hidden(errno) ? 0 : -1;
    int dead = ipc_ring_start_of(process, &start);
    if (dead == 1 && ipc_ring_owner_of(process, start) == owner)
        dead = 0;
    if (dead == 0)
        dead = poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0);
    const int error = errno;
    close(fd);
    errno = error;
    return dead;
}

static inline int ipc_ring_fail(int error) {
    errno = error;
    return -1;
}

static inline bool ipc_ring_is_capacity(uint64_t capacity) {
    return capacity >= 16 && (capacity & (capacity - 1)) == 0 && capacity <= INT64_MAX;
}

/* Makes sure that there is a page, and room for one, wherever the ring lies: a file may be shorter than its
 * mapping, and a file system full. */
static inline int ipc_ring_populate(void *memory, size_t size) {
    const uintptr_t begin = (uintptr_t)memory & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);
    const size_t length = (uintptr_t)memory + size - begin;
    return madvise((void *)begin, length, MADV_POPULATE_WRITE) == -1 && errno != EINVAL ? -1 : 0;
}

/* Makes a ring at `memory`, which is aligned to 8 bytes and has `size` of them. Nobody may use one that is
 * there. */
static inline int ipc_ring_make(void *memory, size_t size, uint32_t content, uint64_t capacity) {
    struct ipc_ring_header *header = memory;
    if (!ipc_ring_is_capacity(capacity) || (content != IPC_RING_BYTES && content != IPC_RING_RECORDS))
        return ipc_ring_fail(EINVAL);
    if (size < sizeof *header || capacity > size - sizeof *header)
        return ipc_ring_fail(EFAULT);
    if ((uintptr_t)memory % 8 != 0)
        return ipc_ring_fail(EINVAL);
    uint64_t pid, time;
    if (ipc_ring_populate(memory, sizeof *header + capacity) == -1 || ipc_ring_namespaces(&pid, &time) == -1)
        return -1;
    memset(header, 0, sizeof *header);
    atomic_store_explicit(&header->version, IPC_RING_VERSION, memory_order_relaxed);
    atomic_store_explicit(&header->content, content, memory_order_relaxed);
    atomic_store_explicit(&header->capacity, capacity, memory_order_relaxed);
    atomic_store_explicit(&header->pid_namespace, pid, memory_order_relaxed);
    atomic_store_explicit(&header->time_namespace, time, memory_order_relaxed);
    atomic_store_explicit(&header->magic, IPC_RING_MAGIC, memory_order_release);
    return 0;
}

/* Takes one end for this process, unless somebody who lives has it. Goes on where its last owner stopped. */
static inline int ipc_ring_open(struct ipc_ring *ring, void *memory, size_t size, uint32_t content,
                                enum ipc_ring_role role) {
    struct ipc_ring_header *header = memory;
    if (size < sizeof *header)
        return ipc_ring_fail(EFAULT);
    if ((uintptr_t)memory % 8 != 0)
        return ipc_ring_fail(EINVAL);
    if (ipc_ring_populate(memory, sizeof *header) == -1)
        return -1;
    if (atomic_load_explicit(&header->magic, memory_order_acquire) != IPC_RING_MAGIC)
        return ipc_ring_fail(EINVAL);
    if (atomic_load_explicit(&header->version, memory_order_relaxed) != IPC_RING_VERSION)
        return ipc_ring_fail(EPROTONOSUPPORT);
    if (atomic_load_explicit(&header->content, memory_order_relaxed) != content)
        return ipc_ring_fail(EINVAL);
    /* Read once: from here on the capacity is ours. */
    const uint64_t capacity = atomic_load_explicit(&header->capacity, memory_order_relaxed);
    uint64_t pid, time, start = 0, owner;
    if (!ipc_ring_is_capacity(capacity) || capacity > size - sizeof *header)
        return ipc_ring_fail(EBADMSG);
    if (ipc_ring_populate(memory, sizeof *header + capacity) == -1 || ipc_ring_namespaces(&pid, &time) == -1)
        return -1;
    *ring = (struct ipc_ring){
        .header = header,
        .own = &header->ends[role],
        .other = &header->ends[!role],
        .role = role,
        .content = content,
        .sees = pid != 0 && pid == atomic_load_explicit(&header->pid_namespace, memory_order_relaxed) &&
                time == atomic_load_explicit(&header->time_namespace, memory_order_relaxed),
        .capacity = capacity};
    const int known = ring->sees ? ipc_ring_start_of(getpid(), &start) : 0;
    if (known == -1)
        return -1;
    ring->owner = known ? ipc_ring_owner_of(getpid(), start) : IPC_RING_UNSEEN;
    owner = atomic_load(&ring->own->owner);
    do {
        if (owner == IPC_RING_CLOSED)
            return ipc_ring_fail(EPIPE);
        const int dead = owner != 0 ? ipc_ring_is_dead(ring, owner) : 1;
        if (dead != 1)
            return dead == 0 ? ipc_ring_fail(EBUSY) : -1;
    } while (!atomic_compare_exchange_weak(&ring->own->owner, &owner, ring->owner));
    atomic_store(&ring->own->sleeps, 0);
    ring->position = atomic_load(&ring->own->position);
    ring->other_position = atomic_load(&ring->other->position);
    const uint64_t used = role == IPC_RING_PRODUCER ? ring->position - ring->other_position
                                                    : ring->other_position - ring->position;
    if (used > capacity ||
        (content == IPC_RING_RECORDS && (ring->position | ring->other_position) % 8 != 0)) {
        atomic_store(&ring->own->owner, owner); /* as it was found */
        return ipc_ring_fail(EBADMSG);
    }
    return 0;
}

static inline long ipc_ring_futex(_Atomic uint32_t *word, int operation, uint32_t value,
                                  const struct timespec *timeout) {
    return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

/* Wakes the other side if it sleeps, or is about to. The fence keeps what was stored before from being seen
 * after the load: the other side stores `sleeps`, and then looks again. */
static inline void ipc_ring_wake(struct ipc_ring *ring) {
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&ring->other->sleeps, memory_order_relaxed) != 0) {
        atomic_store_explicit(&ring->other->sleeps, 0, memory_order_relaxed);
        ipc_ring_futex(&ring->other->sleeps, FUTEX_WAKE, 1, NULL);
    }
}

static inline int ipc_ring_close(struct ipc_ring *ring) {
    uint64_t owner = ring->owner;
    atomic_compare_exchange_strong(&ring->own->owner, &owner, IPC_RING_CLOSED);
    ipc_ring_wake(ring);
    return 0;
}

/* How many bytes this end may take, or write: -1 when the other side says what cannot be. It never goes back,
 * and never overtakes. */
static inline int64_t ipc_ring_available(struct ipc_ring *ring) {
    const bool produces = ring->role == IPC_RING_PRODUCER;
    const uint64_t seen = atomic_load_explicit(&ring->other->position, memory_order_acquire);
    const uint64_t limit = produces ? ring->position : ring->position + ring->capacity;
    if (seen - ring->other_position > limit - ring->other_position)
        return ipc_ring_fail(EBADMSG);
    ring->other_position = seen;
    return (int64_t)(produces ? ring->capacity - (ring->position - seen) : seen - ring->position);
}

static inline bool ipc_ring_is_closed(const struct ipc_ring *ring) {
    return atomic_load_explicit(&ring->other->owner, memory_order_acquire) == IPC_RING_CLOSED;
}

enum {
    /* How long a wait looks before it sleeps, in ns: as long as a sleep and its end cost, so that looking in
     * vain at most doubles that. It keeps the processor: who gives it away has it back after all others. */
    IPC_RING_LOOKING_TIME = 10000,
    /* How far apart the looks are: each takes the line in the cache from who writes it. */
    IPC_RING_INTERVAL = 250,
    /* After a look in vain only one wait of so many begins with one. */
    IPC_RING_WAITS_TO_A_LOOK = 8,
    /* How long it sleeps without looking whether the other side lives. */
    IPC_RING_SLICE = 50000000,
};

/* A time of CLOCK_MONOTONIC in ns. None, and one that is too late for that, is the last there is. */
static inline int64_t ipc_ring_nanoseconds(const struct timespec *time) {
    if (!time || time->tv_sec >= INT64_MAX / 1000000000)
        return INT64_MAX;
    return time->tv_sec < 0 ? 0 : time->tv_sec * INT64_C(1000000000) + time->tv_nsec;
}

static inline int64_t ipc_ring_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return ipc_ring_nanoseconds(&now);
}

/* Looks for a moment whether `needed` bytes can be taken or written, and returns how many can. */
static inline int64_t ipc_ring_look(struct ipc_ring *ring, uint64_t needed, int64_t end) {
    int64_t available = ipc_ring_available(ring);
    if (available == -1 || (uint64_t)available >= needed ||
        ring->waits_in_vain++ % IPC_RING_WAITS_TO_A_LOOK != 0)
        return available;
    int64_t now = ipc_ring_now();
    const int64_t soon = now + IPC_RING_LOOKING_TIME, until = soon < end ? soon : end;
    while (available != -1 && (uint64_t)available < needed && now < until) {
        for (const int64_t next = now + IPC_RING_INTERVAL; now < next;)
            now = ipc_ring_now();
        available = ipc_ring_available(ring);
    }
    if (available != -1 && (uint64_t)available >= needed)
        ring->waits_in_vain = 0;
    return available;
}

/* Waits until `needed` bytes can be taken or written, and returns how many can; `deadline` NULL is for ever.
 */
static inline int64_t ipc_ring_await(struct ipc_ring *ring, uint64_t needed,
                                     const struct timespec *deadline) {
    const int64_t end = ipc_ring_nanoseconds(deadline);
    for (;;) {
        int64_t available = ipc_ring_look(ring, needed, end);
        if (available == -1 || (uint64_t)available >= needed) {
            ring->due = 0;
            return available;
        }
        const int64_t now = ipc_ring_now();
        int error = now < end ? 0 : ETIMEDOUT;
        atomic_store(&ring->own->sleeps, 1);
        atomic_thread_fence(memory_order_seq_cst);
        /* Asked before the position: what was made visible before the end is seen after it. */
        const uint64_t owner = atomic_load(&ring->other->owner);
        const bool looks = error || (ring->due && now >= ring->due);
        const int dead = looks ? ipc_ring_is_dead(ring, owner) : 0;
        if (owner == IPC_RING_CLOSED)
            error = ring->role == IPC_RING_PRODUCER ? EPIPE : ENODATA;
        else if (dead != 0)
            error = dead == 1 ? EOWNERDEAD : errno;
        available = ipc_ring_available(ring);
        if (available == -1 || (uint64_t)available >= needed) {
            error = 0;
        } else if (error == 0) {
            /* Kept from wait to wait: what interrupts them may come more often. */
            if (looks || !ring->due)
                ring->due = now + IPC_RING_SLICE;
            const struct timespec slice = {.tv_nsec = (end < ring->due ? end : ring->due) - now};
            const bool woken = ipc_ring_futex(&ring->own->sleeps, FUTEX_WAIT, 1, &slice) == 0;
            error = !woken && errno == EINTR ? EINTR : 0;
        }
        atomic_store_explicit(&ring->own->sleeps, 0, memory_order_relaxed);
        if (error)
            return ipc_ring_fail(error);
    }
}

/* Copies around the end of the data. */
static inline void ipc_ring_put(struct ipc_ring *ring, uint64_t position, const void *bytes, size_t count) {
    const size_t at = position & (ring->capacity - 1), rest = ring->capacity - at;
    const size_t first = count < rest ? count : rest;
    if (count > 0) { /* else there may be no bytes: NULL */
        memcpy(ring->header->data + at, bytes, first);
        memcpy(ring->header->data, (const unsigned char *)bytes + first, count - first);
    }
}

static inline void ipc_ring_take(const struct ipc_ring *ring, uint64_t position, void *bytes, size_t count) {
    const size_t at = position & (ring->capacity - 1), rest = ring->capacity - at;
    const size_t first = count < rest ? count : rest;
    if (count > 0) {
        memcpy(bytes, ring->header->data + at, first);
        memcpy((unsigned char *)bytes + first, ring->header->data, count - first);
    }
}

/* One of the two numbers before a record, which begins at a multiple of 8, and so never lies around the end.
 * Read once: the other side may write another one after it was checked. */
static inline uint32_t ipc_ring_number(const struct ipc_ring *ring, uint64_t position) {
    const size_t at = position & (ring->capacity - 1);
    return atomic_load_explicit((_Atomic uint32_t *)(ring->header->data + at), memory_order_relaxed);
}

/* What was copied becomes visible, or its room is free: all of it, or nothing if we die before. */
static inline void ipc_ring_advance(struct ipc_ring *ring, uint64_t count) {
    ring->position += count;
    atomic_store_explicit(&ring->own->position, ring->position, memory_order_release);
    ipc_ring_wake(ring);
}

/* Writes as many bytes as there is room for, at least one, and returns how many. */
static inline ssize_t ipc_ring_write(struct ipc_ring *ring, const void *bytes, size_t count,
                                     const struct timespec *deadline) {
    if (ipc_ring_is_closed(ring))
        return ipc_ring_fail(EPIPE);
    int64_t room = count > 0 ? ipc_ring_await(ring, 1, deadline) : 0;
    if (room <= 0)
        return room;
    if ((uint64_t)room < count)
        count = (size_t)room;
    ipc_ring_put(ring, ring->position, bytes, count);
    ipc_ring_advance(ring, count);
    return (ssize_t)count;
}

/* Reads as many bytes as there are, and at most `count`; 0 when the producer has closed and all are read. */
static inline ssize_t ipc_ring_read(struct ipc_ring *ring, void *bytes, size_t count,
                                    const struct timespec *deadline) {
    int64_t there = count > 0 ? ipc_ring_await(ring, 1, deadline) : 0;
    if (there == -1)
        return errno == ENODATA ? 0 : -1;
    if ((uint64_t)there < count)
        count = (size_t)there;
    ipc_ring_take(ring, ring->position, bytes, count);
    ipc_ring_advance(ring, count);
    return (ssize_t)count;
}

static inline uint64_t ipc_ring_frame(uint64_t length) {
    return IPC_RING_FRAME + ((length + 7) & ~UINT64_C(7));
}

/* Puts a whole record into the ring. */
static inline int ipc_ring_send(struct ipc_ring *ring, const void *record, size_t length,
                                const struct timespec *deadline) {
    if (length > ring->capacity - IPC_RING_FRAME || length > UINT32_MAX)
        return ipc_ring_fail(EMSGSIZE);
    if (ipc_ring_is_closed(ring))
        return ipc_ring_fail(EPIPE);
    if (ipc_ring_await(ring, ipc_ring_frame(length), deadline) == -1)
        return -1;
    const uint32_t frame[2] = {(uint32_t)length, 0};
    ipc_ring_put(ring, ring->position, frame, IPC_RING_FRAME);
    ipc_ring_put(ring, ring->position + IPC_RING_FRAME, record, length);
    ipc_ring_advance(ring, ipc_ring_frame(length));
    return 0;
}

/* Takes the next record, and returns its length. */
static inline ssize_t ipc_ring_receive(struct ipc_ring *ring, void *record, size_t size,
                                       const struct timespec *deadline) {
    const int64_t there = ipc_ring_await(ring, 1, deadline);
    if (there == -1)
        return -1;
    /* Positions move by whole records, so that one that is there is all there. */
    if (there % 8 != 0)
        return ipc_ring_fail(EBADMSG);
    const uint64_t length = ipc_ring_number(ring, ring->position);
    if (ipc_ring_number(ring, ring->position + 4) != 0 || ipc_ring_frame(length) > (uint64_t)there)
        return ipc_ring_fail(EBADMSG);
    if (length > size)
        return ipc_ring_fail(EMSGSIZE);
    ipc_ring_take(ring, ring->position + IPC_RING_FRAME, record, length);
    ipc_ring_advance(ring, ipc_ring_frame(length));
    return (ssize_t)length;
}

#endif
