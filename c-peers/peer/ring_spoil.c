/* Opens and uses rings whose headers are corrupted at random. */
#include "peer.h"

#include <endian.h>
#include <errno.h>
#include <ipc_ring.h>
#include <string.h>

/* Returns one of a few plausible but wrong values, or an arbitrary one. */
static uint64_t spoiled(uint64_t value, uint64_t how) {
    switch (how % 5) {
    case 0: return how;
    case 1: return how >> 8 & 511;
    case 2: return UINT64_MAX;
    case 3: return value + 1;
    default: return value ^ UINT64_C(1) << (how >> 8 & 63);
    }
}

/* Creates a ring with one record, and corrupts up to three of its fields. */
static void spoil(unsigned char *memory, uint64_t round) {
    static const struct {
        size_t offset, size;
    } fields[] = {{0, 8},  {8, 4},  {12, 4},  {16, 8},  {24, 8}, {32, 8},
                  {64, 8}, {72, 8}, {128, 8}, {136, 8}, {192, 8}};
    const uint64_t written = 24, length = 16, count = 1 + le64toh(peer_pattern_word(round, 0)) % 3;
    memcpy(memory + 64, &written, 8);
    memcpy(memory + 192, &length, 8);
    for (uint64_t i = 0; i < count; i++) {
        const size_t field = le64toh(peer_pattern_word(round, 1 + 2 * i)) % 11;
        uint64_t value = 0;
        memcpy(&value, memory + fields[field].offset, fields[field].size);
        value = spoiled(value, le64toh(peer_pattern_word(round, 2 + 2 * i)));
        memcpy(memory + fields[field].offset, &value, fields[field].size);
    }
}

/* Other errors, such as a lack of memory or an interruption, do not depend on the ring. */
static int32_t outcome_of(struct call *call, ssize_t result) {
    static const int of_rings[] = {EBADMSG,    EBUSY,           EINVAL, EMSGSIZE, ENODATA,
                                   EOWNERDEAD, EPROTONOSUPPORT, EPIPE,  ETIMEDOUT};
    if (result != -1)
        return 0;
    for (size_t i = 0; i < sizeof of_rings / sizeof *of_rings; i++)
        if (errno == of_rings[i])
            return errno;
    peer_fail(call, errno);
    return errno;
}

/* Opens and uses each end of a corrupted ring. Reports four error numbers: 0 for success, -1 for a call
 * that was not made. */
static void try_spoiled(struct call *call, struct segment memory, int32_t outcomes[4]) {
    static const struct timespec past = {0};
    unsigned char bytes[256] = {0};
    struct ipc_ring end;
    outcomes[1] = outcomes[3] = -1;
    outcomes[0] = outcome_of(
        call, ipc_ring_open(&end, memory.address, memory.size, IPC_RING_RECORDS, IPC_RING_CONSUMER));
    if (outcomes[0] == 0) {
        outcomes[1] = outcome_of(call, ipc_ring_receive(&end, bytes, sizeof bytes, &past));
        ipc_ring_close(&end);
    }
    outcomes[2] = outcome_of(
        call, ipc_ring_open(&end, memory.address, memory.size, IPC_RING_RECORDS, IPC_RING_PRODUCER));
    if (outcomes[2] == 0) {
        outcomes[3] = outcome_of(call, ipc_ring_send(&end, bytes, 16, &past));
        ipc_ring_close(&end);
    }
}

static void perform_ring_spoil(struct call *call) {
    struct segment memory = peer_memory_from(call, "memory", "at", sizeof(struct ipc_ring_header));
    uint32_t first = (uint32_t)peer_number(call, "seed", 0, UINT32_MAX);
    uint32_t count = (uint32_t)peer_number(call, "count", 0, 1 << 20);
    int32_t(*outcomes)[4] = call->outcome == OK ? peer_scratch(call, count * sizeof *outcomes) : NULL;
    unsigned worked[4] = {0};
    if (!outcomes)
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (ipc_ring_make(memory.address, memory.size, IPC_RING_RECORDS, 256) == -1) {
            peer_fail(call, errno);
            return;
        }
        spoil(memory.address, (uint64_t)first << 32 | i);
        try_spoiled(call, memory, outcomes[i]);
        if (call->outcome != OK)
            return;
        for (int j = 0; j < 4; j++)
            worked[j] += outcomes[i][j] == 0;
    }
    peer_reply(call, "consumers", "%u", worked[0]);
    peer_reply(call, "received", "%u", worked[1]);
    peer_reply(call, "producers", "%u", worked[2]);
    peer_reply(call, "sent", "%u", worked[3]);
    peer_reply(call, "digest", "%016llx",
               (unsigned long long)peer_digest(outcomes, count * sizeof *outcomes));
}

const struct operation peer_ring_spoil_operations[] = {
    {"ring_spoil", "memory at seed count", perform_ring_spoil},
    {0},
};
