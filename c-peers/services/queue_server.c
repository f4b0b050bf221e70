/* Keeps messages in queues until a consumer acknowledges them. Counterpart: queue_client.c. */
#include "queue/queue.h"

static const char usage[] =
    "usage: queue_server [options]\n" SERVER_USAGE
    "  --log FILE         keep messages in a file, so that they survive the server\n"
    "  --max-queues N     how many queues there may be (64)\n"
    "  --max-length N     how many messages a queue may have (10000)\n"
    "  --max-bytes N      how many bytes all messages may have (268435456)\n"
    "  --retries N        how often a message is delivered again (3)\n"
    "  --late SECONDS     after how long a message is delivered to another consumer (30)";

static struct queue *find(struct client *client, const struct message *request, const char *name) {
    struct queue *queue = queue_find(name);
    if (!queue)
        fail(client, request, "not-found", "there is no queue of this name");
    return queue;
}

static void create(struct client *client, const struct message *request) {
    const char *name;
    if (!unpack(client, request, "{ss}", "queue", &name) || !check_name(client, request, name))
        return;
    const char *problem = queue_create(name);
    if (problem)
        fail(client, request, problem, "the queue cannot be created");
    else
        reply(client, request, NULL);
}

/* Returns -1 for an unknown name. */
static int priority_of(const char *name) {
    static const char *const names[] = {"low", "normal", "high", "critical"};
    for (int priority = LOW; priority <= CRITICAL; priority++)
        if (strcmp(name, names[priority]) == 0)
            return priority;
    return -1;
}

static void publish(struct client *client, const struct message *request) {
    const char *name, *priority_name = "normal";
    json_t *payload;
    json_int_t lifetime = 0;
    if (!unpack(client, request, "{ss, so, s?s, s?I}", "queue", &name, "payload", &payload, "priority",
                &priority_name, "ttl", &lifetime))
        return;
    const int priority = priority_of(priority_name);
    if (priority == -1 || lifetime < 0 || lifetime > UINT32_MAX) {
        fail(client, request, "invalid-payload", "the priority or the ttl is not valid");
        return;
    }
    struct queue *queue = find(client, request, name);
    uint64_t number;
    if (!queue)
        return;
    const char *problem = queue_publish(queue, payload, (enum priority)priority,
                                        lifetime > 0 ? now_milliseconds() + lifetime : 0, &number);
    if (problem)
        fail(client, request, problem, "the message cannot be published");
    else
        reply(client, request, json_pack("{sI}", "message", (json_int_t)number));
}

static void subscribe(struct client *client, const struct message *request) {
    const char *name;
    json_int_t credit;
    if (!unpack(client, request, "{ss, sI}", "queue", &name, "credit", &credit))
        return;
    if (credit < 0 || credit > 1000) {
        fail(client, request, "invalid-payload", "the credit is between 0 and 1000");
        return;
    }
    struct queue *queue = find(client, request, name);
    if (!queue)
        return;
    queue_subscribe(queue, client, (unsigned)credit);
    reply(client, request, NULL);
}

static void end_delivery(struct client *client, const struct message *request,
                         bool (*ends)(struct client *client, uint64_t number)) {
    json_int_t number;
    if (!unpack(client, request, "{sI}", "message", &number))
        return;
    if (number > 0 && ends(client, (uint64_t)number))
        reply(client, request, NULL);
    else
        fail(client, request, "not-found", "this client does not have the message");
}

static void acknowledge(struct client *client, const struct message *request) {
    end_delivery(client, request, queue_acknowledge);
}

static void reject(struct client *client, const struct message *request) {
    end_delivery(client, request, queue_reject);
}

static void statistics(struct client *client, const struct message *request) {
    const char *name;
    if (!unpack(client, request, "{ss}", "queue", &name))
        return;
    const struct queue *queue = find(client, request, name);
    if (queue)
        reply(client, request, queue_statistics(queue));
}

static void list(struct client *client, const struct message *request) {
    reply(client, request, queue_names());
}

static void commit(void) {
    store_commit();
    if (store_is_large())
        store_rewrite(queues_store_all);
}

static const struct handler handlers[] = {
    {"create", create}, {"publish", publish},       {"subscribe", subscribe}, {"acknowledge", acknowledge},
    {"reject", reject}, {"statistics", statistics}, {"list", list},           {0}};

int main(int argc, char *argv[]) {
    static const struct option options[] = {SERVER_OPTIONS,
                                            {"log", required_argument, NULL, 'L'},
                                            {"max-queues", required_argument, NULL, 'Q'},
                                            {"max-length", required_argument, NULL, 'N'},
                                            {"max-bytes", required_argument, NULL, 'B'},
                                            {"retries", required_argument, NULL, 'R'},
                                            {"late", required_argument, NULL, 'T'},
                                            {0}};
    const char *log = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'L': log = optarg; break;
        case 'Q': limits.queues = (unsigned)number_option("max-queues", optarg, 1, 100000); break;
        case 'N': limits.length = (unsigned)number_option("max-length", optarg, 1, 10000000); break;
        case 'B': limits.bytes = (size_t)number_option("max-bytes", optarg, 1, 1LL << 40); break;
        case 'R': limits.retries = (unsigned)number_option("retries", optarg, 0, 1000000); break;
        case 'T': limits.late = (int64_t)(seconds_option("late", optarg) * 1e9); break;
        default:
            if (!server_option(option, usage))
                return EX_USAGE;
        }
    no_more_arguments(argc, argv);
    store_open(log, queues_replay);
    store_rewrite(queues_store_all);
    serve(&(struct service){.name = "Queue Server",
                            .handlers = handlers,
                            .closed = queues_forget,
                            .tick = queues_tick,
                            .commit = commit},
          "/tmp/queue_server");
    return EXIT_SUCCESS;
}
