/* Reads a message from a mapped file, and removes the file. Counterpart: mapped_file_writer.c. */
#include "common/example.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "usage: mapped_file_reader [--path P]\n"
                            "  --path P  the file (/tmp/my_mapped_file)";

static void __attribute__((noreturn)) fail(const char *call, const char *object) {
    errx(EXIT_FAILURE, "%s '%s': %s (start mapped_file_writer first)", call, object, strerror(errno));
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"path", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *path = "/tmp/my_mapped_file";
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'n': path = optarg; break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        fail("open", path);
    struct stat status;
    if (fstat(fd, &status) == -1)
        err(EXIT_FAILURE, "fstat '%s'", path);
    const size_t size = (size_t)status.st_size;
    errno = ENODATA;
    if (size == 0) /* the writer has just created it */
        fail("fstat", path);

    /* From here on, the file must not shrink: if another process truncates it, an access raises SIGBUS. The
     * Swift version reports an error instead. */
    const char *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        err(EXIT_FAILURE, "mmap '%s'", path);
    close(fd); /* the mapping stays valid */
    say("Mapped File Reader: mapped '%s' (%zu bytes).", path, size);

    /* Reads the first byte first: the writer stores it last. */
    errno = ENODATA;
    if (atomic_load_explicit((const _Atomic char *)bytes, memory_order_acquire) == '\0')
        fail("read", path);
    /* Stops at the end of the mapping if there is no NUL. */
    const size_t length = strnlen(bytes, size);
    say("Mapped File Reader: read '%s' (%zu bytes).", shown(bytes, length), length);

    if (munmap((void *)bytes, size) == -1)
        err(EXIT_FAILURE, "munmap '%s'", path);
    say("Mapped File Reader: unmapped.");
    if (unlink(path) == -1)
        err(EXIT_FAILURE, "unlink '%s'", path);
    say("Mapped File Reader: removed '%s'.", path);
    return EXIT_SUCCESS;
}
