/* Declarations used by all of the peer's operations: the call, handles, payloads and timeouts. */
#ifndef PEER_H
#define PEER_H

#include "call.h"
#include "handles.h"
#include "payload.h"
#include "timeout.h"

#endif
