internal import SystemPackage

extension IPCError {
  /// What to do about the error, where the reason alone does not tell: usually the limit that was reached, and where it is
  /// set.
  var advice: String? {
    switch (call, errno) {
    case (.epollControl, .noSpace): "Watch fewer descriptors, or raise /proc/sys/fs/epoll/max_user_watches"
    case (.epollControl, .notPermitted): "Do not watch regular files and directories: they are always ready"
    case (.fcntlSetPipeSize, .notPermitted):
      "Without CAP_SYS_RESOURCE, /proc/sys/fs/pipe-max-size and pipe-user-pages-soft limit the capacity"
    case (.fcntlSetPipeSize, .resourceBusy): "Read first: the pipe holds more bytes than that"
    case (.open, .noSuchAddressOrDevice): "Start the reader first, or pass a timeout to wait for it"
    case (.socket, .fileNameTooLong):
      "A socket address has at most 107 bytes: use a shorter path, or a relative one after changing the directory"
    case (.bind, .addressInUse): "Use another address; for a Unix path that a dead process left, pass replaceStale: true"
    case (.flock, .wouldBlock): "End the process that keeps the directory locked, or bind in another directory"
    case (.sendmsg, .tooManyReferences): "Let the receiver take the descriptors in transit first, or raise RLIMIT_NOFILE"
    case (.sdListenFDs, .invalidArgument): "Set LISTEN_PID and LISTEN_FDS as sd_listen_fds(3) describes"
    case (.posixSpawn, .badFileDescriptor):
      "Pass open descriptors, as numbers from 0 up to but not including RLIMIT_NOFILE (ulimit -n)"
    case (.posixSpawn, .noSuchFileOrDirectory):
      "Check the path or PATH, and the interpreter in the first line of a script"
    case (.sigqueue, .wouldBlock), (.sigqueue, .timedOut):
      "Let the receiver handle its pending signals, or raise its RLIMIT_SIGPENDING (ulimit -i)"
    case (.waitid, .noChildProcess), (.waitpid, .noChildProcess):
      "Do not ignore SIGCHLD, and wait only once, for a child of this process"
    case (_, .tooManyOpenFiles): "Close descriptors, or raise RLIMIT_NOFILE (ulimit -n)"
    case (_, .tooManyOpenFilesInSystem): "Raise /proc/sys/fs/file-max, or /proc/sys/fs/pipe-user-pages-hard for pipes"
    default: nil
    }
  }
}
