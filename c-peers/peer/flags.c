/* Converts numbers to their names in the manual pages, and back. */
#include "peer.h"

#include <string.h>

static const struct symbol *find(const char *name, size_t length, const struct symbol *table) {
    for (; table->name; table++)
        if (strlen(table->name) == length && strncmp(table->name, name, length) == 0)
            return table;
    return NULL;
}

int peer_symbol(struct call *call, const char *key, const struct symbol *table) {
    const char *value = peer_text(call, key);
    const struct symbol *found = find(value, strlen(value), table);
    if (!found)
        peer_invalid_request(call, "there is no %s %.64s", key, value);
    return found ? (int)found->value : -1;
}

int peer_symbol_or(struct call *call, const char *key, const struct symbol *table, int fallback) {
    return peer_has(call, key) ? peer_symbol(call, key, table) : fallback;
}

bool peer_parse_flags(const char *text, const struct symbol *table, int *flags) {
    *flags = 0;
    if (strcmp(text, "0") == 0)
        return true;
    for (;;) {
        size_t length = strcspn(text, "|");
        const struct symbol *found = find(text, length, table);
        if (!found)
            return false;
        *flags |= (int)found->value;
        if (!text[length])
            return true;
        text += length + 1;
    }
}

int peer_flags(struct call *call, const char *key, const struct symbol *table) {
    const char *value = peer_text(call, key);
    int result = 0;
    if (!peer_parse_flags(value, table, &result))
        peer_invalid_request(call, "%s=%.64s: no such flag", key, value);
    return result;
}

int peer_flags_or(struct call *call, const char *key, const struct symbol *table, int fallback) {
    return peer_has(call, key) ? peer_flags(call, key, table) : fallback;
}

void peer_reply_flags(struct call *call, const char *key, long value, const struct symbol *table) {
    char spelt[256] = "";
    peer_format_flags(spelt, sizeof spelt, value, table);
    peer_reply(call, key, "%s", *spelt ? spelt : "0");
}

/* Appends the names of the bits that are set; bits without a name are ignored. */
void peer_format_flags(char *text, size_t size, long value, const struct symbol *table) {
    for (; table->name; table++) {
        if (table->value == 0 || (value & table->value) != table->value)
            continue;
        if (*text)
            strlcat(text, "|", size);
        strlcat(text, table->name, size);
    }
}

const char *peer_symbol_name(long value, const struct symbol *table) {
    for (; table->name; table++)
        if (table->value == value)
            return table->name;
    return NULL;
}
