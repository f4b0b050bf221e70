/* Socket addresses: as requests give them, and as answers tell them. */
#include "peer.h"

#include <errno.h>
#include <string.h>

/* One of the ways to name a socket. What has no room in sun_path is ENAMETOOLONG before any call is made:
 * cut off, it would name something else. */
struct address address(struct call *call) {
    struct address result = {.length = sizeof(sa_family_t), .un = {.sun_family = AF_UNIX}};
    const struct field *path = field(call, "path"), *abstract = field(call, "abstract");
    if (!path + !abstract + !has(call, "autobind") != 2)
        refuse(call, "%s needs an address", call->operation);
    if (call->outcome != OK)
        return result;
    if (path) {
        /* With its NUL: without one, whoever asks for the name has to add it. */
        const char *name = text(call, "path");
        if (path->length >= sizeof result.un.sun_path)
            fail(call, ENAMETOOLONG);
        else if (path->length == 0) /* a NUL at the beginning would make it an abstract name */
            fail(call, ENOENT);
        else
            result.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path->length + 1);
        strlcpy(result.un.sun_path, name, sizeof result.un.sun_path);
    } else if (abstract) {
        /* A NUL stands before the name and none behind it, for there it would be a part of it. */
        if (abstract->length >= sizeof result.un.sun_path)
            fail(call, ENAMETOOLONG);
        else
            memcpy(result.un.sun_path + 1, abstract->value, abstract->length);
        result.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + abstract->length);
    } else if (strcmp(text(call, "autobind"), "yes") != 0) {
        refuse(call, "autobind is 'yes', or not there");
    }
    return result; /* or the family alone: unix(7), "Autobind feature" */
}

void answer_address(struct call *call, const struct address *address) {
    const size_t before = offsetof(struct sockaddr_un, sun_path);
    if (address->length <= before)
        answer(call, "unnamed", "yes");
    else if (address->un.sun_path[0] == '\0')
        answer_bytes(call, "abstract", address->un.sun_path + 1, address->length - before - 1);
    else
        answer_bytes(call, "path", address->un.sun_path,
                     strnlen(address->un.sun_path, address->length - before));
}
