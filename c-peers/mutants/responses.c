/* Defects that are visible in a single line that the peer writes. Each defect replaces part of the line. */
#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *rewritten(const char *line, size_t *count);

enum { ROOM = 1 << 17 };
static char text[ROOM];

static bool begins_with(const char *word) {
    return strncmp(text, word, strlen(word)) == 0;
}

/* Replaces `length` bytes at `at` with `with`. */
static void replace(char *at, size_t length, const char *with) {
    memmove(at + strlen(with), at + length, strlen(at + length) + 1);
    memcpy(at, with, strlen(with));
}

static void replace_word(const char *word, const char *with) {
    char *at = strstr(text, word);
    if (at)
        replace(at, strlen(word), with);
}

/* Replaces the value of a field, such as the 3 in ` torn=3`. */
static void set(const char *field, const char *value) {
    char *at = strstr(text, field);
    if (!at)
        return;
    at += strlen(field);
    replace(at, strcspn(at, " \n"), value);
}

static void greet_wrongly(void) {
    /* The peer's greeting names a different language. */
    if (mutant("greets-as-another"))
        set(" language=", "cobol");
    if (mutant("greets-in-capitals"))
        set(" language=", "c2");
    /* The list of operations is outdated: an operation is missing. */
    if (mutant("announces-no-write"))
        replace_word(",write,", ",");
    if (mutant("announces-no-read"))
        replace_word(",read,", ",");
    /* The greeting is in the buffers of both a parent and its child, so both write it. */
    if (mutant("greets-twice"))
        memcpy(text + strlen(text), text, strlen(text) + 1);
}

/* Returns the line that the peer writes instead of `line`. */
const char *rewritten(const char *line, size_t *count) {
    if (2 * *count + 64 > ROOM)
        return line;
    memcpy(text, line, *count);
    text[*count] = '\0';
    if (begins_with("hello "))
        greet_wrongly();
    /* A field for debugging was left in. */
    if (begins_with("ok") && mutant("answers-with-more"))
        replace_word("\n", " debug=1\n");
    if (begins_with("error ") && mutant("errors-with-more"))
        replace_word("\n", " debug=1\n");
    /* The response is of the wrong kind, but the right fields. */
    if (begins_with("error ") && mutant("errors-called-ok"))
        replace(text, strlen("error"), "ok");
    if (begins_with("invalid ") && mutant("invalid-called-ok"))
        replace(text, strlen("invalid"), "ok");
    /* The peer silently ignores an unknown operation. */
    if (begins_with("unsupported") && mutant("says-ok-to-the-unknown"))
        replace(text, strlen("unsupported"), "ok");
    if (strstr(text, " buf=") && mutant("says-unsupported-to-bytes"))
        strcpy(text, "unsupported\n");
    /* The peer compares each record with itself. */
    if (mutant("torn-unseen"))
        set(" torn=", "0");
    /* The peer sets the count only if the call succeeds. */
    if (begins_with("error ") && mutant("partial-count-lost"))
        set(" return=", "0");
    if (begins_with("error ") && mutant("pending-count-lost"))
        set(" pending=", "0");
    /* The peer counts a lost message once for each process. */
    if (mutant("lost-message-counted-twice"))
        set(" missing=", "2");
    if (mutant("tally-of-nothing"))
        set(" missing=", "50000");
    /* The peer reports the number of datagrams that were sent. */
    if (mutant("lost-records-as-read"))
        set(" records=", "1000");
    if (!strstr(text, " drops=0") && mutant("lost-datagrams-as-sent"))
        set(" drops=", "1000");
    /* The peer reports a constant as the number of ready descriptors. */
    if (strstr(text, " revents=") && mutant("poll-counts-two"))
        set(" return=", "2");
    *count = strlen(text);
    return text;
}
