/* POSIX shared memory and mapped files. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

WRAPPED(shm_open);
WRAPPED(shm_unlink);
WRAPPED(ftruncate);
WRAPPED(mmap);
WRAPPED(munmap);
WRAPPED(madvise);
WRAPPED(mremap);
WRAPPED(sigaction);
WRAPPED(fchmod);
WRAPPED(pwrite);
WRAPPED(memfd_create);

void leave_named(const char *name);

int __wrap_shm_open(const char *name, int flags, mode_t mode) {
    if (flags & O_CREAT)
        leave_named(name);
    /* O_TRUNC empties the object for every other process that has it open. */
    if (mutant("posix-shm-opened-truncated"))
        flags |= O_TRUNC;
    if (mutant("posix-shm-exclusive-forgotten"))
        flags &= ~O_EXCL;
    int fd = __real_shm_open(name, flags, mode);
    /* The descriptor is inherited by programs that the peer starts. */
    if (fd != -1 && mutant("posix-shm-inherited"))
        fcntl(fd, F_SETFD, 0);
    return fd;
}

int __wrap_shm_unlink(const char *name) {
    /* munmap(2) and close(2) end the mapping; the name is never unlinked. */
    if (mutant("posix-shm-unlink-forgotten"))
        return 0;
    return __real_shm_unlink(name);
}

int __wrap_ftruncate(int fd, off_t length) {
    /* ftruncate only shortens: an object that should grow is unchanged. */
    if (length > 0 && mutant("size-never-set"))
        return 0;
    /* The length is an int, and the peer treats a negative one as 0. */
    if (length < 0 && mutant("negative-size-as-zero"))
        length = 0;
    return __real_ftruncate(fd, length);
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    /* MAP_PRIVATE instead of MAP_SHARED. */
    if (mutant("mapped-privately"))
        flags = (flags & ~MAP_SHARED) | MAP_PRIVATE;
    /* The offset is in pages, as in mmap2(2) of 32-bit systems. */
    if (mutant("map-offset-in-pages"))
        offset *= 4096;
    /* The peer rounds an unaligned offset down, so the mapping succeeds with other bytes. */
    if (mutant("map-offset-rounded"))
        offset &= ~(off_t)4095;
    void *memory = __real_mmap(address, length, protection, flags, fd, offset);
    /* The peer closes the descriptor after mapping, although other handles refer to it. */
    if (memory != MAP_FAILED && mutant("closed-after-mapping"))
        close(fd);
    return memory;
}

int __wrap_munmap(void *address, size_t length) {
    if (mutant("never-unmapped"))
        return 0;
    return __real_munmap(address, length);
}

int __wrap_madvise(void *address, size_t length, int advice) {
    /* The peer does not pass advice to the kernel. */
    if (mutant("advice-ignored"))
        return 0;
    return __real_madvise(address, length, advice);
}

void *__wrap_mremap(void *address, size_t length, size_t longer, int flags, ...) {
    /* The peer does not let the mapping move. */
    if (mutant("remapped-in-place-only"))
        flags = 0;
    void *memory = __real_mremap(address, length, longer, flags);
    return memory;
}

int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before) {
    /* An access beyond the end of the file ends the program. */
    if (number == SIGBUS && mutant("sigbus-unguarded"))
        return 0;
    struct sigaction other = *action;
    /* The wrapper of the language always sets SA_RESTART, so EINTR never occurs. */
    if (mutant("restart-always"))
        other.sa_flags |= SA_RESTART;
    /* signal(2) of System V, which forgets its handler after the first signal. */
    if (mutant("handler-once"))
        other.sa_flags |= (int)SA_RESETHAND;
    return __real_sigaction(number, &other, before);
}

int __wrap_fchmod(int fd, mode_t mode) {
    /* The peer does not call fchmod(2), so the umask reduces the mode. */
    if (mutant("exact-mode-forgotten"))
        return 0;
    return __real_fchmod(fd, mode);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    /* The peer calls write(2) without lseek(2), so it writes at the current position. */
    if (mutant("offset-ignored"))
        return write(fd, bytes, count);
    return __real_pwrite(fd, bytes, count, offset);
}

int __wrap_memfd_create(const char *name, unsigned flags) {
    /* The memory is not created sealable. */
    if (mutant("memfd-without-seals"))
        flags &= ~MFD_ALLOW_SEALING;
    return __real_memfd_create(name, flags);
}
