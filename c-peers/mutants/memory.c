/* POSIX shared memory and mapped files. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

WRAPPED(shm_open);
WRAPPED(shm_unlink);
WRAPPED(ftruncate);
WRAPPED(fstat);
WRAPPED(mmap);
WRAPPED(munmap);
WRAPPED(madvise);
WRAPPED(mlock);
WRAPPED(munlock);
WRAPPED(mremap);
WRAPPED(sigaction);
WRAPPED(fchmod);
WRAPPED(pread);
WRAPPED(pwrite);
WRAPPED(preadv);
WRAPPED(pwritev);
WRAPPED(memfd_create);

void leave_named(const char *name);

int __wrap_shm_open(const char *name, int flags, mode_t mode) {
    /* The peer opens an object once, and duplicates its descriptor. */
    static int opened = -1;
    if (opened != -1 && mutant("shm-opened-once"))
        return fcntl(opened, F_DUPFD_CLOEXEC, 0);
    if (flags & O_CREAT)
        leave_named(name);
    /* O_TRUNC empties the object for every other process that has it open. */
    if (mutant("posix-shm-opened-truncated"))
        flags |= O_TRUNC;
    if (mutant("posix-shm-not-truncated"))
        flags &= ~O_TRUNC;
    if (mutant("posix-shm-exclusive-forgotten"))
        flags &= ~O_EXCL;
    int fd = __real_shm_open(name, flags, mode);
    opened = fd;
    if (fd != -1 && !(flags & O_CREAT) && mutant("posix-shm-removed-at-exit"))
        remove_at_exit(__real_shm_unlink, name);
    /* The descriptor is inherited by programs that the peer starts. */
    if (fd != -1 && mutant("posix-shm-inherited"))
        fcntl(fd, F_SETFD, 0);
    return fd;
}

int __wrap_shm_unlink(const char *name) {
    /* The peer unmaps and closes the object, but never unlinks its name. */
    if (mutant("posix-shm-unlink-forgotten"))
        return 0;
    return __real_shm_unlink(name);
}

int __wrap_ftruncate(int fd, off_t length) {
    /* The peer never sets a nonzero size, so an object that should grow remains unchanged. */
    if (length > 0 && mutant("size-never-set"))
        return 0;
    /* The peer treats a negative length as 0. */
    if (length < 0 && mutant("negative-size-as-zero"))
        length = 0;
    /* off_t has 32 bits without _FILE_OFFSET_BITS=64. */
    if (mutant("size-of-32-bits"))
        length = (uint32_t)length;
    return __real_ftruncate(fd, length);
}

int __wrap_fstat(int fd, struct stat *status) {
    int result = __real_fstat(fd, status);
    /* The peer stores the size in an int. */
    if (result == 0 && mutant("reported-size-of-32-bits"))
        status->st_size = (int32_t)status->st_size;
    /* The peer reads the size only when it maps the file. */
    if (result == 0 && mutant("truncation-unnoticed")) {
        static off_t longest;
        longest = status->st_size > longest ? status->st_size : longest;
        status->st_size = longest;
    }
    /* The peer reports its own user for every file. */
    if (result == 0 && mutant("file-owner-as-own"))
        status->st_uid = geteuid();
    return result;
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    /* The peer passes MAP_PRIVATE instead of MAP_SHARED. */
    if (mutant("mapped-privately"))
        flags = (flags & ~MAP_SHARED) | MAP_PRIVATE;
    /* The offset is in pages, as with mmap2(2) on 32-bit systems. */
    if (mutant("map-offset-in-pages"))
        offset *= 4096;
    /* The peer rounds an unaligned offset down, so the mapping succeeds with other bytes. */
    if (mutant("map-offset-rounded"))
        offset &= ~(off_t)4095;
    if (mutant("map-offset-of-32-bits"))
        offset = (uint32_t)offset;
    if (mutant("map-length-of-32-bits"))
        length = (uint32_t)length;
    void *memory = __real_mmap(address, length, protection, flags, fd, offset);
    /* The peer's children do not inherit its memory. */
    if (memory != MAP_FAILED && mutant("mapping-not-inherited"))
        __real_madvise(memory, length, MADV_DONTFORK);
    /* The peer closes the descriptor after mapping, although other handles still refer to it. */
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
    /* The peer does not allow the mapping to move. */
    if (mutant("remapped-in-place-only"))
        flags = 0;
    if (mutant("map-length-of-32-bits"))
        longer = (uint32_t)longer;
    void *memory = __real_mremap(address, length, longer, flags);
    return memory;
}

int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before) {
    /* Accessing memory beyond the end of the file terminates the program. */
    if (number == SIGBUS && mutant("sigbus-unguarded"))
        return 0;
    struct sigaction other = *action;
    /* The peer treats the default action as ignoring the signal. */
    if (other.sa_handler == SIG_IGN && number != SIGXFSZ && mutant("ignored-as-default"))
        other.sa_handler = SIG_DFL;
    /* The language's wrapper always sets SA_RESTART, so EINTR never occurs. */
    if (mutant("restart-always"))
        other.sa_flags |= SA_RESTART;
    /* The handler is reset after the first signal, as with System V's signal(2). */
    if (mutant("handler-once"))
        other.sa_flags |= (int)SA_RESETHAND;
    return __real_sigaction(number, &other, before);
}

int __wrap_fchmod(int fd, mode_t mode) {
    /* The peer does not call fchmod(2), so the umask reduces the mode. */
    if (mutant("exact-mode-forgotten"))
        return 0;
    /* A read-only descriptor for the memory can be reopened for writing. */
    if (mode == S_IRUSR && mutant("segment-mode-forgotten"))
        return 0;
    return __real_fchmod(fd, mode);
}

ssize_t __wrap_pread(int fd, void *bytes, size_t count, off_t offset) {
    if (mutant("read-offset-of-32-bits"))
        offset = (uint32_t)offset;
    return __real_pread(fd, bytes, count, offset);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    /* The peer calls write(2) without lseek(2), so it writes at the current position. */
    if (mutant("offset-ignored"))
        return write(fd, bytes, count);
    if (mutant("write-offset-of-32-bits"))
        offset = (uint32_t)offset;
    return __real_pwrite(fd, bytes, count, offset);
}

ssize_t __wrap_preadv(int fd, const struct iovec *parts, int count, off_t offset) {
    /* The peer sets the offset and calls readv(2), so the description's own offset changes. */
    if (mutant("parts-read-by-seeking") && lseek(fd, offset, SEEK_SET) != -1)
        return readv(fd, parts, count);
    /* The peer fills the parts from the last to the first. */
    struct iovec reversed[1024];
    if (count <= 1024 && mutant("file-parts-reversed")) {
        for (int i = 0; i < count; i++)
            reversed[i] = parts[count - 1 - i];
        parts = reversed;
    }
    return __real_preadv(fd, parts, count, offset);
}

ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    if (mutant("parts-offset-of-32-bits"))
        offset = (uint32_t)offset;
    /* The peer writes the parts with separate calls, which accept any number of them. */
    ssize_t written = 0;
    for (int i = 0; i < count && mutant("file-parts-one-by-one"); i++)
        written += __real_pwrite(fd, parts[i].iov_base, parts[i].iov_len, offset + written);
    return written > 0 ? written : __real_pwritev(fd, parts, count, offset);
}

int __wrap_mlock(const void *address, size_t length) {
    /* The peer only advises the kernel that the memory is needed. */
    if (mutant("lock-as-advice"))
        return 0;
    return __real_mlock(address, length);
}

int __wrap_munlock(const void *address, size_t length) {
    if (mutant("locked-until-unmapped"))
        return 0;
    return __real_munlock(address, length);
}

int __wrap_memfd_create(const char *name, unsigned flags) {
    /* The peer creates the memory without MFD_ALLOW_SEALING. */
    if (mutant("memfd-without-seals"))
        flags &= ~MFD_ALLOW_SEALING;
    return __real_memfd_create(name, flags);
}
