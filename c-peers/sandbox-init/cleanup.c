#include "sandbox_init.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

// A private sandbox's objects disappear with its namespaces. On the host, the sandbox init removes exactly
// the objects with the cell's token or one of its keys, and those that its peers created. It does so
// regardless of the cell's result.

static void each_keyed(const struct plan *plan, const char *path, void (*act)(int id)) {
    FILE *file = fopen(path, "re");
    char line[512];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        int key, id;
        if (sscanf(line, "%d %d", &key, &id) == 2 && key >= plan->first_key && key < plan->first_key + KEYS)
            act(id);
    }
    if (file != NULL)
        fclose(file);
}

static void remove_segment(int id) {
    shmctl(id, IPC_RMID, NULL);
}

static void remove_semaphores(int id) {
    semctl(id, 0, IPC_RMID);
}

static void remove_messages(int id) {
    msgctl(id, IPC_RMID, NULL);
}

/// Calls `act` for every directory entry whose name begins with the cell's token, and closes the directory.
/// The files of named semaphores begin with "sem.". A mount descriptor can locate entries but not list them,
/// so the directory is opened again.
static void each_named(const struct plan *plan, int descriptor,
                       void (*act)(int directory, const char *name)) {
    int readable = descriptor != -1 ? openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *directory = readable != -1 ? fdopendir(readable) : NULL;
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        const char *name = entry->d_name;
        if (strncmp(name, "sem.", 4) == 0)
            name += 4;
        if (strncmp(name, plan->token, strlen(plan->token)) == 0)
            act(dirfd(directory), entry->d_name);
    }
    if (directory != NULL)
        closedir(directory);
    if (descriptor != -1)
        close(descriptor);
}

static int memory_directory(void) {
    return open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_queue(int directory, const char *name) {
    char slashed[NAME_MAX + 2];
    (void)directory;
    snprintf(slashed, sizeof slashed, "/%s", name);
    mq_unlink(slashed);
}

static void remove_name(int directory, const char *name) {
    unlinkat(directory, name, 0);
}

void clean_up(const struct plan *plan) {
    each_named(plan, mqueue_directory(), remove_queue);
    each_named(plan, memory_directory(), remove_name);
    each_keyed(plan, "/proc/sysvipc/shm", remove_segment);
    remove_segments();
    each_keyed(plan, "/proc/sysvipc/sem", remove_semaphores);
    each_keyed(plan, "/proc/sysvipc/msg", remove_messages);
    remove_tree(plan->scratch);
}

static bool taken;

static void note_object(int id) {
    (void)id;
    taken = true;
}

static void note_name(int directory, const char *name) {
    (void)directory, (void)name;
    taken = true;
}

bool names_are_free(const struct plan *plan) {
    each_named(plan, mqueue_directory(), note_name);
    each_named(plan, memory_directory(), note_name);
    each_keyed(plan, "/proc/sysvipc/shm", note_object);
    each_keyed(plan, "/proc/sysvipc/sem", note_object);
    each_keyed(plan, "/proc/sysvipc/msg", note_object);
    return !taken;
}
