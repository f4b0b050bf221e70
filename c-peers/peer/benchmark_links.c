/* Benchmark links that use system calls: how each sends and receives a message. */
#include "benchmark_loops.h"
#include "sysv_msg.h"
#include "sysv_sem.h"

#include <errno.h>
#include <limits.h>
#include <mqueue.h>
#include <signal.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RWF_NOSIGNAL /* Linux 6.18 */
#define RWF_NOSIGNAL 0x100
#endif

static void open_numbers(struct call *call, struct benchmark *benchmark, int least, int most) {
    if (sends(call))
        benchmark->to = (int)peer_number(call, "write", least, most);
    if (receives(call))
        benchmark->from = (int)peer_number(call, "read", least, most);
}

/* Sends nothing, to measure only the loop and the clock. */
static void none_open(struct call *call, struct benchmark *benchmark) {
    (void)call, (void)benchmark;
}
static int none_send(struct benchmark *benchmark) {
    (void)benchmark;
    return 0;
}
static ssize_t none_receive(struct benchmark *benchmark) {
    (void)benchmark;
    return 0;
}
LOOPS(none)

#define stream_open open_descriptors
static int stream_send(struct benchmark *benchmark) {
    for (size_t written = 0; written < benchmark->size;) {
        ssize_t count = write(benchmark->to, benchmark->message + written, benchmark->size - written);
        if (count == -1)
            return failed("write");
        written += (size_t)count;
    }
    return 0;
}
static ssize_t stream_receive(struct benchmark *benchmark) {
    for (size_t filled = 0; filled < benchmark->size;) {
        ssize_t count = read(benchmark->from, benchmark->message + filled, benchmark->size - filled);
        if (count <= 0)
            return count == 0 ? ended("read") : failed("read");
        filled += (size_t)count;
    }
    return (ssize_t)benchmark->size;
}
LOOPS(stream)

/* Writes without raising SIGPIPE, and without changing its disposition. Before Linux 6.18, the signal is
 * blocked during the call, and removed if the call raised it. */
static ssize_t write_without_signal(int fd, const void *bytes, size_t count) {
    static bool lacks_flag;
    struct iovec part = {(void *)bytes, count};
    sigset_t signals, before;
    if (!lacks_flag) {
        ssize_t written = syscall(SYS_pwritev2, fd, &part, 1L, -1L, -1L, (long)RWF_NOSIGNAL);
        if (written != -1 || (errno != EOPNOTSUPP && errno != ENOSYS))
            return written;
        lacks_flag = true;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    ssize_t written = write(fd, bytes, count);
    const int error = errno;
    if (written < (ssize_t)count)
        while (sigtimedwait(&signals, NULL, &(struct timespec){0}) == -1 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return written;
}
#define nosignal_open open_descriptors
static int nosignal_send(struct benchmark *benchmark) {
    for (size_t written = 0; written < benchmark->size;) {
        ssize_t count =
            write_without_signal(benchmark->to, benchmark->message + written, benchmark->size - written);
        if (count == -1)
            return failed("write");
        written += (size_t)count;
    }
    return 0;
}
#define nosignal_receive stream_receive
LOOPS(nosignal)

#define packet_open open_descriptors
static int packet_send(struct benchmark *benchmark) {
    ssize_t count = send(benchmark->to, benchmark->message, benchmark->size, MSG_NOSIGNAL);
    return count == -1 ? failed("send") : 0;
}
static ssize_t packet_receive(struct benchmark *benchmark) {
    ssize_t count = recv(benchmark->from, benchmark->message, benchmark->room, 0);
    return count == -1 ? failed("recv") : count == 0 && benchmark->size > 0 ? ended("recv") : count;
}
LOOPS(packet)

static void mq_link_open(struct call *call, struct benchmark *benchmark) {
    struct mq_attr attributes = {0};
    open_descriptors(call, benchmark);
    if (call->outcome != OK || !receives(call))
        return;
    if (mq_getattr(benchmark->from, &attributes) == -1)
        peer_fail_in(call, "mq_getattr", errno);
    else if ((size_t)attributes.mq_msgsize > benchmark->room)
        benchmark->room = (size_t)attributes.mq_msgsize;
}
static int mq_link_send(struct benchmark *benchmark) {
    int result = mq_send(benchmark->to, (char *)benchmark->message, benchmark->size, 0);
    return result == -1 ? failed("mq_send") : 0;
}
static ssize_t mq_link_receive(struct benchmark *benchmark) {
    ssize_t count = mq_receive(benchmark->from, (char *)benchmark->message, benchmark->room, NULL);
    return count == -1 ? failed("mq_receive") : count;
}
LOOPS(mq_link)

/* The type precedes the message in memory. */
static struct message *with_type(struct benchmark *benchmark) {
    return (struct message *)(benchmark->message - offsetof(struct message, mtext));
}
static void msg_open(struct call *call, struct benchmark *benchmark) {
    benchmark->id = peer_msqid(call);
    open_numbers(call, benchmark, 1, INT_MAX);
}
static int msg_send(struct benchmark *benchmark) {
    int result;
    with_type(benchmark)->mtype = benchmark->to;
    result = msgsnd(benchmark->id, with_type(benchmark), benchmark->size, 0);
    return result == -1 ? failed("msgsnd") : 0;
}
static ssize_t msg_receive(struct benchmark *benchmark) {
    ssize_t count = msgrcv(benchmark->id, with_type(benchmark), benchmark->room, benchmark->from, 0);
    return count == -1 ? failed("msgrcv") : count;
}
LOOPS(msg)

static void semop_open(struct call *call, struct benchmark *benchmark) {
    benchmark->id = peer_semid(call);
    open_numbers(call, benchmark, 0, UINT16_MAX);
}
static int change_semaphore(struct benchmark *benchmark, int number, short change) {
    struct sembuf operation = {.sem_num = (unsigned short)number, .sem_op = change};
    int result = semop(benchmark->id, &operation, 1);
    return result == -1 ? failed("semop") : 0;
}
static int semop_send(struct benchmark *benchmark) {
    return change_semaphore(benchmark, benchmark->to, 1);
}
static ssize_t semop_receive(struct benchmark *benchmark) {
    return change_semaphore(benchmark, benchmark->from, -1);
}
LOOPS(semop)

#define eventfd_open open_descriptors
static int eventfd_send(struct benchmark *benchmark) {
    const uint64_t one = 1;
    ssize_t count = write(benchmark->to, &one, sizeof one);
    return count == -1 ? failed("write") : 0;
}
static ssize_t eventfd_receive(struct benchmark *benchmark) {
    uint64_t value;
    ssize_t count = read(benchmark->from, &value, sizeof value);
    return count == -1 ? failed("read") : 0;
}
LOOPS(eventfd)

static void signal_open(struct call *call, struct benchmark *benchmark) {
    benchmark->id = sends(call) ? (int)peer_number(call, "pid", 1, INT32_MAX) : 0;
    if (sends(call))
        benchmark->to = peer_signal(call, "write");
    if (receives(call))
        benchmark->from = peer_signal(call, "read");
}
static int signal_send(struct benchmark *benchmark) {
    return sigqueue(benchmark->id, benchmark->to, (union sigval){0}) == -1 ? failed("sigqueue") : 0;
}
static ssize_t signal_receive(struct benchmark *benchmark) {
    sigset_t awaited;
    siginfo_t information; /* the value of a queued signal, and its sender */
    int result;
    sigemptyset(&awaited);
    sigaddset(&awaited, benchmark->from);
    result = sigwaitinfo(&awaited, &information);
    return result == -1 ? failed("sigwaitinfo") : 0;
}
LOOPS(signal)

static const struct link links[] = {
    LINK("none", none, false),
    LINK("stream", stream, true),
    LINK("stream-raw", stream, true),
    LINK("stream-nosignal", nosignal, true),
    LINK("packet", packet, true),
    LINK("mq", mq_link, true),
    LINK("msg", msg, true),
    LINK("semop", semop, false),
    LINK("eventfd", eventfd, false),
    LINK("signal", signal, false),
    {0},
};

static const struct link *find(const struct link *link, const char *name) {
    for (; link->name; link++)
        if (strcmp(link->name, name) == 0)
            return link;
    return NULL;
}

/* Returns the link that the parameter `by` names; if there is none, marks the request invalid and returns
 * NULL. */
const struct link *peer_link(struct call *call) {
    const char *name = peer_text(call, "by");
    const struct link *const lists[] = {links, peer_shared_links, peer_lock_links, peer_socket_links};
    const struct link *found = NULL;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && !found; i++)
        found = find(lists[i], name);
    if (!found)
        peer_invalid_request(call, "by=%.64s is not a way to send messages", name);
    return found;
}
