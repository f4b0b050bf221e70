#include "warden.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/shm.h>

// A segment that was made with IPC_PRIVATE bears no key of the cell's. It bears the number of the process
// that made it, which is the cell's as long as no other process can have had it before, or have it
// afterwards.

struct segment {
    int id;
    pid_t maker;
};

static struct segment *remembered;
static size_t count;

/// Has `act` deal with every segment, until it returns false.
static void each_segment(bool (*act)(struct segment segment, void *what), void *what) {
    FILE *file = fopen("/proc/sysvipc/shm", "re");
    char line[512];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        struct segment segment;
        if (sscanf(line, "%*d %d %*o %*u %d", &segment.id, &segment.maker) == 2 && !act(segment, what))
            break;
    }
    if (file != NULL)
        fclose(file);
}

static bool is_of_another(struct segment segment, void *what) {
    pid_t *maker = what;
    if (segment.maker == *maker)
        *maker = 0;
    return *maker != 0;
}

bool has_segments(pid_t maker) {
    each_segment(is_of_another, &maker);
    return maker == 0;
}

static bool remember(struct segment segment, void *what) {
    if (segment.maker != *(pid_t *)what)
        return true;
    struct segment *longer = reallocarray(remembered, count + 1, sizeof *remembered);
    if (longer == NULL)
        return false;
    remembered = longer;
    remembered[count++] = segment;
    return true;
}

void remember_segments(pid_t maker) {
    each_segment(remember, &maker);
}

/// The kernel gives the same identifier again, if late; then its maker is another.
static bool remove_remembered(struct segment segment, void *what) {
    (void)what;
    for (size_t i = 0; i < count; i++)
        if (remembered[i].id == segment.id && remembered[i].maker == segment.maker)
            shmctl(segment.id, IPC_RMID, NULL);
    return true;
}

void remove_segments(void) {
    each_segment(remove_remembered, NULL);
}
