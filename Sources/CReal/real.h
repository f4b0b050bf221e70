// The original calls that `swift-peer-mutants` replaces. The linker gives them these names.
#pragma once

#include <CIPC.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(call) __typeof__(call) __real_##call

REAL(cipc_epoll_ctl);
REAL(cipc_ftok);
REAL(cipc_futex_wait);
REAL(cipc_futex_wait_any);
REAL(cipc_futex_wake);
REAL(cipc_bind);
REAL(cipc_bind_path);
REAL(cipc_connect);
REAL(cipc_msgsnd);
REAL(cipc_mq_receive);
REAL(cipc_mq_send);
REAL(cipc_mq_timedreceive);
REAL(cipc_pidfd_reap);
REAL(cipc_pipe2);
REAL(cipc_populate);
REAL(cipc_robust_begin);
REAL(cipc_semctl_array);
REAL(cipc_semctl_value);
REAL(cipc_semtimedop);
REAL(cipc_sigmask);
REAL(cipc_socket_read);
REAL(cipc_socket_write);
REAL(cipc_timerfd_read);
REAL(cipc_peer_credentials);
REAL(cipc_pipe_read);
REAL(cipc_pipe_write);
REAL(cipc_receive_ancillary);
REAL(cipc_internet_receive);
REAL(cipc_send_ancillary);
REAL(close);
REAL(ftruncate);
REAL(mkfifo);
REAL(mmap);
REAL(pthread_mutex_lock);
REAL(sem_post);
REAL(shutdown);
