/* ZeroMQ over ipc://: PAIR sockets for round trips, PUSH and PULL for a flood. */
#include "alternative.h"

#include <stdio.h>
#include <unistd.h>
#include <zmq.h>

enum { ADDRESS = 64 };

static void *zmq_context, *zmq_socket_open;
static char zmq_address[ADDRESS];

static void require(bool condition, const char *call) {
    alternative_require(condition, call, zmq_strerror(zmq_errno()));
}

static void open_side(enum alternative_pattern pattern, bool is_first, const char *directory) {
    const int flood = is_first ? ZMQ_PULL : ZMQ_PUSH;
    snprintf(zmq_address, sizeof zmq_address, "ipc://%s/zeromq", directory);
    zmq_context = zmq_ctx_new();
    require(zmq_context, "zmq_ctx_new");
    zmq_socket_open = zmq_socket(zmq_context, pattern == ALTERNATIVE_FLOOD ? flood : ZMQ_PAIR);
    require(zmq_socket_open, "zmq_socket");
    if (is_first)
        require(zmq_bind(zmq_socket_open, zmq_address) == 0, "zmq_bind");
    else
        require(zmq_connect(zmq_socket_open, zmq_address) == 0, "zmq_connect");
}

static void send_message(const void *message) {
    require(zmq_send(zmq_socket_open, message, ALTERNATIVE_MESSAGE, 0) == ALTERNATIVE_MESSAGE, "zmq_send");
}

static void receive_message(void *message) {
    require(zmq_recv(zmq_socket_open, message, ALTERNATIVE_MESSAGE, 0) == ALTERNATIVE_MESSAGE, "zmq_recv");
}

static void close_side(void) {
    require(zmq_close(zmq_socket_open) == 0, "zmq_close");
    require(zmq_ctx_term(zmq_context) == 0, "zmq_ctx_term");
}

static void remove_socket(const char *directory) {
    snprintf(zmq_address, sizeof zmq_address, "%s/zeromq", directory);
    unlink(zmq_address);
}

const struct alternative alternative_library = {
    .name = "zeromq",
    .open = open_side,
    .send = send_message,
    .receive = receive_message,
    .close = close_side,
    .remove = remove_socket,
};
