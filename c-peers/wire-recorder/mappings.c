// Stores into shared memory are not system calls. They become visible at the calls that order them: a
// semaphore or futex operation, a message, an msync, the end of a mapping or process. On entry to such a
// call, the bytes that have changed since the last such call were stored by this role. After a call that
// wakes another role, and before a call that waits, the bytes may also be the other role's stores. Such bytes
// are marked "maybe"; the reader of the events resolves them by comparing all roles' stores.
#include "recorder.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_MAPPINGS = 256, MAX_REGIONS = 64, MAX_REGION = 1 << 20, WORD = 4 };

static struct mapping {
    pid_t process;
    uint64_t address, length, offset;
    int region;
} mappings[MAX_MAPPINGS];
static int mapping_count;

static struct region {
    char id[ID_SIZE];
    unsigned char *content; // the content at the last call that orders accesses
    size_t length;
    bool is_shared_now; // whether another role may have changed the content since then
} regions[MAX_REGIONS];
static int region_count;

static unsigned char buffer[MAX_REGION];

static int find_region(const char *id) {
    for (int i = 0; i < region_count; i++)
        if (strcmp(regions[i].id, id) == 0)
            return i;
    if (region_count == MAX_REGIONS)
        return -1;
    strlcpy(regions[region_count].id, id, ID_SIZE);
    return region_count++;
}

/// The part of a mapping whose contents are compared: the first MAX_REGION bytes of its object.
static size_t visible(const struct mapping *mapping) {
    if (mapping->offset >= MAX_REGION)
        return 0;
    size_t rest = MAX_REGION - mapping->offset;
    return mapping->length < rest ? mapping->length : rest;
}

static void refresh(const struct tracee *tracee, const struct mapping *mapping) {
    struct region *region = &regions[mapping->region];
    size_t end = mapping->offset + visible(mapping);
    if (visible(mapping) == 0)
        return;
    if (end > region->length) {
        unsigned char *larger = realloc(region->content, end);
        if (larger == NULL)
            return;
        memset(larger + region->length, 0, end - region->length);
        region->content = larger;
        region->length = end;
    }
    // Pages beyond the end of a file cannot be read, and keep their previous contents.
    size_t count = read_some(tracee, mapping->address, buffer, visible(mapping));
    memcpy(region->content + mapping->offset, buffer, count);
}

void note_mapping(const struct tracee *tracee, uint64_t address, uint64_t length, const char *id,
                  uint64_t offset) {
    int region = find_region(id);
    if (region == -1 || mapping_count == MAX_MAPPINGS) {
        event("unseen", tracee->process);
        text_field("what", "more mappings than the recorder follows");
        end_event();
        return;
    }
    mappings[mapping_count] = (struct mapping){tracee->process, address, length, offset, region};
    refresh(tracee, &mappings[mapping_count++]);
    event("map", tracee->process);
    text_field("id", id);
    number_field("offset", (long long)offset);
    number_field("length", (long long)length);
    end_event();
}

void forget_mappings(pid_t process) {
    for (int i = mapping_count - 1; i >= 0; i--)
        if (mappings[i].process == process)
            mappings[i] = mappings[--mapping_count];
}

void copy_mappings(pid_t from, pid_t to) {
    for (int i = 0, count = mapping_count; i < count && mapping_count < MAX_MAPPINGS; i++)
        if (mappings[i].process == from) {
            mappings[mapping_count] = mappings[i];
            mappings[mapping_count++].process = to;
        }
}

void forget_mapping(const struct tracee *tracee, uint64_t address, uint64_t length) {
    for (int i = mapping_count - 1; i >= 0; i--)
        if (mappings[i].process == tracee->process && mappings[i].address >= address &&
            (length == 0 ? mappings[i].address == address : mappings[i].address < address + length))
            mappings[i] = mappings[--mapping_count];
}

bool find_mapping(pid_t process, uint64_t address, char id[ID_SIZE]) {
    for (int i = 0; i < mapping_count; i++)
        if (mappings[i].process == process && address >= mappings[i].address &&
            address - mappings[i].address < mappings[i].length) {
            strlcpy(id, regions[mappings[i].region].id, ID_SIZE);
            return true;
        }
    return false;
}

bool has_mappings(pid_t process) {
    for (int i = 0; i < mapping_count; i++)
        if (mappings[i].process == process)
            return true;
    return false;
}

static void report_store(const struct tracee *tracee, const struct region *region, size_t offset,
                         const unsigned char *bytes, size_t length) {
    for (bool continues = false; length > 0; continues = true) {
        size_t piece = length < MAX_PIECE ? length : MAX_PIECE;
        if (!spend(piece))
            return;
        event("store", tracee->process);
        text_field("id", region->id);
        time_field(tracee);
        number_field("offset", (long long)offset);
        number_field("maybe", region->is_shared_now || tracee->is_acquiring);
        number_field("continues", continues);
        bytes_field("bytes", bytes, piece);
        end_event();
        offset += piece;
        bytes += piece;
        length -= piece;
    }
}

/// The length of the word at an offset, which is shorter at the end.
static size_t word_at(size_t offset, size_t count) {
    return count - offset < WORD ? count - offset : WORD;
}

void report_stores(const struct tracee *tracee) {
    for (int i = 0; i < mapping_count; i++) {
        const struct mapping *mapping = &mappings[i];
        struct region *region = &regions[mapping->region];
        if (mapping->process != tracee->process)
            continue;
        size_t count = read_some(tracee, mapping->address, buffer, visible(mapping));
        if (mapping->offset + count > region->length)
            count = region->length > mapping->offset ? region->length - mapping->offset : 0;
        unsigned char *before = region->content + mapping->offset;
        // Report whole words: an integer is shown with all its bytes, even if only some have changed.
        for (size_t at = 0; at < count;) {
            size_t end = at;
            while (end < count && memcmp(buffer + end, before + end, word_at(end, count)) != 0)
                end += word_at(end, count);
            if (end > at)
                report_store(tracee, region, mapping->offset + at, buffer + at, end - at);
            at = end < count ? end + word_at(end, count) : count;
        }
        if (count > 0)
            memcpy(before, buffer, count);
    }
}

void accept_stores(const struct tracee *tracee, bool acquired, bool released) {
    for (int i = 0; i < mapping_count; i++)
        if (mappings[i].process == tracee->process) {
            refresh(tracee, &mappings[i]);
            if (acquired || released)
                regions[mappings[i].region].is_shared_now = !acquired;
        }
}
