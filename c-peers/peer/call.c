/* Parses requests and builds responses. */
#include "peer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The function that failed, if the operation is not named after it. */
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

/* Decodes in place: the decoded value is never longer. Returns false if a `%` is not followed by two
 * digits. */
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
        peer_invalid_request(call, "'%s' is given twice", word);
        return;
    }
    if (call->field_count == FIELD_COUNT) {
        peer_invalid_request(call, "more than %d parameters", FIELD_COUNT);
        return;
    }
    struct field *added = &call->fields[call->field_count++];
    *added = (struct field){.key = word, .value = equals + 1};
    if (!decode(added, end))
        peer_invalid_request(call, "a '%%' in '%s' is not followed by two hexadecimal digits", word);
}

/* Parses `line`, which must outlive the call: the operation and the fields point into it. */
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
        *word_end = '\0'; /* error messages can contain the word as a C string */
        parse_field(call, word, word_end);
    }
}

/* Rejects a parameter that the operation does not have, so that a typo is not ignored. */
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

/* Marks the request invalid. The first reason is reported. */
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

/* Rejects a request with a number that does not fit into this ABI's `type`: truncation would change its
 * meaning. */
void peer_unrepresentable(struct call *call, const char *type) {
    if (call->outcome != OK)
        return;
    call->outcome = UNSUPPORTED;
    call->response_length = 0;
    peer_reply(call, "type", "%s", type);
}

/* Sets the function that failed, if the operation is not named after it. Returns -1, and preserves errno. */
int peer_set_failed_call(const char *function) {
    failed_call = function;
    return -1;
}

/* Sets the function that failed, unless one is already set. Returns -1, and preserves errno. */
int peer_set_default_failed_call(const char *function) {
    return peer_set_failed_call(failed_call ? failed_call : function);
}

/* Makes the response a failure. Replaces the fields that were added before. */
void peer_fail(struct call *call, int error) {
    peer_fail_in(call, failed_call ? failed_call : call->operation, error);
}

/* Makes the response a failure of a call that first transferred `moved` bytes. */
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
    /* Reserves room for "unsupported", the longest first word of a response, and the newline. */
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

/* Adds a short text, such as a number or a name. */
void peer_reply(struct call *call, const char *key, const char *format, ...) {
    char value[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    peer_reply_bytes(call, key, value, strlen(value));
}
