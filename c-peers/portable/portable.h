/* Functions and constants that the C reference peer uses but some C libraries do not have. The compiler
 * includes this file before each source (`-include`) in the builds of `make peers`, so the sources are the
 * same for every C library.
 *
 * A function that only makes a system call is replaced by that call. A function that waits in the C library
 * (sem_clockwait, pthread_mutex_clocklock) is not replaced, because a peer must show what its C library can
 * do: the operation is omitted from the greeting.
 */
#ifndef PORTABLE_H
#define PORTABLE_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __GLIBC__
#define PORTABLE_IS_GLIBC 1
#else
#define PORTABLE_IS_GLIBC 0
#endif

/* strtonum(3) of libbsd(7), and strlcpy(3), which glibc has had since 2.38. */
static inline long long portable_strtonum(const char *text, long long least, long long most,
                                          const char **wrong) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    *wrong = NULL;
    if (least > most || end == text || *end)
        *wrong = "invalid";
    else if (number < least || (errno == ERANGE && number == LLONG_MIN))
        *wrong = "too small";
    else if (number > most || (errno == ERANGE && number == LLONG_MAX))
        *wrong = "too large";
    return *wrong ? 0 : number;
}
#define strtonum portable_strtonum

#if PORTABLE_IS_GLIBC && (__GLIBC__ == 2 && __GLIBC_MINOR__ < 38)
static inline size_t portable_strlcpy(char *to, const char *from, size_t size) {
    size_t length = strlen(from), kept = length < size ? length : size - 1;
    if (size > 0) {
        memcpy(to, from, kept);
        to[kept] = '\0';
    }
    return length;
}
#define strlcpy portable_strlcpy

static inline size_t portable_strlcat(char *to, const char *from, size_t size) {
    size_t used = strnlen(to, size);
    return used == size ? size + strlen(from) : used + portable_strlcpy(to + used, from, size - used);
}
#define strlcat portable_strlcat
#endif

#if !PORTABLE_IS_GLIBC
#define PEER_LACKS_CLOCK_WAITS

/* clang-format off */
#define PORTABLE_ERRORS(name) \
        name(EPERM) name(ENOENT) name(ESRCH) name(EINTR) name(EIO) name(ENXIO) name(E2BIG) \
        name(ENOEXEC) name(EBADF) name(ECHILD) name(EAGAIN) name(ENOMEM) name(EACCES) name(EFAULT) \
        name(ENOTBLK) name(EBUSY) name(EEXIST) name(EXDEV) name(ENODEV) name(ENOTDIR) name(EISDIR) \
        name(EINVAL) name(ENFILE) name(EMFILE) name(ENOTTY) name(ETXTBSY) name(EFBIG) name(ENOSPC) \
        name(ESPIPE) name(EROFS) name(EMLINK) name(EPIPE) name(EDOM) name(ERANGE) name(EDEADLK) \
        name(ENAMETOOLONG) name(ENOLCK) name(ENOSYS) name(ENOTEMPTY) name(ELOOP) name(ENOMSG) \
        name(EIDRM) name(ENODATA) name(ETIME) name(EREMOTE) name(EPROTO) name(EBADMSG) name(EOVERFLOW) \
        name(EILSEQ) name(EUSERS) name(ENOTSOCK) name(EDESTADDRREQ) name(EMSGSIZE) name(EPROTOTYPE) \
        name(ENOPROTOOPT) name(EPROTONOSUPPORT) name(ESOCKTNOSUPPORT) name(EOPNOTSUPP) \
        name(EPFNOSUPPORT) name(EAFNOSUPPORT) name(EADDRINUSE) name(EADDRNOTAVAIL) name(ENETDOWN) \
        name(ENETUNREACH) name(ENETRESET) name(ECONNABORTED) name(ECONNRESET) name(ENOBUFS) \
        name(EISCONN) name(ENOTCONN) name(ESHUTDOWN) name(ETIMEDOUT) name(ECONNREFUSED) \
        name(EHOSTDOWN) name(EHOSTUNREACH) name(EALREADY) name(EINPROGRESS) name(ESTALE) name(EDQUOT) \
        name(ECANCELED) name(EOWNERDEAD) name(ENOTRECOVERABLE) name(ETOOMANYREFS) name(ENOMEDIUM) \
        name(EMEDIUMTYPE) name(EBADFD) name(ENOTUNIQ) name(EREMOTEIO) name(EUCLEAN) name(ENOKEY) name(EKEYREJECTED)
#define PORTABLE_SIGNALS(name) \
        name(HUP) name(INT) name(QUIT) name(ILL) name(TRAP) name(ABRT) name(BUS) name(FPE) name(KILL) \
        name(USR1) name(SEGV) name(USR2) name(PIPE) name(ALRM) name(TERM) name(STKFLT) name(CHLD) \
        name(CONT) name(STOP) name(TSTP) name(TTIN) name(TTOU) name(URG) name(XCPU) name(XFSZ) \
        name(VTALRM) name(PROF) name(WINCH) name(POLL) name(PWR) name(SYS)
/* clang-format on */

static inline const char *portable_strerrorname(int error) {
    switch (error) {
#define PORTABLE_CASE(name)                                                                                  \
    case name: return #name;
        PORTABLE_ERRORS(PORTABLE_CASE)
#undef PORTABLE_CASE
    default: return NULL;
    }
}
#define strerrorname_np portable_strerrorname

static inline const char *portable_sigabbrev(int signum) {
    switch (signum) {
#define PORTABLE_CASE(name)                                                                                  \
    case SIG##name: return #name;
        PORTABLE_SIGNALS(PORTABLE_CASE)
#undef PORTABLE_CASE
    default: return NULL;
    }
}
#define sigabbrev_np portable_sigabbrev

typedef int __rlimit_resource_t; /* glibc has an enumeration */

/* Kernel constants, which are the same on all architectures. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif
#ifndef P_PIDFD
#define P_PIDFD ((idtype_t)3)
#endif

/* System calls that have no wrapper function. The kernel takes the offset as two words; a 64-bit kernel uses
 * only the first. */
static inline ssize_t portable_preadv2(int fd, const struct iovec *parts, int count, off_t offset,
                                       int flags) {
    return syscall(SYS_preadv2, fd, parts, count, (long)offset, (long)(offset >> 32), flags);
}
#define preadv2 portable_preadv2

static inline ssize_t portable_pwritev2(int fd, const struct iovec *parts, int count, off_t offset,
                                        int flags) {
    return syscall(SYS_pwritev2, fd, parts, count, (long)offset, (long)(offset >> 32), flags);
}
#define pwritev2 portable_pwritev2

static inline int portable_close_range(unsigned first, unsigned last, int flags) {
    return (int)syscall(SYS_close_range, first, last, flags);
}
#define close_range portable_close_range

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
static inline int portable_epoll_pwait2(int epoll, struct epoll_event *events, int most,
                                        const struct timespec *timeout, const sigset_t *mask) {
    int64_t time[2] = {timeout ? timeout->tv_sec : 0, timeout ? timeout->tv_nsec : 0};
    return (int)syscall(SYS_epoll_pwait2, epoll, events, most, timeout ? time : NULL, mask, NSIG / 8);
}
#define epoll_pwait2 portable_epoll_pwait2
#endif

/* glibc has had the header since 2.36. */
#if __has_include(<sys/pidfd.h>)
#include <sys/pidfd.h>
#else
static inline int pidfd_getfd(int pidfd, int target, unsigned int flags) {
    return (int)syscall(SYS_pidfd_getfd, pidfd, target, flags);
}
static inline int pidfd_open(pid_t pid, unsigned int flags) {
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

static inline int pidfd_send_signal(int fd, int signum, siginfo_t *info, unsigned int flags) {
    return (int)syscall(SYS_pidfd_send_signal, fd, signum, info, flags);
}
#endif

#endif
