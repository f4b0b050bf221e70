/* Series of messages through channels, in tight loops. */
#include "channel.h"
#include "peer.h"

#include <errno.h>

/* The messages of a series: their lengths and bytes are derived from a seed. */
struct series {
    uint32_t seed;
    size_t least, most;
};

static struct series series_of(struct call *call) {
    struct series series;
    series.seed = (uint32_t)peer_number(call, "pattern", 0, UINT32_MAX);
    series.least = (size_t)peer_number(call, "least", 0, 1 << 30);
    series.most = (size_t)peer_number(call, "most", 0, 1 << 30);
    if (series.least > series.most)
        peer_invalid_request(call, "'least' is above 'most'");
    return series;
}

static size_t length_of(struct series series, uint32_t index) {
    return series.least + peer_pattern_word(series.seed, index) % (series.most - series.least + 1);
}

static uint64_t seed_of(struct series series, uint32_t index) {
    return (uint64_t)series.seed << 32 | index;
}

static bool is_message(struct series series, uint32_t index, const void *bytes, size_t length) {
    return length == length_of(series, index) &&
           peer_first_difference(seed_of(series, index), 0, bytes, length) == length;
}

static void reply_series(struct call *call, uint32_t count, int64_t differs) {
    peer_reply(call, "return", "%u", count);
    if (differs < 0)
        peer_reply(call, "differs", "none");
    else
        peer_reply(call, "differs", "%lld", (long long)differs);
}

static void perform_channel_send_all(struct call *call) {
    struct channel *to = peer_channel(call);
    const struct series series = series_of(call);
    const uint32_t count = (uint32_t)peer_number(call, "count", 0, UINT32_MAX);
    unsigned char *room = call->outcome == OK ? peer_scratch(call, series.most) : NULL;
    uint32_t sent = 0;
    if (!room || !peer_can_send(call, to))
        return;
    for (; sent < count; sent++) {
        const size_t length = length_of(series, sent);
        peer_make_pattern(seed_of(series, sent), 0, room, length);
        if (ipc_channel_send(&to->stream, room, length, NULL) == -1) {
            peer_fail(call, errno);
            break;
        }
    }
    peer_reply(call, "return", "%u", sent);
}

static void perform_channel_receive_all(struct call *call) {
    struct channel *from = peer_channel(call);
    const struct series series = series_of(call);
    uint32_t count = 0;
    int64_t differs = -1;
    size_t length;
    int result;
    if (call->outcome != OK || !peer_can_receive(call, from))
        return;
    for (; (result = ipc_channel_receive(&from->stream, from->room, &length, NULL)) == 1; count++)
        if (differs < 0 && !is_message(series, count, from->room, length))
            differs = count;
    if (result == -1)
        peer_fail(call, errno);
    reply_series(call, count, differs);
}

/* Sends each message after the previous one has returned unchanged. */
static void perform_channel_ping(struct call *call) {
    struct channel *both = peer_channel(call);
    const struct series series = series_of(call);
    const uint32_t count = (uint32_t)peer_number(call, "count", 0, UINT32_MAX);
    unsigned char *room = call->outcome == OK ? peer_scratch(call, series.most) : NULL;
    uint32_t done = 0;
    int64_t differs = -1;
    if (!room || !peer_can_send(call, both) || !peer_can_receive(call, both))
        return;
    for (; done < count; done++) {
        size_t length = length_of(series, done);
        peer_make_pattern(seed_of(series, done), 0, room, length);
        if (ipc_channel_send(&both->stream, room, length, NULL) == -1) {
            peer_fail(call, errno);
            break;
        }
        int result = ipc_channel_receive(&both->stream, both->room, &length, NULL);
        if (result != 1) {
            peer_fail(call, result == 0 ? EPIPE : errno);
            break;
        }
        if (differs < 0 && !is_message(series, done, both->room, length))
            differs = done;
    }
    reply_series(call, done, differs);
}

/* Echoes every message until end of file. */
static void perform_channel_pong(struct call *call) {
    struct channel *both = peer_channel(call);
    uint32_t count = 0;
    size_t length;
    int result;
    if (call->outcome != OK || !peer_can_send(call, both) || !peer_can_receive(call, both))
        return;
    for (; (result = ipc_channel_receive(&both->stream, both->room, &length, NULL)) == 1; count++)
        if ((result = ipc_channel_send(&both->stream, both->room, length, NULL)) == -1)
            break;
    if (result == -1)
        peer_fail(call, errno);
    peer_reply(call, "return", "%u", count);
}

const struct operation peer_channel_series_operations[] = {
    {"channel_send_all", "handle pattern least most count", perform_channel_send_all},
    {"channel_receive_all", "handle pattern least most", perform_channel_receive_all},
    {"channel_ping", "handle pattern least most count", perform_channel_ping},
    {"channel_pong", "handle", perform_channel_pong},
    {0},
};
