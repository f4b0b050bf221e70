/* Vectored calls: payloads in several parts, each with its own length. */
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
        const char *size = strsep(&part, "x"), *wrong = NULL;
        const size_t length = (size_t)peer_parse_number(size, 0, (long long)total, &wrong);
        const long long repeated = part && !wrong ? peer_parse_number(part, 0, MOST, &wrong) : 1;
        if (wrong)
            peer_invalid_request(call, "parts=%.64s: LENGTH or LENGTHxCOUNT expected", size);
        for (long long i = 0; call->outcome == OK && i < repeated; i++) {
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
