/* A System V message queue: one msgsnd(2) and one msgrcv(2). */
#include "cost.h"

#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>

struct message {
    long type;
    unsigned char text[COST_MESSAGE];
};

static void send_message(int queue, const struct message *message) {
    int result;
    do
        result = msgsnd(queue, message, sizeof message->text, 0);
    while (result == -1 && errno == EINTR);
    cost_require(result == 0, "msgsnd");
}

static void receive_message(int queue, struct message *message) {
    ssize_t length;
    do
        length = msgrcv(queue, message, sizeof message->text, 0, 0);
    while (length == -1 && errno == EINTR);
    cost_require(length == sizeof message->text && message->type == 7, "msgrcv");
}

static int create_queue(void) {
    const int queue = msgget(IPC_PRIVATE, 0600);
    cost_require(queue != -1, "msgget");
    return queue;
}

static void remove_queue(int queue) {
    cost_require(msgctl(queue, IPC_RMID, NULL) == 0, "msgctl");
}

/* As with every other mechanism, the message is in separate memory, so the program copies it into the
 * structure, after the type. */
static void run_sysv_msg(const struct cost_run *run) {
    const int queue = create_queue();
    unsigned char bytes[COST_MESSAGE] = {1}, room[COST_MESSAGE];
    struct message message;
    for (long i = 0; i < run->count; i++) {
        message.type = 7;
        memcpy(message.text, bytes, sizeof bytes);
        send_message(queue, &message);
        receive_message(queue, &message);
        memcpy(room, message.text, sizeof room);
        cost_observe(room);
    }
    remove_queue(queue);
}

const struct cost cost_sysv_msg[] = {{"sysv-msg", run_sysv_msg}, {0}};
