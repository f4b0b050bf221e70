/* Writes a message into POSIX shared memory. Counterpart: posix_shm_reader.c. */
#include "common/example.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: posix_shm_writer [--name N] [--message TEXT] [--size N] [--mode OCTAL]\n"
    "  --name N        the object (/my_posix_shm)\n"
    "  --message TEXT  the message, written with its NUL (Hello from POSIX SHM Writer!)\n"
    "  --size N        the size of the object (1024)\n"
    "  --mode OCTAL    its permissions (0600)";

/* The object that this program created, or NULL. An exit handler removes it, even after err(3). */
static const char *created;

static void remove_created(void) {
    if (created)
        shm_unlink(created);
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"name", required_argument, NULL, 'n'}, {"message", required_argument, NULL, 'm'},
        {"size", required_argument, NULL, 's'}, {"mode", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},       {0}};
    const char *name = "/my_posix_shm", *message = "Hello from POSIX SHM Writer!";
    size_t size = 1024;
    mode_t mode = 0600;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'n': name = optarg; break;
        case 'm': message = optarg; break;
        case 's': size = (size_t)number_option("size", optarg, 1, INT64_MAX); break;
        case 'o': mode = mode_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);
    const size_t length = strlen(message) + 1; /* the NUL ends the message for the reader */
    if (length == 1)
        errx(EX_USAGE, "--message '': to the reader, an empty object has no message yet");
    if (length > size)
        errx(EX_USAGE, "--message: %zu bytes with the NUL do not fit in %zu", length, size);

    /* Creates a new object or fails: a reader may still be using another writer's object. */
    umask(0); /* sets exactly the requested permissions */
    const int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, mode);
    if (fd == -1)
        err(EXIT_FAILURE, "shm_open '%s'", name);
    created = name;
    atexit(remove_created);

    /* A new object is empty, so reserve its space: after ftruncate(2) alone, memcpy(3) would raise SIGBUS on
     * a full file system. */
    errno = posix_fallocate(fd, 0, (off_t)size);
    if (errno != 0)
        err(EXIT_FAILURE, "fallocate '%s'", name);
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        err(EXIT_FAILURE, "mmap '%s'", name);
    close(fd); /* the mapping stays valid */
    say("POSIX SHM Writer: mapped '%s' (%zu bytes).", name, size);

    /* Stores the first byte last: a reader that sees it also sees the others. */
    memcpy(bytes + 1, message + 1, length - 1);
    atomic_store_explicit((_Atomic char *)bytes, message[0], memory_order_release);
    say("POSIX SHM Writer: wrote '%s' (%zu bytes).", shown(message, length), length);

    if (munmap(bytes, size) == -1)
        err(EXIT_FAILURE, "munmap '%s'", name);
    say("POSIX SHM Writer: unmapped.");
    created = NULL; /* the reader removes it */
    return EXIT_SUCCESS;
}
