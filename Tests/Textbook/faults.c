#include "textbook.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A server that survives signals, and always removes its queues when it ends, unless it has a defect.

static const char orders_name[] = "/orders", bills_name[] = "/bills";
static bool has_orders, has_bills;

static void reload(int number) {
    (void)number;
}

static void clean_up(void) {
    if (has_orders && !defect("leaks"))
        mq_unlink(orders_name);
    if (has_bills)
        mq_unlink(bills_name);
}

static mqd_t create(const char *name, int access, bool *has) {
    struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 16};
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | access, 0600, &attributes);
    if (queue != (mqd_t)-1) {
        *has = true;
        return queue;
    }
    if (defect("status"))
        exit(0);
    if (defect("silent"))
        exit(1);
    if (defect("crashes"))
        abort();
    while (defect("hangs"))
        pause();
    err(1, "mq_open %s", name);
}

int fault_server(void) {
    // Without SA_RESTART, a signal interrupts every wait.
    sigaction(SIGHUP, &(struct sigaction){.sa_handler = reload}, NULL);
    atexit(clean_up);
    mqd_t orders = create(orders_name, O_RDONLY, &has_orders);
    mqd_t bills = create(bills_name, O_WRONLY, &has_bills);
    for (;;) {
        char order[16];
        ssize_t length;
        do
            length = mq_receive(orders, order, sizeof order, NULL);
        while (length == -1 && errno == EINTR && !defect("eintr"));
        if (length == -1)
            err(1, "mq_receive");
        if (length == 0)
            break;
        while (mq_send(bills, order, (size_t)length, 0) == -1)
            if (errno != EINTR)
                err(1, "mq_send");
    }
    if (defect("leaks") && has_orders)
        mq_unlink(orders_name);
    has_orders = has_orders && !defect("leaks");
    return 0;
}

int fault_client(void) {
    mqd_t orders = mq_open(orders_name, O_WRONLY), bills = mq_open(bills_name, O_RDONLY);
    if (orders == (mqd_t)-1 || bills == (mqd_t)-1)
        err(1, "mq_open");
    for (int i = 1; i <= 5; i++) {
        char bill[16];
        if (mq_send(orders, "tea", 3, 0) == -1 || mq_receive(bills, bill, sizeof bill, NULL) != 3)
            err(1, "order %d", i);
    }
    if (mq_send(orders, "", 0, 0) == -1)
        err(1, "mq_send");
    return 0;
}
