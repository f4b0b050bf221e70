#include "intercept.h"

#include "generated.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char chosen[64];
static bool is_recording;

bool generated_mutant_switch_on(const char *name) {
    return (size_t)snprintf(chosen, sizeof chosen, "%s", name) < sizeof chosen && strchr(name, ':');
}

void generated_mutant_record(void) {
    is_recording = true;
}

/* Returns whether the mutant with this name is enabled. While recording, it returns false, and writes
 * each name once. */
__attribute__((format(printf, 2, 3))) static bool is_on(const struct call *call, const char *format, ...) {
    enum { MOST = 8192 };
    static uint32_t written[MOST];
    char name[sizeof chosen];
    size_t length = (size_t)snprintf(name, sizeof name, "%s:", call->name);
    va_list rest;
    va_start(rest, format);
    vsnprintf(name + length, sizeof name - length, format, rest);
    va_end(rest);
    if (!is_recording)
        return strcmp(name, chosen) == 0;
    uint32_t hash = 1;
    for (const char *c = name; *c; c++)
        hash = hash * 31 + (unsigned char)*c;
    size_t place = hash % MOST;
    while (written[place] && written[place] != hash)
        place = (place + 1) % MOST;
    if (!written[place]) {
        written[place] = hash;
        dprintf(STDERR_FILENO, "reached %s\n", name);
    }
    return false;
}

/* The changed timespec that is passed to a call. */
static struct timespec other_time;

static void change_time(const struct call *call, int number, long *argument) {
    const struct timespec *time = (const struct timespec *)*argument;
    if (!time)
        return;
    other_time = *time;
    if (time->tv_nsec != 0 && is_on(call, "arg%d:no-nanoseconds", number)) {
        other_time.tv_nsec = 0;
        *argument = (long)&other_time;
    }
    if ((time->tv_sec | time->tv_nsec) != 0 && is_on(call, "arg%d:half", number)) {
        other_time.tv_nsec = (time->tv_nsec + time->tv_sec % 2 * 1000000000) / 2;
        other_time.tv_sec = time->tv_sec / 2;
        *argument = (long)&other_time;
    }
    if (is_on(call, "arg%d:null", number))
        *argument = 0;
}

static void change_number(const struct call *call, int number, char kind, long *argument) {
    long value = *argument;
    bool is_long = kind == 'n' || kind == 'o';
    if (is_long && value != (long)(uint32_t)value && is_on(call, "arg%d:truncate-32", number))
        *argument = (long)(uint32_t)value;
    if ((is_long ? value : (int)value) != (uint16_t)value && is_on(call, "arg%d:truncate-16", number))
        *argument = (uint16_t)value;
    if ((is_long ? value : (int)value) != (uint8_t)value && is_on(call, "arg%d:truncate-8", number))
        *argument = (uint8_t)value;
    if (kind == 'd')
        return;
    if (is_on(call, "arg%d:plus-1", number))
        *argument = value + 1;
    if (is_on(call, "arg%d:minus-1", number))
        *argument = value - 1;
}

/* Whether an argument consists of bits. A variadic argument counts only if it was passed. */
static bool has_bits(char kind, const long arguments[7], int place) {
    if (kind == 'm')
        return arguments[place - 1] & O_CREAT;
    if (kind == 'a')
        return arguments[1] == F_SETFL || arguments[1] == F_SETFD || arguments[1] == F_ADD_SEALS;
    return kind == 'f';
}

static void change_arguments(const struct call *call, long arguments[7]) {
    for (int i = 0; call->arguments[i]; i++) {
        char kind = call->arguments[i], next = call->arguments[i + 1];
        if (has_bits(kind, arguments, i))
            for (int bit = 0; bit < 32; bit++)
                if ((uint32_t)arguments[i] >> bit & 1 && is_on(call, "arg%d:clear-bit-%d", i + 1, bit))
                    arguments[i] &= ~(1L << bit);
        if (kind == 't')
            change_time(call, i + 1, &arguments[i]);
        if (strchr("dnovk", kind))
            change_number(call, i + 1, kind, &arguments[i]);
        bool are_numbers = next && strchr("dnovkf", kind) && strchr("dnovkf", next);
        if (next && (are_numbers || (kind == 'p' && next == 'p')) && arguments[i] != arguments[i + 1] &&
            is_on(call, "arg%d:swap", i + 1)) {
            long first = arguments[i];
            arguments[i] = arguments[i + 1];
            arguments[i + 1] = first;
        }
    }
}

static long perform(const struct call *call, const long a[7]) {
    long result = call->real(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
    return call->result == RESULT_C || call->result == RESULT_P ? result : (int)result;
}

/* The errno of a call that failed; 0 if it succeeded. */
static int failure(const struct call *call, long result) {
    if (call->result == RESULT_E)
        return (int)result;
    if (call->result == RESULT_P && strcmp(call->name, "sem_open") == 0)
        return result == 0 ? errno : 0;
    return result == -1 ? errno : 0;
}

static long change_failure(const struct call *call, const long arguments[7], long result, int error) {
    while (error == EINTR && is_on(call, "result:retry-EINTR")) {
        result = perform(call, arguments);
        error = failure(call, result);
        if (error != EINTR)
            break;
    }
    if (error == 0)
        return result;
    const char *symbol = strerrorname_np(error);
    int other = error == EIO ? EINVAL : EIO;
    if (call->result != RESULT_P && call->result != RESULT_D && is_on(call, "result:ignore-%s", symbol))
        return 0;
    if (is_on(call, "result:other-than-%s", symbol)) {
        if (call->result == RESULT_E)
            return other;
        error = other;
    }
    errno = error;
    return result;
}

static long change_success(const struct call *call, const long arguments[7], long result) {
    bool is_count = call->result == RESULT_C || call->result == RESULT_I;
    const char *length = strchr(call->arguments, 'n');
    if (is_count && length && result > 0 && result < arguments[length - call->arguments] &&
        is_on(call, "result:whole"))
        return arguments[length - call->arguments];
    if ((is_count && result > 0) || call->result == RESULT_V) {
        if (is_on(call, "result:minus-1"))
            return result - 1;
        if (is_on(call, "result:plus-1"))
            return result + 1;
    }
    return result;
}

/* Whether the call performs IPC, rather than serving the protocol or a language runtime. */
static bool concerns_ipc(const struct call *call, const long arguments[7]) {
    if (call->arguments[0] == 'd' && arguments[0] >= 0 && (int)arguments[0] <= STDERR_FILENO)
        return false;
    if (strcmp(call->name, "syscall") == 0)
        return arguments[0] == SYS_futex;
    const char *mutex = strchr(call->arguments, 'M');
    if (!mutex)
        return true;
    enum { ROBUST = 16, SHARED = 128 };
    return ((const pthread_mutex_t *)arguments[mutex - call->arguments])->__data.__kind & (ROBUST | SHARED);
}

long intercept(const struct call *call, long arguments[7]) {
    if ((!is_recording && !*chosen) || !concerns_ipc(call, arguments))
        return call->real(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5],
                          arguments[6]);
    int before = errno;
    change_arguments(call, arguments);
    bool is_status = call->result == RESULT_Z || call->result == RESULT_E;
    if (is_status && is_on(call, "skip")) {
        errno = before;
        return 0;
    }
    errno = before;
    long result = perform(call, arguments);
    int error = failure(call, result);
    if (error)
        return change_failure(call, arguments, result, error);
    if (*call->arguments && is_on(call, "double"))
        perform(call, arguments);
    result = change_success(call, arguments, result);
    errno = before;
    return result;
}
