#include "recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A line has at most one sequence of bytes and a few texts.
static char line[1 << 17];
static size_t used;
static size_t spent;

static void put(char byte) {
    if (used < sizeof line - 1)
        line[used++] = byte;
}

void event(const char *kind, pid_t process) {
    used = 0;
    for (const char *c = kind; *c != '\0'; c++)
        put(*c);
    number_field("pid", process);
}

void bytes_field(const char *key, const void *bytes, size_t length) {
    static const char digits[] = "0123456789ABCDEF";
    put(' ');
    for (const char *c = key; *c != '\0'; c++)
        put(*c);
    put('=');
    for (const unsigned char *byte = bytes; length > 0; byte++, length--) {
        bool literal = (*byte >= 'a' && *byte <= 'z') || (*byte >= 'A' && *byte <= 'Z') ||
                       (*byte >= '0' && *byte <= '9') || (*byte != 0 && strchr("-._~/|,:+@", *byte) != NULL);
        if (literal) {
            put((char)*byte);
        } else {
            put('%');
            put(digits[*byte >> 4]);
            put(digits[*byte & 0xF]);
        }
    }
}

void text_field(const char *key, const char *value) {
    bytes_field(key, value, strlen(value));
}

void number_field(const char *key, long long value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", value);
    text_field(key, text);
}

void octal_field(const char *key, unsigned value) {
    char text[24];
    snprintf(text, sizeof text, "%o", value);
    text_field(key, text);
}

void time_field(const struct tracee *tracee) {
    number_field("since", tracee->since);
}

void end_event(void) {
    line[used++] = '\n';
    for (size_t sent = 0; sent < used;) {
        ssize_t count = write(OUTPUT, line + sent, used - sent);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            _exit(1); // the runner has ended, so the sandbox is ending too
        sent += (size_t)count;
    }
}

bool spend(size_t bytes) {
    if (spent > MAX_BYTES)
        return false;
    spent += bytes;
    if (spent <= MAX_BYTES)
        return true;
    event("limit", 0);
    end_event();
    return false;
}
