/* Bounded queues of messages in shared memory: many senders, many receivers, threads or processes, in any
 * language that follows docs/wire-formats.md. This file is all that a C program needs: copy it.
 *
 *     struct ipc_queue jobs;
 *     ipc_queue_make(&jobs, memory, size, 64, 128);    one process: 64 slots of 128 bytes
 *     ipc_queue_open(&jobs, memory, size);             the others
 *     ipc_queue_send(&jobs, "hello", 5, NULL);
 *     ssize_t length = ipc_queue_receive(&jobs, buffer, sizeof buffer, NULL);
 *
 * `memory` is mapped or attached shared by all of them, at an address that is a multiple of 8, and does not
 * get shorter. Each message is received once, in the order of sending. Whoever dies, in whatever moment,
 * holds up nobody: what it had not sent yet was never sent, and what it had not received yet another one
 * receives.
 *
 * Functions return -1 and set errno. A deadline is a time of CLOCK_MONOTONIC, NULL for none; what can be done
 * at once is done after it as well, and what is no time is EINVAL where it would be waited for. A signal
 * handler interrupts a wait (EINTR) unless it was installed with SA_RESTART; a wait with a deadline it may
 * interrupt even then. None of the functions may be called in a signal handler (EDEADLK, where that would
 * matter). Threads of different PID namespaces must not share a queue: their numbers could be the same.
 * ipc_queue_select needs Linux 5.16, all of this the headers of that kernel.
 *
 *   byte    size  field       what it is; numbers are in the byte order of the machine
 *   0       8     magic       the letters "ipcqueue", written last
 *   8       4     version     1
 *   12      4     slot_size   the longest message, in bytes: 1 to 2^30
 *   16      4     slot_count  1 to 2^30
 *   20      44    -           0
 *   64      4     lock        0, or the thread that has the queue and FUTEX_WAITERS; FUTEX_OWNER_DIED
 *   68      4     readable    futex: receivers sleep on it. Odd when somebody may
 *   72      4     writable    futex: senders sleep on it. Odd when somebody may
 *   76      4     closed      0, or 1: no more messages will be sent
 *   80      8     sent        how many messages were sent, ever
 *   88      8     received    how many of them were received
 *   96      4     recoveries  how often somebody died who had the lock
 *   100     28    -           0
 *   128           slots       slot_count times: length (4), 0 (4), the message, room up to a multiple of 8
 */
#ifndef IPC_QUEUE_H
#define IPC_QUEUE_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE: the calls to the kernel are Linux's"
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

struct ipc_queue_header {
    _Atomic uint64_t magic;
    uint32_t version, slot_size, slot_count, unused[11];
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

/* A queue as this process has it. It may be copied, and used by several threads. */
struct ipc_queue {
    struct ipc_queue_header *header;
    uint32_t slot_count, slot_size; /* as they were checked: the header's may change */
};

/* "ipcqueue", as it lies in memory. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IPC_QUEUE_MAGIC UINT64_C(0x6575657571637069)
#else
#define IPC_QUEUE_MAGIC UINT64_C(0x6970637175657565)
#endif
enum { IPC_QUEUE_MOST = 1 << 30, IPC_QUEUE_MOST_SELECTED = FUTEX_WAITV_MAX };

/* -- The parts ------------------------------------------------------------------------------------------ */

static inline int ipc_queue__fail(int error) {
    errno = error;
    return -1;
}

static inline uint64_t ipc_queue__stride(uint32_t slot_size) {
    return 8 + ((uint64_t)slot_size + 7) / 8 * 8;
}

/* What the kernel must be told of a thread that has a lock, and goes by it when the thread dies: the list of
 * robust futexes that the C library registered (get_robust_list(2)). Kept, since it costs two system calls.
 */
struct ipc_queue__thread {
    uint32_t number;
    struct robust_list_head *robust;
};
static _Thread_local struct ipc_queue__thread ipc_queue__self;

static inline void ipc_queue__forget(void) {
    ipc_queue__self.number = 0;
}

/* The child of a fork(2) has another number. */
static inline void ipc_queue__forget_in_children(void) {
    pthread_atfork(NULL, NULL, ipc_queue__forget);
}

static inline int ipc_queue__know_thread(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    size_t size;
    if (ipc_queue__self.number != 0)
        return 0;
    pthread_once(&once, ipc_queue__forget_in_children);
    if (syscall(SYS_get_robust_list, 0, &ipc_queue__self.robust, &size) == -1)
        return -1;
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

/* futex(2) takes two longs for a time, whatever time_t is. */
static inline int ipc_queue__wait(_Atomic uint32_t *futex, uint32_t expected,
                                  const struct timespec *deadline) {
    long time[2] = {deadline ? (long)deadline->tv_sec : 0, deadline ? deadline->tv_nsec : 0};
    return (int)syscall(SYS_futex, futex, FUTEX_WAIT_BITSET, expected, deadline ? time : NULL, NULL,
                        FUTEX_BITSET_MATCH_ANY);
}

/* Tells those who sleep on an event to look again. Only who has the lock tells, and before it does what it
 * tells of: who is woken waits for the lock, and who dies in between is found out there. */
static inline void ipc_queue__tell(_Atomic uint32_t *event) {
    if (atomic_load_explicit(event, memory_order_relaxed) & 1) {
        atomic_fetch_add(event, 1);
        ipc_queue__wake(event, INT_MAX);
    }
}

/* What the dead one did counts or does not, by one store. What it may have left out is to tell. */
static inline void ipc_queue__recover(struct ipc_queue_header *header) {
    atomic_fetch_add(&header->recoveries, 1);
    atomic_fetch_or(&header->readable, 1);
    ipc_queue__tell(&header->readable);
    atomic_fetch_or(&header->writable, 1);
    ipc_queue__tell(&header->writable);
}

static inline bool ipc_queue__is_before(struct timespec a, struct timespec b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static inline struct timespec ipc_queue__soon(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_nsec += 100000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
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

/* Waits for whoever has the lock, and for a tenth of a second even when the deadline has passed: longer only
 * somebody has it who was stopped. Nobody sleeps longer than that without looking, since one who dies between
 * unlocking and waking may wake nobody. */
static inline int ipc_queue__lock(const struct ipc_queue *queue, const struct timespec *deadline) {
    _Atomic uint32_t *lock = &queue->header->lock;
    uint32_t seen = 0, waiters = 0;
    struct timespec end = {0}, soon;
    if (ipc_queue__know_thread() == -1)
        return -1;
    /* Not the end of what this thread is in the middle of. */
    if (ipc_queue__self.robust->list_op_pending)
        return ipc_queue__fail(EDEADLK);
    ipc_queue__set_pending((char *)lock - ipc_queue__self.robust->futex_offset);
    if (atomic_compare_exchange_strong(lock, &seen, ipc_queue__self.number))
        return 0;
    if (deadline) {
        soon = ipc_queue__soon();
        end = ipc_queue__is_before(*deadline, soon) ? soon : *deadline;
    }
    for (int spins = 0;; seen = atomic_load(lock)) {
        uint32_t owner = seen & FUTEX_TID_MASK;
        if (owner == 0) {
            /* Others may sleep behind this one, whom its unlocking must wake. */
            uint32_t mine = ipc_queue__self.number | waiters | (seen & FUTEX_WAITERS);
            if (!atomic_compare_exchange_strong(lock, &seen, mine))
                continue;
            if (seen & FUTEX_OWNER_DIED)
                ipc_queue__recover(queue->header);
            return 0;
        }
        if (owner == ipc_queue__self.number)
            return ipc_queue__give_up(EDEADLK);
        if (spins++ < 100)
            continue;
        if (!(seen & FUTEX_WAITERS) && !atomic_compare_exchange_strong(lock, &seen, seen | FUTEX_WAITERS))
            continue;
        waiters = FUTEX_WAITERS;
        soon = ipc_queue__soon();
        if (deadline && ipc_queue__is_before(end, soon))
            soon = end;
        if (ipc_queue__wait(lock, seen | FUTEX_WAITERS, &soon) == 0 || errno == EAGAIN || errno == EINTR)
            continue;
        if (errno != ETIMEDOUT)
            return ipc_queue__give_up(errno);
        if (deadline && !ipc_queue__is_before(soon, end) && atomic_load(lock) & FUTEX_TID_MASK)
            return ipc_queue__give_up(ETIMEDOUT);
    }
}

/* Unlocks the queue and sleeps until the event is told. */
static inline int ipc_queue__sleep(const struct ipc_queue *queue, _Atomic uint32_t *event,
                                   const struct timespec *deadline) {
    uint32_t expected = atomic_fetch_or(event, 1) | 1;
    ipc_queue__unlock(queue);
    return ipc_queue__wait(event, expected, deadline) == -1 && errno != EAGAIN ? -1 : 0;
}

/* How many messages wait. What others wrote is not believed. */
static inline int64_t ipc_queue__count(const struct ipc_queue *queue) {
    uint64_t count = atomic_load_explicit(&queue->header->sent, memory_order_relaxed) -
                     atomic_load_explicit(&queue->header->received, memory_order_relaxed);
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

/* From this store on the message is sent. */
static inline void ipc_queue__publish(const struct ipc_queue *queue) {
    ipc_queue__tell(&queue->header->readable);
    atomic_fetch_add(&queue->header->sent, 1);
}

/* Copies the first message. -1 with EAGAIN when there is none, with ENODATA when none will come. */
static inline ssize_t ipc_queue__read(const struct ipc_queue *queue, void *buffer, size_t room) {
    struct ipc_queue_header *header = queue->header;
    int64_t count = ipc_queue__count(queue);
    if (count == -1)
        return -1;
    if (count == 0)
        return ipc_queue__fail(atomic_load(&header->closed) ? ENODATA : EAGAIN);
    unsigned char *slot =
        ipc_queue__slot(queue, atomic_load_explicit(&header->received, memory_order_relaxed));
    /* Read once: others may write another length after it was checked. */
    const uint32_t length = *(volatile uint32_t *)slot;
    if (length > queue->slot_size)
        return ipc_queue__fail(EBADMSG);
    if (length > room)
        return ipc_queue__fail(EMSGSIZE);
    if (length > 0)
        memcpy(buffer, slot + 8, length);
    return (ssize_t)length;
}

/* From this store on the message is received. */
static inline void ipc_queue__consume(const struct ipc_queue *queue) {
    ipc_queue__tell(&queue->header->writable);
    atomic_fetch_add(&queue->header->received, 1);
}

static inline ssize_t ipc_queue__take(const struct ipc_queue *queue, void *buffer, size_t room) {
    ssize_t length = ipc_queue__read(queue, buffer, room);
    if (length >= 0)
        ipc_queue__consume(queue);
    return length;
}

/* With errno as it was: what is reported happened before. */
static inline void ipc_queue__unlock_quietly(const struct ipc_queue *queue) {
    int error = errno;
    ipc_queue__unlock(queue);
    errno = error;
}

/* Makes sure that there is a page, and room for one, wherever the queue lies: an object may be shorter than
 * its mapping, and a file system full. A kernel that cannot tell is believed. */
static inline int ipc_queue__populate(void *memory, size_t size) {
    size_t before = (uintptr_t)memory % (size_t)sysconf(_SC_PAGESIZE);
    void *page = (unsigned char *)memory - before;
    return madvise(page, before + size, MADV_POPULATE_WRITE) == -1 && errno != EINVAL ? -1 : 0;
}

/* -- What programs call --------------------------------------------------------------------------------- */

/* How many bytes of memory a queue takes. */
static inline uint64_t ipc_queue_bytes(uint32_t slot_count, uint32_t slot_size) {
    return sizeof(struct ipc_queue_header) + slot_count * ipc_queue__stride(slot_size);
}

/* Makes a queue. Nobody may use one that is there. EINVAL: no such sizes, or not at a multiple of 8; EFAULT:
 * the memory has too few bytes for them, or its object or file system has. */
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
    header->version = 1;
    header->slot_size = slot_size;
    header->slot_count = slot_count;
    atomic_store_explicit(&header->magic, IPC_QUEUE_MAGIC, memory_order_release);
    *queue = (struct ipc_queue){header, slot_count, slot_size};
    return 0;
}

/* Opens the queue that is there. EINVAL: there is none (yet), or not at a multiple of 8; EPROTONOSUPPORT: of
 * another version; EBADMSG: of sizes that none has; EFAULT: the memory has too few bytes for them. */
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
    if (header->version != 1)
        return ipc_queue__fail(EPROTONOSUPPORT);
    uint32_t count = *(volatile uint32_t *)&header->slot_count;
    uint32_t bytes = *(volatile uint32_t *)&header->slot_size;
    if (count == 0 || count > IPC_QUEUE_MOST || bytes == 0 || bytes > IPC_QUEUE_MOST)
        return ipc_queue__fail(EBADMSG);
    if (ipc_queue_bytes(count, bytes) > size)
        return ipc_queue__fail(EFAULT);
    if (ipc_queue__populate(memory, (size_t)ipc_queue_bytes(count, bytes)) == -1)
        return -1;
    *queue = (struct ipc_queue){header, count, bytes};
    return 0;
}

/* Sends a message; waits while the queue is full. EMSGSIZE: it is longer than a slot; EPIPE: the queue is
 * closed; ETIMEDOUT; EINTR; EBADMSG: somebody wrote nonsense into the queue. */
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

/* Receives the first message, and returns its length; waits while there is none. EMSGSIZE: it is longer than
 * `room`, and stays; ENODATA: there is none, and the queue is closed; ETIMEDOUT; EINTR; EBADMSG. */
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

/* The same without waiting: EAGAIN when the queue is full, or empty; or when somebody who has it was stopped.
 */
static inline int ipc_queue_trysend(const struct ipc_queue *queue, const void *message, size_t length) {
    int result = ipc_queue_send(queue, message, length, &(struct timespec){0});
    return result == -1 && errno == ETIMEDOUT ? ipc_queue__fail(EAGAIN) : result;
}

static inline ssize_t ipc_queue_tryreceive(const struct ipc_queue *queue, void *buffer, size_t room) {
    ssize_t length = ipc_queue_receive(queue, buffer, room, &(struct timespec){0});
    return length == -1 && errno == ETIMEDOUT ? ipc_queue__fail(EAGAIN) : length;
}

/* Receives from whichever of several queues has a message, and waits while none has. *from is which: looked
 * at first is the one behind it, so that each has its turn. ENODATA: all are empty and closed; EINVAL: there
 * are none, or more than IPC_QUEUE_MOST_SELECTED; else as ipc_queue_receive. Calls futex_waitv(2). */
static inline ssize_t ipc_queue_select(const struct ipc_queue queues[], unsigned count, unsigned *from,
                                       void *buffer, size_t room, const struct timespec *deadline) {
    struct __kernel_timespec_ {
        int64_t seconds, nanoseconds; /* of 64 bits on every machine */
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

/* Says that no more messages will be sent. Receivers have what is there, and then ENODATA; senders EPIPE.
 * ETIMEDOUT: somebody who has the queue was stopped; it is not closed. */
static inline int ipc_queue_close(const struct ipc_queue *queue, const struct timespec *deadline) {
    if (ipc_queue__lock(queue, deadline) == -1)
        return -1;
    ipc_queue__tell(&queue->header->readable);
    ipc_queue__tell(&queue->header->writable);
    atomic_store(&queue->header->closed, 1);
    ipc_queue__unlock(queue);
    return 0;
}

/* How many messages wait, at a moment that has passed when it is looked at. EBADMSG; ETIMEDOUT as closing. */
static inline int64_t ipc_queue_messages(const struct ipc_queue *queue, const struct timespec *deadline) {
    if (ipc_queue__lock(queue, deadline) == -1)
        return -1;
    int64_t count = ipc_queue__count(queue);
    ipc_queue__unlock_quietly(queue);
    return count;
}

#endif
