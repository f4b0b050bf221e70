/* Attaches segments, and reads and writes them in place. Counterpart: memory_server.c. */
#include "common/service.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: memory_client [options] [TYPE [PAYLOAD | KEY=VALUE...]]\n" CLIENT_USAGE
    "Types: create segment= size= [others= persistent=], attach segment= [access=], detach attachment=,\n"
    "  remove segment=, information segment=, statistics, list\n"
    "In an attached segment: read attachment= count= [at=], write attachment= text= [at=]";

struct attachment {
    LIST_ENTRY(attachment) link;
    json_int_t number;
    int fd;
};
static LIST_HEAD(, attachment) attachments = LIST_HEAD_INITIALIZER(attachments);

static struct attachment *find(json_int_t number) {
    struct attachment *each;
    LIST_FOREACH(each, &attachments, link)
    if (each->number == number)
        return each;
    return NULL;
}

static bool received(struct connection *connection, const struct message *message, int descriptor) {
    (void)connection;
    if (descriptor == -1)
        return true;
    /* Otherwise an access could raise SIGBUS, because another process could shrink the segment. */
    const int seals = fcntl(descriptor, F_GET_SEALS);
    if (seals == -1 || !(seals & F_SEAL_SHRINK))
        errx(EXIT_FAILURE, "the segment is not sealed");
    struct attachment *attachment = malloc(sizeof *attachment);
    if (!attachment)
        err(EX_OSERR, "malloc");
    attachment->number = json_integer_value(json_object_get(message->payload, "attachment"));
    attachment->fd = descriptor;
    LIST_INSERT_HEAD(&attachments, attachment, link);
    return true;
}

/* A part of an attached segment. The whole segment is mapped. */
struct part {
    char *base, *bytes;
    size_t size;
};

/* Maps a segment. Returns false after a refusal. */
static bool map(struct part *part, json_int_t number, json_int_t at, json_int_t count, int protection) {
    const struct attachment *attachment = find(number);
    struct stat status = {0};
    if (!attachment) {
        client_refuse("this client does not have the attachment");
        return false;
    }
    if (fstat(attachment->fd, &status) == -1)
        err(EXIT_FAILURE, "fstat");
    if (at < 0 || at > status.st_size || count < 0 || count > status.st_size - at) {
        client_refuse("the bytes are outside the segment");
        return false;
    }
    part->size = (size_t)status.st_size;
    part->base = mmap(NULL, part->size, protection, MAP_SHARED, attachment->fd, 0);
    if (part->base == MAP_FAILED) {
        char reason[128];
        snprintf(reason, sizeof reason, "mmap: %s", strerror(errno));
        client_refuse(reason);
        return false;
    }
    part->bytes = part->base + at;
    return true;
}

static void read_part(json_t *payload) {
    json_int_t number, at = 0, count;
    struct part part;
    if (json_unpack(payload, "{sI, sI, s?I}", "attachment", &number, "count", &count, "at", &at) == -1) {
        client_refuse("the payload does not fit the type 'read'");
        return;
    }
    if (!map(&part, number, at, count, PROT_READ))
        return;
    json_t *text = json_stringn(part.bytes, (size_t)count);
    munmap(part.base, part.size);
    if (text)
        client_print("read", text);
    else
        client_refuse("the bytes are not UTF-8");
    json_decref(text);
}

static void write_part(json_t *payload) {
    json_int_t number, at = 0;
    const char *text;
    size_t length;
    struct part part;
    if (json_unpack(payload, "{sI, ss%, s?I}", "attachment", &number, "text", &text, &length, "at", &at) ==
        -1) {
        client_refuse("the payload does not fit the type 'write'");
        return;
    }
    if (!map(&part, number, at, (json_int_t)length, PROT_READ | PROT_WRITE))
        return;
    memcpy(part.bytes, text, length);
    munmap(part.base, part.size);
    json_t *count = json_integer((json_int_t)length);
    client_print("write", count);
    json_decref(count);
}

/* Closes an attachment's descriptor before the server forgets the attachment. */
static void detach(const json_t *payload) {
    struct attachment *found = find(json_integer_value(json_object_get(payload, "attachment")));
    if (!found)
        return;
    LIST_REMOVE(found, link);
    close(found->fd);
    free(found);
}

static bool local(const char *type, json_t *payload) {
    const bool reads = strcmp(type, "read") == 0, writes = strcmp(type, "write") == 0;
    if (reads)
        read_part(payload);
    else if (writes)
        write_part(payload);
    else if (strcmp(type, "detach") == 0)
        detach(payload);
    return reads || writes;
}

int main(int argc, char *argv[]) {
    return client_run(
        argc, argv,
        &(struct client_program){
            .default_path = "/tmp/memory_server", .usage = usage, .received = received, .local = local});
}
