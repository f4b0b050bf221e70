/* Socket options. */
#include "peer.h"
#include "socket.h"

#include <errno.h>
#include <limits.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>

/* Since Linux 6.5; the numbers differ only on parisc and sparc. */
#ifndef SO_PASSPIDFD
enum { SO_PASSPIDFD = 76, SO_PEERPIDFD = 77 };
#endif

/* Options whose value is an int, and their levels. */
static const struct level {
    int level;
    struct symbol options[15];
} levels[] = {
    {SOL_SOCKET,
     {SYMBOL(SO_TYPE), SYMBOL(SO_ERROR), SYMBOL(SO_ACCEPTCONN), SYMBOL(SO_SNDBUF), SYMBOL(SO_RCVBUF),
      SYMBOL(SO_PASSCRED), SYMBOL(SO_REUSEADDR), SYMBOL(SO_REUSEPORT), SYMBOL(SO_KEEPALIVE),
      SYMBOL(SO_BROADCAST), SYMBOL(SO_PASSPIDFD), SYMBOL(SO_RCVLOWAT), SYMBOL(SO_PEEK_OFF)}},
    {IPPROTO_TCP, {SYMBOL(TCP_NODELAY), SYMBOL(TCP_KEEPIDLE), SYMBOL(TCP_KEEPINTVL), SYMBOL(TCP_KEEPCNT)}},
    {IPPROTO_IP, {SYMBOL(IP_MULTICAST_TTL), SYMBOL(IP_MULTICAST_LOOP)}},
    {IPPROTO_IPV6, {SYMBOL(IPV6_V6ONLY), SYMBOL(IPV6_MULTICAST_HOPS), SYMBOL(IPV6_MULTICAST_LOOP)}},
};
enum { LEVEL_COUNT = sizeof levels / sizeof *levels };

static int option_of(struct call *call, int *level) {
    const char *name = peer_text(call, "optname");
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        for (const struct symbol *option = levels[i].options; option->name; option++)
            if (strcmp(option->name, name) == 0) {
                *level = levels[i].level;
                return (int)option->value;
            }
    peer_invalid_request(call, "there is no optname %.64s", name);
    return -1;
}

/* The credentials that the process had when it connected or listened. */
static void reply_peer(struct call *call, int fd) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "pid", "%d", peer.pid);
    peer_reply(call, "uid", "%d", (int)peer.uid);
    peer_reply(call, "gid", "%d", (int)peer.gid);
}

/* Returns a pidfd for the process at the other end, even if its id was reused. */
static void reply_peer_process(struct call *call, int socket) {
    const char *handle = peer_new_handle(call, "pidfd");
    int fd;
    socklen_t length = sizeof fd;
    if (call->outcome != OK)
        return;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &length) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(handle, fd);
    peer_reply(call, "fd", "%d", fd);
}

/* -1 means off. */
static void reply_linger(struct call *call, int fd) {
    struct linger value;
    socklen_t length = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &length) == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "optval", "%d", value.l_onoff ? value.l_linger : -1);
}

/* Reports a timeout in microseconds. If no request has set the timeout and it is not 0, a call did not reset
 * it. */
static void reply_timeout(struct call *call, int fd, int option) {
    struct timeval value;
    socklen_t length = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, option, &value, &length) == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "optval", "%lld", (long long)value.tv_sec * 1000000 + value.tv_usec);
}

static void reply_receive_timeout(struct call *call, int fd) {
    reply_timeout(call, fd, SO_RCVTIMEO);
}

static void reply_send_timeout(struct call *call, int fd) {
    reply_timeout(call, fd, SO_SNDTIMEO);
}

static void reply_drops(struct call *call, int fd) {
    uint32_t values[SK_MEMINFO_VARS];
    socklen_t length = sizeof values;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &length) == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "drops", "%u", values[SK_MEMINFO_DROPS]);
}

static void perform_getsockopt(struct call *call) {
    static const struct {
        const char *name;
        void (*reply)(struct call *, int fd);
    } structures[] = {{"SO_PEERCRED", reply_peer},         {"SO_PEERPIDFD", reply_peer_process},
                      {"SO_LINGER", reply_linger},         {"SO_RCVTIMEO", reply_receive_timeout},
                      {"SO_SNDTIMEO", reply_send_timeout}, {"SO_MEMINFO", reply_drops}};
    int fd = peer_descriptor(call), level = SOL_SOCKET, value;
    for (size_t i = 0; i < sizeof structures / sizeof *structures; i++)
        if (strcmp(peer_text(call, "optname"), structures[i].name) == 0) {
            if (call->outcome == OK)
                structures[i].reply(call, fd);
            return;
        }
    int option = option_of(call, &level);
    socklen_t length = sizeof value;
    if (call->outcome != OK)
        return;
    if (getsockopt(fd, level, option, &value, &length) == -1)
        peer_fail(call, errno);
    else if (level == SOL_SOCKET && option == SO_TYPE)
        peer_reply(call, "optval", "%s", peer_symbol_name(value, peer_socket_types));
    else
        peer_reply(call, "optval", "%d", value);
}

static unsigned interface(struct call *call, const char *key) {
    const char *name = peer_text(call, key);
    unsigned index = if_nametoindex(name);
    if (index == 0)
        peer_invalid_request(call, "there is no interface %.64s", name);
    return index;
}

/* Uses the protocol-independent options of RFC 3678, which IPv4 and IPv6 share. */
static void change_membership(struct call *call, int fd, int option) {
    struct address group = {0};
    struct group_req request = {.gr_interface = interface(call, "interface")};
    if (!peer_parse_internet(peer_text(call, "optval"), &group))
        peer_invalid_request(call, "optval=%.64s is not a numeric address", peer_text(call, "optval"));
    if (call->outcome != OK)
        return;
    memcpy(&request.gr_group, &group.any, group.length);
    int level = group.any.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    if (setsockopt(fd, level, option, &request, sizeof request) == -1)
        peer_fail(call, errno);
}

/* Sets options whose values are structures or names. Returns false for other options. */
static bool set_structure(struct call *call, int fd, const char *name) {
    int result = 0;
    if (strcmp(name, "MCAST_JOIN_GROUP") == 0) {
        change_membership(call, fd, MCAST_JOIN_GROUP);
    } else if (strcmp(name, "MCAST_LEAVE_GROUP") == 0) {
        change_membership(call, fd, MCAST_LEAVE_GROUP);
    } else if (strcmp(name, "IP_MULTICAST_IF") == 0) {
        struct ip_mreqn request = {.imr_ifindex = (int)interface(call, "optval")};
        if (call->outcome == OK)
            result = setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    } else if (strcmp(name, "IPV6_MULTICAST_IF") == 0) {
        int index = (int)interface(call, "optval");
        if (call->outcome == OK)
            result = setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
    } else if (strcmp(name, "SO_LINGER") == 0) {
        int seconds = (int)peer_number(call, "optval", -1, INT_MAX);
        struct linger value = {.l_onoff = seconds != -1, .l_linger = seconds == -1 ? 0 : seconds};
        if (call->outcome == OK)
            result = setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
    } else if (strcmp(name, "SO_RCVTIMEO") == 0 || strcmp(name, "SO_SNDTIMEO") == 0) {
        long long microseconds = peer_number(call, "optval", 0, INT64_MAX);
        struct timeval value = {.tv_sec = (time_t)(microseconds / 1000000),
                                .tv_usec = (suseconds_t)(microseconds % 1000000)};
        if (call->outcome == OK)
            result =
                setsockopt(fd, SOL_SOCKET, name[3] == 'R' ? SO_RCVTIMEO : SO_SNDTIMEO, &value, sizeof value);
    } else {
        return false;
    }
    if (result == -1)
        peer_fail(call, errno);
    return true;
}

static void perform_setsockopt(struct call *call) {
    int fd = peer_descriptor(call), level = SOL_SOCKET;
    if (set_structure(call, fd, peer_text(call, "optname")))
        return;
    int option = option_of(call, &level);
    int value = (int)peer_number(call, "optval", INT_MIN, INT_MAX);
    if (call->outcome == OK && setsockopt(fd, level, option, &value, sizeof value) == -1)
        peer_fail(call, errno);
}

const struct operation peer_socket_option_operations[] = {
    {"getsockopt", "handle optname pidfd", perform_getsockopt},
    {"setsockopt", "handle optname optval interface", perform_setsockopt},
    {0},
};
