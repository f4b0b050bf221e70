/// A machine feature that a scenario or an operation requires.
///
/// The runner probes each feature once. If a feature is missing, the cells that require it are *not run*.
public enum Feature: String, Sendable, CaseIterable, Hashable {
  case anotherUser = "another-user"
  case callCounts = "call-counts"
  case closeRange = "close_range"
  case endedPIDFD = "ended-pidfd"
  case epollPwait2 = "epoll_pwait2"
  case eventFD = "eventfd"
  case futexWaitv = "futex_waitv"
  case highDescriptors = "high-descriptors"
  case inotify
  case ipv6
  case largeNumbers = "large-numbers"
  case lockedMemory = "locked-memory"
  case memfdCreate = "memfd_create"
  case messageQueues = "mq"
  case messageCopy = "msg-copy"
  case peerPIDFD = "peer-pidfd"
  case pidfdGetfd = "pidfd_getfd"
  case pidfdOpen = "pidfd_open"
  case pidfdSendSignal = "pidfd_send_signal"
  case pipeCapacity = "pipe-capacity"
  case plainMemfd = "plain-memfd"
  case privateSandbox = "private-sandbox"
  case root
  case robustList = "robust-list"
  case sharedMemorySpace = "shared-memory-space"
  case signalFD = "signalfd"
  case systemVMessages = "sysv-msg"
  case systemVSemaphores = "sysv-sem"
  case systemVSharedMemory = "sysv-shm"
  case timerFD = "timerfd"
  case tracing

  /// Text that completes the sentence "the cell requires …": the feature and, if some kernels lack it, its
  /// requirements.
  var description: String {
    switch self {
    case .anotherUser: "root with CAP_SETUID, CAP_SETGID, CAP_KILL and CAP_SYS_PTRACE, to run a role as another user"
    case .callCounts: "/proc/PID/io, a kernel with CONFIG_TASK_IO_ACCOUNTING"
    case .closeRange: "close_range(2) with CLOSE_RANGE_CLOEXEC of Linux 5.11"
    case .endedPIDFD: "SO_PEERPIDFD and SCM_PIDFD of Linux 6.16, also for processes that have been reaped"
    case .epollPwait2: "epoll_pwait2(2) of Linux 5.11"
    case .eventFD: "eventfd(2)"
    case .futexWaitv: "futex_waitv(2) of Linux 5.16"
    case .highDescriptors: "a hard limit of at least 4096 descriptors (RLIMIT_NOFILE)"
    case .inotify: "inotify_init1(2)"
    case .ipv6: "the IPv6 loopback address"
    case .largeNumbers: "process and user IDs above 65,535, which the roles have in a private sandbox"
    case .lockedMemory: "16 KiB of locked memory for a process, which RLIMIT_MEMLOCK limits"
    case .memfdCreate: "memfd_create(2)"
    case .messageQueues: "POSIX message queues, a kernel with CONFIG_POSIX_MQUEUE"
    case .messageCopy: "MSG_COPY of msgrcv(2), a kernel with CONFIG_CHECKPOINT_RESTORE"
    case .peerPIDFD: "SO_PEERPIDFD of Linux 6.5"
    case .pidfdGetfd: "pidfd_getfd(2) of Linux 5.6, to pass a descriptor on"
    case .pidfdOpen: "pidfd_open(2) of Linux 5.3"
    case .pidfdSendSignal: "pidfd_send_signal(2) of Linux 5.1"
    case .pipeCapacity: "pipes of 64 KiB, which /proc/sys/fs/pipe-user-pages-soft limits for each user"
    case .plainMemfd: "memfd_create(2) without MFD_NOEXEC_SEAL, which vm.memfd_noexec adds"
    case .privateSandbox: "a private sandbox"
    case .robustList: "get_robust_list(2)"
    case .root: "root with its capabilities for files, users, networks and limits"
    case .sharedMemorySpace: "32 MiB of free space in /dev/shm"
    case .signalFD: "signalfd(2)"
    case .systemVMessages: "System V message queues, a kernel with CONFIG_SYSVIPC"
    case .systemVSemaphores: "System V semaphores, a kernel with CONFIG_SYSVIPC"
    case .systemVSharedMemory: "System V shared memory, a kernel with CONFIG_SYSVIPC"
    case .timerFD: "timerfd_create(2)"
    case .tracing: "ptrace(2) of another process"
    }
  }

  /// The features that depend on how the runner was started; the sandbox init probes all others.
  static let ofTheRun: Set<Feature> = [.privateSandbox]
}
