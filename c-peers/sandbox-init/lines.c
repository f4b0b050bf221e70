#include "sandbox_init.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char out[MAX_LINE];
static size_t out_length;
static bool too_long; // whether a part of this line did not fit

static void put(char byte) {
    if (out_length < sizeof out - 1)
        out[out_length++] = byte;
    else
        too_long = true;
}

static void put_encoded(const char *bytes, size_t length) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        bool literal = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || (byte != 0 && strchr("-._~/|,:+@", byte) != NULL);
        if (literal) {
            put((char)byte);
        } else {
            put('%');
            put(digits[byte >> 4]);
            put(digits[byte & 0xF]);
        }
    }
}

void reply_bytes(const char *key, const char *bytes, size_t length) {
    put(' ');
    for (const char *c = key; *c != '\0'; c++)
        put(*c);
    put('=');
    put_encoded(bytes, length);
}

void reply(const char *kind) {
    out_length = 0;
    too_long = false;
    for (const char *c = kind; *c != '\0'; c++)
        put(*c);
}

void reply_text(const char *key, const char *value) {
    reply_bytes(key, value, strlen(value));
}

void reply_number(const char *key, long long value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", value);
    reply_text(key, text);
}

void reply_format(const char *key, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    reply_text(key, text);
}

void reply_end(void) {
    if (too_long) { // a truncated value would look complete
        errno = E2BIG;
        reply_failure("write", "a response");
        return;
    }
    out[out_length++] = '\n'; // put() always leaves room for the newline
    for (size_t sent = 0; sent < out_length;) {
        ssize_t count = write(STDOUT_FILENO, out + sent, out_length - sent);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return; // the runner has ended, so there will be no more commands
        sent += (size_t)count;
    }
}

void reply_failure(const char *call, const char *object) {
    int reason = errno;
    reply("failed");
    reply_text("call", call);
    reply_text("object", object);
    reply_text("errno", strerrorname_np(reason) != NULL ? strerrorname_np(reason) : "unknown");
    reply_text("reason", strerror(reason));
    reply_end();
}

// Descriptors that came with a command and have not been taken.
static int passed[MAX_PASSED];
static int passed_count, taken_count;

int next_descriptor(void) {
    if (taken_count == passed_count)
        return -1;
    int descriptor = passed[taken_count++];
    if (taken_count == passed_count)
        passed_count = taken_count = 0;
    return descriptor;
}

/// Reads standard input, a socket, like read(2), and keeps the descriptors that come with the bytes.
static ssize_t read_input(char *bytes, size_t size) {
    union {
        char bytes[CMSG_SPACE(sizeof passed)];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {bytes, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
    if (count > 0 && (message.msg_flags & MSG_CTRUNC) != 0)
        errx(1, "the descriptors of a command cannot be received: too many open files");
    struct cmsghdr *header = count > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return count;
    size_t length = header->cmsg_len - CMSG_LEN(0), used = (size_t)passed_count * sizeof *passed;
    if (used + length > sizeof passed)
        errx(1, "more than %d descriptors with a command", MAX_PASSED);
    memcpy((char *)passed + used, CMSG_DATA(header), length);
    passed_count += (int)(length / sizeof *passed);
    return count;
}

bool next_line(char **line) {
    static char in[MAX_LINE];
    static size_t length, consumed;

    memmove(in, in + consumed, length - consumed);
    length -= consumed;
    consumed = 0;
    char *end = memchr(in, '\n', length);
    if (end == NULL) {
        ssize_t count = read_input(in + length, sizeof in - length);
        if (count == 0)
            return false;
        if (count == -1) {
            *line = NULL;
            return errno == EINTR || errno == EAGAIN;
        }
        length += (size_t)count;
        end = memchr(in, '\n', length);
        if (end == NULL && length == sizeof in)
            errx(1, "a command is longer than %zu bytes", sizeof in);
    }
    *line = end != NULL ? in : NULL;
    if (end != NULL) {
        *end = '\0';
        consumed = (size_t)(end - in) + 1;
    }
    return true;
}

static int hex(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return (digit | 0x20) - 'a' + 10;
}

const char *field(const char *line, const char *key, size_t *length) {
    static char value[MAX_LINE];
    size_t key_length = strlen(key);
    for (const char *word = strchr(line, ' '); word != NULL; word = strchr(word, ' ')) {
        word++;
        if (strncmp(word, key, key_length) != 0 || word[key_length] != '=')
            continue;
        size_t used = 0;
        for (const char *c = word + key_length + 1; *c != '\0' && *c != ' '; c++) {
            if (*c == '%' && isxdigit((unsigned char)c[1]) && isxdigit((unsigned char)c[2])) {
                value[used++] = (char)(hex(c[1]) << 4 | hex(c[2]));
                c += 2;
            } else {
                value[used++] = *c;
            }
        }
        value[used] = '\0';
        if (length != NULL)
            *length = used;
        return value;
    }
    return NULL;
}

long long number_field(const char *line, const char *key, long long absent) {
    const char *value = field(line, key, NULL);
    return value != NULL ? strtoll(value, NULL, 10) : absent;
}
