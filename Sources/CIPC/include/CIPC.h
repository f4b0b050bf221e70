// Every shim, by mechanism. One header of its own: a directory of headers is read once, and one that is added
// later is then not found until everything is built anew.
#include "cipc_futex.h"
#include "cipc_kernel.h"
#include "cipc_mapping.h"
#include "cipc_mqueue.h"
#include "cipc_mutex.h"
#include "cipc_pipe.h"
#include "cipc_process.h"
#include "cipc_semaphore.h"
#include "cipc_signal.h"
#include "cipc_socket.h"
#include "cipc_sysv.h"
