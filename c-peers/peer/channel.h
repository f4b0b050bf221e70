/* Channels as handles (channel.c). */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "call.h"

#include <ipc_channel.h>

struct channel {
    struct ipc_channel stream;
    unsigned char *room; /* room for the longest message, allocated once */
};
struct channel *peer_channel(struct call *);
bool peer_can_receive(struct call *, const struct channel *);
bool peer_can_send(struct call *, const struct channel *);

#endif
