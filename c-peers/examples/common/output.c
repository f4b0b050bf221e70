/* The output of the example programs. */
#include "example.h"

#include <stdarg.h>

/* Flushes the line. Each step is then visible when it happens, and a child that is forked later does not
 * print the contents of the buffer again. */
void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    if (fflush(stdout) == EOF)
        err(EXIT_FAILURE, "write 'standard output'");
}

/* Received bytes may have any values, and need not end with a NUL. */
const char *shown(const void *bytes, size_t length) {
    static char *text;
    const unsigned char *byte = bytes;
    if (length > 0 && byte[length - 1] == '\0')
        length--;
    char *to = text = reallocf(text, 4 * length + 1);
    if (!text)
        err(EX_OSERR, "malloc");
    for (; length > 0; length--, byte++)
        to += sprintf(to, *byte >= 0x20 && *byte < 0x7f ? "%c" : "\\x%02x", *byte);
    *to = '\0';
    return text;
}
