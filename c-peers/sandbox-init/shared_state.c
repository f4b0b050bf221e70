// State that most operations must leave unchanged: the signal masks and dispositions of a process, and the
// status flags of descriptors that it shares.
#include "sandbox_init.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Adds a process's signal masks, and its state letter read at the same moment: while a handler runs, its
/// signal is blocked.
void reply_signal_state(long long pid) {
    static const char *const masks[][2] = {
        {"blocked", "\nSigBlk:\t"}, {"ignored", "\nSigIgn:\t"}, {"caught", "\nSigCgt:\t"}};
    char status[8192];
    if (read_proc(pid, "status", status, sizeof status) == -1)
        return;
    const char *state = strstr(status, "\nState:\t");
    reply_format("state", "%c", state != NULL ? state[8] : '?');
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        reply_format(masks[i][0], "%llx", status_mask(status, masks[i][1]));
    reply_format("pending", "%llx", status_mask(status, "\nSigPnd:\t") | status_mask(status, "\nShdPnd:\t"));
}

/// Adds the status flags of those descriptors that `list` names, joined by commas.
void reply_status_flags(long long pid, const char *descriptor, const char *list) {
    char path[64], text[256];
    bool listed = false;
    for (const char *number = list; number != NULL && !listed; number = strchr(number, ',')) {
        number += *number == ',';
        listed = strcspn(number, ",") == strlen(descriptor) &&
                 strncmp(number, descriptor, strlen(descriptor)) == 0;
    }
    snprintf(path, sizeof path, "fdinfo/%.20s", descriptor);
    if (!listed || read_proc(pid, path, text, sizeof text) == -1)
        return;
    const char *flags = strstr(text, "flags:\t");
    if (flags != NULL)
        reply_number("flags", strtoll(flags + strlen("flags:\t"), NULL, 8));
}

/// Whether a process was killed, and will end as soon as it is scheduled.
bool is_killed(long long pid) {
    const unsigned long long kill = 1ULL << (9 - 1); // SIGKILL
    char status[8192];
    return read_proc(pid, "status", status, sizeof status) != -1 &&
           ((status_mask(status, "\nSigPnd:\t") | status_mask(status, "\nShdPnd:\t")) & kill) != 0;
}
