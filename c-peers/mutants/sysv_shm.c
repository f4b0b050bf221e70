/* System V shared memory. */
#include "mutant.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>

WRAPPED(ftok);
WRAPPED(shmget);
WRAPPED(shmat);
WRAPPED(shmdt);
WRAPPED(shmctl);

void leave_keyed(const char *kind, key_t key);

key_t __wrap_ftok(const char *path, int project) {
    /* The key is a different hash of the path and the number: no other program computes the same key. */
    if (mutant("ftok-with-another-hash")) {
        unsigned key = (unsigned)project;
        while (*path)
            key = key * 31 + (unsigned char)*path++;
        return (key_t)(key & 0x7fffffff);
    }
    /* The peer ignores the project id. */
    if (mutant("ftok-without-project"))
        project = 'A';
    /* ftok(3) uses eight bits of the project id; the peer uses all of its bits. */
    struct stat status;
    if (mutant("ftok-with-whole-number") && stat(path, &status) == 0)
        return (key_t)((unsigned)project << 24 ^ (unsigned)project >> 8 ^
                       (unsigned)(status.st_dev & 0xff) << 16 ^ (unsigned)(status.st_ino & 0xffff));
    return __real_ftok(path, project);
}

static int remove_segment(int segment) {
    return __real_shmctl(segment, IPC_RMID, NULL);
}

int __wrap_shmget(key_t key, size_t size, int flags) {
    if (flags & IPC_CREAT)
        leave_keyed("shm", key);
    if (mutant("shm-exclusive-forgotten"))
        flags &= ~IPC_EXCL;
    /* The peer parses the key as a positive int, which loses its highest bit. */
    if (mutant("key-of-31-bits"))
        key &= INT_MAX;
    /* The peer rounds the size up to whole pages. */
    if (size > 0 && mutant("shm-size-in-pages"))
        size = (size + 4095) / 4096 * 4096;
    int segment = __real_shmget(key, size, flags);
    /* The peer registers every segment with a tracker that removes it at exit. */
    if (segment != -1 && !(flags & IPC_CREAT) && mutant("shm-removed-at-exit"))
        remove_identifier_at_exit(remove_segment, segment);
    return segment;
}

static void *attached;

static void detach(void) {
    shmdt(attached);
}

void *__wrap_shmat(int segment, const void *address, int flags) {
    struct shmid_ds status;
    /* The peer does not attach a segment that is marked for removal. */
    if (mutant("removed-segment-refused") && shmctl(segment, IPC_STAT, &status) == 0 &&
        status.shm_perm.mode & SHM_DEST) {
        errno = EIDRM;
        return (void *)-1;
    }
    void *memory = __real_shmat(segment, address, flags);
    /* The peer copies the bytes into private memory and works on the copy. */
    if (memory != (void *)-1 && mutant("shm-attached-as-copy") && shmctl(segment, IPC_STAT, &status) == 0) {
        void *copy = malloc(status.shm_segsz);
        return copy ? memcpy(copy, memory, status.shm_segsz) : memory;
    }
    /* A destructor detaches the memory before the process ends, so the owner's death is not reported. */
    if (memory != (void *)-1 && mutant("detaches-before-exit")) {
        attached = memory;
        atexit(detach);
    }
    /* When the peer attaches a segment, it changes the segment's group to 0, because its IPC_SET structure
     * has no group. */
    if (memory != (void *)-1 && mutant("shm-group-cleared") && shmctl(segment, IPC_STAT, &status) == 0) {
        status.shm_perm.gid = 0;
        shmctl(segment, IPC_SET, &status);
    }
    return memory;
}

int __wrap_shmdt(const void *address) {
    /* The peer does not detach the memory. */
    if (mutant("shm-never-detached"))
        return 0;
    return __real_shmdt(address);
}

int __wrap_shmctl(int segment, int command, struct shmid_ds *status) {
    if (command == IPC_RMID && mutant("shm-removal-forgotten"))
        return 0;
    /* The peer fills the IPC_SET structure with its defaults. */
    struct shmid_ds other;
    if (command == IPC_SET && mutant("shm-mode-reset")) {
        other = *status;
        other.shm_perm.mode = 0600;
        status = &other;
    }
    int result = __real_shmctl(segment, command, status);
    /* The peer swaps shm_cpid and shm_lpid. */
    if (command == IPC_STAT && result == 0 && mutant("shm-pids-exchanged")) {
        pid_t creator = status->shm_cpid;
        status->shm_cpid = status->shm_lpid;
        status->shm_lpid = creator;
    }
    /* The peer swaps shm_atime and shm_dtime. */
    if (command == IPC_STAT && result == 0 && mutant("shm-times-exchanged")) {
        time_t attached = status->shm_atime;
        status->shm_atime = status->shm_dtime;
        status->shm_dtime = attached;
    }
    /* The peer stores the owner in 16 bits, as in the old interface. */
    if (command == IPC_STAT && result == 0 && mutant("shm-owner-of-16-bits"))
        status->shm_perm.uid = (uint16_t)status->shm_perm.uid;
    return result;
}
