#include "sandbox_init.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/shm.h>

// A segment that was created with IPC_PRIVATE does not have one of the cell's keys. The kernel records the ID
// of the process that created it. This ID identifies the cell if no other process can have had it earlier, or
// can get it later.
struct segment {
    int id;
    pid_t creator;
};

static struct segment *remembered;
static size_t count;

/// Calls `act` for every segment until it returns false.
static void each_segment(bool (*act)(struct segment segment, void *what), void *what) {
    FILE *file = fopen("/proc/sysvipc/shm", "re");
    char line[512];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        struct segment segment;
        if (sscanf(line, "%*d %d %*o %*u %d", &segment.id, &segment.creator) == 2 && !act(segment, what))
            break;
    }
    if (file != NULL)
        fclose(file);
}

static bool is_of_another(struct segment segment, void *what) {
    pid_t *creator = what;
    if (segment.creator == *creator)
        *creator = 0;
    return *creator != 0;
}

bool has_segments(pid_t creator) {
    each_segment(is_of_another, &creator);
    return creator == 0;
}

static bool remember(struct segment segment, void *what) {
    if (segment.creator != *(pid_t *)what)
        return true;
    struct segment *longer = reallocarray(remembered, count + 1, sizeof *remembered);
    if (longer == NULL)
        return false;
    remembered = longer;
    remembered[count++] = segment;
    return true;
}

void remember_segments(pid_t creator) {
    each_segment(remember, &creator);
}

/// The kernel eventually reuses identifiers, so a segment with another creator is not removed.
static bool remove_remembered(struct segment segment, void *what) {
    (void)what;
    for (size_t i = 0; i < count; i++)
        if (remembered[i].id == segment.id && remembered[i].creator == segment.creator)
            shmctl(segment.id, IPC_RMID, NULL);
    return true;
}

void remove_segments(void) {
    each_segment(remove_remembered, NULL);
}
