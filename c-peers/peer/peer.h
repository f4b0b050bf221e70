/* Declarations that every operation of the peer uses: the call, handles, payloads and timeouts. */
#ifndef PEER_H
#define PEER_H

#include "call.h"
#include "handles.h"
#include "payload.h"
#include "timeout.h"

#endif
