/* Writes a message into System V shared memory, protected by a semaphore. Counterpart: shm_reader.c. */
#include "common/example.h"

#include <sys/sem.h>
#include <sys/shm.h>

static const char usage[] =
    "usage: shm_writer [--shm-key K] [--sem-key K] [--message TEXT] [--size N] [--mode OCTAL]"
    " [--timeout SECONDS]\n"
    "  --shm-key K        the key of the segment (1234)\n"
    "  --sem-key K        the key of the semaphore set (5678)\n"
    "  --message TEXT     the message, written with its NUL (Hello from shared memory writer!)\n"
    "  --size N           the size of the segment, if it is created (1024)\n"
    "  --mode OCTAL       the permissions of both, if they are created (0666)\n"
    "  --timeout SECONDS  how long to wait for the semaphore (no limit)";

/* semctl(2) requires the caller to define this union. */
union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

/* The objects that this program created. An exit handler removes them, even after err(3). */
static int created_segment = -1, created_set = -1;

static void remove_created(void) {
    if (created_segment != -1)
        shmctl(created_segment, IPC_RMID, NULL);
    if (created_set != -1)
        semctl(created_set, 0, IPC_RMID);
}

/* Creates the set and releases its semaphore, or waits until its creator has done so: a program that released
 * the semaphore at every start could release it while another process holds it. In a new set, the time of the
 * last semop(2) is 0, so the creator calls semop(2) once, without changing the value. */
static int open_semaphore(key_t key, mode_t mode, struct timeout timeout) {
    struct sembuf nothing[] = {{.sem_op = -1, .sem_flg = IPC_NOWAIT}, {.sem_op = 1}};
    struct semid_ds status;
    struct timespec pause = {0};
    for (;;) {
        created_set = semget(key, 1, IPC_CREAT | IPC_EXCL | (int)mode);
        if (created_set != -1) {
            if (semctl(created_set, 0, SETVAL, (union semun){.val = 1}) == -1)
                err(EXIT_FAILURE, "semctl '%d'", key);
            /* EAGAIN means that another process has already called semop(2) and acquired the semaphore. */
            if (semop(created_set, nothing, 2) == -1 && errno != EAGAIN)
                err(EXIT_FAILURE, "semop '%d'", key);
            return created_set;
        }
        int set = errno == EEXIST ? semget(key, 1, 0) : -1;
        if (set == -1 && errno == ENOENT)
            continue; /* removed between the two calls: create it again */
        if (set == -1)
            err(EXIT_FAILURE, "semget '%d'", key);
        if (semctl(set, 0, IPC_STAT, (union semun){.buf = &status}) == -1) {
            if (errno == EIDRM || errno == EINVAL)
                continue;
            err(EXIT_FAILURE, "semctl '%d'", key);
        }
        if (status.sem_otime != 0)
            return set;
        if (!pause_for(timeout, &pause))
            err(EXIT_FAILURE, "semget '%d'", key);
    }
}

static int open_segment(key_t key, size_t size, mode_t mode) {
    int segment = created_segment = shmget(key, size, IPC_CREAT | IPC_EXCL | (int)mode);
    if (segment == -1 && errno == EEXIST)
        segment = shmget(key, size, 0);
    if (segment == -1)
        err(EXIT_FAILURE, "shmget '%d'", key);
    return segment;
}

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
    static const struct option options[] = {
        {"shm-key", required_argument, NULL, 'k'}, {"sem-key", required_argument, NULL, 'K'},
        {"message", required_argument, NULL, 'm'}, {"size", required_argument, NULL, 's'},
        {"mode", required_argument, NULL, 'o'},    {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},          {0}};
    const char *message = "Hello from shared memory writer!";
    key_t shm_key = 1234, sem_key = 5678;
    size_t size = 1024;
    mode_t mode = 0666;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'k': shm_key = key_option("shm-key", optarg); break;
        case 'K': sem_key = key_option("sem-key", optarg); break;
        case 'm': message = optarg; break;
        case 's': size = (size_t)number_option("size", optarg, 1, INT64_MAX); break;
        case 'o': mode = mode_option(optarg); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);
    const size_t length = strlen(message) + 1; /* the NUL ends the message for the reader */
    if (length == 1)
        errx(EX_USAGE, "--message '': to the reader, an empty segment has no message yet");
    if (length > size)
        errx(EX_USAGE, "--message: %zu bytes with the NUL do not fit in a segment of %zu", length, size);

    /* Create the semaphore first, because it must exist when a reader finds the segment. */
    atexit(remove_created);
    const int set = open_semaphore(sem_key, mode, timeout);
    const int segment = open_segment(shm_key, size, mode);
    char *bytes = shmat(segment, NULL, 0);
    if (bytes == (void *)-1)
        err(EXIT_FAILURE, "shmat '%d'", shm_key);
    struct shmid_ds status;
    if (shmctl(segment, IPC_STAT, &status) == -1)
        err(EXIT_FAILURE, "shmctl '%d'", shm_key);
    size = status.shm_segsz; /* an existing segment may be larger than requested */
    say("SHM Writer: segment of %zu bytes attached.", size);

    change(set, -1, sem_key, timeout);
    say("SHM Writer: semaphore acquired.");
    memcpy(bytes, message, length);
    memset(bytes + length, 0, size - length); /* clears the rest of a longer previous message */
    say("SHM Writer: wrote '%s'.", shown(message, length));
    change(set, 1, sem_key, timeout);
    say("SHM Writer: semaphore released.");

    if (shmdt(bytes) == -1)
        err(EXIT_FAILURE, "shmdt '%d'", shm_key);
    say("SHM Writer: segment detached.");
    created_segment = created_set = -1; /* the reader removes them */
    return EXIT_SUCCESS;
}
