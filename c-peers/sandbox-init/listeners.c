#include "sandbox_init.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The sockets that a client can connect to. A private sandbox has its own network. Otherwise, a process that
// does not belong to the cell may listen on the same port, so only the sockets of this process's descendants
// count.

/// The inode numbers of the sockets that the peers have open, or every socket.
struct sockets {
    unsigned long *inodes;
    size_t count, capacity;
    bool is_every;
};

static bool is_descendant(long long pid) {
    char text[512];
    long long parent = pid;
    while (parent > 1 && parent != getpid()) {
        const char *name_end = read_proc(parent, "stat", text, sizeof text) > 0 ? strrchr(text, ')') : NULL;
        if (name_end == NULL || sscanf(name_end, ") %*c %lld", &parent) != 1)
            return false;
    }
    return parent == getpid() && pid != parent;
}

static void add(struct sockets *sockets, unsigned long inode) {
    if (sockets->count == sockets->capacity) {
        const size_t capacity = sockets->capacity > 0 ? 2 * sockets->capacity : 64;
        unsigned long *larger = reallocarray(sockets->inodes, capacity, sizeof *larger);
        if (larger == NULL)
            return; // this socket is not reported as ready
        sockets->inodes = larger;
        sockets->capacity = capacity;
    }
    sockets->inodes[sockets->count++] = inode;
}

static void add_sockets_of(long long pid, struct sockets *sockets) {
    char path[64], target[64];
    snprintf(path, sizeof path, "/proc/%lld/fd", pid);
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        unsigned long inode;
        target[length > 0 ? length : 0] = '\0';
        if (sscanf(target, "socket:[%lu]", &inode) == 1)
            add(sockets, inode);
    }
    if (directory != NULL)
        closedir(directory);
}

static struct sockets sockets_of_peers(const struct plan *plan) {
    struct sockets sockets = {.is_every = plan->private_sandbox};
    DIR *directory = plan->private_sandbox ? NULL : opendir("/proc");
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
        if (is_descendant(atoi(entry->d_name)))
            add_sockets_of(atoi(entry->d_name), &sockets);
    if (directory != NULL)
        closedir(directory);
    return sockets;
}

static void reply_listener(const struct sockets *sockets, const char *kind, const char *name,
                           unsigned long inode) {
    bool is_known = sockets->is_every;
    for (size_t i = 0; i < sockets->count && !is_known; i++)
        is_known = sockets->inodes[i] == inode;
    if (!is_known)
        return;
    reply("listener");
    reply_text("kind", kind);
    reply_text("name", name);
    reply_end();
}

/// Lists the local ports of sockets in one state: 0A is a listener, 07 a bound datagram socket.
static void list_ports(const struct sockets *sockets, const char *path, const char *kind, unsigned wanted) {
    FILE *file = fopen(path, "re");
    char line[512];
    unsigned port, state;
    unsigned long inode;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char name[16];
        if (sscanf(line, " %*[^:]: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu", &port,
                   &state, &inode) != 3 ||
            state != wanted)
            continue;
        snprintf(name, sizeof name, "%u", port);
        reply_listener(sockets, kind, name, inode);
    }
    if (file != NULL)
        fclose(file);
}

void reply_listeners(const struct plan *plan) {
    struct sockets sockets = sockets_of_peers(plan);
    FILE *file = fopen("/proc/net/unix", "re");
    char line[512];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        unsigned flags, type;
        unsigned long inode;
        int name = 0;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%*s %*s %*s %x %x %*s %lu %n", &flags, &type, &inode, &name) < 3 || name == 0)
            continue;
        bool is_datagram = type == 2, listens = (flags & 0x10000) != 0;
        if (line[name] != '\0' && (is_datagram || listens))
            reply_listener(&sockets, "unix", line + name, inode);
    }
    if (file != NULL)
        fclose(file);
    list_ports(&sockets, "/proc/net/tcp", "tcp", 0x0A);
    list_ports(&sockets, "/proc/net/tcp6", "tcp", 0x0A);
    list_ports(&sockets, "/proc/net/udp", "udp", 0x07);
    list_ports(&sockets, "/proc/net/udp6", "udp", 0x07);
    free(sockets.inodes);
    reply("ok");
    reply_end();
}
