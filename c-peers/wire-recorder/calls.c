#include "recorder.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Whether a transfer to or from a descriptor orders accesses by several processes. A transfer to or from a
/// file does not.
static bool is_channel(const struct tracee *tracee) {
    char id[ID_SIZE];
    struct stat status;
    int taken = take(tracee, (int)tracee->arguments[0]);
    bool is =
        taken != -1 && fstat(taken, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
    if (taken != -1)
        close(taken);
    return is && identify(tracee, (int)tracee->arguments[0], id);
}

static void classify_futex(struct tracee *tracee) {
    char id[ID_SIZE];
    const int command = (int)tracee->arguments[1] & FUTEX_CMD_MASK;
    if (!find_mapping(tracee->process, tracee->arguments[0], id))
        return;
    tracee->is_sharing = true;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI: tracee->is_acquiring = true; break;
    default: tracee->is_releasing = true;
    }
}

static void classify_semop(struct tracee *tracee) {
    struct sembuf operations[64];
    const size_t count = tracee->arguments[2] < 64 ? tracee->arguments[2] : 64;
    tracee->is_sharing = true;
    if (!read_memory(tracee, tracee->arguments[1], operations, count * sizeof *operations))
        return;
    for (size_t i = 0; i < count; i++) {
        tracee->is_releasing = tracee->is_releasing || operations[i].sem_op > 0;
        tracee->is_acquiring = tracee->is_acquiring || operations[i].sem_op <= 0;
    }
}

/// Determines whether the call orders accesses to the process's shared memory.
static void classify(struct tracee *tracee) {
    tracee->is_sharing = tracee->is_acquiring = tracee->is_releasing = false;
    if (!has_mappings(tracee->process))
        return;
    switch (tracee->number) {
    case SYS_futex: classify_futex(tracee); break;
    case SYS_semop:
    case SYS_semtimedop: classify_semop(tracee); break;
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg: tracee->is_sharing = tracee->is_acquiring = is_channel(tracee); break;
    case SYS_mq_timedreceive:
    case SYS_msgrcv:
    case SYS_rt_sigtimedwait:
    case SYS_rt_sigsuspend:
#ifdef SYS_pause
    case SYS_pause:
    case SYS_poll:
    case SYS_select:
    case SYS_epoll_wait:
#endif
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_ppoll:
    case SYS_pselect6:
    case SYS_epoll_pwait:
    case SYS_wait4:
    case SYS_waitid: tracee->is_sharing = tracee->is_acquiring = true; break;
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg: tracee->is_sharing = tracee->is_releasing = is_channel(tracee); break;
    case SYS_mq_timedsend:
    case SYS_msgsnd:
    case SYS_kill:
    case SYS_rt_sigqueueinfo:
    case SYS_pidfd_send_signal: tracee->is_sharing = tracee->is_releasing = true; break;
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo: // these usually send a signal to a thread of the same process
        tracee->is_sharing = tracee->is_releasing = signal_target(tracee) != tracee->process;
        break;
    case SYS_msync:
    case SYS_munmap:
    case SYS_mremap:
    case SYS_shmdt:
    case SYS_execve:
    case SYS_exit:
    case SYS_exit_group: tracee->is_sharing = true; break;
    default: break;
    }
}

void enter_call(struct tracee *tracee) {
    tracee->is_known = false;
    classify(tracee);
    if (tracee->is_sharing)
        report_stores(tracee);
    if (!enter_file_call(tracee))
        enter_sysv_call(tracee);
}

void leave_call(struct tracee *tracee, int64_t result) {
    if (tracee->is_sharing)
        accept_stores(tracee, tracee->is_acquiring, tracee->is_releasing);
    // A connect with a timeout uses a nonblocking call.
    const bool connects = tracee->number == SYS_connect && result == -EINPROGRESS;
    if (result < 0 && !connects)
        return;
    if (!leave_message_call(tracee, result) && !leave_signal_call(tracee) &&
        !leave_file_call(tracee, result) && !leave_socket_call(tracee, result))
        leave_sysv_call(tracee, result);
}
