/* Bounded message queues in shared memory: many senders and many receivers, threads or processes, in any
 * language that implements docs/wire-formats.md. A C program needs only this file: copy it.
 *
 *     struct ipc_queue jobs;
 *     ipc_queue_make(&jobs, memory, size, 64, 128);    one process: 64 slots of 128 bytes
 *     ipc_queue_open(&jobs, memory, size);             the others
 *     ipc_queue_send(&jobs, "hello", 5, NULL);
 *     ssize_t length = ipc_queue_receive(&jobs, buffer, sizeof buffer, NULL);
 *
 * All processes map or attach `memory` shared, at an address that is a multiple of 8; the object must not
 * shrink. Each message is received once, in the order in which the messages were sent. A process may die at
 * any moment without blocking the others: a message that it had not finished sending counts as never sent,
 * and a message that it had not finished receiving goes to another receiver.
 *
 * Functions that fail return -1 and set errno. A deadline is a CLOCK_MONOTONIC time; NULL means no limit.
 * After the deadline, a call still succeeds if it does not need to block. A call with an invalid time fails
 * with EINVAL if it would block. A signal handler interrupts a wait (EINTR) unless it was installed with
 * SA_RESTART; a wait with a deadline may be interrupted even then. Do not call these functions in a signal
 * handler: they fail with EDEADLK if it interrupted a robust lock operation. Threads in different PID
 * namespaces must not share a queue: their thread ids may be equal. ipc_queue_select needs Linux 5.16;
 * compiling needs that kernel's headers.
 *
 *   byte    size  field       contents; numbers are in host byte order
 *   0       8     magic       the letters "ipcqueue", written last
 *   8       4     version     1
 *   12      4     slot_size   the maximum length of a message in bytes: 1 to 2^30
 *   16      4     slot_count  1 to 2^30
 *   20      44    -           0
 *   64      4     lock        0, or the id of the owning thread and FUTEX_WAITERS; FUTEX_OWNER_DIED
 *   68      4     readable    futex: receivers sleep on it. Odd when a receiver may be asleep
 *   72      4     writable    futex: senders sleep on it. Odd when a sender may be asleep
 *   76      4     closed      0, or 1: no more messages will be sent
 *   80      8     sent        number of messages ever sent
 *   88      8     received    number of messages ever received
 *   96      4     recoveries  number of times that the lock's owner died
 *   100     28    -           0
 *   128           slots       slot_count times: length (4), 0 (4), the message, padding to a multiple of 8
 */
#ifndef IPC_QUEUE_H
#define IPC_QUEUE_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE: this header calls Linux functions"
#endif

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Older headers and musl do not have these. */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct ipc_queue_header {
    _Atomic uint64_t magic;
    _Atomic uint32_t version, slot_size, slot_count;
    uint32_t unused[11];
    _Atomic uint32_t lock, readable, writable, closed;
    _Atomic uint64_t sent, received;
    _Atomic uint32_t recoveries;
    uint32_t unused_too[7];
};
_Static_assert(offsetof(struct ipc_queue_header, slot_count) == 16, "layout");
_Static_assert(offsetof(struct ipc_queue_header, lock) == 64, "layout");
_Static_assert(offsetof(struct ipc_queue_header, closed) == 76, "layout");
_Static_assert(offsetof(struct ipc_queue_header, sent) == 80, "layout");
_Static_assert(offsetof(struct ipc_queue_header, recoveries) == 96, "layout");
_Static_assert(sizeof(struct ipc_queue_header) == 128, "layout");

/* A queue that this process has opened. It may be copied, and several threads may use it. */
struct ipc_queue {
    struct ipc_queue_header *header;
    uint32_t slot_count, slot_size; /* checked copies, because the header may change */
};

/* "ipcqueue" in memory order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IPC_QUEUE_MAGIC UINT64_C(0x6575657571637069)
#else
#define IPC_QUEUE_MAGIC UINT64_C(0x6970637175657565)
#endif
enum { IPC_QUEUE_MOST = 1 << 30, IPC_QUEUE_MOST_SELECTED = FUTEX_WAITV_MAX };

enum {
    /* How long a wait polls before it sleeps, in ns. This is roughly the cost of sleeping and waking, so a
     * failed poll at most doubles the cost. */
    IPC_QUEUE_POLL_TIME = 10000,
    /* The interval between polls; each poll takes the cache line away from the lock's owner. */
    IPC_QUEUE_POLL_INTERVAL = 250,
    /* After a failed poll, a thread polls in only one of this many waits. */
    IPC_QUEUE_WAITS_PER_POLL = 8,
};

/* -- Private functions ---------------------------------------------------------------------------------- */

static inline int ipc_queue__fail(int error) {
    errno = error;
    return -1;
}

static inline uint64_t ipc_queue__stride(uint32_t slot_size) {
    return 8 + ((uint64_t)slot_size + 7) / 8 * 8;
}

/* The thread's list of robust futexes, registered by the C library (get_robust_list(2)): when the thread
 * dies, the kernel releases the lock that is in the list. The list is cached, because looking it up costs two
 * system calls. */
struct ipc_queue__thread {
    uint32_t number;
    struct robust_list_head *robust;
    unsigned unpolled_waits; /* the number of waits since polling last succeeded */
};
static _Thread_local struct ipc_queue__thread ipc_queue__self;

static inline void ipc_queue__forget(void) {
    ipc_queue__self.number = 0;
}

/* The child of a fork(2) has a different thread id. */
static inline void ipc_queue__forget_in_children(void) {
    pthread_atfork(NULL, NULL, ipc_queue__forget);
}

/* musl registers a thread's list when the thread first locks a robust, shared mutex. */
static inline void ipc_queue__register_thread(void) {
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (pthread_mutex_init(&mutex, &attributes) == 0 && pthread_mutex_lock(&mutex) == 0)
        pthread_mutex_unlock(&mutex);
    pthread_mutex_destroy(&mutex);
    pthread_mutexattr_destroy(&attributes);
}

static inline int ipc_queue__init_thread(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    size_t size;
    if (ipc_queue__self.number != 0)
        return 0;
    pthread_once(&once, ipc_queue__forget_in_children);
    if (syscall(SYS_get_robust_list, 0, &ipc_queue__self.robust, &size) == -1)
        return -1;
    if (!ipc_queue__self.robust) {
        ipc_queue__register_thread();
        if (syscall(SYS_get_robust_list, 0, &ipc_queue__self.robust, &size) == -1)
            return -1;
    }
    if (!ipc_queue__self.robust)
        return ipc_queue__fail(ENOTSUP);
    ipc_queue__self.number = (uint32_t)syscall(SYS_gettid);
    return 0;
}

static inline void ipc_queue__set_pending(void *entry) {
    atomic_signal_fence(memory_order_seq_cst);
    *(void *volatile *)&ipc_queue__self.robust->list_op_pending = entry;
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void ipc_queue__wake(_Atomic uint32_t *futex, int most) {
    syscall(SYS_futex, futex, FUTEX_WAKE, most, NULL, NULL, 0);
}

/* The futex system call takes two kernel longs as its timeout, even if time_t has a different size. A
 * deadline more than 68 years after boot does not fit into a 32-bit long. */
static inline int ipc_queue__wait(_Atomic uint32_t *futex, uint32_t expected,
                                  const struct timespec *deadline) {
    const int64_t seconds = deadline ? deadline->tv_sec : 0;
    const __kernel_long_t time[2] = {(__kernel_long_t)(seconds < INT32_MAX ? seconds : INT32_MAX),
                                     deadline ? deadline->tv_nsec : 0};
    return (int)syscall(SYS_futex, futex, FUTEX_WAIT_BITSET, expected, deadline ? time : NULL, NULL,
                        FUTEX_BITSET_MATCH_ANY);
}

/* Wakes the threads that sleep on an event. The caller holds the lock, and calls this before it makes the
 * change. A woken thread waits for the lock, so it detects that the caller has died before the change. */
static inline void ipc_queue__signal(_Atomic uint32_t *event) {
    if (atomic_load_explicit(event, memory_order_relaxed) & 1) {
        atomic_fetch_add(event, 1);
        ipc_queue__wake(event, INT_MAX);
    }
}

/* A send or receive takes effect with a single store, so a dead owner's call either completed or had no
 * effect. Only its wake-up may be missing. */
static inline void ipc_queue__recover(struct ipc_queue_header *header) {
    atomic_fetch_add(&header->recoveries, 1);
    atomic_fetch_or(&header->readable, 1);
    ipc_queue__signal(&header->readable);
    atomic_fetch_or(&header->writable, 1);
    ipc_queue__signal(&header->writable);
}

static inline bool ipc_queue__is_before(struct timespec a, struct timespec b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static inline struct timespec ipc_queue__next_check(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_nsec += 100000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

static inline int64_t ipc_queue__now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Waits until the next poll, and returns the time. */
static inline int64_t ipc_queue__pause(int64_t now) {
    for (const int64_t next = now + IPC_QUEUE_POLL_INTERVAL; now < next;)
        now = ipc_queue__now();
    return now;
}

static inline void ipc_queue__unlock(const struct ipc_queue *queue) {
    if (atomic_exchange(&queue->header->lock, 0) & FUTEX_WAITERS)
        ipc_queue__wake(&queue->header->lock, 1);
    ipc_queue__set_pending(NULL);
}

static inline int ipc_queue__give_up(int error) {
    ipc_queue__set_pending(NULL);
    return ipc_queue__fail(error);
}

/* Waits for the lock, for at least 100 ms even when the deadline has passed: only a stopped thread holds it
 * longer. Each sleep lasts at most 100 ms, because a thread that dies between unlocking and waking wakes no
 * other thread. */
static inline int ipc_queue__lock(const struct ipc_queue *queue, const struct timespec *deadline) {
    _Atomic uint32_t *lock = &queue->header->lock;
    uint32_t seen = 0, waiters = 0;
    struct timespec end = {0}, check;
    if (ipc_queue__init_thread() == -1)
        return -1;
    /* This thread is already performing a robust lock operation. */
    if (ipc_queue__self.robust->list_op_pending)
        return ipc_queue__fail(EDEADLK);
    ipc_queue__set_pending((char *)lock - ipc_queue__self.robust->futex_offset);
    if (atomic_compare_exchange_strong(lock, &seen, ipc_queue__self.number))
        return 0;
    if (deadline) {
        check = ipc_queue__next_check();
        end = ipc_queue__is_before(*deadline, check) ? check : *deadline;
    }
    for (int polls = 0;; seen = atomic_load(lock)) {
        uint32_t owner = seen & FUTEX_TID_MASK;
        if (owner == 0) {
            /* Other threads may sleep on the lock; the next unlock must wake one of them. */
            uint32_t mine = ipc_queue__self.number | waiters | (seen & FUTEX_WAITERS);
            if (!atomic_compare_exchange_strong(lock, &seen, mine))
                continue;
            if (seen & FUTEX_OWNER_DIED)
                ipc_queue__recover(queue->header);
            return 0;
        }
        if (owner == ipc_queue__self.number)
            return ipc_queue__give_up(EDEADLK);
        if (polls++ < IPC_QUEUE_POLL_TIME / IPC_QUEUE_POLL_INTERVAL) {
            ipc_queue__pause(ipc_queue__now());
            continue;
        }
        if (!(seen & FUTEX_WAITERS) && !atomic_compare_exchange_strong(lock, &seen, seen | FUTEX_WAITERS))
            continue;
        waiters = FUTEX_WAITERS;
        check = ipc_queue__next_check();
        if (deadline && ipc_queue__is_before(end, check))
            check = end;
        if (ipc_queue__wait(lock, seen | FUTEX_WAITERS, &check) == 0 || errno == EAGAIN || errno == EINTR)
            continue;
        if (errno != ETIMEDOUT)
            return ipc_queue__give_up(errno);
        if (deadline && !ipc_queue__is_before(check, end) && atomic_load(lock) & FUTEX_TID_MASK)
            return ipc_queue__give_up(ETIMEDOUT);
    }
}

/* The number of messages; it may change at any time unless the caller holds the lock. */
static inline uint64_t ipc_queue__difference(const struct ipc_queue *queue) {
    return atomic_load_explicit(&queue->header->sent, memory_order_relaxed) -
           atomic_load_explicit(&queue->header->received, memory_order_relaxed);
}

/* Whether an open queue was full, or empty, at some moment during the call. These functions do not lock the
 * queue: both numbers only grow, and `sent` is never less than `received`, so a result of true is correct
 * even if the number that was loaded first is outdated. */
static inline bool ipc_queue__is_full(const struct ipc_queue *queue) {
    const uint64_t sent = atomic_load_explicit(&queue->header->sent, memory_order_acquire);
    return sent - atomic_load_explicit(&queue->header->received, memory_order_relaxed) == queue->slot_count &&
           atomic_load_explicit(&queue->header->closed, memory_order_relaxed) == 0;
}

static inline bool ipc_queue__is_empty(const struct ipc_queue *queue) {
    const uint64_t received = atomic_load_explicit(&queue->header->received, memory_order_acquire);
    return atomic_load_explicit(&queue->header->sent, memory_order_relaxed) == received &&
           atomic_load_explicit(&queue->header->closed, memory_order_relaxed) == 0;
}

/* Polls briefly, without the lock, until the number of messages has changed. */
static inline void ipc_queue__poll(const struct ipc_queue *queue, uint64_t useless) {
    int64_t now = ipc_queue__now();
    for (const int64_t end = now + IPC_QUEUE_POLL_TIME; now < end;) {
        now = ipc_queue__pause(now);
        if (ipc_queue__difference(queue) != useless) {
            ipc_queue__self.unpolled_waits = 0;
            return;
        }
    }
}

/* Unlocks the queue, and polls briefly or sleeps until the event is signaled. The caller then checks the
 * queue again. */
static inline int ipc_queue__sleep(const struct ipc_queue *queue, _Atomic uint32_t *event,
                                   const struct timespec *deadline) {
    /* A nonblocking call makes no system call, so a process can spin on it. */
    if (deadline && deadline->tv_sec == 0 && deadline->tv_nsec == 0) {
        ipc_queue__unlock(queue);
        return ipc_queue__fail(ETIMEDOUT);
    }
    if (ipc_queue__self.unpolled_waits++ % IPC_QUEUE_WAITS_PER_POLL == 0) {
        const uint64_t useless = ipc_queue__difference(queue);
        ipc_queue__unlock(queue);
        ipc_queue__poll(queue, useless);
        return 0;
    }
    uint32_t expected = atomic_fetch_or(event, 1) | 1;
    ipc_queue__unlock(queue);
    return ipc_queue__wait(event, expected, deadline) == -1 && errno != EAGAIN ? -1 : 0;
}

/* Returns the number of messages. Other processes may write anything here, so the result is checked. */
static inline int64_t ipc_queue__count(const struct ipc_queue *queue) {
    const uint64_t count = ipc_queue__difference(queue);
    return count <= queue->slot_count ? (int64_t)count : ipc_queue__fail(EBADMSG);
}

static inline unsigned char *ipc_queue__slot(const struct ipc_queue *queue, uint64_t number) {
    return (unsigned char *)(queue->header + 1) +
           number % queue->slot_count * ipc_queue__stride(queue->slot_size);
}

static inline void ipc_queue__write(const struct ipc_queue *queue, const void *message, size_t length) {
    unsigned char *slot =
        ipc_queue__slot(queue, atomic_load_explicit(&queue->header->sent, memory_order_relaxed));
    uint32_t header[2] = {(uint32_t)length, 0};
    memcpy(slot, header, sizeof header);
    if (length > 0)
        memcpy(slot + sizeof header, message, length);
}

/* The message is sent once `sent` is incremented. */
static inline void ipc_queue__publish(const struct ipc_queue *queue) {
    ipc_queue__signal(&queue->header->readable);
    atomic_fetch_add(&queue->header->sent, 1);
}

/* Copies the first message. If there is none, returns -1 with EAGAIN, or with ENODATA if the queue is
 * closed. */
static inline ssize_t ipc_queue__read(const struct ipc_queue *queue, void *buffer, size_t room) {
    struct ipc_queue_header *header = queue->header;
    int64_t count = ipc_queue__count(queue);
    if (count == -1)
        return -1;
    if (count == 0)
        return ipc_queue__fail(atomic_load(&header->closed) ? ENODATA : EAGAIN);
    unsigned char *slot =
        ipc_queue__slot(queue, atomic_load_explicit(&header->received, memory_order_relaxed));
    /* Read the length only once, because a process without the lock may overwrite it after the check. */
    const uint32_t length = atomic_load_explicit((_Atomic uint32_t *)slot, memory_order_relaxed);
    if (length > queue->slot_size)
        return ipc_queue__fail(EBADMSG);
    if (length > room)
        return ipc_queue__fail(EMSGSIZE);
    if (length > 0)
        memcpy(buffer, slot + 8, length);
    return (ssize_t)length;
}

/* The message is received once `received` is incremented. */
static inline void ipc_queue__consume(const struct ipc_queue *queue) {
    ipc_queue__signal(&queue->header->writable);
    atomic_fetch_add(&queue->header->received, 1);
}

static inline ssize_t ipc_queue__take(const struct ipc_queue *queue, void *buffer, size_t room) {
    ssize_t length = ipc_queue__read(queue, buffer, room);
    if (length >= 0)
        ipc_queue__consume(queue);
    return length;
}

/* Unlocks the queue, and preserves the operation's errno. */
static inline void ipc_queue__unlock_quietly(const struct ipc_queue *queue) {
    int error = errno;
    ipc_queue__unlock(queue);
    errno = error;
}

/* Ensures that the memory is backed by pages: the object may be shorter than its mapping, or the file system
 * may be full. Kernels without MADV_POPULATE_WRITE cannot check. */
static inline int ipc_queue__populate(void *memory, size_t size) {
    size_t before = (uintptr_t)memory % (size_t)sysconf(_SC_PAGESIZE);
    void *page = (unsigned char *)memory - before;
    return madvise(page, before + size, MADV_POPULATE_WRITE) == -1 && errno != EINVAL ? -1 : 0;
}

/* -- Public functions ----------------------------------------------------------------------------------- */

/* Returns the size in bytes of a queue with this number and size of slots, each 1 to IPC_QUEUE_MOST. */
static inline uint64_t ipc_queue_bytes(uint32_t slot_count, uint32_t slot_size) {
    return sizeof(struct ipc_queue_header) + slot_count * ipc_queue__stride(slot_size);
}

/* Creates a queue. No process may be using a queue in the same memory. EINVAL: invalid sizes, or the address
 * is not a multiple of 8; EFAULT: the memory, its object or its file system has too few bytes. */
static inline int ipc_queue_make(struct ipc_queue *queue, void *memory, size_t size, uint32_t slot_count,
                                 uint32_t slot_size) {
    struct ipc_queue_header *header = memory;
    if ((uintptr_t)memory % 8 != 0 || slot_count == 0 || slot_count > IPC_QUEUE_MOST || slot_size == 0 ||
        slot_size > IPC_QUEUE_MOST)
        return ipc_queue__fail(EINVAL);
    if (ipc_queue_bytes(slot_count, slot_size) > size)
        return ipc_queue__fail(EFAULT);
    if (ipc_queue__populate(memory, (size_t)ipc_queue_bytes(slot_count, slot_size)) == -1)
        return -1;
    memset(header, 0, sizeof *header);
    atomic_store_explicit(&header->version, 1, memory_order_relaxed);
    atomic_store_explicit(&header->slot_size, slot_size, memory_order_relaxed);
    atomic_store_explicit(&header->slot_count, slot_count, memory_order_relaxed);
    atomic_store_explicit(&header->magic, IPC_QUEUE_MAGIC, memory_order_release);
    *queue = (struct ipc_queue){header, slot_count, slot_size};
    return 0;
}

/* Opens an existing queue. EINVAL: there is no queue (yet), or its address is not a multiple of 8;
 * EPROTONOSUPPORT: another version; EBADMSG: invalid sizes; EFAULT: the memory is too small. */
static inline int ipc_queue_open(struct ipc_queue *queue, void *memory, size_t size) {
    struct ipc_queue_header *header = memory;
    if ((uintptr_t)memory % 8 != 0)
        return ipc_queue__fail(EINVAL);
    if (size < sizeof *header)
        return ipc_queue__fail(EFAULT);
    if (ipc_queue__populate(memory, sizeof *header) == -1)
        return -1;
    if (atomic_load_explicit(&header->magic, memory_order_acquire) != IPC_QUEUE_MAGIC)
        return ipc_queue__fail(EINVAL);
    if (atomic_load_explicit(&header->version, memory_order_relaxed) != 1)
        return ipc_queue__fail(EPROTONOSUPPORT);
    const uint32_t count = atomic_load_explicit(&header->slot_count, memory_order_relaxed);
    const uint32_t bytes = atomic_load_explicit(&header->slot_size, memory_order_relaxed);
    if (count == 0 || count > IPC_QUEUE_MOST || bytes == 0 || bytes > IPC_QUEUE_MOST)
        return ipc_queue__fail(EBADMSG);
    if (ipc_queue_bytes(count, bytes) > size)
        return ipc_queue__fail(EFAULT);
    if (ipc_queue__populate(memory, (size_t)ipc_queue_bytes(count, bytes)) == -1)
        return -1;
    *queue = (struct ipc_queue){header, count, bytes};
    return 0;
}

/* Sends a message; waits while the queue is full. EMSGSIZE: the message is longer than a slot; EPIPE: the
 * queue is closed; ETIMEDOUT; EINTR; EBADMSG: the queue is corrupt. */
static inline int ipc_queue_send(const struct ipc_queue *queue, const void *message, size_t length,
                                 const struct timespec *deadline) {
    if (length > queue->slot_size)
        return ipc_queue__fail(EMSGSIZE);
    for (;;) {
        if (ipc_queue__lock(queue, deadline) == -1)
            return -1;
        int64_t count = ipc_queue__count(queue);
        if (count != -1 && atomic_load(&queue->header->closed))
            count = ipc_queue__fail(EPIPE);
        if (count == queue->slot_count) {
            if (ipc_queue__sleep(queue, &queue->header->writable, deadline) == -1)
                return -1;
            continue;
        }
        if (count != -1) {
            ipc_queue__write(queue, message, length);
            ipc_queue__publish(queue);
        }
        ipc_queue__unlock_quietly(queue);
        return count == -1 ? -1 : 0;
    }
}

/* Receives the first message and returns its length; waits while the queue is empty. EMSGSIZE: the message is
 * longer than `room`, and stays in the queue; ENODATA: the queue is empty and closed; ETIMEDOUT; EINTR;
 * EBADMSG. */
static inline ssize_t ipc_queue_receive(const struct ipc_queue *queue, void *buffer, size_t room,
                                        const struct timespec *deadline) {
    for (;;) {
        if (ipc_queue__lock(queue, deadline) == -1)
            return -1;
        ssize_t length = ipc_queue__take(queue, buffer, room);
        if (length == -1 && errno == EAGAIN) {
            if (ipc_queue__sleep(queue, &queue->header->readable, deadline) == -1)
                return -1;
            continue;
        }
        ipc_queue__unlock_quietly(queue);
        return length;
    }
}

/* Nonblocking variants of these functions. They fail with EAGAIN when the queue is full or empty, or when
 * a stopped thread holds the lock. A process may spin on these calls: they do not lock a full or empty
 * queue. */
static inline int ipc_queue_trysend(const struct ipc_queue *queue, const void *message, size_t length) {
    if (length <= queue->slot_size && ipc_queue__is_full(queue))
        return ipc_queue__fail(EAGAIN);
    int result = ipc_queue_send(queue, message, length, &(struct timespec){0});
    return result == -1 && errno == ETIMEDOUT ? ipc_queue__fail(EAGAIN) : result;
}

static inline ssize_t ipc_queue_tryreceive(const struct ipc_queue *queue, void *buffer, size_t room) {
    if (ipc_queue__is_empty(queue))
        return ipc_queue__fail(EAGAIN);
    ssize_t length = ipc_queue_receive(queue, buffer, room, &(struct timespec){0});
    return length == -1 && errno == ETIMEDOUT ? ipc_queue__fail(EAGAIN) : length;
}

/* Receives from the first of several queues that has a message, and waits while all are empty. Sets *from to
 * the index of that queue. The search starts after the previous *from, so no queue starves. ENODATA: all are
 * empty and closed; EINVAL: no queues, or more than IPC_QUEUE_MOST_SELECTED; other errors as for
 * ipc_queue_receive. Calls futex_waitv(2). */
static inline ssize_t ipc_queue_select(const struct ipc_queue queues[], unsigned count, unsigned *from,
                                       void *buffer, size_t room, const struct timespec *deadline) {
    struct __kernel_timespec_ {
        int64_t seconds, nanoseconds; /* 64 bits on every architecture */
    } time = {deadline ? deadline->tv_sec : 0, deadline ? deadline->tv_nsec : 0};
    if (count == 0 || count > IPC_QUEUE_MOST_SELECTED)
        return ipc_queue__fail(EINVAL);
    for (unsigned last = *from;;) {
        struct futex_waitv sleeps[IPC_QUEUE_MOST_SELECTED];
        unsigned open = 0;
        for (unsigned i = 1; i <= count; i++) {
            *from = (last % count + i) % count;
            const struct ipc_queue *queue = &queues[*from];
            if (ipc_queue__lock(queue, deadline) == -1)
                return -1;
            ssize_t length = ipc_queue__take(queue, buffer, room);
            if (length == -1 && errno == EAGAIN)
                sleeps[open++] = (struct futex_waitv){
                    .val = atomic_fetch_or(&queue->header->readable, 1) | 1,
                    .uaddr = (uintptr_t)&queue->header->readable,
                    .flags = FUTEX_32,
                };
            ipc_queue__unlock_quietly(queue);
            if (length >= 0 || (errno != EAGAIN && errno != ENODATA))
                return length;
        }
        if (open == 0)
            return ipc_queue__fail(ENODATA);
        if (syscall(SYS_futex_waitv, sleeps, open, 0, deadline ? &time : NULL, CLOCK_MONOTONIC) == -1 &&
            errno != EAGAIN)
            return -1;
    }
}

/* Closes the queue: no more messages will be sent. Receivers get the remaining messages, and then fail with
 * ENODATA; senders fail with EPIPE. ETIMEDOUT: a stopped thread holds the lock; the queue is not closed. */
static inline int ipc_queue_close(const struct ipc_queue *queue, const struct timespec *deadline) {
    if (ipc_queue__lock(queue, deadline) == -1)
        return -1;
    ipc_queue__signal(&queue->header->readable);
    ipc_queue__signal(&queue->header->writable);
    atomic_store(&queue->header->closed, 1);
    ipc_queue__unlock(queue);
    return 0;
}

/* Returns the number of messages, which may already have changed. Fails with EBADMSG, or with ETIMEDOUT like
 * ipc_queue_close. */
static inline int64_t ipc_queue_messages(const struct ipc_queue *queue, const struct timespec *deadline) {
    if (ipc_queue__lock(queue, deadline) == -1)
        return -1;
    int64_t count = ipc_queue__count(queue);
    ipc_queue__unlock_quietly(queue);
    return count;
}

#endif
