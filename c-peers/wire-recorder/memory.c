#include "recorder.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

size_t read_some(const struct tracee *tracee, uint64_t address, void *bytes, size_t length) {
    struct iovec here = {bytes, length}, there = {(void *)address, length};
    ssize_t count = process_vm_readv(tracee->thread, &here, 1, &there, 1, 0);
    return count < 0 ? 0 : (size_t)count;
}

bool read_memory(const struct tracee *tracee, uint64_t address, void *bytes, size_t length) {
    return read_some(tracee, address, bytes, length) == length;
}

bool read_text(const struct tracee *tracee, uint64_t address, char *text, size_t size) {
    // A read stops at the first missing page, so the page after the text does not have to exist.
    for (size_t length = 0; length < size;) {
        size_t page = 4096 - (address + length) % 4096;
        size_t count =
            read_some(tracee, address + length, text + length, page < size - length ? page : size - length);
        if (count == 0)
            return false;
        if (memchr(text + length, '\0', count) != NULL)
            return true;
        length += count;
    }
    return false;
}

bool read_path(const struct tracee *tracee, int64_t directory, uint64_t address, char *path) {
    char given[MAX_PATH], link[64], base[MAX_PATH];
    if (!read_text(tracee, address, given, sizeof given))
        return false;
    if (given[0] == '/') {
        strlcpy(path, given, MAX_PATH);
        return true;
    }
    if ((int)directory == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/%d/cwd", tracee->thread);
    else
        snprintf(link, sizeof link, "/proc/%d/fd/%d", tracee->thread, (int)directory);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length <= 0)
        return false;
    base[length] = '\0';
    return snprintf(path, MAX_PATH, "%s/%s", length == 1 ? "" : base, given) < MAX_PATH;
}
