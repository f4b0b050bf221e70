/* Reads a message from System V shared memory, protected by a semaphore. Counterpart: shm_writer.c. */
#include "common/example.h"

#include <sys/sem.h>
#include <sys/shm.h>

static const char usage[] = "usage: shm_reader [--shm-key K] [--sem-key K] [--timeout SECONDS]\n"
                            "  --shm-key K        the key of the segment (1234)\n"
                            "  --sem-key K        the key of the semaphore set (5678)\n"
                            "  --timeout SECONDS  how long to wait for a message (no limit)";

/* Acquires (-1) or releases (+1) the semaphore. With SEM_UNDO, the kernel releases it when the process dies.
 * semop(2) is never restarted after a signal, not even after SIGSTOP and SIGCONT. */
static void change(int set, short by, key_t key, struct timeout timeout) {
    struct sembuf operation = {.sem_op = by, .sem_flg = SEM_UNDO};
    struct timespec left;
    while (semtimedop(set, &operation, 1, remaining(timeout, &left)) == -1)
        if (errno != EINTR) {
            errno = errno == EAGAIN ? ETIMEDOUT : errno;
            err(EXIT_FAILURE, "semop '%d'", key);
        }
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"shm-key", required_argument, NULL, 'k'},
                                            {"sem-key", required_argument, NULL, 'K'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    key_t shm_key = 1234, sem_key = 5678;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'k': shm_key = key_option("shm-key", optarg); break;
        case 'K': sem_key = key_option("sem-key", optarg); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    const int segment = shmget(shm_key, 0, 0);
    if (segment == -1)
        errx(EXIT_FAILURE, "shmget '%d': %s (start shm_writer first)", shm_key, strerror(errno));
    const char *bytes = shmat(segment, NULL, SHM_RDONLY);
    if (bytes == (void *)-1)
        err(EXIT_FAILURE, "shmat '%d'", shm_key);
    struct shmid_ds status;
    if (shmctl(segment, IPC_STAT, &status) == -1)
        err(EXIT_FAILURE, "shmctl '%d'", shm_key);
    const size_t size = status.shm_segsz;
    say("SHM Reader: segment of %zu bytes attached.", size);
    const int set = semget(sem_key, 1, 0);
    if (set == -1)
        errx(EXIT_FAILURE, "semget '%d': %s (start shm_writer first)", sem_key, strerror(errno));

    /* A new segment contains zeros. If the reader acquires the semaphore before the writer, it finds no
     * message, releases the semaphore, and tries again a little later, because the writer does not wake
     * it. */
    struct timespec pause = {0};
    change(set, -1, sem_key, timeout);
    while (bytes[0] == '\0') {
        change(set, 1, sem_key, timeout);
        if (!pause_for(timeout, &pause))
            err(EXIT_FAILURE, "semop '%d'", sem_key);
        change(set, -1, sem_key, timeout);
    }
    say("SHM Reader: semaphore acquired.");
    /* Stops at the end of the segment if there is no NUL. */
    say("SHM Reader: read '%s'.", shown(bytes, strnlen(bytes, size)));
    change(set, 1, sem_key, timeout);
    say("SHM Reader: semaphore released.");

    if (shmdt(bytes) == -1)
        err(EXIT_FAILURE, "shmdt '%d'", shm_key);
    say("SHM Reader: segment detached.");
    if (shmctl(segment, IPC_RMID, NULL) == -1)
        err(EXIT_FAILURE, "shmctl '%d'", shm_key);
    if (semctl(set, 0, IPC_RMID) == -1)
        err(EXIT_FAILURE, "semctl '%d'", sem_key);
    say("SHM Reader: removed the segment and the semaphore set.");
    return EXIT_SUCCESS;
}
