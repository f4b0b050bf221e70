internal import SystemPackage

extension IPCError {
  /// What to do about the error, where the reason alone does not tell: usually the limit that was reached, and where it is
  /// set.
  var advice: String? {
    switch (call, errno) {
    case (.fallocate, .fileTooLarge), (.ftruncate, .fileTooLarge): "Raise RLIMIT_FSIZE (ulimit -f)"
    case (.fallocate, .noSpace): "Free memory, or enlarge /dev/shm (in a container: --shm-size)"
    case (.fallocate, .notSupportedOnSocket): "Use resize(to:): this file system cannot reserve space"
    case (.flock, .noSuchFileOrDirectory): "Create or open the object again: its name was removed"
    case (.madvise, .badAddress): "Allocate the object first: it is too short, or /dev/shm is full"
    case (.memcpy, .badAddress): "Keep offset and length inside of the memory"
    case (.memcpy, .invalidArgument): "Use a multiple of the alignment of the type as offset"
    case (.memcpy, .messageTooLong): "Create the block with a larger capacity"
    case (.processVMRead, .badAddress), (.processVMWrite, .badAddress):
      "Allocate the object first: it is too short, or /dev/shm is full"
    case (.pthreadMutexLock, .ownerDied): "Pass recover: to repair the data of an owner that died"
    case (.pthreadMutexLock, .notRecoverable), (.pthreadMutexTryLock, .notRecoverable),
      (.pthreadMutexClockLock, .notRecoverable):
      "Create the mutex again: an owner died, and nothing was repaired"
    case (.semGetValue, .invalidArgument): "Create the semaphore again: its memory was overwritten"
    case (.semOpen, .protocolNotSupported): "Create it by a 64-bit program: the semaphore has another layout"
    case _ where isOfMemoryOrSemaphore && hasInvalidName:
      "Name it by a slash and 1 to 255 bytes that are not slashes, such as '/jobs'"
    case (.semOpen, .invalidArgument): "Use a value of at most 2147483647"
    case (.fcntlSetPipeSize, .notPermitted):
      "Without CAP_SYS_RESOURCE, /proc/sys/fs/pipe-max-size and pipe-user-pages-soft limit the capacity"
    case (.fcntlSetPipeSize, .resourceBusy): "Read first: the pipe holds more bytes than that"
    case (.open, .noSuchAddressOrDevice): "Start the reader first, or pass a timeout to wait for it"
    case (_, .tooManyOpenFiles): "Close descriptors, or raise RLIMIT_NOFILE (ulimit -n)"
    case (_, .tooManyOpenFilesInSystem): "Raise /proc/sys/fs/file-max, or /proc/sys/fs/pipe-user-pages-hard for pipes"
    default: nil
    }
  }

  private var isOfMemoryOrSemaphore: Bool {
    switch call {
    case .shmOpen, .shmUnlink, .semOpen, .semUnlink: true
    default: false
    }
  }

  /// Whether the object has a name that no POSIX object can have.
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
