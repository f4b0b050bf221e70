// The calls themselves, where `swift-peer-faulty` stands in for them: the linker knows them by these names.
#pragma once

#include <CIPC.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(call) __typeof__(call) __real_##call

REAL(cipc_ftok);
REAL(cipc_mq_receive);
REAL(cipc_mq_send);
REAL(cipc_mq_timedreceive);
REAL(cipc_pipe2);
REAL(cipc_semctl_array);
REAL(cipc_semctl_value);
REAL(cipc_semtimedop);
REAL(cipc_sigmask);
REAL(cipc_unix_bind);
REAL(cipc_unix_peer);
REAL(cipc_unix_receive);
REAL(cipc_unix_send_enclosing);
REAL(close);
REAL(ftruncate);
REAL(mkfifo);
REAL(mmap);
REAL(msgsnd);
REAL(pthread_mutex_lock);
REAL(pthread_sigmask);
REAL(read);
REAL(sem_post);
REAL(write);
