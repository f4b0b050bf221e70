#include "cipc_process.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

int cipc_spawn(int *process, const char *program, char *const arguments[], const int from[], const int to[],
               size_t count) {
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        for (size_t i = 0; i < count && error == 0; i++)
            error = posix_spawn_file_actions_adddup2(&actions, from[i], to[i]);
        if (error == 0)
            error = posix_spawnp(process, program, &actions, NULL, arguments, environ);
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
