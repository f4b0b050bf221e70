/* A ring in shared memory that carries bytes or whole records from one process, the producer, to another, the
 * consumer. It calls the kernel only to sleep when the ring is empty or full, and to wake the other side.
 *
 * Copy this file; it is self-contained. It requires Linux and C11 with -D_GNU_SOURCE. It is compatible with
 * `Ring` of the Swift library. docs/wire-formats.md has the rules; this is the layout, in host byte order:
 *
 *   offset  bytes  contents
 *        0      8  magic: the letters "ipc-ring"; written last
 *        8      4  version: 1
 *       12      4  content: 1 bytes, 2 records
 *       16      8  capacity in bytes: a power of two, at least 16
 *       24      8  inode of the creator's PID namespace
 *       32      8  inode of the creator's time namespace; 0 if the kernel has none
 *       64      8  producer: number of bytes ever made visible
 *       72      8  producer: its owner, see below
 *       80      4  producer: 1 while it sleeps or is about to; a futex
 *      128     20  consumer: the same three fields; the number counts the bytes consumed
 *      192      -  data: byte n of the stream is at 192 + n mod capacity
 *
 * A record is its length (4 bytes), 4 bytes of zeros, and its bytes, padded to a multiple of 8.
 *
 * An owner is 0 (none yet), IPC_RING_CLOSED, IPC_RING_UNSEEN (a process in other namespaces), or a process:
 * its id in the lowest 24 bits, and its start time (/proc/PID/stat, field 22) above. A sleeper can therefore
 * detect that the other process is dead, and does not confuse it with a later process that has the same id.
 *
 * Values written by the other side are not trusted: each is read once, checked, and reduced to the capacity
 * that was read when the ring was opened. Accessing an object that was truncated with ftruncate(2) raises
 * SIGBUS. Use a sealed memfd or System V memory if the other side is not trusted.
 *
 * Functions return -1 and set errno:
 *   EBADMSG     the ring is corrupt
 *   EBUSY       a live process owns this end
 *   EFAULT      the ring does not fit into the memory, or its pages are missing
 *   EINTR       a signal handler ran during a sleep, even if installed with SA_RESTART
 *   EINVAL      not a ring, different content, or an invalid capacity
 *   EMSGSIZE    the record is larger than the ring can hold, or than the buffer; it stays in the ring
 *   ENODATA     the producer closed its end and everything was read (ipc_ring_read returns 0 instead)
 *   EOWNERDEAD  the other process died and everything visible was read. A successor may open its end
 *   EPIPE       the consumer closed its end, or the requested end was already closed
 *   EPROTONOSUPPORT  another version of the layout
 *   ETIMEDOUT   the deadline passed; with a deadline in the past, the call does not wait
 *   EMFILE, ENFILE, ENOMEM, ...  the other process could not be examined; nothing was transferred, try again
 */
#ifndef IPC_RING_H
#define IPC_RING_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE: this header calls Linux functions"
#endif

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

/* Older headers and musl do not define this. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define IPC_RING_MAGIC 0x676e69722d637069 /* "ipc-ring", the first letter least significant */
#define IPC_RING_CLOSED UINT64_MAX
#define IPC_RING_UNSEEN (UINT64_MAX - 1)
enum {
    IPC_RING_VERSION = 1,
    IPC_RING_BYTES = 1,
    IPC_RING_RECORDS = 2,
    IPC_RING_FRAME = 8,
    IPC_RING_LINE = 64
};
enum ipc_ring_role { IPC_RING_PRODUCER, IPC_RING_CONSUMER };

struct ipc_ring_end {
    _Atomic uint64_t position, owner;
    _Atomic uint32_t sleeps;
    unsigned char unused[44]; /* each end fills a cache line, which only its own side writes */
};

struct ipc_ring_header {
    _Atomic uint64_t magic;
    _Atomic uint32_t version, content;
    _Atomic uint64_t capacity, pid_namespace, time_namespace;
    unsigned char unused[24];
    struct ipc_ring_end ends[2]; /* indexed by ipc_ring_role */
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

/* One end of a ring. The values are checked copies, which the other process cannot change. */
struct ipc_ring {
    struct ipc_ring_header *header;
    struct ipc_ring_end *own, *other;
    enum ipc_ring_role role;
    uint32_t content;
    bool sees; /* whether this process is in the creator's namespaces */
    uint64_t capacity, position, other_position, owner;
    unsigned unpolled_waits; /* the number of waits since polling last succeeded */
    int64_t due;             /* when to check whether the other side is alive; 0 after a successful wait */
};

/* Whether a failed look-up is permanent, because the information or the call does not exist on this system.
 * If memory or descriptors ran out, or a signal interrupted the call, a retry may succeed. */
static inline bool ipc_ring__is_hidden(int error) {
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == EPERM || error == ENOSYS;
}

/* Reads the inodes of the namespaces to which process ids and start times belong; 0 if there is no /proc
 * or no such namespace. */
static inline int ipc_ring__namespaces(uint64_t *pid, uint64_t *time) {
    struct stat of_pid = {0}, of_time = {0};
    if ((stat("/proc/self/ns/pid", &of_pid) == -1 && !ipc_ring__is_hidden(errno)) ||
        (stat("/proc/self/ns/time", &of_time) == -1 && !ipc_ring__is_hidden(errno)))
        return -1;
    *pid = of_pid.st_ino;
    *time = of_time.st_ino;
    return 0;
}

/* Reads the start time of a process in clock ticks since boot. Returns 1, or 0 if there is no such process or
 * its start time cannot be determined. */
static inline int ipc_ring__start_of(pid_t process, uint64_t *start) {
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return ipc_ring__is_hidden(errno) ? 0 : -1;
    ssize_t length = read(fd, text, sizeof text - 1);
    const int error = errno;
    close(fd);
    if (length == -1) {
        errno = error;
        return error == ESRCH ? 0 : -1; /* it terminated after open(2) */
    }
    text[length] = '\0';
    char *field = strrchr(text, ')'); /* the name, field 2, may contain spaces and parentheses */
    for (int i = 2; field && i < 22; i++)
        field = strchr(field + 1, ' ');
    if (field)
        *start = strtoull(field, NULL, 10);
    return field != NULL;
}

static inline uint64_t ipc_ring__owner_of(pid_t process, uint64_t start) {
    return start << 24 | (uint64_t)process;
}

/* Returns 1 if an owner is dead, 0 if it is alive or its state cannot be determined. Uses a pidfd, because a
 * process id may be reused; a pidfd also identifies a zombie. */
static inline int ipc_ring__is_dead(const struct ipc_ring *ring, uint64_t owner) {
    const pid_t process = owner & 0xffffff;
    uint64_t start;
    if (owner == 0 || owner == IPC_RING_CLOSED || owner == IPC_RING_UNSEEN || !ring->sees)
        return 0;
    int fd = (int)syscall(SYS_pidfd_open, process, 0);
    if (fd == -1 && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
        return 1; /* no such process, or an invalid id */
    if (fd == -1)
        return ipc_ring__is_hidden(errno) ? 0 : -1;
    int dead = ipc_ring__start_of(process, &start);
    if (dead == 1 && ipc_ring__owner_of(process, start) == owner)
        dead = 0;
    if (dead == 0)
        dead = poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0);
    const int error = errno;
    close(fd);
    errno = error;
    return dead;
}

static inline int ipc_ring__fail(int error) {
    errno = error;
    return -1;
}

static inline bool ipc_ring__is_capacity(uint64_t capacity) {
    return capacity >= 16 && (capacity & (capacity - 1)) == 0 && capacity <= INT64_MAX;
}

/* Ensures that the memory is backed by pages: a file may be shorter than its mapping, or the file system may
 * be full. */
static inline int ipc_ring__populate(void *memory, size_t size) {
    const uintptr_t begin = (uintptr_t)memory & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);
    const size_t length = (uintptr_t)memory + size - begin;
    return madvise((void *)begin, length, MADV_POPULATE_WRITE) == -1 && errno != EINVAL ? -1 : 0;
}

/* Creates a ring at `memory`, which is aligned to 8 bytes and has `size` bytes. No process may be using a
 * ring in the same memory. */
static inline int ipc_ring_make(void *memory, size_t size, uint32_t content, uint64_t capacity) {
    struct ipc_ring_header *header = memory;
    if (!ipc_ring__is_capacity(capacity) || (content != IPC_RING_BYTES && content != IPC_RING_RECORDS))
        return ipc_ring__fail(EINVAL);
    if (size < sizeof *header || capacity > size - sizeof *header)
        return ipc_ring__fail(EFAULT);
    if ((uintptr_t)memory % 8 != 0)
        return ipc_ring__fail(EINVAL);
    uint64_t pid, time;
    if (ipc_ring__populate(memory, sizeof *header + capacity) == -1 ||
        ipc_ring__namespaces(&pid, &time) == -1)
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

/* Opens one end for this process, unless a live process owns it. Continues where the last owner stopped. */
static inline int ipc_ring_open(struct ipc_ring *ring, void *memory, size_t size, uint32_t content,
                                enum ipc_ring_role role) {
    struct ipc_ring_header *header = memory;
    if (size < sizeof *header)
        return ipc_ring__fail(EFAULT);
    if ((uintptr_t)memory % 8 != 0)
        return ipc_ring__fail(EINVAL);
    if (ipc_ring__populate(memory, sizeof *header) == -1)
        return -1;
    if (atomic_load_explicit(&header->magic, memory_order_acquire) != IPC_RING_MAGIC)
        return ipc_ring__fail(EINVAL);
    if (atomic_load_explicit(&header->version, memory_order_relaxed) != IPC_RING_VERSION)
        return ipc_ring__fail(EPROTONOSUPPORT);
    if (atomic_load_explicit(&header->content, memory_order_relaxed) != content)
        return ipc_ring__fail(EINVAL);
    /* Read the capacity only once, so later changes to the header have no effect. */
    const uint64_t capacity = atomic_load_explicit(&header->capacity, memory_order_relaxed);
    uint64_t pid, time, start = 0, owner;
    if (!ipc_ring__is_capacity(capacity) || capacity > size - sizeof *header)
        return ipc_ring__fail(EBADMSG);
    if (ipc_ring__populate(memory, sizeof *header + capacity) == -1 ||
        ipc_ring__namespaces(&pid, &time) == -1)
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
    const int known = ring->sees ? ipc_ring__start_of(getpid(), &start) : 0;
    if (known == -1)
        return -1;
    ring->owner = known ? ipc_ring__owner_of(getpid(), start) : IPC_RING_UNSEEN;
    owner = atomic_load(&ring->own->owner);
    do {
        if (owner == IPC_RING_CLOSED)
            return ipc_ring__fail(EPIPE);
        const int dead = owner != 0 ? ipc_ring__is_dead(ring, owner) : 1;
        if (dead != 1)
            return dead == 0 ? ipc_ring__fail(EBUSY) : -1;
    } while (!atomic_compare_exchange_weak(&ring->own->owner, &owner, ring->owner));
    atomic_store(&ring->own->sleeps, 0);
    ring->position = atomic_load(&ring->own->position);
    ring->other_position = atomic_load(&ring->other->position);
    const uint64_t used = role == IPC_RING_PRODUCER ? ring->position - ring->other_position
                                                    : ring->other_position - ring->position;
    if (used > capacity ||
        (content == IPC_RING_RECORDS && (ring->position | ring->other_position) % 8 != 0)) {
        atomic_store(&ring->own->owner, owner); /* restores the previous owner */
        return ipc_ring__fail(EBADMSG);
    }
    return 0;
}

/* The futex system call takes two kernel longs as its timeout, even if time_t has a different size. */
static inline long ipc_ring__futex(_Atomic uint32_t *word, int operation, uint32_t value,
                                   const __kernel_long_t timeout[2]) {
    return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

/* Wakes the other side if it sleeps or is about to. The fence orders the preceding store before the load:
 * the other side stores `sleeps` and then checks again. */
static inline void ipc_ring__wake(struct ipc_ring *ring) {
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&ring->other->sleeps, memory_order_relaxed) != 0) {
        atomic_store_explicit(&ring->other->sleeps, 0, memory_order_relaxed);
        ipc_ring__futex(&ring->other->sleeps, FUTEX_WAKE, 1, NULL);
    }
}

static inline int ipc_ring_close(struct ipc_ring *ring) {
    uint64_t owner = ring->owner;
    atomic_compare_exchange_strong(&ring->own->owner, &owner, IPC_RING_CLOSED);
    ipc_ring__wake(ring);
    return 0;
}

/* Returns the number of bytes that this end may read or write; -1 if the other side's position is invalid:
 * a position never moves back, and never passes its limit. */
static inline int64_t ipc_ring__available(struct ipc_ring *ring) {
    const bool produces = ring->role == IPC_RING_PRODUCER;
    const uint64_t seen = atomic_load_explicit(&ring->other->position, memory_order_acquire);
    const uint64_t limit = produces ? ring->position : ring->position + ring->capacity;
    if (seen - ring->other_position > limit - ring->other_position)
        return ipc_ring__fail(EBADMSG);
    ring->other_position = seen;
    return (int64_t)(produces ? ring->capacity - (ring->position - seen) : seen - ring->position);
}

/* Returns the number of bytes that this end may read or write now, including the 8 bytes in front of each
 * record. It makes no system call, so a process may spin on it. It does not report whether the other side has
 * closed its end or died; the other functions do. */
static inline int64_t ipc_ring_available(struct ipc_ring *ring) {
    return ipc_ring__available(ring);
}

static inline bool ipc_ring__is_closed(const struct ipc_ring *ring) {
    return atomic_load_explicit(&ring->other->owner, memory_order_acquire) == IPC_RING_CLOSED;
}

enum {
    /* How long a wait polls before it sleeps, in ns. This is roughly the cost of sleeping and waking, so a
     * failed poll at most doubles the cost. The poll spins, because a thread that yields goes to the end of
     * the run queue. */
    IPC_RING_POLL_TIME = 10000,
    /* The interval between polls; each poll takes the cache line away from the writer. */
    IPC_RING_POLL_INTERVAL = 250,
    /* After a failed poll, only one in this many waits polls. */
    IPC_RING_WAITS_PER_POLL = 8,
    /* How long a wait sleeps before it checks whether the other side is alive. */
    IPC_RING_SLICE = 50000000,
};

/* Converts a deadline to nanoseconds; NULL or overflow yields INT64_MAX. */
static inline int64_t ipc_ring__nanoseconds(const struct timespec *time) {
    const int64_t seconds = time ? time->tv_sec : INT64_MAX; /* time_t may have 32 bits */
    if (seconds >= INT64_MAX / 1000000000)
        return INT64_MAX;
    return seconds < 0 ? 0 : seconds * INT64_C(1000000000) + time->tv_nsec;
}

static inline int64_t ipc_ring__now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return ipc_ring__nanoseconds(&now);
}

/* Polls briefly until `needed` bytes can be read or written, and returns how many can. */
static inline int64_t ipc_ring__poll(struct ipc_ring *ring, uint64_t needed, int64_t end) {
    int64_t available = ipc_ring__available(ring);
    if (available == -1 || (uint64_t)available >= needed ||
        ring->unpolled_waits++ % IPC_RING_WAITS_PER_POLL != 0)
        return available;
    int64_t now = ipc_ring__now();
    const int64_t soon = now + IPC_RING_POLL_TIME, until = soon < end ? soon : end;
    while (available != -1 && (uint64_t)available < needed && now < until) {
        for (const int64_t next = now + IPC_RING_POLL_INTERVAL; now < next;)
            now = ipc_ring__now();
        available = ipc_ring__available(ring);
    }
    if (available != -1 && (uint64_t)available >= needed)
        ring->unpolled_waits = 0;
    return available;
}

/* Waits until `needed` bytes can be read or written, and returns how many can; a NULL `deadline` means no
 * limit. */
static inline int64_t ipc_ring__await(struct ipc_ring *ring, uint64_t needed,
                                      const struct timespec *deadline) {
    const int64_t end = ipc_ring__nanoseconds(deadline);
    for (;;) {
        int64_t available = ipc_ring__poll(ring, needed, end);
        if (available == -1 || (uint64_t)available >= needed) {
            ring->due = 0;
            return available;
        }
        const int64_t now = ipc_ring__now();
        int error = now < end ? 0 : ETIMEDOUT;
        atomic_store(&ring->own->sleeps, 1);
        atomic_thread_fence(memory_order_seq_cst);
        /* Load this before the position, so that everything that was made visible before the close is
         * seen. */
        const uint64_t owner = atomic_load(&ring->other->owner);
        const bool checks = error || (ring->due && now >= ring->due);
        const int dead = checks ? ipc_ring__is_dead(ring, owner) : 0;
        if (owner == IPC_RING_CLOSED)
            error = ring->role == IPC_RING_PRODUCER ? EPIPE : ENODATA;
        else if (dead != 0)
            error = dead == 1 ? EOWNERDEAD : errno;
        available = ipc_ring__available(ring);
        if (available == -1 || (uint64_t)available >= needed) {
            error = 0;
        } else if (error == 0) {
            /* Keep the time of the next check across waits, because signals may interrupt each wait before
             * its slice ends. */
            if (checks || !ring->due)
                ring->due = now + IPC_RING_SLICE;
            /* The difference is at most a slice, so the nanoseconds fit into a 32-bit long. */
            const int64_t left = (end < ring->due ? end : ring->due) - now;
            const __kernel_long_t slice[2] = {0, (__kernel_long_t)left};
            const bool woken = ipc_ring__futex(&ring->own->sleeps, FUTEX_WAIT, 1, slice) == 0;
            error = !woken && errno == EINTR ? EINTR : 0;
        }
        atomic_store_explicit(&ring->own->sleeps, 0, memory_order_relaxed);
        if (error)
            return ipc_ring__fail(error);
    }
}

/* Copies bytes into the ring, and continues at the start of the data area if they cross its end. */
static inline void ipc_ring__put(struct ipc_ring *ring, uint64_t position, const void *bytes, size_t count) {
    const size_t at = position & (ring->capacity - 1), rest = ring->capacity - at;
    const size_t first = count < rest ? count : rest;
    if (first < count) {
        memcpy(ring->header->data + at, bytes, first);
        memcpy(ring->header->data, (const unsigned char *)bytes + first, count - first);
    } else if (count > 0) { /* otherwise `bytes` may be NULL */
        memcpy(ring->header->data + at, bytes, count);
    }
}

static inline void ipc_ring__take(const struct ipc_ring *ring, uint64_t position, void *bytes, size_t count) {
    const size_t at = position & (ring->capacity - 1), rest = ring->capacity - at;
    const size_t first = count < rest ? count : rest;
    if (first < count) {
        memcpy(bytes, ring->header->data + at, first);
        memcpy((unsigned char *)bytes + first, ring->header->data, count - first);
    } else if (count > 0) {
        memcpy(bytes, ring->header->data + at, count);
    }
}

/* Reads one of the two numbers before a record. The record is aligned to 8, so a number never wraps around.
 * It is read only once: the other side may overwrite it after the check. */
static inline uint32_t ipc_ring__number(const struct ipc_ring *ring, uint64_t position) {
    const size_t at = position & (ring->capacity - 1);
    return atomic_load_explicit((_Atomic uint32_t *)(ring->header->data + at), memory_order_relaxed);
}

/* Makes the copied bytes visible, or frees their space. If this process dies before the store, nothing has
 * changed. */
static inline void ipc_ring__advance(struct ipc_ring *ring, uint64_t count) {
    ring->position += count;
    atomic_store_explicit(&ring->own->position, ring->position, memory_order_release);
    ipc_ring__wake(ring);
}

/* Writes as many bytes as fit, but at least one, and returns their number. */
static inline ssize_t ipc_ring_write(struct ipc_ring *ring, const void *bytes, size_t count,
                                     const struct timespec *deadline) {
    if (ipc_ring__is_closed(ring))
        return ipc_ring__fail(EPIPE);
    int64_t room = count > 0 ? ipc_ring__await(ring, 1, deadline) : 0;
    if (room <= 0)
        return room;
    if ((uint64_t)room < count)
        count = (size_t)room;
    ipc_ring__put(ring, ring->position, bytes, count);
    ipc_ring__advance(ring, count);
    return (ssize_t)count;
}

/* Reads the available bytes, at most `count`. Returns 0 if the producer closed its end and everything was
 * read. */
static inline ssize_t ipc_ring_read(struct ipc_ring *ring, void *bytes, size_t count,
                                    const struct timespec *deadline) {
    int64_t there = count > 0 ? ipc_ring__await(ring, 1, deadline) : 0;
    if (there == -1)
        return errno == ENODATA ? 0 : -1;
    if ((uint64_t)there < count)
        count = (size_t)there;
    ipc_ring__take(ring, ring->position, bytes, count);
    ipc_ring__advance(ring, count);
    return (ssize_t)count;
}

static inline uint64_t ipc_ring__frame(uint64_t length) {
    return IPC_RING_FRAME + ((length + 7) & ~UINT64_C(7));
}

/* Writes a whole record. */
static inline int ipc_ring_send(struct ipc_ring *ring, const void *record, size_t length,
                                const struct timespec *deadline) {
    if (length > ring->capacity - IPC_RING_FRAME || length > UINT32_MAX)
        return ipc_ring__fail(EMSGSIZE);
    if (ipc_ring__is_closed(ring))
        return ipc_ring__fail(EPIPE);
    if (ipc_ring__await(ring, ipc_ring__frame(length), deadline) == -1)
        return -1;
    const uint32_t frame[2] = {(uint32_t)length, 0};
    ipc_ring__put(ring, ring->position, frame, IPC_RING_FRAME);
    ipc_ring__put(ring, ring->position + IPC_RING_FRAME, record, length);
    ipc_ring__advance(ring, ipc_ring__frame(length));
    return 0;
}

/* Reads the next record and returns its length. */
static inline ssize_t ipc_ring_receive(struct ipc_ring *ring, void *record, size_t size,
                                       const struct timespec *deadline) {
    const int64_t there = ipc_ring__await(ring, 1, deadline);
    if (there == -1)
        return -1;
    /* Fetch the second cache line of the record together with the first. Otherwise, the copy would fetch it
     * only after the length has arrived. */
    if (there > IPC_RING_LINE)
        __builtin_prefetch(ring->header->data + ((ring->position + IPC_RING_LINE) & (ring->capacity - 1)));
    /* The positions move by whole records, so a record is visible completely or not at all. */
    if (there % 8 != 0)
        return ipc_ring__fail(EBADMSG);
    const uint64_t length = ipc_ring__number(ring, ring->position);
    if (ipc_ring__number(ring, ring->position + 4) != 0 || ipc_ring__frame(length) > (uint64_t)there)
        return ipc_ring__fail(EBADMSG);
    if (length > size)
        return ipc_ring__fail(EMSGSIZE);
    ipc_ring__take(ring, ring->position + IPC_RING_FRAME, record, length);
    ipc_ring__advance(ring, ipc_ring__frame(length));
    return (ssize_t)length;
}

#endif
