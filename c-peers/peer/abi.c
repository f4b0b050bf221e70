/* Limits, layouts and constants of C on this machine, for comparison with other languages. */
#include "peer.h"

#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

static void limits(struct call *call) {
    peer_reply(call, "PIPE_BUF", "%d", PIPE_BUF);
    peer_reply(call, "PATH_MAX", "%d", PATH_MAX);
    peer_reply(call, "NAME_MAX", "%d", NAME_MAX);
    peer_reply(call, "MQ_PRIO_MAX", "%ld", sysconf(_SC_MQ_PRIO_MAX));
    peer_reply(call, "SEM_VALUE_MAX", "%ld", sysconf(_SC_SEM_VALUE_MAX));
}

/* semctl(2) requires the caller to define this union. */
union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static void layout(struct call *call) {
    /* Versions of clang-format differ on braces in a macro. */
    /* clang-format off */
#define SIZE(name, type) {name, sizeof(type)}
#define TYPE(type) SIZE(#type, type)
#define MEMBER(type, member) {#type "." #member, offsetof(struct type, member)}
    /* clang-format on */
    static const struct symbol sizes[] = {
        TYPE(char),
        TYPE(short),
        TYPE(int),
        TYPE(long),
        SIZE("long_long", long long),
        SIZE("pointer", void *),
        TYPE(size_t),
        TYPE(ssize_t),
        TYPE(off_t),
        TYPE(pid_t),
        TYPE(uid_t),
        TYPE(gid_t),
        TYPE(mode_t),
        TYPE(key_t),
        TYPE(mqd_t),
        TYPE(time_t),
        SIZE("timespec", struct timespec),
        MEMBER(timespec, tv_nsec),
        SIZE("mq_attr", struct mq_attr),
        MEMBER(mq_attr, mq_maxmsg),
        MEMBER(mq_attr, mq_msgsize),
        MEMBER(mq_attr, mq_curmsgs),
        SIZE("sembuf", struct sembuf),
        MEMBER(sembuf, sem_op),
        MEMBER(sembuf, sem_flg),
        SIZE("semun", union semun),
        {0},
    };
    for (const struct symbol *row = sizes; row->name; row++)
        peer_reply(call, row->name, "%ld", row->value);
    peer_reply(call, "byte_order", "%s", __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "little" : "big");
}

static void constants(struct call *call) {
    static const struct symbol constants[] = {
        SYMBOL(O_RDONLY),     SYMBOL(O_WRONLY),
        SYMBOL(O_RDWR),       SYMBOL(O_CREAT),
        SYMBOL(O_EXCL),       SYMBOL(O_NONBLOCK),
        SYMBOL(O_CLOEXEC),    SYMBOL(O_DIRECT),
        SYMBOL(IPC_CREAT),    SYMBOL(IPC_EXCL),
        SYMBOL(IPC_NOWAIT),   SYMBOL(IPC_RMID),
        SYMBOL(IPC_SET),      SYMBOL(IPC_STAT),
        SYMBOL(IPC_PRIVATE),  SYMBOL(SHM_RDONLY),
        SYMBOL(SEM_UNDO),     SYMBOL(GETVAL),
        SYMBOL(SETVAL),       SYMBOL(GETPID),
        SYMBOL(GETNCNT),      SYMBOL(GETZCNT),
        SYMBOL(GETALL),       SYMBOL(SETALL),
        SYMBOL(F_GETPIPE_SZ), SYMBOL(F_SETPIPE_SZ),
        SYMBOL(FIONREAD),     SYMBOL(POLLIN),
        SYMBOL(POLLOUT),      SYMBOL(POLLERR),
        SYMBOL(POLLHUP),      SYMBOL(SIGEV_SIGNAL),
        SYMBOL(SIGEV_NONE),   {0},
    };
    for (const struct symbol *row = constants; row->name; row++)
        peer_reply(call, row->name, "%ld", row->value);
}

const struct operation peer_abi_operations[] = {
    {"limits", "", limits},
    {"layout", "", layout},
    {"constants", "", constants},
    {0},
};
