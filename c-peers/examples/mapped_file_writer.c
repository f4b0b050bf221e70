/* Writes a message into a mapped file. Counterpart: mapped_file_reader.c. */
#include "common/example.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: mapped_file_writer [--path P] [--message TEXT] [--size N] [--mode OCTAL]\n"
    "  --path P        the file (/tmp/my_mapped_file)\n"
    "  --message TEXT  the message, written with its NUL (Hello from mapped file writer!)\n"
    "  --size N        the size of the file (1024)\n"
    "  --mode OCTAL    its permissions (0600)";

/* The file that this program created, or NULL. An exit handler removes it, even after err(3). */
static const char *created;

static void remove_created(void) {
    if (created)
        unlink(created);
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"path", required_argument, NULL, 'n'}, {"message", required_argument, NULL, 'm'},
        {"size", required_argument, NULL, 's'}, {"mode", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},       {0}};
    const char *path = "/tmp/my_mapped_file", *message = "Hello from mapped file writer!";
    size_t size = 1024;
    mode_t mode = 0600;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'n': path = optarg; break;
        case 'm': message = optarg; break;
        case 's': size = (size_t)number_option("size", optarg, 1, INT64_MAX); break;
        case 'o': mode = mode_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);
    const size_t length = strlen(message) + 1; /* the NUL ends the message for the reader */
    if (length == 1)
        errx(EX_USAGE, "--message '': to the reader, an empty file has no message yet");
    if (length > size)
        errx(EX_USAGE, "--message: %zu bytes with the NUL do not fit in %zu", length, size);

    /* Creates a new file or fails: a reader may still be using another writer's file. */
    umask(0); /* sets exactly the requested permissions */
    const int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
    if (fd == -1)
        err(EXIT_FAILURE, "open '%s'", path);
    created = path;
    atexit(remove_created);

    /* A new file is empty, so reserve its space: after ftruncate(2) alone, memcpy(3) would raise SIGBUS on a
     * full file system. */
    errno = posix_fallocate(fd, 0, (off_t)size);
    if (errno != 0)
        err(EXIT_FAILURE, "fallocate '%s'", path);
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        err(EXIT_FAILURE, "mmap '%s'", path);
    close(fd); /* the mapping stays valid */
    say("Mapped File Writer: mapped '%s' (%zu bytes).", path, size);

    /* Stores the first byte last: a reader that sees it also sees the others. */
    memcpy(bytes + 1, message + 1, length - 1);
    atomic_store_explicit((_Atomic char *)bytes, message[0], memory_order_release);
    say("Mapped File Writer: wrote '%s' (%zu bytes).", shown(message, length), length);

    /* Readers already see the message; this call writes it to the disk. */
    if (msync(bytes, size, MS_SYNC) == -1)
        err(EXIT_FAILURE, "msync '%s'", path);
    say("Mapped File Writer: synchronised.");
    if (munmap(bytes, size) == -1)
        err(EXIT_FAILURE, "munmap '%s'", path);
    say("Mapped File Writer: unmapped.");
    created = NULL; /* the reader removes it */
    return EXIT_SUCCESS;
}
