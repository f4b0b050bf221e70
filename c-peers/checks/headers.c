/* Includes each of the headers to copy twice, because a program can include a header in several ways. */
#include "ipc_channel.h"
#include "ipc_queue.h"
#include "ipc_ring.h"

#include "ipc_channel.h"
#include "ipc_queue.h"
#include "ipc_ring.h"

int main(void) {
    return 0;
}
