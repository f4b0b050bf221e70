// The original versions of the functions that `swift-peer-mutants` replaces, under the names that the linker
// gives them.
#pragma once

#include <CIPC.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(call) __typeof__(call) __real_##call

REAL(cipc_accept);
REAL(cipc_bind);
REAL(cipc_bind_path);
REAL(cipc_clock_monotonic);
REAL(cipc_close_range);
REAL(cipc_connect);
REAL(cipc_disconnect);
REAL(cipc_epoll_ctl);
REAL(cipc_epoll_wait);
REAL(cipc_epoll_wait_masked);
REAL(cipc_eventfd);
REAL(cipc_eventfd_read_now);
REAL(cipc_eventfd_write);
REAL(cipc_fallocate);
REAL(cipc_ftok);
REAL(cipc_futex_wait);
REAL(cipc_futex_wait_any);
REAL(cipc_futex_wake);
REAL(cipc_inotify_add_watch);
REAL(cipc_inotify_read);
REAL(cipc_inotify_rm_watch);
REAL(cipc_internet_receive);
REAL(cipc_internet_send);
REAL(cipc_memfd_create);
REAL(cipc_mq_getattr);
REAL(cipc_mq_notify_signal);
REAL(cipc_mq_notify_thread);
REAL(cipc_mq_open);
REAL(cipc_mq_receive);
REAL(cipc_mq_send);
REAL(cipc_mq_timedreceive);
REAL(cipc_mq_timedsend);
REAL(cipc_mq_unlink);
REAL(cipc_mremap);
REAL(cipc_msg_set);
REAL(cipc_msg_stat);
REAL(cipc_msgrcv);
REAL(cipc_msgsnd);
REAL(cipc_mutex_lock_until);
REAL(cipc_open_beneath);
REAL(cipc_peer_credentials);
REAL(cipc_pidfd_getfd);
REAL(cipc_pidfd_reap);
REAL(cipc_pidfd_wait);
REAL(cipc_pipe2);
REAL(cipc_pipe_read);
REAL(cipc_pipe_readv);
REAL(cipc_pipe_write);
REAL(cipc_pipe_writev);
REAL(cipc_populate);
REAL(cipc_ppoll);
REAL(cipc_ppoll_masked);
REAL(cipc_preadv);
REAL(cipc_process_vm_read);
REAL(cipc_process_vm_write);
REAL(cipc_pwritev);
REAL(cipc_receive_ancillary);
REAL(cipc_receive_many);
REAL(cipc_robust_begin);
REAL(cipc_robust_end);
REAL(cipc_rwlock_lock_until);
REAL(cipc_sem_set);
REAL(cipc_sem_wait_until);
REAL(cipc_semctl);
REAL(cipc_semctl_array);
REAL(cipc_semctl_value);
REAL(cipc_semop);
REAL(cipc_semtimedop);
REAL(cipc_send_ancillary);
REAL(cipc_set_socket_linger);
REAL(cipc_set_socket_option);
REAL(cipc_set_socket_timeout);
REAL(cipc_shm_lock);
REAL(cipc_shm_set);
REAL(cipc_shm_stat);
REAL(cipc_sigmask);
REAL(cipc_signalfd);
REAL(cipc_signalfd_replace);
REAL(cipc_sigpending);
REAL(cipc_sigqueue);
REAL(cipc_sigtimedwait);
REAL(cipc_socket_name);
REAL(cipc_socket_read);
REAL(cipc_socket_write);
REAL(cipc_socket_writev);
REAL(cipc_spawn);
REAL(cipc_splice);
REAL(cipc_timer_set);
REAL(cipc_timerfd);
REAL(cipc_timerfd_read);
REAL(cipc_timerfd_set);
REAL(cipc_wait);
REAL(cipc_without_umask);
REAL(close);
REAL(exit);
REAL(fchmod);
REAL(flock);
REAL(fstat);
REAL(ftruncate);
REAL(kill);
REAL(listen);
REAL(lseek);
REAL(mkfifo);
REAL(mlock);
REAL(mmap);
REAL(msgget);
REAL(munmap);
REAL(pread);
REAL(pthread_barrier_wait);
REAL(pthread_barrierattr_setpshared);
REAL(pthread_cond_broadcast);
REAL(pthread_cond_timedwait);
REAL(pthread_condattr_setclock);
REAL(pthread_condattr_setpshared);
REAL(pthread_mutex_lock);
REAL(pthread_mutex_trylock);
REAL(pthread_mutex_unlock);
REAL(pthread_mutexattr_setrobust);
REAL(pthread_mutexattr_settype);
REAL(pthread_rwlock_rdlock);
REAL(pthread_rwlock_tryrdlock);
REAL(pthread_rwlock_wrlock);
REAL(pthread_rwlockattr_setpshared);
REAL(pwrite);
REAL(recvmsg);
REAL(sem_close);
REAL(sem_getvalue);
REAL(sem_init);
REAL(sem_post);
REAL(sem_trywait);
REAL(sem_wait);
REAL(semget);
REAL(shm_open);
REAL(shmat);
REAL(shmdt);
REAL(shmget);
REAL(shutdown);
REAL(unlink);
REAL(write);

// Swift cannot call variadic functions. Their third argument has the size of a register.
int __real_fcntl(int descriptor, int command, long argument);
int __real_ioctl(int descriptor, unsigned long request, int *argument);
int __real_open(const char *path, int flags, long mode);
