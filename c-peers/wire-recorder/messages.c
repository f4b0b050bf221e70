#include "recorder.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_PARTS = 1024, MAX_PASSED = 64, MAX_CONTROL = 4096 };

/// A message in a process's memory, in parts.
struct message {
    struct iovec parts[MAX_PARTS];
    size_t count;
    size_t length;              // the number of bytes that were transferred
    struct sockaddr_storage to; // the destination or, if the message was received, the source
    socklen_t to_length;
};

static struct message message;

static bool single_part(uint64_t address, int64_t length) {
    message.parts[0] = (struct iovec){(void *)address, (size_t)length};
    message.count = 1;
    message.length = (size_t)length;
    message.to_length = 0;
    return true;
}

static bool several_parts(const struct tracee *tracee, uint64_t vector, uint64_t count, int64_t length) {
    message.count = count < MAX_PARTS ? count : MAX_PARTS;
    message.length = (size_t)length;
    message.to_length = 0;
    return read_memory(tracee, vector, message.parts, message.count * sizeof *message.parts);
}

/// Reports the fields of the current event, in as many lines as the bytes need. The caller has spent their
/// number.
static void report_bytes(const struct tracee *tracee, const char *id) {
    static unsigned char piece[MAX_PIECE];
    size_t rest = message.length, part = 0, at = 0;
    do {
        size_t filled = 0;
        bool unreadable = false;
        while (filled < sizeof piece && rest > 0 && part < message.count) {
            size_t left = message.parts[part].iov_len - at;
            size_t wanted = left < rest ? left : rest;
            wanted = wanted < sizeof piece - filled ? wanted : sizeof piece - filled;
            unreadable = unreadable || !read_memory(tracee, (uint64_t)message.parts[part].iov_base + at,
                                                    piece + filled, wanted);
            filled += wanted;
            rest -= wanted;
            at += wanted;
            if (at == message.parts[part].iov_len) {
                part++;
                at = 0;
            }
        }
        bool more = rest > 0 && part < message.count;
        number_field("more", more);
        if (unreadable)
            number_field("unreadable", 1);
        bytes_field("bytes", piece, filled);
        end_event();
        if (!more)
            return;
        event("part", tracee->process);
        text_field("id", id);
    } while (true);
}

static void report_passed(const struct tracee *tracee, uint64_t control, size_t length) {
    _Alignas(struct cmsghdr) char bytes[MAX_CONTROL];
    struct msghdr header = {.msg_control = bytes,
                            .msg_controllen = length < sizeof bytes ? length : sizeof bytes};
    if (control == 0 || !read_memory(tracee, control, bytes, header.msg_controllen))
        return;
    int passed[MAX_PASSED], count = 0;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&header); item != NULL; item = CMSG_NXTHDR(&header, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS || item->cmsg_len < CMSG_LEN(0))
            continue;
        size_t size = item->cmsg_len - CMSG_LEN(0);
        const size_t room = (size_t)((unsigned char *)bytes + header.msg_controllen - CMSG_DATA(item));
        for (size_t i = 0;
             (i + 1) * sizeof(int) <= size && (i + 1) * sizeof(int) <= room && count < MAX_PASSED; i++)
            memcpy(&passed[count++], CMSG_DATA(item) + i * sizeof(int), sizeof(int));
    }
    for (int i = 0; i < count; i++) {
        char path[64], link[MAX_PATH], id[ID_SIZE];
        snprintf(path, sizeof path, "/proc/%d/fd/%d", tracee->process, passed[i]);
        ssize_t size = readlink(path, link, sizeof link - 1);
        bool known = identify(tracee, passed[i], id);
        event("pass", tracee->process);
        link[size > 0 ? size : 0] = '\0';
        text_field("link", link);
        if (known)
            text_field("id", id);
        end_event();
    }
}

static bool whole_message(const struct tracee *tracee, uint64_t address, int64_t length) {
    struct msghdr header;
    if (!read_memory(tracee, address, &header, sizeof header) ||
        !several_parts(tracee, (uint64_t)header.msg_iov, header.msg_iovlen, length))
        return false;
    if (header.msg_name != NULL && header.msg_namelen <= sizeof message.to &&
        read_memory(tracee, (uint64_t)header.msg_name, &message.to, header.msg_namelen))
        message.to_length = header.msg_namelen;
    report_passed(tracee, (uint64_t)header.msg_control, header.msg_controllen);
    return true;
}

/// Reports bytes that went to a descriptor, or, with "receive", came from a pipe or socket.
static void report_transfer(const struct tracee *tracee, const char *kind, int descriptor) {
    char id[ID_SIZE], path[64];
    struct stat status;
    const bool receives = strcmp(kind, "receive") == 0;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", tracee->process, descriptor);
    if (stat(path, &status) == -1 || (receives && !S_ISSOCK(status.st_mode) && !S_ISFIFO(status.st_mode)) ||
        !identify(tracee, descriptor, id) || !spend(message.length))
        return;
    event(kind, tracee->process);
    text_field("id", id);
    time_field(tracee);
    if (S_ISSOCK(status.st_mode)) {
        end_of_descriptor(tracee, "local", descriptor, false);
        if (message.to_length > 0)
            address_field(tracee, "to", (struct sockaddr *)&message.to, message.to_length);
        else
            end_of_descriptor(tracee, "to", descriptor, true);
    }
    report_bytes(tracee, id);
}

static void report_several(const struct tracee *tracee, const char *kind, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        struct mmsghdr header;
        const uint64_t address = tracee->arguments[1] + (uint64_t)i * sizeof header;
        if (read_memory(tracee, address, &header, sizeof header) &&
            whole_message(tracee, address, (int64_t)header.msg_len))
            report_transfer(tracee, kind, (int)tracee->arguments[0]);
    }
}

static void report_queued(const struct tracee *tracee) {
    char id[ID_SIZE];
    if (!identify(tracee, (int)tracee->arguments[0], id) || !spend(tracee->arguments[2]))
        return;
    single_part(tracee->arguments[1], (int64_t)tracee->arguments[2]);
    event("send", tracee->process);
    text_field("id", id);
    time_field(tracee);
    number_field("priority", (long long)(unsigned)tracee->arguments[3]);
    report_bytes(tracee, id);
}

static void report_dequeued(const struct tracee *tracee, int64_t length) {
    char id[ID_SIZE];
    unsigned priority;
    if (!identify(tracee, (int)tracee->arguments[0], id) || !spend((size_t)length))
        return;
    single_part(tracee->arguments[1], length);
    event("receive", tracee->process);
    text_field("id", id);
    if (tracee->arguments[3] != 0 && read_memory(tracee, tracee->arguments[3], &priority, sizeof priority))
        number_field("priority", priority);
    report_bytes(tracee, id);
}

/// Reads the source address of recvfrom(2).
static void read_source(const struct tracee *tracee) {
    socklen_t length;
    const uint64_t *a = tracee->arguments;
    if (a[4] != 0 && a[5] != 0 && read_memory(tracee, a[5], &length, sizeof length) &&
        length <= sizeof message.to && read_memory(tracee, a[4], &message.to, length))
        message.to_length = length;
}

static void report_unseen(const struct tracee *tracee, const char *call) {
    event("unseen", tracee->process);
    text_field("what", call);
    end_event();
}

/// Reports the bytes that a call has received, unless the call only peeks.
static bool leave_reception(struct tracee *tracee, int64_t result) {
    const uint64_t *a = tracee->arguments;
    bool found = false;
    switch (tracee->number) {
    case SYS_read: found = single_part(a[1], result); break;
    case SYS_readv:
    case SYS_preadv2: found = several_parts(tracee, a[1], a[2], result); break;
    case SYS_recvfrom:
        found = (a[3] & MSG_PEEK) == 0 && single_part(a[1], result < (int64_t)a[2] ? result : (int64_t)a[2]);
        read_source(tracee);
        break;
    case SYS_recvmsg: found = (a[2] & MSG_PEEK) == 0 && whole_message(tracee, a[1], result); break;
    case SYS_recvmmsg:
        if ((a[3] & MSG_PEEK) == 0)
            report_several(tracee, "receive", result);
        return true;
    case SYS_mq_timedreceive: report_dequeued(tracee, result); return true;
    default: return false;
    }
    if (found)
        report_transfer(tracee, "receive", (int)a[0]);
    return true;
}

bool leave_message_call(struct tracee *tracee, int64_t result) {
    const uint64_t *a = tracee->arguments;
    bool found = false;
    if (leave_reception(tracee, result))
        return true;
    switch (tracee->number) {
    case SYS_write:
    case SYS_pwrite64: found = single_part(a[1], result); break;
    case SYS_writev:
    case SYS_pwritev:
    case SYS_pwritev2: found = several_parts(tracee, a[1], a[2], result); break;
    case SYS_sendto:
        found = single_part(a[1], result);
        if (a[4] != 0 && a[5] <= sizeof message.to && read_memory(tracee, a[4], &message.to, a[5]))
            message.to_length = (socklen_t)a[5];
        break;
    case SYS_sendmsg: found = whole_message(tracee, a[1], result); break;
    case SYS_sendmmsg: report_several(tracee, "send", result); return true;
    case SYS_mq_timedsend: report_queued(tracee); return true;
    case SYS_sendfile: report_unseen(tracee, "sendfile"); return true;
    case SYS_splice: report_unseen(tracee, "splice"); return true;
    case SYS_tee: report_unseen(tracee, "tee"); return true;
    case SYS_vmsplice: report_unseen(tracee, "vmsplice"); return true;
    case SYS_process_vm_writev:
        if ((pid_t)a[0] != tracee->process) // the library uses this call to copy within its own process
            report_unseen(tracee, "process_vm_writev");
        return true;
    case SYS_io_uring_setup: report_unseen(tracee, "io_uring"); return true;
    default: return false;
    }
    if (found)
        report_transfer(tracee, "send", (int)a[0]);
    return true;
}
