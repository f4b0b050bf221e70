#include "sandbox_init.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Reads the beginning of a file in /proc as NUL-terminated text. Returns -1 if the file cannot be read.
ssize_t read_proc(long long pid, const char *name, char *text, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%lld/%s", pid, name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor == -1)
        return -1;
    ssize_t length = read(descriptor, text, size - 1);
    close(descriptor);
    if (length >= 0)
        text[length] = '\0';
    return length;
}

bool read_command_name(long long pid, char *name, size_t size) {
    if (read_proc(pid, "comm", name, size) <= 0)
        return false;
    name[strcspn(name, "\n")] = '\0';
    return true;
}

/// Whether all threads of a process have permanently stopped executing its code. Such a process stays visible
/// for some time after its streams have been closed, until its parent reaps it.
bool is_ending(long long pid) {
    const unsigned long exiting = 4; // PF_EXITING, of linux/sched.h
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%lld/task", pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        return errno == ENOENT;
    bool ending = true;
    for (struct dirent *entry; ending && (entry = readdir(threads)) != NULL;) {
        if (atoi(entry->d_name) == 0)
            continue;
        snprintf(path, sizeof path, "task/%.20s/stat", entry->d_name);
        if (read_proc(pid, path, text, sizeof text) == -1) {
            ending = errno == ENOENT || errno == ESRCH;
            continue;
        }
        const char *name_end = strrchr(text, ')');
        unsigned long flags = 0;
        ending = name_end != NULL && sscanf(name_end, ") %*c %*d %*d %*d %*d %*d %lu", &flags) == 1 &&
                 (flags & exiting) != 0;
    }
    closedir(threads);
    return ending;
}

/// Returns the ABI of the program that a process executes, which determines the meaning of system call
/// numbers.
static const char *abi_of(long long pid) {
    union {
        char bytes[sizeof(Elf32_Ehdr) + 1];
        Elf32_Ehdr header; // both classes have the same layout up to e_machine
    } file;
    if (read_proc(pid, "exe", file.bytes, sizeof file.bytes) < (ssize_t)sizeof file.header ||
        memcmp(file.header.e_ident, ELFMAG, SELFMAG) != 0)
        return "unknown";
    bool wide = file.header.e_ident[EI_CLASS] == ELFCLASS64;
    switch (file.header.e_machine) {
    case EM_X86_64: return wide ? "x86-64" : "x32";
    case EM_386: return "i386";
    case EM_AARCH64: return "aarch64";
    default: return "unknown";
    }
}

static unsigned long long number_after(const char *text, const char *name, int base) {
    const char *line = strstr(text, name);
    return line != NULL ? strtoull(line + strlen(name), NULL, base) : 0;
}

/// Returns a signal mask from the text of /proc/PID/status.
unsigned long long status_mask(const char *status, const char *name) {
    return number_after(status, name, 16);
}

/// Reports what a process is doing: its state, the number and first argument of its system call, whether a
/// signal is pending, its tracer, the number of times that it has gone to sleep, and, on request, its kernel
/// stack.
void reply_process_state(const char *line) {
    long long pid = number_field(line, "pid", -1);
    char status[8192], call[256], later[256], stack[8192], wchan[128];
    if (read_proc(pid, "syscall", call, sizeof call) == -1)
        strcpy(call, errno == ENOENT || errno == ESRCH ? "gone" : "unreadable");
    if (read_proc(pid, "status", status, sizeof status) == -1) {
        reply_failure("open", "/proc/PID/status");
        return;
    }
    // The two files are not read at the same moment. The state belongs to the call only if the process is in
    // the same call before and after the state is read.
    if (read_proc(pid, "syscall", later, sizeof later) > 0 && strcmp(call, later) != 0)
        strcpy(call, "running");
    // Search at the start of a line: the first line contains a name chosen by the process.
    const char *state = strstr(status, "\nState:\t");
    unsigned long long pending = status_mask(status, "\nSigPnd:\t") | status_mask(status, "\nShdPnd:\t");
    char letter[2] = {state != NULL ? state[8] : '?', '\0'};
    char *rest = call;
    long number = strtol(call, &rest, 10);
    reply("ok");
    reply_text("state", letter);
    if (rest == call) {
        call[strcspn(call, "\n")] = '\0';
        reply_text("activity", call); // "running", or the reason why the call is unknown
    } else {
        reply_number("syscall", number);
        reply_number("arg0", (long long)strtoull(rest, NULL, 16));
        reply_text("abi", abi_of(pid));
    }
    reply_number("tracer", (long long)number_after(status, "\nTracerPid:\t", 10));
    reply_number("switches", (long long)number_after(status, "\nvoluntary_ctxt_switches:\t", 10));
    reply_text("pending", (pending & ~status_mask(status, "\nSigBlk:\t")) != 0 ? "yes" : "no");
    if (number_field(line, "stack", 0) != 0) {
        reply_text("ending", is_ending(pid) ? "yes" : "no");
        if (read_proc(pid, "wchan", wchan, sizeof wchan) > 0)
            reply_text("wchan", wchan);
        if (read_proc(pid, "stack", stack, sizeof stack) > 0)
            reply_text("stack", stack);
    }
    reply_end();
}

/// Reports the number of reads and writes that a process has made.
void reply_transfers(const char *line) {
    char text[512];
    // number_after() searches for a newline, so put one in front of the first line.
    text[0] = '\n';
    if (read_proc(number_field(line, "pid", -1), "io", text + 1, sizeof text - 1) == -1) {
        reply_failure("open", "/proc/PID/io");
        return;
    }
    reply("ok");
    reply_number("calls",
                 (long long)(number_after(text, "\nsyscr: ", 10) + number_after(text, "\nsyscw: ", 10)));
    reply_end();
}

/// Reports the arguments of the system call in which a process sleeps and, with `address`, the time that this
/// argument points to. If the process leaves the call in the meantime, the reply is only `ok`.
void reply_wait(const char *line) {
    const long long pid = number_field(line, "pid", -1);
    const int address = (int)number_field(line, "address", -1);
    char call[256], later[256], path[64];
    unsigned long long words[6];
    int64_t time[2] = {0, 0};
    long number;
    reply("ok");
    if (read_proc(pid, "syscall", call, sizeof call) > 0 &&
        sscanf(call, "%ld %llx %llx %llx %llx %llx %llx", &number, &words[0], &words[1], &words[2], &words[3],
               &words[4], &words[5]) == 7) {
        snprintf(path, sizeof path, "/proc/%lld/mem", pid);
        int memory =
            address >= 0 && address < 6 && words[address] != 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        bool read = memory != -1 && pread(memory, time, sizeof time, (off_t)words[address]) == sizeof time;
        if (memory != -1)
            close(memory);
        if (read_proc(pid, "syscall", later, sizeof later) > 0 && strcmp(call, later) == 0) {
            reply_number("syscall", number);
            for (int i = 0; i < 6; i++) {
                const char name[] = {'a', 'r', 'g', (char)('0' + i), '\0'};
                reply_number(name, (long long)words[i]);
            }
            if (read) {
                reply_number("seconds", time[0]);
                reply_number("nanoseconds", time[1]);
            }
        }
    }
    reply_end();
}

void reply_descriptors(const char *line) {
    char path[PATH_MAX], target[PATH_MAX], shared[PATH_MAX];
    const long long pid = number_field(line, "pid", -1);
    const char *list = field(line, "shared", NULL);
    strlcpy(shared, list != NULL ? list : "", sizeof shared);
    snprintf(path, sizeof path, "/proc/%lld/fd", pid);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        reply_failure("opendir", path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        // The link's permissions are the descriptor's access mode.
        struct stat link = {0}, file = {0};
        fstatat(dirfd(directory), entry->d_name, &link, AT_SYMLINK_NOFOLLOW);
        fstatat(dirfd(directory), entry->d_name, &file, 0);
        reply("descriptor");
        reply_text("fd", entry->d_name);
        reply_text("target", target);
        reply_format("access", "%s%s", link.st_mode & S_IRUSR ? "r" : "", link.st_mode & S_IWUSR ? "w" : "");
        reply_text("pipe", S_ISFIFO(file.st_mode) ? "yes" : "no");
        if (shared[0] != '\0')
            reply_status_flags(pid, entry->d_name, shared);
        reply_end();
    }
    closedir(directory);
    reply("ok");
    reply_signal_state(pid);
    reply_end();
}

/// Whether a process has a pipe open or, with `for_writing`, open for writing.
static bool holds(int pid, const char *target, bool for_writing) {
    char path[64], found[64];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *directory = opendir(path);
    bool holds = false;
    for (struct dirent *entry; directory != NULL && !holds && (entry = readdir(directory)) != NULL;) {
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, found, sizeof found - 1);
        if (length <= 0)
            continue;
        found[length] = '\0';
        struct stat link; // its permissions are the mode in which the file is open
        holds = strcmp(found, target) == 0 &&
                (!for_writing || (fstatat(dirfd(directory), entry->d_name, &link, AT_SYMLINK_NOFOLLOW) == 0 &&
                                  (link.st_mode & S_IWUSR)));
    }
    if (directory != NULL)
        closedir(directory);
    return holds;
}

/// Lists the processes that have a pipe open, or open for writing, and so delay the end of a role. Omits a
/// process that was killed, because it is about to close the pipe.
void reply_holders(const char *line) {
    char target[64], name[64];
    snprintf(target, sizeof target, "pipe:[%lld]", number_field(line, "inode", -1));
    DIR *directory = opendir("/proc");
    if (directory == NULL) {
        reply_failure("opendir", "/proc");
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        int pid = atoi(entry->d_name);
        if (pid <= 0 || pid == getpid() || !holds(pid, target, number_field(line, "writing", 0) != 0) ||
            is_ending(pid) || is_killed(pid))
            continue;
        reply("holder");
        reply_number("pid", pid);
        reply_text("name", read_command_name(pid, name, sizeof name) ? name : "");
        reply_end();
    }
    closedir(directory);
    reply("ok");
    reply_end();
}

/// Duplicates a peer's descriptor, for another peer to inherit as a child does.
void take_descriptor(const char *line) {
    int process = (int)syscall(SYS_pidfd_open, (pid_t)number_field(line, "pid", -1), 0);
    if (process == -1) {
        reply_failure("pidfd_open", "the peer");
        return;
    }
    // A number from the peer that does not fit into an int must not be truncated to a valid descriptor.
    const long long number = number_field(line, "fd", -1);
    int descriptor = (int)syscall(SYS_pidfd_getfd, process, number == (int)number ? (int)number : -1, 0);
    int reason = errno;
    close(process);
    errno = reason;
    if (descriptor == -1) {
        reply_failure("pidfd_getfd", "the peer's descriptor");
        return;
    }
    reply("ok");
    reply_number("fd", descriptor);
    reply_number("flags", fcntl(descriptor, F_GETFL));
    reply_end();
}
