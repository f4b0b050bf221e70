/* The bytes of a mapped file: the kernel copies them, and a sync writes them to the disk. */
#include "file.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int64_t sync_interval = INT64_MAX;
struct file_totals totals;

/* -- Problems -- */

struct problem problem(const char *code, const char *format, ...) {
    struct problem problem = {.code = code};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem.text, sizeof problem.text, format, arguments);
    va_end(arguments);
    return problem;
}

struct problem problem_of_call(const char *call) {
    switch (errno) {
    case ENOENT:
    case ENOTDIR: return problem("not-found", "there is no file at this path");
    case EEXIST: return problem("exists", "there is a file at this path");
    case EXDEV: return problem("invalid-payload", "the path leads out of the root directory");
    case ELOOP: return problem("invalid-payload", "the path contains a symbolic link");
    case ENAMETOOLONG: return problem("invalid-payload", "the path is too long");
    case EISDIR:
    case ENODEV:
    case ENXIO: return problem("invalid-payload", "this is not a regular file");
    case EMFILE:
    case ENFILE: return problem("limit", "too many descriptors are in use");
    default: return problem("failed", "%s: %s", call, strerror(errno));
    }
}

/* -- Mappings -- */

bool file_map(struct file *file, size_t size) {
    void *bytes = file->bytes;
    if (file->bytes)
        bytes = mremap(file->bytes, file->size, size, MREMAP_MAYMOVE);
    else if (size > 0)
        bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    file->bytes = bytes;
    totals.mapped += size - file->size;
    file->size = size;
    return true;
}

bool file_reserve(int fd, size_t size) {
    return size == 0 || fallocate(fd, 0, 0, (off_t)size) == 0;
}

/* -- Bytes -- */

typedef ssize_t copy(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long,
                     unsigned long);

/* Makes the kernel copy the bytes. If another process truncates the file, the copy fails; a direct access
 * would raise SIGBUS. Returns the number of bytes that were copied. */
static size_t copy_by_kernel(copy *copy, char *mapping, char *buffer, size_t length) {
    size_t done = 0;
    while (done < length) {
        const struct iovec local = {buffer + done, length - done}, remote = {mapping + done, length - done};
        const ssize_t count = copy(getpid(), &local, 1, &remote, 1, 0);
        if (count == -1 && errno != EINTR)
            break;
        done += count == -1 ? 0 : (size_t)count;
    }
    return done;
}

/* Checks that the copied bytes belong to the file. A page can extend beyond the end of the file, so only the
 * file's size after the copy can show this. */
static struct problem check_copied(const struct file *file, size_t end, bool whole, const char *call) {
    struct stat status;
    const struct problem problem_of_copy = whole ? (struct problem){0} : problem_of_call(call);
    if (fstat(file->fd, &status) == -1)
        return problem_of_call("fstat");
    if ((size_t)status.st_size < end)
        return problem("failed", "another process truncated the file to %jd bytes: grow it, or unmap it",
                       (intmax_t)status.st_size);
    return problem_of_copy;
}

struct problem file_read(struct file *file, size_t offset, size_t length, char *bytes) {
    const size_t count = copy_by_kernel(process_vm_readv, file->bytes + offset, bytes, length);
    file->reads++;
    totals.read += (json_int_t)count;
    return check_copied(file, offset + length, count == length, "process_vm_readv");
}

struct problem file_write(struct file *file, size_t offset, size_t length, const char *bytes) {
    const size_t count = copy_by_kernel(process_vm_writev, file->bytes + offset, (char *)bytes, length);
    file->writes++;
    totals.written += (json_int_t)count;
    ranges_add(&file->dirty, offset, offset + count);
    if (count > 0 && file->due == INT64_MAX && sync_interval != INT64_MAX && !file->sync_failed)
        file->due = now_nanoseconds() + sync_interval;
    return check_copied(file, offset + length, count == length, "process_vm_writev");
}

/* -- Durability -- */

/* The kernel may have discarded written bytes, so a retry could succeed without writing them. */
static struct problem lost(struct file *file, const char *call) {
    file->sync_failed = true;
    file->due = INT64_MAX;
    totals.failed_syncs++;
    return problem_of_call(call);
}

struct problem file_sync(struct file *file) {
    if (file->sync_failed)
        return problem("failed", "an earlier sync failed, and written bytes may be lost: unmap the file");
    /* Sync everything, because other processes, or a server that was killed, may have written other bytes. */
    if (file->bytes && msync(file->bytes, file->size, MS_SYNC) == -1)
        return lost(file, "msync");
    ranges_clear(&file->dirty);
    file->due = INT64_MAX;
    file->syncs++;
    totals.syncs++;
    return (struct problem){0};
}

struct problem file_extend(struct file *file, size_t size) {
    if (!file_reserve(file->fd, size))
        return problem_of_call("fallocate");
    if (fsync(file->fd) == -1)
        return lost(file, "fsync");
    return file_map(file, size) ? (struct problem){0} : problem_of_call("mremap");
}
