/* nng over ipc://: PAIR sockets for round trips, PUSH and PULL for a flood. */
#include "alternative.h"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESS = 64 };

static nng_socket side;
static char address[ADDRESS];

static void require(int result, const char *call) {
    alternative_require(result == 0, call, nng_strerror(result));
}

static void open_side(enum alternative_pattern pattern, bool is_first, const char *directory) {
    snprintf(address, sizeof address, "ipc://%s/nng", directory);
    if (pattern == ALTERNATIVE_PING_PONG)
        require(nng_pair0_open(&side), "nng_pair0_open");
    else if (is_first)
        require(nng_pull0_open(&side), "nng_pull0_open");
    else
        require(nng_push0_open(&side), "nng_push0_open");
    if (is_first)
        require(nng_listen(side, address, NULL, 0), "nng_listen");
    else
        require(nng_dial(side, address, NULL, 0), "nng_dial");
}

static void send_message(const void *message) {
    unsigned char copy[ALTERNATIVE_MESSAGE];
    memcpy(copy, message, sizeof copy);
    require(nng_send(side, copy, sizeof copy, 0), "nng_send");
}

static void receive_message(void *message) {
    size_t size = ALTERNATIVE_MESSAGE;
    require(nng_recv(side, message, &size, 0), "nng_recv");
    alternative_require(size == ALTERNATIVE_MESSAGE, "nng_recv", "the message has a different size");
}

static void close_side(void) {
    require(nng_close(side), "nng_close");
}

static void remove_socket(const char *directory) {
    snprintf(address, sizeof address, "%s/nng", directory);
    unlink(address);
}

const struct alternative alternative_library = {
    .name = "nng",
    .open = open_side,
    .send = send_message,
    .receive = receive_message,
    .close = close_side,
    .remove = remove_socket,
};
