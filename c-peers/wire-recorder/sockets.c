#include "recorder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static bool read_address(const struct tracee *tracee, uint64_t address, uint64_t length,
                         struct sockaddr_storage *into) {
    return address != 0 && length <= sizeof *into && read_memory(tracee, address, into, length);
}

/// Adds the permissions of a bound Unix socket's file, and the process's umask, which has reduced them.
static void file_mode_field(const struct tracee *tracee, const struct sockaddr_storage *address,
                            uint64_t length) {
    const struct sockaddr_un *un = (const void *)address;
    const size_t before = offsetof(struct sockaddr_un, sun_path);
    char path[MAX_PATH], place[MAX_PATH + 32];
    struct stat status;
    if (address->ss_family != AF_UNIX || length <= before || un->sun_path[0] == '\0')
        return;
    snprintf(path, sizeof path, "%.*s", (int)(length - before), un->sun_path);
    snprintf(place, sizeof place, path[0] == '/' ? "/proc/%d/root%s" : "/proc/%d/cwd/%s", tracee->process,
             path);
    if (lstat(place, &status) == 0) {
        octal_field("mode", status.st_mode & 07777);
        octal_field("umask", umask_of(tracee));
    }
}

static void report_address(const struct tracee *tracee, const char *kind, uint64_t address, uint64_t length) {
    struct sockaddr_storage given;
    char id[ID_SIZE];
    const int socket = (int)tracee->arguments[0];
    if (!read_address(tracee, address, length, &given) || !identify(tracee, socket, id))
        return;
    event(kind, tracee->process);
    text_field("id", id);
    number_field("fd", socket);
    address_field(tracee, "address", (struct sockaddr *)&given, (socklen_t)length);
    end_of_descriptor(tracee, "local", socket, false);
    if (strcmp(kind, "bind") == 0)
        file_mode_field(tracee, &given, length);
    end_event();
}

static void report_new(const struct tracee *tracee, const char *kind, int descriptor, uint64_t flags) {
    char id[ID_SIZE];
    if (!identify(tracee, descriptor, id))
        return;
    event(kind, tracee->process);
    text_field("id", id);
    number_field("fd", descriptor);
    number_field("flags", (flags & SOCK_CLOEXEC) != 0 ? O_CLOEXEC : 0);
    if (strcmp(kind, "accept") == 0)
        end_of_descriptor(tracee, "local", descriptor, false);
    end_event();
}

bool leave_socket_call(struct tracee *tracee, int64_t result) {
    const uint64_t *a = tracee->arguments;
    switch (tracee->number) {
    case SYS_socket: report_new(tracee, "socket", (int)result, a[1]); return true;
    case SYS_socketpair: {
        int ends[2];
        if (read_memory(tracee, a[3], ends, sizeof ends)) {
            report_new(tracee, "socketpair", ends[0], a[1]);
            report_new(tracee, "socketpair", ends[1], a[1]);
        }
        return true;
    }
    case SYS_bind: report_address(tracee, "bind", a[1], a[2]); return true;
    case SYS_connect: report_address(tracee, "connect", a[1], a[2]); return true;
    case SYS_listen: return true;
    case SYS_accept: report_new(tracee, "accept", (int)result, 0); return true;
    case SYS_accept4: report_new(tracee, "accept", (int)result, a[3]); return true;
    default: return false;
    }
}
