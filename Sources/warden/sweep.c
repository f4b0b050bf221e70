#include "warden.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

// In namespaces of its own a cell's objects go with the namespaces. Among everybody's, the warden removes
// what bears the cell's token or one of its keys, and nothing else, however the cell ended.

static void sweep_sysv(const struct plan *plan, const char *path, void (*remove_object)(int)) {
    FILE *file = fopen(path, "re");
    char line[512];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        int key, id;
        if (sscanf(line, "%d %d", &key, &id) == 2 && key >= plan->first_key && key < plan->first_key + KEYS)
            remove_object(id);
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

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status, (void)kind, (void)place;
    return remove(path);
}

/// POSIX shared memory, and named semaphores, whose files begin with "sem.".
static void sweep_memory(const struct plan *plan) {
    DIR *directory = opendir("/dev/shm");
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        const char *name = entry->d_name;
        if (strncmp(name, "sem.", 4) == 0)
            name += 4;
        if (strncmp(name, plan->token, strlen(plan->token)) == 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    if (directory != NULL)
        closedir(directory);
}

void sweep(const struct plan *plan) {
    int queues = mqueue_directory(); // of a mount, through which entries are found and none is read
    int readable = queues != -1 ? openat(queues, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *directory = readable != -1 ? fdopendir(readable) : NULL;
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        char name[sizeof entry->d_name + 1];
        snprintf(name, sizeof name, "/%s", entry->d_name);
        if (strncmp(entry->d_name, plan->token, strlen(plan->token)) == 0)
            mq_unlink(name);
    }
    if (directory != NULL)
        closedir(directory);
    sweep_memory(plan);
    sweep_sysv(plan, "/proc/sysvipc/shm", remove_segment);
    sweep_sysv(plan, "/proc/sysvipc/sem", remove_semaphores);
    sweep_sysv(plan, "/proc/sysvipc/msg", remove_messages);
    nftw(plan->scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS); // never through a link
}
