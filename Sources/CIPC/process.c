#include "cipc_process.h"

#include "cipc_signal.h"
#include "portability.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int add_actions(posix_spawn_file_actions_t *actions, int directory, const int from[], const int to[],
                       size_t count) {
    int error = directory == -1 ? 0 : posix_spawn_file_actions_addfchdir_np(actions, directory);
    for (size_t i = 0; i < count && error == 0; i++)
        error = from[i] == -1 ? posix_spawn_file_actions_addopen(actions, to[i], "/dev/null", O_RDWR, 0)
                              : posix_spawn_file_actions_adddup2(actions, from[i], to[i]);
    return error;
}

static int set_attributes(posix_spawnattr_t *attributes, int group, uint64_t mask) {
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t blocked = cipc_sigset(mask), all;
    sigfillset(&all);
    int error = posix_spawnattr_setsigmask(attributes, &blocked);
    // Handlers do not survive exec(3), but ignored signals would remain ignored.
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &all);
    if (error == 0 && group != -1) {
        flags |= POSIX_SPAWN_SETPGROUP;
        error = posix_spawnattr_setpgroup(attributes, group);
    }
    return error == 0 ? posix_spawnattr_setflags(attributes, flags) : error;
}

int cipc_spawn(int *process, const char *program, char *const arguments[], char *const environment[],
               int directory, const int from[], const int to[], size_t count, int group, uint64_t mask) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawnattr_init(&attributes);
        if (error == 0) {
            error = add_actions(&actions, directory, from, to, count);
            if (error == 0)
                error = set_attributes(&attributes, group, mask);
            if (error == 0)
                error = posix_spawnp(process, program, &actions, &attributes, arguments,
                                     environment ? environment : environ);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    errno = error;
    return error == 0 ? 0 : -1;
}

int cipc_wait(int process, int *exit_status, int *signal) {
    int status;
    int result = waitpid(process, &status, 0);
    if (result != -1) {
        *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
    return result;
}

_Static_assert(CIPC_CLOSE_RANGE_CLOEXEC == CLOSE_RANGE_CLOEXEC, "CLOSE_RANGE_CLOEXEC");

int cipc_close_range(uint32_t first, uint32_t last, int flags) {
    return (int)syscall(SYS_close_range, first, last, flags);
}

int cipc_open_directory(const char *path) {
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}
