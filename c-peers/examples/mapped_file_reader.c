/* Reads a message from a mapped file, and removes it: see mapped_file_writer.c. */
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
    if (size == 0) /* its writer has just made it */
        fail("fstat", path);

    /* From here on the size must stay: should somebody make it shorter, this process dies of SIGBUS where its
     * Swift twin is told. */
    const char *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        err(EXIT_FAILURE, "mmap '%s'", path);
    close(fd); /* the mapping does without */
    say("Mapped File Reader: mapped '%s' (%zu bytes).", path, size);

    /* The first byte first: its writer stores it last. */
    errno = ENODATA;
    if (atomic_load_explicit((const _Atomic char *)bytes, memory_order_acquire) == '\0')
        fail("read", path);
    /* Not further than the mapping, should nobody have written a NUL. */
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
