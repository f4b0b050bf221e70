/* A parent sends its child a message through an anonymous pipe. */
#include "common/example.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: anon_pipe [--message TEXT] [--child COMMAND...]\n"
    "  --message TEXT      the message (Hello from parent!)\n"
    "  --child COMMAND...  run this program as the child, the read end its descriptor 3";

/* Reads to the end of file: one read(2) may return only part of the data. */
static int child(int reader) {
    char *received = NULL;
    size_t length = 0, room = 0;
    ssize_t count;
    do {
        if (length == room && !(received = reallocf(received, room = 2 * room + 4096)))
            err(EX_OSERR, "malloc");
        count = read(reader, received + length, room - length);
        if (count == -1)
            err(EXIT_FAILURE, "read 'pipe'");
        length += (size_t)count;
    } while (count > 0);
    if (length > 0)
        say("Child: received '%s' (%zu bytes).", shown(received, length), length);
    say("Child: end of file.");
    free(received);
    return EXIT_SUCCESS;
}

/* Runs a program whose descriptor 3 is `reader`. The program inherits no other descriptor for the pipe: both
 * ends are close-on-exec, and the file action clears the flag only for the duplicate. */
static pid_t spawn(char *command[], int reader) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    pid_t process;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, reader, 3);
    /* A new program does not expect SIGPIPE to be ignored, but would inherit that disposition. */
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    errno = posix_spawnp(&process, command[0], &actions, &attributes, command, environ);
    if (errno != 0)
        err(EXIT_FAILURE, "posix_spawnp '%s'", command[0]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return process;
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"message", required_argument, NULL, 'm'},
                                            {"child", no_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *message = "Hello from parent!";
    char **command = NULL;
    for (int option; !command && (option = getopt_long(argc, argv, "+", options, NULL)) != -1;)
        switch (option) {
        case 'm': message = optarg; break;
        case 'c': command = argv + optind; break; /* the remaining arguments belong to the child */
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    if (command && !*command)
        errx(EX_USAGE, "--child needs a command");
    if (!command)
        no_more_arguments(argc, argv);

    /* With SIGPIPE ignored, a write without a reader fails with EPIPE; by default, the signal would silently
     * terminate the parent. */
    signal(SIGPIPE, SIG_IGN);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        err(EXIT_FAILURE, "pipe2");
    const int reader = ends[0], writer = ends[1];
    say("Parent: pipe created.");

    pid_t process = command ? spawn(command, reader) : fork();
    if (process == -1)
        err(EXIT_FAILURE, "fork");
    if (process == 0) {
        close(writer); /* otherwise the child would never see end of file */
        return child(reader);
    }
    close(reader); /* otherwise the parent would not detect that the child has exited */

    const size_t length = strlen(message);
    bool failed = false;
    for (size_t sent = 0; sent < length && !failed;) {
        ssize_t count = write(writer, message + sent, length - sent);
        failed = count == -1;
        sent += failed ? 0 : (size_t)count;
    }
    if (failed)
        warn("write 'pipe'"); /* still wait for the child */
    else
        say("Parent: sent '%s' (%zu bytes).", shown(message, length), length);
    close(writer); /* the child now sees end of file, so its output follows the lines above */

    int status;
    while (waitpid(process, &status, 0) == -1)
        if (errno != EINTR)
            err(EXIT_FAILURE, "waitpid '%d'", process);
    /* Exits like a shell: with 128 plus the signal number if a signal terminated the child. */
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    say("Parent: child finished with status %d.", code);
    return code != 0 ? code : failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
