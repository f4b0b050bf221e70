/* The descriptors that a server passes to a client. */
#include "service.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

bool may_pass_descriptor(struct client *client) {
    int unread = 0;
    if (ioctl(client->fd, SIOCOUTQ, &unread) == 0 && unread == 0)
        client->passed = 0;
    return client->passed < PASSED_LIMIT;
}
