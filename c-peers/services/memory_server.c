/* Creates memory that clients share, and passes it to them as descriptors. Counterpart: memory_client.c. */
#include "memory/segments.h"

#include <signal.h>
#include <unistd.h>

static const char usage[] =
    "usage: memory_server [options]\n" SERVER_USAGE
    "  --max-segments N   how many segments there may be (64)\n"
    "  --max-size N       how many bytes a segment may have (67108864)\n"
    "  --max-bytes N      how many bytes all segments may have (268435456)\n"
    "  --unused SECONDS   after how long a segment that no client has attached is removed (no limit)";

static const char *const access_names[] = {"none", "read-only", "read-write"};

/* Returns the access with this name. If the name is unknown, or the access is below `least`, replies with an
 * error and returns -1. */
static int access_of(struct client *client, const struct message *request, const char *name,
                     enum access least) {
    for (int access = (int)least; access <= READ_WRITE; access++)
        if (strcmp(name, access_names[access]) == 0)
            return access;
    fail(client, request, "invalid-payload", "the payload does not fit the type '%s'", request->type);
    return -1;
}

static struct segment *find(struct client *client, const struct message *request, const char *name) {
    struct segment *segment = segment_find(name);
    if (!segment)
        fail(client, request, "not-found", "there is no segment of this name");
    return segment;
}

static void create(struct client *client, const struct message *request) {
    const char *name, *others_name = "none";
    json_int_t size;
    int persistent = false;
    if (!unpack(client, request, "{ss, sI, s?s, s?b}", "segment", &name, "size", &size, "others",
                &others_name, "persistent", &persistent) ||
        !check_name(client, request, name))
        return;
    const int others = access_of(client, request, others_name, NO_ACCESS);
    if (others == -1)
        return;
    if (size < 1) {
        fail(client, request, "invalid-payload", "a segment has at least 1 byte");
        return;
    }
    const char *problem = segment_create(client, name, size, (enum access)others, persistent);
    if (!problem)
        reply(client, request, NULL);
    else if (strcmp(problem, "failed") == 0)
        fail(client, request, problem, "the segment cannot be created: %s", strerror(errno));
    else
        fail(client, request, problem, "the segment cannot be created");
}

/* Whether the client may attach the segment. If not, replies with an error. */
static bool may_attach(struct client *client, const struct message *request, const struct segment *segment,
                       enum access access) {
    if (access > segment_access(segment, client->peer.uid))
        fail(client, request, "not-permitted", "user %u may not attach the segment with this access",
             client->peer.uid);
    else if (segment_is_attached(segment, client))
        fail(client, request, "exists", "this client has attached the segment already");
    else if (!may_pass_descriptor(client))
        fail(client, request, "limit", "this client has to receive its descriptors first");
    else
        return true;
    return false;
}

static void attach(struct client *client, const struct message *request) {
    const char *name, *access_name = "read-only";
    if (!unpack(client, request, "{ss, s?s}", "segment", &name, "access", &access_name))
        return;
    const int access = access_of(client, request, access_name, READ_ONLY);
    if (access == -1)
        return;
    struct segment *segment = find(client, request, name);
    if (!segment || !may_attach(client, request, segment, (enum access)access))
        return;
    const int fd = segment_open(segment, (enum access)access);
    if (fd == -1) {
        fail(client, request, "failed", "the segment cannot be opened: %s", strerror(errno));
        return;
    }
    const uint64_t number = segment_attach(segment, client);
    json_t *payload = json_pack("{sI, ss, sI}", "attachment", (json_int_t)number, "access", access_name,
                                "size", segment->size);
    if (!reply_with_descriptor(client, request, payload, fd))
        segment_detach(client, number);
    close(fd);
}

static void detach(struct client *client, const struct message *request) {
    json_int_t number;
    if (!unpack(client, request, "{sI}", "attachment", &number))
        return;
    if (number > 0 && segment_detach(client, (uint64_t)number))
        reply(client, request, NULL);
    else
        fail(client, request, "not-found", "this client does not have the attachment");
}

static void remove_segment(struct client *client, const struct message *request) {
    const char *name;
    if (!unpack(client, request, "{ss}", "segment", &name))
        return;
    struct segment *segment = find(client, request, name);
    if (!segment)
        return;
    if (segment->user != client->peer.uid) {
        fail(client, request, "not-permitted", "user %u may not remove the segment", client->peer.uid);
        return;
    }
    segment_remove(segment, "request", client);
    reply(client, request, NULL);
}

static void information(struct client *client, const struct message *request) {
    const char *name;
    if (!unpack(client, request, "{ss}", "segment", &name))
        return;
    const struct segment *segment = find(client, request, name);
    if (!segment)
        return;
    const int64_t unused = segment->attached > 0 ? 0 : now_nanoseconds() - segment->unused_since;
    reply(client, request,
          json_pack("{sI, sI, ss, sb, sI, sI}", "size", segment->size, "user", (json_int_t)segment->user,
                    "others", access_names[segment->others], "persistent", segment->persistent, "attached",
                    (json_int_t)segment->attached, "unused", (json_int_t)(unused / 1000000)));
}

static void statistics(struct client *client, const struct message *request) {
    reply(client, request,
          json_pack("{sI, sI, sI, sI, sI}", "segments", segment_totals.segments, "bytes",
                    segment_totals.bytes, "attached", segment_totals.attached, "created",
                    segment_totals.created, "removed", segment_totals.removed));
}

static void list(struct client *client, const struct message *request) {
    reply(client, request, segment_names());
}

static const struct handler handlers[] = {
    {"create", create},           {"attach", attach},         {"detach", detach}, {"remove", remove_segment},
    {"information", information}, {"statistics", statistics}, {"list", list},     {0}};

int main(int argc, char *argv[]) {
    static const struct option options[] = {SERVER_OPTIONS,
                                            {"max-segments", required_argument, NULL, 'N'},
                                            {"max-size", required_argument, NULL, 'S'},
                                            {"max-bytes", required_argument, NULL, 'B'},
                                            {"unused", required_argument, NULL, 'U'},
                                            {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'N': segment_limits.segments = (unsigned)number_option("max-segments", optarg, 1, 100000); break;
        case 'S': segment_limits.size = number_option("max-size", optarg, 1, 1LL << 40); break;
        case 'B': segment_limits.bytes = number_option("max-bytes", optarg, 1, 1LL << 40); break;
        case 'U': segment_limits.unused = (int64_t)(seconds_option("unused", optarg) * 1e9); break;
        default:
            if (!server_option(option, usage))
                return EX_USAGE;
        }
    no_more_arguments(argc, argv);
    /* Creating a segment above RLIMIT_FSIZE must fail without a signal. */
    signal(SIGXFSZ, SIG_IGN);
    serve(&(struct service){.name = "Memory Server",
                            .handlers = handlers,
                            .closed = segments_forget,
                            .tick = segments_tick,
                            .descriptors = segment_limits.segments},
          "/tmp/memory_server");
    return EXIT_SUCCESS;
}
