extension Feature {
  /// Returns the command that enables the feature or, if no command does, advice on what to change.
  ///
  /// `errno` is the probe's error. EPERM means that the system call exists but a filter rejects it.
  func remedy(errno: String?) -> String {
    if errno == "EPERM", isSystemCall { return "docker run --security-opt seccomp=unconfined" }
    // Without root, the kernel does not let the sandbox init examine or trace processes in its user namespace.
    if errno == "EACCES", self == .callCounts { return "sudo ipc-interop" }
    return switch self {
    case .privateSandbox: NamespaceSetting.remedy
    case .anotherUser: "sudo ipc-interop; \(Self.container("SYS_PTRACE"))"
    case .root: "sudo ipc-interop; \(Self.container("NET_ADMIN", "SYS_NICE", "IPC_LOCK", "IPC_OWNER"))"
    case .tracing: "\(Self.tracingRemedy); \(Self.container("SYS_PTRACE"))"
    case .highDescriptors: "sudo prlimit --pid $$ --nofile=4096:4096; docker run --ulimit nofile=4096"
    case .ipv6: "sudo sysctl net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0"
    case .largeNumbers: "start it as root outside of user namespaces; sudo sysctl kernel.pid_max=4194304"
    case .lockedMemory: "sudo prlimit --pid $$ --memlock=65536:65536; docker run --ulimit memlock=65536"
    case .pipeCapacity: "sudo sysctl fs.pipe-user-pages-soft=65536"
    case .plainMemfd: "sudo sysctl vm.memfd_noexec=0"
    case .sharedMemorySpace: "sudo mount -o remount,size=256m /dev/shm; docker run --shm-size=256m"
    case .callCounts: Self.kernel(option: "TASK_IO_ACCOUNTING")
    case .messageCopy: Self.kernel(option: "CHECKPOINT_RESTORE")
    case .messageQueues: Self.kernel(option: "POSIX_MQUEUE")
    case .systemVMessages, .systemVSemaphores, .systemVSharedMemory: Self.kernel(option: "SYSVIPC")
    case .eventFD: Self.kernel(option: "EVENTFD")
    case .inotify: Self.kernel(option: "INOTIFY_USER")
    case .memfdCreate: Self.kernel(option: "MEMFD_CREATE")
    case .robustList: Self.kernel(option: "FUTEX")
    case .signalFD: Self.kernel(option: "SIGNALFD")
    case .timerFD: Self.kernel(option: "TIMERFD")
    case .closeRange, .endedPIDFD, .epollPwait2, .futexWaitv, .peerPIDFD, .pidfdGetfd, .pidfdOpen, .pidfdSendSignal:
      "use the version of Linux that it needs, or a later one"
    }
  }

  /// With a higher value, not even a parent can trace its child.
  private static var tracingRemedy: String {
    (KernelSetting.value(of: "kernel.yama.ptrace_scope") ?? 0) > 1
      ? "sudo sysctl kernel.yama.ptrace_scope=1" : "sudo ipc-interop"
  }

  private static func container(_ capabilities: String...) -> String {
    "docker run " + capabilities.map { "--cap-add \($0)" }.joined(separator: " ")
  }

  private static func kernel(option: String) -> String { "use a kernel with CONFIG_\(option)=y" }

  /// Whether the probe makes a system call that a filter can reject, instead of examining a limit.
  private var isSystemCall: Bool {
    switch self {
    case .closeRange, .epollPwait2, .eventFD, .futexWaitv, .inotify, .memfdCreate, .messageCopy, .messageQueues,
      .peerPIDFD, .pidfdGetfd, .pidfdOpen, .pidfdSendSignal, .robustList, .signalFD, .systemVMessages,
      .systemVSemaphores, .systemVSharedMemory, .timerFD:
      true
    case .anotherUser, .callCounts, .endedPIDFD, .highDescriptors, .ipv6, .largeNumbers, .lockedMemory, .pipeCapacity,
      .plainMemfd, .privateSandbox, .root, .sharedMemorySpace, .tracing:
      false
    }
  }
}

/// The kernel settings that keep unprivileged users from creating namespaces.
enum NamespaceSetting: String, CaseIterable {
  case maximum = "user.max_user_namespaces"
  case unprivileged = "kernel.unprivileged_userns_clone"
  case restricted = "kernel.apparmor_restrict_unprivileged_userns"

  /// The assignment that permits namespaces; nil if this setting does not forbid them on this machine.
  private var change: String? {
    guard let value = KernelSetting.value(of: rawValue) else { return nil }
    return switch self {
    case .maximum: value == 0 ? "\(rawValue)=15000" : nil
    case .unprivileged: value == 0 ? "\(rawValue)=1" : nil
    case .restricted: value != 0 ? "\(rawValue)=0" : nil
    }
  }

  /// The command that permits namespaces: it changes every setting that forbids them, or the container's filter.
  static var remedy: String {
    let changes = allCases.compactMap(\.change)
    if changes.isEmpty { return "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined" }
    return "sudo sysctl \(changes.joined(separator: " "))"
  }
}
