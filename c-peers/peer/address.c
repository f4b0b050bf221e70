/* Socket addresses in requests and responses. */
#include "peer.h"
#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* Parses a numeric address: inet_pton(3) does not accept abbreviations or resolve names. */
bool peer_parse_internet(const char *text, struct address *to) {
    char host[INET6_ADDRSTRLEN + IF_NAMESIZE];
    if (strlcpy(host, text, sizeof host) >= sizeof host)
        return false;
    if (inet_pton(AF_INET, host, &to->in.sin_addr) == 1) {
        to->in.sin_family = AF_INET;
        to->length = sizeof to->in;
        return true;
    }
    /* Link-local addresses need the interface, because several interfaces may have the same address. */
    char *scope = host, *name = strsep(&scope, "%");
    if (inet_pton(AF_INET6, name, &to->in6.sin6_addr) != 1)
        return false;
    const char *wrong = NULL;
    if (scope)
        to->in6.sin6_scope_id = (uint32_t)peer_parse_number(scope, 1, UINT32_MAX, &wrong);
    if (wrong)
        to->in6.sin6_scope_id = if_nametoindex(scope);
    to->in6.sin6_family = AF_INET6;
    to->length = sizeof to->in6;
    return !scope || to->in6.sin6_scope_id != 0;
}

static struct address internet_address(struct call *call) {
    struct address result = {0};
    const char *host = peer_text(call, "address");
    in_port_t port = htons((uint16_t)peer_number(call, "port", 0, UINT16_MAX));
    if (!peer_parse_internet(host, &result))
        peer_invalid_request(call, "address=%.64s is not a numeric address", host);
    else if (result.any.sa_family == AF_INET)
        result.in.sin_port = port;
    else
        result.in6.sin6_port = port;
    return result;
}

/* Reads a socket address from the request. Reports ENAMETOOLONG for a path that does not fit into sun_path,
 * before making any call: a truncated path would name another socket. */
struct address peer_address(struct call *call) {
    struct address result = {.length = sizeof(sa_family_t), .un = {.sun_family = AF_UNIX}};
    const struct field *path = peer_field(call, "path"), *abstract = peer_field(call, "abstract");
    if (!path + !abstract + !peer_has(call, "autobind") + !peer_has(call, "address") != 3)
        peer_invalid_request(call, "%s needs an address", call->operation);
    if (call->outcome != OK)
        return result;
    if (peer_has(call, "address"))
        return internet_address(call);
    if (path) {
        /* The length includes the NUL. Without the NUL, every reader of the address would have to add it. */
        const char *name = peer_text(call, "path");
        if (path->length >= sizeof result.un.sun_path)
            peer_fail(call, ENAMETOOLONG);
        else if (path->length == 0) /* a leading NUL would make it an abstract name */
            peer_fail(call, ENOENT);
        else
            result.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path->length + 1);
        strlcpy(result.un.sun_path, name, sizeof result.un.sun_path);
    } else if (abstract) {
        /* A NUL precedes the name. No NUL follows, because it would be part of the name. */
        if (abstract->length >= sizeof result.un.sun_path)
            peer_fail(call, ENAMETOOLONG);
        else
            memcpy(result.un.sun_path + 1, abstract->value, abstract->length);
        result.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + abstract->length);
    } else if (strcmp(peer_text(call, "autobind"), "yes") != 0) {
        peer_invalid_request(call, "autobind must be 'yes' or left out");
    }
    return result; /* without a name, only the family: unix(7), "Autobind feature" */
}

static void reply_internet(struct call *call, const void *host, in_port_t port, uint32_t scope, int family) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(family, host, text, sizeof text);
    if (scope == 0)
        peer_reply(call, "address", "%s", text);
    else
        peer_reply(call, "address", "%s%%25%u", text, scope);
    peer_reply(call, "port", "%u", ntohs(port));
}

void peer_reply_address(struct call *call, const struct address *address) {
    if (address->length >= sizeof address->in && address->any.sa_family == AF_INET) {
        reply_internet(call, &address->in.sin_addr, address->in.sin_port, 0, AF_INET);
        return;
    }
    if (address->length >= sizeof address->in6 && address->any.sa_family == AF_INET6) {
        reply_internet(call, &address->in6.sin6_addr, address->in6.sin6_port, address->in6.sin6_scope_id,
                       AF_INET6);
        return;
    }
    const size_t before = offsetof(struct sockaddr_un, sun_path);
    if (address->length <= before)
        peer_reply(call, "unnamed", "yes");
    else if (address->un.sun_path[0] == '\0')
        peer_reply_bytes(call, "abstract", address->un.sun_path + 1, address->length - before - 1);
    else
        peer_reply_bytes(call, "path", address->un.sun_path,
                         strnlen(address->un.sun_path, address->length - before));
}
