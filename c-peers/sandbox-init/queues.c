#include "sandbox_init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Whether a directory lists this namespace's queues: /dev/mqueue may belong to another namespace, or be an
/// ordinary directory. Creates a queue to see whether it appears there.
static bool shows_queues(int directory) {
    char name[64];
    struct mq_attr least = {.mq_maxmsg = 1, .mq_msgsize = 1};
    snprintf(name, sizeof name, "/ipc-interop-%d", getpid());
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600, &least);
    if (queue == (mqd_t)-1)
        return false;
    struct stat status;
    bool shown = fstatat(directory, name + 1, &status, AT_SYMLINK_NOFOLLOW) == 0;
    mq_unlink(name);
    mq_close(queue);
    errno = ENOENT;
    return shown;
}

static int mounted_directory(void) {
    int directory = open("/dev/mqueue", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory == -1 || shows_queues(directory))
        return directory;
    int reason = errno;
    close(directory);
    errno = reason;
    return -1;
}

int mqueue_directory(void) {
    // Use a mount that is not attached to the tree: it works on machines without /dev/mqueue.
    int context = (int)syscall(SYS_fsopen, "mqueue", FSOPEN_CLOEXEC);
    int directory = -1;
    if (context != -1) {
        if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
            directory = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
        close(context);
    }
    return directory != -1 ? directory : mounted_directory();
}
