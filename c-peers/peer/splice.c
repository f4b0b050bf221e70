/* Moves bytes between descriptors inside the kernel: splice(2), tee(2), sendfile(2). */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>

struct move {
    int from, to;
    size_t count;
    loff_t from_at, to_at;
    unsigned flags;
};

/* An offset is a position in a file; without one, the call uses and advances the descriptor's file offset. */
static struct move read_move(struct call *call) {
    static const struct symbol known[] = {SYMBOL(SPLICE_F_NONBLOCK), {0}};
    struct move move = {.from = peer_descriptor(call),
                        .to = peer_descriptor_named(call, peer_text(call, "target"))};
    move.count = (size_t)peer_number(call, "count", 0, SSIZE_MAX);
    move.from_at = peer_offset(call, "at", INT64_MIN);
    move.to_at = peer_offset(call, "target_at", INT64_MIN);
    move.flags = (unsigned)peer_flags_or(call, "flags", known, 0);
    return move;
}

static void reply_moved(struct call *call, ssize_t moved) {
    if (moved == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "return", "%zd", moved);
}

static void perform_splice(struct call *call) {
    struct move move = read_move(call);
    if (call->outcome != OK)
        return;
    reply_moved(call, splice(move.from, peer_has(call, "at") ? &move.from_at : NULL, move.to,
                             peer_has(call, "target_at") ? &move.to_at : NULL, move.count, move.flags));
}

static void perform_tee(struct call *call) {
    struct move move = read_move(call);
    if (call->outcome == OK)
        reply_moved(call, tee(move.from, move.to, move.count, move.flags));
}

static void perform_sendfile(struct call *call) {
    struct move move = read_move(call);
    off_t at = (off_t)move.from_at;
    if (call->outcome == OK)
        reply_moved(call, sendfile(move.to, move.from, peer_has(call, "at") ? &at : NULL, move.count));
}

const struct operation peer_splice_operations[] = {
    {"splice", "handle target count at target_at flags", perform_splice},
    {"tee", "handle target count flags", perform_tee},
    {"sendfile", "handle target count at", perform_sendfile},
    {0},
};
