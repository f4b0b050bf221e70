/* Byte ranges: those written to a file since its last sync, and those in requests. */
#include "file.h"

#include <sys/param.h>

static void join_closest(struct ranges *ranges) {
    struct range *entries = ranges->entries;
    size_t closest = 0;
    for (size_t index = 1; index + 1 < ranges->count; index++)
        if (entries[index + 1].start - entries[index].end < entries[closest + 1].start - entries[closest].end)
            closest = index;
    entries[closest].end = entries[closest + 1].end;
    memmove(entries + closest + 1, entries + closest + 2, (ranges->count - closest - 2) * sizeof *entries);
    ranges->count--;
}

void ranges_add(struct ranges *ranges, size_t start, size_t end) {
    struct range *entries = ranges->entries;
    if (start == end)
        return;
    size_t first = 0;
    while (first < ranges->count && entries[first].end < start)
        first++;
    size_t next = first;
    for (; next < ranges->count && entries[next].start <= end; next++) {
        start = MIN(start, entries[next].start);
        end = MAX(end, entries[next].end);
    }
    memmove(entries + first + 1, entries + next, (ranges->count - next) * sizeof *entries);
    entries[first] = (struct range){start, end};
    ranges->count += 1 - (next - first);
    if (ranges->count > RANGE_LIMIT)
        join_closest(ranges);
}

void ranges_clear(struct ranges *ranges) {
    ranges->count = 0;
}

size_t ranges_bytes(const struct ranges *ranges) {
    size_t bytes = 0;
    for (size_t index = 0; index < ranges->count; index++)
        bytes += ranges->entries[index].end - ranges->entries[index].start;
    return bytes;
}

json_t *ranges_list(const struct ranges *ranges) {
    json_t *list = json_array();
    for (size_t index = 0; index < ranges->count; index++) {
        const struct range range = ranges->entries[index];
        json_array_append_new(
            list, json_pack("[I, I]", (json_int_t)range.start, (json_int_t)(range.end - range.start)));
    }
    return list;
}

bool range_fits(json_int_t offset, json_int_t length, size_t size) {
    return offset >= 0 && length >= 0 && (size_t)offset <= size && (size_t)length <= size - (size_t)offset;
}
