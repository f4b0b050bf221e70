/* Loops that send messages and measure them (benchmark.c), and the links that they send through
 * (benchmark_links.c). */
#ifndef BENCHMARK_H
#define BENCHMARK_H

#include "../benchmark/histogram.h"
#include "peer.h"

struct benchmark {
    /* The descriptor, message type, semaphore number or signal for each direction; -1 for a direction that
     * the request does not use. */
    int to, from;
    int id;                  /* the ID of a System V object or a process */
    int connection;          /* the last connection made or accepted; -1 if there is none */
    void *sender, *receiver; /* rings, queues or semaphores */
    size_t room;             /* buffer size for a received message; at least `size` */

    unsigned char *message; /* preceded by space for the long at the start of a System V message */
    size_t size;
    uint64_t count, warmup, interval;

    uint64_t done, wrong, elapsed;
    struct histogram latency, service;
};

/* A way to send messages. Each loop returns -1 and sets errno if a call failed. */
struct link {
    const char *name;
    bool has_bytes;
    void (*open)(struct call *, struct benchmark *);
    int (*ping)(struct benchmark *);
    int (*pong)(struct benchmark *);
    int (*send)(struct benchmark *);
    int (*receive)(struct benchmark *);
    int (*close)(struct benchmark *); /* NULL if there is nothing to release */
};

/* The links in other files; each list ends with an unnamed link. */
extern const struct link peer_shared_links[], peer_lock_links[], peer_socket_links[];

const struct link *peer_link(struct call *);

#endif
