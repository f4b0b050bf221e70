/* Includes every header to copy, twice: a program may get each of them by more than one way. */
#include "ipc_channel.h"
#include "ipc_queue.h"
#include "ipc_ring.h"

#include "ipc_channel.h"
#include "ipc_queue.h"
#include "ipc_ring.h"

int main(void) {
    return 0;
}
