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
    case (.readLine, .messageTooLong): "Read with a larger maxLength: the line stays in the buffer"
    case (.ringCreate, .invalidArgument): "Use a capacity that is a power of two, at least 16"
    case (.ringOpen, .invalidArgument): "Create the ring before it is opened, for the same content (bytes or records)"
    case (.ringOpen, .protocolNotSupported), (.sharedQueueOpen, .protocolNotSupported):
      "Build all programs with the same version of the library and of the C header"
    case (.ringOpen, .resourceBusy):
      "Let the process that has this end close it; in other PID or time namespaces, create a new ring"
    case (.ringOpen, .brokenPipe): "Create a new ring: this end was closed"
    case (.ring, .badMessage), (.ringOpen, .badMessage): "Close the ring and create a new one: its header is corrupted"
    case (.ringSend, .messageTooLong): "Create the ring larger: a record takes 8 bytes more than its length"
    case (.ringReceive, .messageTooLong): "Make more room: the record stays in the ring"
    case (.ringRead, .ownerDied), (.ringWrite, .ownerDied), (.ringReceive, .ownerDied), (.ringSend, .ownerDied):
      "Start a successor of the process that died: it can open its end, and the ring continues"
    case (.sharedQueueCreate, .invalidArgument): "Use 1 to 2^30 slots of 1 to 2^30 bytes"
    case (.sharedQueueOpen, .invalidArgument): "Create the queue before it is opened"
    case (.sharedQueueOpen, .badMessage), (.sharedQueueMessages, .badMessage), (.sharedQueueReceive, .badMessage):
      "Create a new queue: this one is corrupted"
    case (.sharedQueueSend, .messageTooLong): "Create the queue with larger slots"
    case (.sharedQueueReceive, .messageTooLong): "Make room for a whole slot: the message stays in the queue"
    case (.sharedQueueSelect, .invalidArgument): "Select from 1 to 128 queues"
    case (.messageChannelReceive, .messageTooLong):
      "Pass both sides the same maximumLength; if that is not it, the other side does not send messages"
    case (_, .tooManyOpenFiles): "Close descriptors, or raise RLIMIT_NOFILE (ulimit -n)"
    case (_, .tooManyOpenFilesInSystem): "Raise /proc/sys/fs/file-max, or /proc/sys/fs/pipe-user-pages-hard for pipes"
    default: nil
    }
  }
}
