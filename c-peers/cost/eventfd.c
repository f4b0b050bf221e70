/* An eventfd: one write(2) and one read(2). */
#include "cost.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void run_eventfd(const struct cost_run *run) {
    const int event = eventfd(0, EFD_CLOEXEC);
    cost_require(event != -1, "eventfd");
    for (long i = 0; i < run->count; i++) {
        uint64_t value = 1;
        ssize_t count;
        do
            count = write(event, &value, sizeof value);
        while (count == -1 && errno == EINTR);
        cost_require(count == sizeof value, "write");
        do
            count = read(event, &value, sizeof value);
        while (count == -1 && errno == EINTR);
        cost_require(count == sizeof value && value == 1, "read");
    }
}

const struct cost cost_eventfd[] = {{"eventfd", run_eventfd}, {0}};
