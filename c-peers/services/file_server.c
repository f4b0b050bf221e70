/* Maps files below a directory, and reads and writes their bytes for its clients. Counterpart: file_client.c.
 */
#include "file/file.h"

#include <signal.h>
#include <sys/resource.h>

static const char usage[] =
    "usage: file_server [options]\n" SERVER_USAGE
    "  --root DIRECTORY   the directory that contains the files (.)\n"
    "  --sync SECONDS     after how long written bytes are on the disk (when a client requests it)\n"
    "  --max-files N      how many files may be mapped (64)\n"
    "  --max-size N       how many bytes a file may have (1073741824)\n"
    "  --max-mapped N     how many bytes all mapped files may have (4294967296)";

enum { READ_LIMIT = 512 << 10 };

/* Unmaps the files of clients that have disconnected but have not been released yet. */
static void forget_dead_clients(void) {
    struct client *client;
    TAILQ_FOREACH(client, &clients, link)
    if (client->dead)
        files_forget(client);
}

/* -- Files -- */

static void reply_file(struct client *client, const struct message *request, struct problem problem,
                       const struct file *file) {
    if (problem.code)
        fail(client, request, problem.code, "%s", problem.text);
    else
        reply(client, request, json_pack("{sI, sI}", "file", file->number, "size", (json_int_t)file->size));
}

static void open_file(struct client *client, const struct message *request) {
    const char *path;
    struct file *file = NULL;
    if (!unpack(client, request, "{ss}", "path", &path))
        return;
    forget_dead_clients();
    const struct problem problem = file_open(client, path, &file);
    reply_file(client, request, problem, file);
}

static void create(struct client *client, const struct message *request) {
    const char *path;
    json_int_t size;
    struct file *file = NULL;
    if (!unpack(client, request, "{ss, sI}", "path", &path, "size", &size))
        return;
    if (size < 0) {
        fail(client, request, "invalid-payload", "a size is not negative");
        return;
    }
    forget_dead_clients();
    const struct problem problem = file_create(client, path, (size_t)size, &file);
    reply_file(client, request, problem, file);
}

/* Returns the file with this number; NULL after an error reply. */
static struct file *find(struct client *client, const struct message *request, json_int_t number) {
    forget_dead_clients();
    struct file *file = file_find(client, number);
    if (!file)
        fail(client, request, "not-found", "this client has not mapped the file");
    return file;
}

/* Returns the file, which is the payload's only member; NULL after an error reply. */
static struct file *unpack_file(struct client *client, const struct message *request) {
    json_int_t number;
    return unpack(client, request, "{sI}", "file", &number) ? find(client, request, number) : NULL;
}

static void grow(struct client *client, const struct message *request) {
    json_int_t number, size;
    struct file *file = NULL;
    if (!unpack(client, request, "{sI, sI}", "file", &number, "size", &size) ||
        !(file = find(client, request, number)))
        return;
    if (size < 0) {
        fail(client, request, "invalid-payload", "a size is not negative");
        return;
    }
    const struct problem problem = file_grow(file, (size_t)size);
    reply_file(client, request, problem, file);
}

/* Replies with the number of dirty bytes that were written to the disk. */
static void reply_synced(struct client *client, const struct message *request, struct problem problem,
                         size_t dirty) {
    if (problem.code)
        fail(client, request, problem.code, "%s", problem.text);
    else
        reply(client, request, json_pack("{sI}", "synced", (json_int_t)dirty));
}

static void sync_file(struct client *client, const struct message *request) {
    struct file *file = unpack_file(client, request);
    if (!file)
        return;
    const size_t dirty = ranges_bytes(&file->dirty);
    reply_synced(client, request, file_sync(file), dirty);
}

static void unmap(struct client *client, const struct message *request) {
    struct file *file = unpack_file(client, request);
    if (!file)
        return;
    /* Another client that has mapped the file may still write, so nothing is written to the disk. */
    const size_t dirty = file->clients == 1 ? ranges_bytes(&file->dirty) : 0;
    reply_synced(client, request, file_unmap(client, file), dirty);
}

/* -- Bytes -- */

/* Reads a string that may be missing or null. If it is any other value, replies with an error and returns
 * false. */
static bool unpack_optional(struct client *client, const struct message *request, const char *key,
                            const char **text, size_t *length) {
    const json_t *value = json_object_get(request->payload, key);
    return !value || json_is_null(value) || unpack(client, request, "{ss%}", key, text, length);
}

/* Replies with bytes as text or in base64. */
static void reply_bytes(struct client *client, const struct message *request, const char *bytes,
                        size_t length, bool as_text) {
    char *base64 = as_text ? NULL : base64_encode(bytes, length);
    const bool has_nul = as_text && memchr(bytes, '\0', length);
    json_t *value = as_text ? has_nul ? NULL : json_stringn(bytes, length) : json_string(base64);
    free(base64);
    if (value)
        reply(client, request, json_pack("{so}", as_text ? "text" : "bytes", value));
    else
        fail(client, request, "invalid-payload", "the bytes are not text: read them as bytes");
}

static void read_bytes(struct client *client, const struct message *request) {
    json_int_t number, offset, length;
    const char *as = "bytes";
    size_t as_length;
    if (!unpack(client, request, "{sI, sI, sI}", "file", &number, "offset", &offset, "length", &length) ||
        !unpack_optional(client, request, "as", &as, &as_length))
        return;
    struct file *file = find(client, request, number);
    if (!file)
        return;
    const bool as_text = strcmp(as, "text") == 0;
    if (!as_text && strcmp(as, "bytes") != 0) {
        fail(client, request, "invalid-payload", "bytes are read as text or as bytes");
    } else if (!range_fits(offset, length, file->size)) {
        fail(client, request, "invalid-payload", "the file has %zu bytes", file->size);
    } else if (length > READ_LIMIT) {
        fail(client, request, "too-large", "a request reads at most %d bytes", READ_LIMIT);
    } else {
        static char bytes[READ_LIMIT];
        const struct problem problem = file_read(file, (size_t)offset, (size_t)length, bytes);
        if (problem.code)
            fail(client, request, problem.code, "%s", problem.text);
        else
            reply_bytes(client, request, bytes, (size_t)length, as_text);
    }
}

static void write_to(struct client *client, const struct message *request, struct file *file,
                     json_int_t offset, const char *bytes, size_t length) {
    if (!range_fits(offset, (json_int_t)length, file->size)) {
        fail(client, request, "invalid-payload", "the file has %zu bytes", file->size);
        return;
    }
    const struct problem problem = file_write(file, (size_t)offset, length, bytes);
    if (problem.code)
        fail(client, request, problem.code, "%s", problem.text);
    else
        reply(client, request, NULL);
}

static void write_bytes(struct client *client, const struct message *request) {
    json_int_t number, offset;
    const char *text = NULL, *base64 = NULL;
    size_t text_length = 0, base64_length = 0;
    if (!unpack(client, request, "{sI, sI}", "file", &number, "offset", &offset) ||
        !unpack_optional(client, request, "text", &text, &text_length) ||
        !unpack_optional(client, request, "bytes", &base64, &base64_length))
        return;
    struct file *file = find(client, request, number);
    if (!file)
        return;
    size_t count;
    char *decoded = base64 ? base64_decode(base64, base64_length, &count) : NULL;
    if (!text == !base64)
        fail(client, request, "invalid-payload", "either text or bytes must be there");
    else if (base64 && !decoded)
        fail(client, request, "invalid-payload", "the bytes are not base64");
    else if (text)
        write_to(client, request, file, offset, text, text_length);
    else
        write_to(client, request, file, offset, decoded, count);
    free(decoded);
}

/* -- Reports -- */

static void status(struct client *client, const struct message *request) {
    const struct file *file = unpack_file(client, request);
    if (file)
        reply(client, request, file_status(file));
}

static void statistics(struct client *client, const struct message *request) {
    forget_dead_clients();
    reply(client, request, files_statistics());
}

static void list(struct client *client, const struct message *request) {
    forget_dead_clients();
    reply(client, request, files_list());
}

static const struct handler handlers[] = {{"create", create},
                                          {"open", open_file},
                                          {"read", read_bytes},
                                          {"write", write_bytes},
                                          {"grow", grow},
                                          {"sync", sync_file},
                                          {"unmap", unmap},
                                          {"status", status},
                                          {"statistics", statistics},
                                          {"list", list},
                                          {0}};

/* Allows as many descriptors as possible: each file needs one, in addition to the clients' descriptors. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {SERVER_OPTIONS,
                                            {"root", required_argument, NULL, 'R'},
                                            {"sync", required_argument, NULL, 'S'},
                                            {"max-files", required_argument, NULL, 'F'},
                                            {"max-size", required_argument, NULL, 'B'},
                                            {"max-mapped", required_argument, NULL, 'M'},
                                            {0}};
    const char *root = ".";
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'R': root = optarg; break;
        case 'S': sync_interval = (int64_t)(seconds_option("sync", optarg) * 1e9); break;
        case 'F': file_limits.files = (unsigned)number_option("max-files", optarg, 1, 100000); break;
        case 'B': file_limits.size = (size_t)number_option("max-size", optarg, 1, 1LL << 46); break;
        case 'M': file_limits.mapped = (size_t)number_option("max-mapped", optarg, 1, 1LL << 46); break;
        default:
            if (!server_option(option, usage))
                return EX_USAGE;
        }
    no_more_arguments(argc, argv);
    signal(SIGXFSZ, SIG_IGN); /* so a file above the user's size limit fails only its request */
    raise_descriptor_limit();
    root_open(root);
    serve(
        &(struct service){
            .name = "File Server", .handlers = handlers, .closed = files_forget, .tick = files_tick},
        "/tmp/file_server");
    return EXIT_SUCCESS;
}
