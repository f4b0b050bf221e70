/* Service messages, their frames, and their bytes on a socket. */
#include "service.h"

#include <endian.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <unistd.h>

/* Whether the bytes nest deeper than the limit, or contain an escaped NUL, which would end a C string. */
static bool is_excessive(const char *bytes, size_t length) {
    int depth = 0;
    bool quoted = false;
    for (size_t at = 0; at < length; at++)
        switch (bytes[at]) {
        case '"': quoted = !quoted; break;
        case '\\':
            if (length - at >= 6 && memcmp(bytes + at, "\\u0000", 6) == 0)
                return true;
            at++;
            break;
        case '[':
        case '{':
            if (!quoted && ++depth > DEPTH_LIMIT)
                return true;
            break;
        case ']':
        case '}': depth -= !quoted; break;
        }
    return false;
}

/* Returns a new integer for a number such as 2.0, and NULL for other values. */
static json_t *integer_of(const json_t *value) {
    const double number = json_real_value(value);
    const bool fits = json_is_real(value) && number >= -0x1p63 && number < 0x1p63;
    return fits && (double)(json_int_t)number == number ? json_integer((json_int_t)number) : NULL;
}

/* JSON has only one kind of number, so 2.0 and 2e0 count as integers, as in other languages. */
static void make_integers(json_t *value) {
    json_t *each, *integer;
    size_t index;
    json_array_foreach(value, index, each) {
        if ((integer = integer_of(each)))
            json_array_set_new(value, index, integer);
        else
            make_integers(each);
    }
    for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
        each = json_object_iter_value(at);
        if ((integer = integer_of(each)))
            json_object_iter_set_new(value, at, integer);
        else
            make_integers(each);
    }
}

static const char *bounded_string(const json_t *object, const char *key, size_t limit) {
    const json_t *value = json_object_get(object, key);
    const size_t length = json_string_length(value);
    return length >= 1 && length <= limit ? json_string_value(value) : NULL;
}

const char *message_parse(struct message *message, const char *bytes, size_t length) {
    *message = (struct message){0};
    if (is_excessive(bytes, length))
        return "invalid-json";
    json_t *object = json_loadb(bytes, length, JSON_DECODE_ANY, NULL);
    if (!object)
        return "invalid-json";
    make_integers(object);
    *message = (struct message){.object = object,
                                .id = bounded_string(object, "id", ID_LIMIT),
                                .type = bounded_string(object, "type", TYPE_LIMIT),
                                .payload = json_object_get(object, "payload")};
    const bool valid = message->id && message->type && message->payload &&
                       json_is_integer(json_object_get(object, "timestamp"));
    return valid ? NULL : "invalid-message";
}

struct frame *frame_of(const char *bytes, size_t length) {
    struct frame *frame = malloc(sizeof *frame + FRAME_HEADER + length);
    if (!frame)
        err(EX_OSERR, "malloc");
    const uint32_t header = htole32((uint32_t)length);
    *frame = (struct frame){.descriptor = -1, .length = FRAME_HEADER + length};
    memcpy(frame->bytes, &header, FRAME_HEADER);
    memcpy(frame->bytes + FRAME_HEADER, bytes, length);
    return frame;
}

struct frame *frame_new(const char *id, const char *type, json_t *payload) {
    json_t *object = json_pack("{ss, ss, so, sI}", "id", id, "type", type, "payload",
                               payload ? payload : json_null(), "timestamp", now_milliseconds());
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (!text)
        err(EX_OSERR, "malloc");
    struct frame *frame = frame_of(text, strlen(text));
    if (frame->length > FRAME_HEADER + MESSAGE_LIMIT)
        frame->length = 0;
    free(text);
    json_decref(object);
    return frame;
}

void frame_free(struct frame *frame) {
    if (frame->descriptor != -1)
        close(frame->descriptor);
    free(frame);
}

static ssize_t frame_send(struct frame *frame, int fd) {
    struct iovec part = {frame->bytes + frame->sent, frame->length - frame->sent};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (frame->descriptor != -1) {
        control.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &frame->descriptor, sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = sizeof control.bytes;
    }
    const ssize_t count = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0 && frame->descriptor != -1) {
        close(frame->descriptor);
        frame->descriptor = -1;
    }
    return count;
}

bool frames_send(struct frames *frames, int fd, size_t *queued) {
    for (struct frame *frame; (frame = STAILQ_FIRST(frames));) {
        const ssize_t count = frame_send(frame, fd);
        if (count == -1)
            return errno == EAGAIN || errno == EINTR;
        frame->sent += (size_t)count;
        *queued -= (size_t)count;
        if (frame->sent < frame->length)
            continue;
        STAILQ_REMOVE_HEAD(frames, next);
        frame_free(frame);
    }
    return true;
}

bool may_pass_descriptor(struct client *client) {
    int unread = 0;
    if (ioctl(client->fd, SIOCOUTQ, &unread) == 0 && unread == 0)
        client->passed = 0;
    return client->passed < PASSED_LIMIT;
}

/* Makes space for at least `PART` bytes. The buffer grows with the received bytes, not with the length in a
 * header. */
static void make_room(struct input *input) {
    enum { PART = 16384 };
    if (input->start > 0) {
        memmove(input->bytes, input->bytes + input->start, input->end - input->start);
        input->end -= input->start;
        input->start = 0;
    }
    if (input->capacity - input->end >= PART)
        return;
    input->capacity = MAX(2 * input->capacity, PART);
    input->bytes = reallocf(input->bytes, input->capacity);
    if (!input->bytes)
        err(EX_OSERR, "malloc");
}

ssize_t input_receive(struct input *input, int fd, int *descriptor) {
    make_room(input);
    struct iovec part = {input->bytes + input->end, input->capacity - input->end};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    /* Without room for control data, the kernel closes descriptors that a client passes. */
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = descriptor ? &control : NULL,
                             .msg_controllen = descriptor ? sizeof control.bytes : 0};
    const ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count > 0)
        input->end += (size_t)count;
    const struct cmsghdr *header = count > 0 && descriptor ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        if (*descriptor != -1)
            close(*descriptor);
        memcpy(descriptor, CMSG_DATA(header), sizeof(int));
    }
    return count;
}

int input_next(struct input *input, const char **bytes, size_t *length) {
    const size_t available = input->end - input->start;
    uint32_t header;
    if (available < FRAME_HEADER)
        return 0;
    memcpy(&header, input->bytes + input->start, FRAME_HEADER);
    *length = le32toh(header);
    if (*length > MESSAGE_LIMIT)
        return -1;
    if (available - FRAME_HEADER < *length)
        return 0;
    *bytes = input->bytes + input->start + FRAME_HEADER;
    input->start += FRAME_HEADER + *length;
    return 1;
}

char *json_text(const json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (!text)
        err(EX_OSERR, "malloc");
    return text;
}

json_int_t now_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t now_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
