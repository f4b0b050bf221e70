/* Reads a message from POSIX shared memory, and removes the object. Counterpart: posix_shm_writer.c. */
#include "common/example.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "usage: posix_shm_reader [--name N]\n"
                            "  --name N  the object (/my_posix_shm)";

static void __attribute__((noreturn)) fail(const char *call, const char *object) {
    errx(EXIT_FAILURE, "%s '%s': %s (start posix_shm_writer first)", call, object, strerror(errno));
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"name", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *name = "/my_posix_shm";
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'n': name = optarg; break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    const int fd = shm_open(name, O_RDONLY, 0);
    if (fd == -1)
        fail("shm_open", name);
    struct stat status;
    if (fstat(fd, &status) == -1)
        err(EXIT_FAILURE, "fstat '%s'", name);
    const size_t size = (size_t)status.st_size;
    errno = ENODATA;
    if (size == 0) /* the writer has just created it */
        fail("fstat", name);

    /* From here on, the object must not shrink: if another process truncates it, an access raises SIGBUS. The
     * Swift version reports an error instead. */
    const char *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        err(EXIT_FAILURE, "mmap '%s'", name);
    close(fd); /* the mapping stays valid */
    say("POSIX SHM Reader: mapped '%s' (%zu bytes).", name, size);

    /* Reads the first byte first: the writer stores it last. */
    errno = ENODATA;
    if (atomic_load_explicit((const _Atomic char *)bytes, memory_order_acquire) == '\0')
        fail("read", name);
    /* Stops at the end of the mapping if there is no NUL. */
    const size_t length = strnlen(bytes, size);
    say("POSIX SHM Reader: read '%s' (%zu bytes).", shown(bytes, length), length);

    if (munmap((void *)bytes, size) == -1)
        err(EXIT_FAILURE, "munmap '%s'", name);
    say("POSIX SHM Reader: unmapped.");
    if (shm_unlink(name) == -1)
        err(EXIT_FAILURE, "shm_unlink '%s'", name);
    say("POSIX SHM Reader: removed '%s'.", name);
    return EXIT_SUCCESS;
}
