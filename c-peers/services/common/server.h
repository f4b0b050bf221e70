/* Shared by the parts of a server: its loop (server.c) and its connections (connection.c). */
#ifndef SERVER_H
#define SERVER_H

#include "service.h"

enum { MAX_ALLOWED = 16 };

struct server {
    const struct service *service;
    const char *path;
    mode_t mode;
    uid_t allowed[MAX_ALLOWED];
    unsigned allowed_count, max_clients;
    size_t max_output;
    int64_t idle, drain; /* nanoseconds */
};
extern struct server server;

/* Lets a client read its last messages, and then disconnects it. */
void client_end(struct client *client);
void client_end_with_reason(struct client *client, const char *reason);

/* Receives bytes from a client, and handles its complete messages. */
void client_receive(struct client *client);

/* Handles the complete messages received, unless the client has to read its replies first. Returns whether
 * there were any. */
bool client_handle_all(struct client *client);

/* Sends replies until the socket is full. */
void client_send_output(struct client *client);

#endif
