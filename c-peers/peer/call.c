/* A request taken apart, and an answer put together. */
#include "peer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The function that failed, where it is not the one that the operation is named for. */
static const char *failed_call;

static int hexadecimal_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Decodes in place: what is decoded is never longer. False when a `%` has no two digits behind it. */
static bool decode(struct field *field, const char *end) {
    char *to = field->value;
    for (const char *from = field->value; from < end; to++) {
        if (*from != '%') {
            *to = *from++;
            continue;
        }
        if (end - from < 3)
            return false;
        int high = hexadecimal_digit(from[1]), low = hexadecimal_digit(from[2]);
        if (high == -1 || low == -1)
            return false;
        *to = (char)(high << 4 | low);
        from += 3;
    }
    *to = '\0';
    field->length = (size_t)(to - field->value);
    return true;
}

static void parse_field(struct call *call, char *word, char *end) {
    char *equals = memchr(word, '=', (size_t)(end - word));
    if (!equals || equals == word) {
        peer_invalid_request(call, "'%s' is not of the form key=value", word);
        return;
    }
    *equals = '\0';
    if (peer_field(call, word)) {
        peer_invalid_request(call, "'%s' stands twice", word);
        return;
    }
    if (call->field_count == FIELD_COUNT) {
        peer_invalid_request(call, "more than %d parameters", FIELD_COUNT);
        return;
    }
    struct field *added = &call->fields[call->field_count++];
    *added = (struct field){.key = word, .value = equals + 1};
    if (!decode(added, end))
        peer_invalid_request(call, "a '%%' in '%s' has no two hexadecimal digits behind it", word);
}

/* Takes apart `line`, which must outlive the call: operation and fields point into it. */
void peer_parse(struct call *call, char *line, size_t length) {
    failed_call = NULL;
    call->outcome = OK;
    call->field_count = call->response_length = 0;
    call->response_too_long = false;
    call->operation = line;
    if (length >= LINE_SIZE) {
        peer_invalid_request(call, "the line is longer than %d bytes", LINE_SIZE);
        return;
    }
    char *end = line + length;
    char *space = memchr(line, ' ', length);
    if (length == 0 || space == line) {
        peer_invalid_request(call, "a line begins with an operation");
        return;
    }
    while (space && call->outcome == OK) {
        char *word = space + 1;
        *space = '\0';
        space = memchr(word, ' ', (size_t)(end - word));
        char *word_end = space ? space : end;
        *word_end = '\0'; /* for the messages; `space` finds its way without it */
        parse_field(call, word, word_end);
    }
}

/* Refuses a parameter that the operation does not have: it is a slip of the pen, and would be ignored
 * silently. */
void peer_check_keys(struct call *call, const char *takes) {
    for (size_t i = 0; i < call->field_count; i++) {
        const char *key = call->fields[i].key;
        size_t length = strlen(key);
        const char *known = takes;
        while (known &&
               !(strncmp(known, key, length) == 0 && (known[length] == ' ' || known[length] == '\0'))) {
            known = strchr(known, ' ');
            known = known ? known + 1 : NULL;
        }
        if (!known)
            peer_invalid_request(call, "%s takes no '%s'", call->operation, key);
    }
}

/* The request is wrong. The first reason is the one that is told. */
void peer_invalid_request(struct call *call, const char *reason, ...) {
    if (call->outcome == INVALID)
        return;
    char text[512];
    va_list arguments;
    va_start(arguments, reason);
    vsnprintf(text, sizeof text, reason, arguments);
    va_end(arguments);
    call->outcome = INVALID;
    call->response_length = 0;
    call->response_too_long = false;
    peer_reply_bytes(call, "reason", text, strlen(text));
}

/* Says which function failed, where that is not the one that the operation is named for. Returns what a call
 * that failed returns, and leaves errno alone. */
int peer_set_failed_call(const char *function) {
    failed_call = function;
    return -1;
}

/* The same, unless a function was set already. */
int peer_set_default_failed_call(const char *function) {
    return peer_set_failed_call(failed_call ? failed_call : function);
}

/* The call failed. Takes the place of what was answered before. */
void peer_fail(struct call *call, int error) {
    peer_fail_in(call, failed_call ? failed_call : call->operation, error);
}

/* It failed when `moved` bytes had been transferred. */
void peer_fail_after(struct call *call, int error, ssize_t moved) {
    peer_fail(call, error);
    if (moved > 0)
        peer_reply(call, "return", "%zd", moved);
}

void peer_fail_in(struct call *call, const char *function, int error) {
    const char *name = strerrorname_np(error);
    call->outcome = FAILED;
    call->response_length = 0;
    if (name)
        peer_reply(call, "errno", "%s", name);
    else
        peer_reply(call, "errno", "E%d", error);
    peer_reply(call, "call", "%s", function);
}

static bool is_literal(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~/|,:+@", c));
}

void peer_reply_bytes(struct call *call, const char *key, const void *bytes, size_t length) {
    /* "unsupported", the longest kind of answer, and the line end must fit as well. */
    const size_t room = sizeof call->response - 16 - call->response_length;
    if (strlen(key) + 2 + 3 * length > room) {
        call->response_too_long = true;
        return;
    }
    char *to = call->response + call->response_length;
    *to++ = ' ';
    to = stpcpy(to, key);
    *to++ = '=';
    for (const unsigned char *from = bytes; length > 0; length--, from++) {
        if (is_literal(*from)) {
            *to++ = (char)*from;
        } else {
            *to++ = '%';
            *to++ = "0123456789ABCDEF"[*from >> 4];
            *to++ = "0123456789ABCDEF"[*from & 0xF];
        }
    }
    call->response_length = (size_t)(to - call->response);
}

/* For numbers and names, which are short. */
void peer_reply(struct call *call, const char *key, const char *format, ...) {
    char value[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    peer_reply_bytes(call, key, value, strlen(value));
}
