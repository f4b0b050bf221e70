/* How mq_notify(3) and timer_create(2) notify (notification.c). */
#ifndef NOTIFICATION_H
#define NOTIFICATION_H

#include "call.h"

#include <signal.h>

int peer_notification(struct call *, int null, struct sigevent *);

#endif
