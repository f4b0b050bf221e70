#include "cipc_kernel.h"

#include <poll.h>
#include <string.h>
#include <time.h>

const char *cipc_errno_symbol(int number) {
    return strerrorname_np(number);
}

int cipc_ppoll(int descriptor, short events, short *revents, int64_t nanoseconds) {
    struct pollfd entry = {.fd = descriptor, .events = events};
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int result = ppoll(&entry, 1, nanoseconds < 0 ? NULL : &time, NULL);
    *revents = entry.revents;
    return result;
}
