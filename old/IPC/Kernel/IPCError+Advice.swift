internal import SystemPackage

extension IPCError {
  /// What to do about it, where the reason alone does not tell: mostly, which limit was met and where it is set.
  var advice: String? {
    switch (call, errno) {
    case ("fcntl F_SETPIPE_SZ", .notPermitted):
      "Without CAP_SYS_RESOURCE a pipe holds at most what /proc/sys/fs/pipe-max-size says, and all pipes of a user "
        + "together what pipe-user-pages-soft allows."
    case ("fcntl F_SETPIPE_SZ", .resourceBusy): "The pipe holds more bytes than that: read them first."
    case ("mq_open", .tooManyOpenFiles):
      "The queues of a user take at most RLIMIT_MSGQUEUE bytes together, and a process has at most RLIMIT_NOFILE "
        + "descriptors."
    case ("mq_open", .invalidArgument):
      "Without CAP_SYS_RESOURCE a queue has at most the messages, and of the size, that /proc/sys/fs/mqueue/msg_max and "
        + "msgsize_max allow."
    case ("mq_open", .noSpace): "The system has as many queues as /proc/sys/fs/mqueue/queues_max allows."
    case ("mq_receive", .messageTooLong), ("mq_timedreceive", .messageTooLong):
      "There must be room for the largest message of the queue, whatever arrives."
    case ("process_vm_readv", .badAddress), ("process_vm_writev", .badAddress):
      "The object is shorter than its mapping, or its file system has no room for a page that was never written."
    case ("memcpy", .badAddress): "Not all of these bytes lie in the memory that is attached."
    case ("ftruncate", .fileTooLarge), ("fallocate", .fileTooLarge):
      "A file that this process writes has at most RLIMIT_FSIZE bytes."
    case ("shmget", .noSpace): "The system has as much shared memory as /proc/sys/kernel/shmmni and shmall allow."
    case ("semget", .noSpace): "The system has as many semaphores as /proc/sys/kernel/sem allows."
    case ("msgget", .noSpace): "The system has as many message queues as /proc/sys/kernel/msgmni allows."
    case ("msgsnd", .invalidArgument):
      "A message is at most as large as /proc/sys/kernel/msgmax says, and its type is 1 or more. Or the queue is gone."
    case ("msgctl", .notPermitted):
      "Who is neither owner nor creator changes nothing, and without CAP_SYS_RESOURCE a queue holds at most what "
        + "/proc/sys/kernel/msgmnb says."
    case ("msgrcv", .argListTooLong): "There is less room than the message needs, which stays in the queue."
    case ("flock", .wouldBlock):
      "Another process keeps the directory locked, as anybody can who may read it: end that process, or bind elsewhere."
    case ("epoll_ctl", .noSpace):
      "A user watches at most as many descriptors as /proc/sys/fs/epoll/max_user_watches allows."
    case ("epoll_ctl", .notPermitted): "A regular file or directory is always ready, and cannot be watched."
    case ("posix_spawnp", .badFileDescriptor):
      "What is handed over must be open, and its number in the child be from 0 on and below RLIMIT_NOFILE."
    case (_, .tooManyOpenFiles): "The process has as many descriptors as RLIMIT_NOFILE allows."
    case (_, .tooManyOpenFilesInSystem): "The system is out of files (/proc/sys/fs/file-max), or the user out of pipes."
    default: sharingAdvice
    }
  }
}
