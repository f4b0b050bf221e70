#include "recorder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MAX_SEEN = 4096 };

struct identity {
    dev_t device;
    ino_t inode;
};

static struct identity standard[3], seen[MAX_SEEN];
static int standard_count, seen_count;

void remember_standard_streams(void) {
    struct stat status;
    for (int descriptor = 0; descriptor < 3; descriptor++)
        if (fstat(descriptor, &status) == 0)
            standard[standard_count++] = (struct identity){status.st_dev, status.st_ino};
}

static bool is_in(const struct identity *list, int count, const struct stat *status) {
    for (int i = 0; i < count; i++)
        if (list[i].inode == status->st_ino && list[i].device == status->st_dev)
            return true;
    return false;
}

int take(const struct tracee *tracee, int descriptor) {
    int process = (int)syscall(SYS_pidfd_open, tracee->process, 0);
    if (process == -1)
        return -1;
    int taken = (int)syscall(SYS_pidfd_getfd, process, descriptor, 0);
    close(process);
    return taken;
}

static const char *type_of(const struct stat *status, const char *link) {
    switch (status->st_mode & S_IFMT) {
    case S_IFIFO: return link[0] == '/' ? "fifo" : "pipe";
    case S_IFSOCK: return "socket";
    case S_IFREG: return strncmp(link, "/memfd:", 7) == 0 ? "memfd" : "file";
    default: return NULL;
    }
}

static void report(const struct tracee *tracee, int taken, const struct stat *status, const char *link,
                   const char *type, const char *id) {
    struct mq_attr attributes;
    bool is_queue = S_ISREG(status->st_mode) && taken != -1 && mq_getattr(taken, &attributes) == 0;
    event("object", tracee->process);
    text_field("id", id);
    text_field("type", is_queue ? "mq" : type);
    text_field("link", link);
    octal_field("mode", status->st_mode & 07777);
    number_field("size", status->st_size);
    if (is_queue) {
        number_field("maxmsg", attributes.mq_maxmsg);
        number_field("msgsize", attributes.mq_msgsize);
    }
    int value;
    socklen_t length = sizeof value;
    if (S_ISSOCK(status->st_mode) && getsockopt(taken, SOL_SOCKET, SO_DOMAIN, &value, &length) == 0) {
        text_field("domain", value == AF_UNIX    ? "unix"
                             : value == AF_INET  ? "inet"
                             : value == AF_INET6 ? "inet6"
                                                 : "other");
        length = sizeof value;
        if (getsockopt(taken, SOL_SOCKET, SO_TYPE, &value, &length) == 0)
            text_field("style", value == SOCK_STREAM      ? "stream"
                                : value == SOCK_DGRAM     ? "datagram"
                                : value == SOCK_SEQPACKET ? "seqpacket"
                                                          : "other");
    }
    end_event();
}

static bool begins_with_any(const char *text, const char *const *starts, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/// Whether a file, such as a library, belongs to the system rather than to the program. A FIFO or a socket
/// never does. `path` leads to the file; `link` is its name.
static bool is_of_system(const char *path, const char *link, const struct stat *status) {
    static const char *const places[] = {"/proc/", "/sys/",   "/usr/",   "/etc/",
                                         "/lib/",  "/lib32/", "/lib64/", "/libx32/"};
    static const char *const memory[] = {"/dev/shm/", "/memfd:"};
    const char *suffix = strstr(link, ".so"); // the suffix of a library; a version may follow
    const bool is_library = suffix != NULL && (suffix[3] == '\0' || suffix[3] == '.') &&
                            !begins_with_any(link, memory, sizeof memory / sizeof *memory);
    if (!S_ISREG(status->st_mode) ||
        (!is_library && !begins_with_any(link, places, sizeof places / sizeof *places)))
        return false;
    // The name of a queue looks like a path.
    const long queue_magic = 0x19800202; // MQUEUE_MAGIC, of ipc/mqueue.c
    struct statfs file_system;
    return statfs(path, &file_system) == -1 || file_system.f_type != queue_magic;
}

static void write_id(const struct stat *status, char id[ID_SIZE]) {
    snprintf(id, ID_SIZE, "%llx:%llx", (unsigned long long)status->st_dev,
             (unsigned long long)status->st_ino);
}

bool identify(const struct tracee *tracee, int descriptor, char id[ID_SIZE]) {
    char path[64], link[MAX_PATH];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", tracee->process, descriptor);
    ssize_t length = readlink(path, link, sizeof link - 1);
    if (length <= 0 || stat(path, &status) == -1 || is_in(standard, standard_count, &status))
        return false;
    link[length] = '\0';
    const char *type = type_of(&status, link);
    if (type == NULL || is_of_system(path, link, &status))
        return false;
    write_id(&status, id);
    if (!is_in(seen, seen_count, &status)) {
        if (seen_count < MAX_SEEN)
            seen[seen_count++] = (struct identity){status.st_dev, status.st_ino};
        int taken = take(tracee, descriptor);
        report(tracee, taken, &status, link, type, id);
        close(taken);
    }
    return true;
}

bool path_exists(const struct tracee *tracee, const char *path) {
    char place[MAX_PATH + 32];
    struct stat status;
    snprintf(place, sizeof place, "/proc/%d/root%s", tracee->process, path);
    return lstat(place, &status) == 0;
}

bool identify_path(const struct tracee *tracee, const char *path, char id[ID_SIZE]) {
    char place[MAX_PATH + 32];
    struct stat status;
    snprintf(place, sizeof place, "/proc/%d/root%s", tracee->process, path);
    if (lstat(place, &status) == -1)
        return false;
    const char *type = type_of(&status, path);
    if (type == NULL || is_of_system(place, path, &status))
        return false;
    write_id(&status, id);
    // This object is reported again, with more details, when a process opens it.
    report(tracee, -1, &status, path, type, id);
    return true;
}

void address_field(const struct tracee *tracee, const char *key, const struct sockaddr *address,
                   socklen_t length) {
    char text[MAX_PATH + 128], host[INET6_ADDRSTRLEN];
    size_t used = 0;
    switch (length >= sizeof(sa_family_t) ? address->sa_family : AF_UNSPEC) {
    case AF_UNIX: {
        const struct sockaddr_un *un = (const void *)address;
        size_t count = length - offsetof(struct sockaddr_un, sun_path);
        if (count == 0 || count > sizeof un->sun_path)
            return;
        if (un->sun_path[0] == '\0') {
            used = (size_t)snprintf(text, sizeof text, "abstract:");
            memcpy(text + used, un->sun_path + 1, count - 1);
            used += count - 1;
        } else {
            char link[64], base[MAX_PATH];
            used = (size_t)snprintf(text, sizeof text, "unix:");
            snprintf(link, sizeof link, "/proc/%d/cwd", tracee->process);
            ssize_t have = un->sun_path[0] != '/' ? readlink(link, base, sizeof base) : 0;
            if (have > 0) {
                memcpy(text + used, base, (size_t)have);
                used += (size_t)have;
                text[used++] = '/';
            }
            count = strnlen(un->sun_path, count);
            memcpy(text + used, un->sun_path, count);
            used += count;
        }
        break;
    }
    case AF_INET: {
        const struct sockaddr_in *in = (const void *)address;
        if (length < sizeof *in || inet_ntop(AF_INET, &in->sin_addr, host, sizeof host) == NULL)
            return;
        used = (size_t)snprintf(text, sizeof text, "inet:%s:%u", host, ntohs(in->sin_port));
        break;
    }
    case AF_INET6: {
        const struct sockaddr_in6 *in6 = (const void *)address;
        if (length < sizeof *in6 || inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host) == NULL)
            return;
        used = (size_t)snprintf(text, sizeof text, "inet6:%s:%u", host, ntohs(in6->sin6_port));
        break;
    }
    default: return;
    }
    bytes_field(key, text, used);
}

void end_of_descriptor(const struct tracee *tracee, const char *key, int descriptor, bool peer) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int taken = take(tracee, descriptor);
    int result = peer ? getpeername(taken, (struct sockaddr *)&address, &length)
                      : getsockname(taken, (struct sockaddr *)&address, &length);
    close(taken);
    if (result == 0)
        address_field(tracee, key, (struct sockaddr *)&address, length);
}
