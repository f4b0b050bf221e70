/* Vectors: payloads in several parts, each of which has its own length. */
#include "parts.h"
#include "peer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* One more than IOV_MAX, so that a request can exceed the limit. */
enum { MOST = 1025 };

/* Divides `total` bytes into the request's parts, such as `3,0,2x4`, without gaps. */
struct parts peer_parts(struct call *call, void *bytes, size_t total) {
    static struct iovec vectors[MOST];
    struct parts parts = {.vectors = vectors};
    char text[LINE_SIZE], *rest = text, *part;
    strlcpy(text, peer_text(call, "parts"), sizeof text);
    size_t used = 0;
    while (call->outcome == OK && (part = strsep(&rest, ","))) {
        char *end;
        const unsigned long length = strtoul(part, &end, 10);
        const unsigned long repeated = *end == 'x' ? strtoul(end + 1, &end, 10) : 1;
        if (*part < '0' || *part > '9' || *end || length > total || repeated > MOST)
            peer_invalid_request(call, "parts=%.64s: LENGTH or LENGTHxCOUNT expected", part);
        for (unsigned long i = 0; call->outcome == OK && i < repeated; i++) {
            if (parts.count == MOST || length > total - used) {
                peer_invalid_request(call, "there are more than %d parts or %zu bytes", MOST, total);
                break;
            }
            vectors[parts.count++] = (struct iovec){(char *)bytes + used, length};
            used += length;
        }
    }
    if (call->outcome == OK && used != total)
        peer_invalid_request(call, "the parts have %zu bytes, not %zu", used, total);
    return parts;
}
