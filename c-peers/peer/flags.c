/* Numbers by the names that the manual pages give them, in both directions. */
#include "peer.h"

#include <string.h>

static const struct symbol *find(const char *name, size_t length, const struct symbol *table) {
    for (; table->name; table++)
        if (strlen(table->name) == length && strncmp(table->name, name, length) == 0)
            return table;
    return NULL;
}

int one_of(struct call *call, const char *key, const struct symbol *table) {
    const char *value = text(call, key);
    const struct symbol *found = find(value, strlen(value), table);
    if (!found)
        refuse(call, "there is no %s %.64s", key, value);
    return found ? (int)found->value : -1;
}

bool parse_flags(const char *text, const struct symbol *table, int *flags) {
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

int flags(struct call *call, const char *key, const struct symbol *table) {
    const char *value = text(call, key);
    int result = 0;
    if (!parse_flags(value, table, &result))
        refuse(call, "%s=%.64s: no such flag", key, value);
    return result;
}

int flags_or(struct call *call, const char *key, const struct symbol *table, int fallback) {
    return has(call, key) ? flags(call, key, table) : fallback;
}

void answer_flags(struct call *call, const char *key, long value, const struct symbol *table) {
    char spelt[256] = "";
    spell_flags(spelt, sizeof spelt, value, table);
    answer(call, key, "%s", *spelt ? spelt : "0");
}

/* Appends the symbols of the bits that are set to `text`; bits without a symbol are passed over. */
void spell_flags(char *text, size_t size, long value, const struct symbol *table) {
    for (; table->name; table++) {
        if (table->value == 0 || (value & table->value) != table->value)
            continue;
        if (*text)
            strlcat(text, "|", size);
        strlcat(text, table->name, size);
    }
}

const char *symbol_name(long value, const struct symbol *table) {
    for (; table->name; table++)
        if (table->value == value)
            return table->name;
    return NULL;
}
