internal import SystemPackage

extension IPCError {
  /// Advice on resolving the error, such as which limit to raise; nil if the reason needs no explanation.
  var advice: String? {
    switch (call, errno) {
    case (.fallocate, .fileTooLarge), (.ftruncate, .fileTooLarge): "Raise RLIMIT_FSIZE (ulimit -f)"
    case (.fallocate, .noSpace): "Free memory, or enlarge /dev/shm (in a container: --shm-size)"
    case (.fallocate, .notSupportedOnSocket): "Use resize(to:): this file system cannot reserve space"
    case (.fcntlSetLockWait, .deadlock): "Lock all ranges in the same order in all processes"
    case (.fcntlSetLock, .badFileDescriptor), (.fcntlSetLockWait, .badFileDescriptor),
      (.fcntlOFDSetLock, .badFileDescriptor), (.fcntlOFDSetLockWait, .badFileDescriptor):
      "Open the file for writing to lock it exclusively, and for reading to share the lock"
    case (.flock, .noSuchFileOrDirectory): "Create or open the object again: its name was removed"
    case (.madvise, .badAddress): "Allocate the object first: it is too short, or /dev/shm is full"
    case (.memcpy, .badAddress): "Keep the offset and length within the memory"
    case (.memcpy, .invalidArgument): "Use an offset that is a multiple of the type's alignment"
    case (.memcpy, .messageTooLong): "Create the block with a larger capacity"
    case (.processVMRead, .badAddress), (.processVMWrite, .badAddress):
      "Allocate the object first: it is too short, or /dev/shm is full"
    case (.pthreadBarrierInit, .invalidArgument): "Use a count of at least 1"
    case (.pthreadMutexLock, .ownerDied): "Pass recover: to repair the data after an owner has died"
    case (.pthreadMutexLock, .notRecoverable), (.pthreadMutexTryLock, .notRecoverable),
      (.pthreadMutexClockLock, .notRecoverable):
      "Create the mutex again: an owner died, and nothing was repaired"
    case (.semGetValue, .invalidArgument): "Create the semaphore again: its memory was overwritten"
    case (.semOpen, .protocolNotSupported): "Create it in a 64-bit program: the semaphore has a different layout"
    case (.semOpen, .invalidArgument) where !hasInvalidName: "Use a value of at most 2147483647"
    case (.epollControl, .noSpace): "Watch fewer descriptors, or raise /proc/sys/fs/epoll/max_user_watches"
    case (.epollControl, .notPermitted): "Do not watch regular files and directories: they are always ready"
    case (.fcntlSetPipeSize, .notPermitted):
      "Without CAP_SYS_RESOURCE, /proc/sys/fs/pipe-max-size and pipe-user-pages-soft limit the capacity"
    case (.fcntlSetPipeSize, .resourceBusy): "Read first: the pipe holds more bytes than that"
    case (.open, .noSuchAddressOrDevice): "Start the reader first, or pass a timeout to wait for it"
    case (.socket, .fileNameTooLong):
      "A socket address has at most 107 bytes: use a shorter path, or a relative one after changing the directory"
    case (.bind, .addressInUse):
      "Use another address; for a Unix path that a dead process left, pass replaceStale: true"
    case (.flock, .wouldBlock): "End the process that keeps the directory locked, or bind in another directory"
    case (.sendmsg, .tooManyReferences):
      "Let the receiver take the descriptors in transit first, or raise RLIMIT_NOFILE"
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
      "Let the process that holds this end close it; in other PID or time namespaces, create a new ring"
    case (.ringOpen, .brokenPipe): "Create a new ring: this end was closed"
    case (.ring, .badMessage), (.ringOpen, .badMessage): "Close the ring and create a new one: its header is corrupted"
    case (.ringSend, .messageTooLong): "Create a larger ring: a record takes 8 bytes more than its length"
    case (.ringReceive, .messageTooLong): "Make more room: the record stays in the ring"
    case (.ringRead, .ownerDied), (.ringWrite, .ownerDied), (.ringReceive, .ownerDied), (.ringSend, .ownerDied):
      "Start a successor to the process that died: it can open its end, and the ring continues"
    case (.sharedQueueCreate, .invalidArgument): "Use 1 to 2^30 slots of 1 to 2^30 bytes"
    case (.sharedQueueOpen, .invalidArgument): "Create the queue before it is opened"
    case (.sharedQueueOpen, .badMessage), (.sharedQueueMessages, .badMessage), (.sharedQueueReceive, .badMessage):
      "Create a new queue: this one is corrupted"
    case (.sharedQueueSend, .messageTooLong): "Create the queue with larger slots"
    case (.sharedQueueReceive, .messageTooLong): "Make room for a whole slot: the message stays in the queue"
    case (.sharedQueueSelect, .invalidArgument): "Select from 1 to 128 queues"
    case (.messageChannelReceive, .messageTooLong):
      "Pass both sides the same maximumLength; if they agree, the other side does not use this protocol"
    case _ where hasInvalidName: "Use a slash followed by 1 to 255 bytes other than slashes, such as '/jobs'"
    case (.mqOpen, .invalidArgument):
      "Without CAP_SYS_RESOURCE, msg_max and msgsize_max in /proc/sys/fs/mqueue limit the attributes"
    case (.mqOpen, .tooManyOpenFiles):
      "Raise RLIMIT_MSGQUEUE (ulimit -q), which all queues of the user share, or RLIMIT_NOFILE (ulimit -n)"
    case (.mqOpen, .noSpace): "Remove queues, or raise /proc/sys/fs/mqueue/queues_max"
    case (.mqReceive, .messageTooLong), (.mqTimedReceive, .messageTooLong):
      "Make room for the longest message that the queue allows, even if this one is short"
    case (.mqSend, .messageTooLong), (.mqTimedSend, .messageTooLong):
      "Create the queue with a larger maximum message size"
    case (.msgctl, .notPermitted):
      "Run as the owner or creator; a capacity above /proc/sys/kernel/msgmnb also requires CAP_SYS_RESOURCE"
    case (.msgget, .noSpace): "Remove queues (ipcs -q, ipcrm), or raise /proc/sys/kernel/msgmni"
    case (.msgrcv, .argListTooLong): "Make more room: the message stays in the queue"
    case (.msgsnd, .invalidArgument):
      "Use a type of 1 or more and at most /proc/sys/kernel/msgmax bytes; or the queue was removed"
    case (.semctl, .outOfRange): "Use a value of 0 to 32767"
    case (.semget, .invalidArgument):
      "Request 1 to SEMMSL (/proc/sys/kernel/sem) semaphores, and no more than an existing set has"
    case (.semget, .noSpace): "Remove sets (ipcs -s, ipcrm), or raise /proc/sys/kernel/sem"
    case (.semget, .timedOut), (.semget, .wouldBlock):
      "Remove the set if the process that created it died before it set the values"
    case (.semop, .argListTooLong): "Use at most SEMOPM operations, the third number in /proc/sys/kernel/sem"
    case (.semop, .fileTooLarge): "Use an index below the number of semaphores in the set"
    case (.semop, .outOfRange):
      "Keep the value and the sum of the changes to undo (SEM_UNDO) at most 32767"
    case (.shmget, .invalidArgument):
      "Request 1 to /proc/sys/kernel/shmmax bytes, and no more than an existing segment has"
    case (.shmget, .noSpace): "Remove segments (ipcs -m, ipcrm), or raise shmmni and shmall in /proc/sys/kernel"
    case (.mqOpen, .fileExists), (.semOpen, .fileExists), (.shmOpen, .fileExists), (.msgget, .fileExists),
      (.semget, .fileExists), (.shmget, .fileExists):
      "Open the existing object, use createOrOpen, or remove it if no process uses it"
    case (.readv, .invalidArgument), (.writev, .invalidArgument): "Pass at most 1024 parts (IOV_MAX)"
    case (.preadv, .invalidArgument), (.pwritev, .invalidArgument):
      "Pass at most 1024 parts (IOV_MAX), and an offset of 0 or more"
    case (.mlock, .noMemory), (.mlock, .notPermitted):
      "Raise RLIMIT_MEMLOCK (ulimit -l), or lock only pages that the object contains"
    case (.inotifyInit, .tooManyOpenFiles):
      "Close instances, or raise /proc/sys/fs/inotify/max_user_instances or RLIMIT_NOFILE (ulimit -n)"
    case (.inotifyAddWatch, .noSpace): "Watch fewer files, or raise /proc/sys/fs/inotify/max_user_watches"
    case (.inotifyAddWatch, .invalidArgument): "Watch for at least one event"
    case (_, .tooManyOpenFiles): "Close descriptors, or raise RLIMIT_NOFILE (ulimit -n)"
    case (_, .tooManyOpenFilesInSystem): "Raise /proc/sys/fs/file-max, or /proc/sys/fs/pipe-user-pages-hard for pipes"
    default: nil
    }
  }

  /// Whether the object's name is not a valid POSIX name.
  private var hasInvalidName: Bool {
    guard case .name(let name)? = object else { return false }
    do throws(IPCError) {
      try name.validate(for: call, maximumLength: 255)
      return false
    } catch {
      return true
    }
  }
}
