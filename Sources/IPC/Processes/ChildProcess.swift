internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A program that runs as a child of this process, with the descriptors that it inherits.
///
/// ```swift
/// let pipe = try AnonymousPipe()
/// let child = try ChildProcess("wc", arguments: ["-c", "/dev/fd/3"], inheriting: [.init(pipe.reader, as: 3)])
/// try pipe.reader.close()
/// try pipe.writer.writeAll("Hello".utf8.span)
/// try pipe.writer.close()
/// let status = try child.wait()
/// ```
///
/// The child inherits no other descriptors from this library, because all of them are close-on-exec. It starts with an
/// empty signal mask and the default disposition for all signals, even if this process blocks or ignores some.
///
/// Always wait for the child; otherwise it remains a zombie until this process ends. See <doc:ChildProcesses>.
///
/// `posix_spawn(3)`.
public struct ChildProcess: ~Copyable, Sendable {
  /// The process ID.
  public let processID: ProcessID

  /// How the child ended; nil until it has been reaped.
  private var status: TerminationStatus?

  /// Starts a program.
  ///
  /// This process keeps the descriptors that the child inherits. Close the pipe ends that only the child needs: a
  /// reader sees end of file only when *every* write end is closed.
  ///
  /// - Parameters:
  ///   - program: A path that contains a slash, or a name to look up in this process's `PATH`.
  ///   - arguments: The arguments after `program`, which is passed as argument 0.
  ///   - inheriting: Descriptors that the child inherits in addition to its standard streams.
  ///   - standardInput: The source of the child's standard input, descriptor 0.
  ///   - standardOutput: The destination of the child's standard output, descriptor 1.
  ///   - standardError: The destination of the child's standard error, descriptor 2.
  ///   - options: How the child differs from this process.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` or `.permissionDenied` if the program cannot be run;
  ///   `.badFileDescriptor` if a descriptor is closed or its number in the child is invalid; `.invalidArgument` if two
  ///   descriptors would have the same number, or a string contains a NUL.
  ///
  /// Calls `posix_spawnp(3)`.
  public init(
    _ program: String, arguments: [String] = [], inheriting: [Inherited] = [], standardInput: Stream = .inherit,
    standardOutput: Stream = .inherit, standardError: Stream = .inherit, options: Options = Options()
  ) throws(IPCError) {
    let equalsSign = UInt8(ascii: "=")
    let names = options.environment?.keys.map { $0 } ?? []
    guard names.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(equalsSign) }) else {
      throw IPCError(.posixSpawn, .invalidArgument, on: .path(FilePath(program)))
    }
    let words = try CStrings([program] + arguments, for: program)
    let variables = try CStrings(options.environment?.map { "\($0.key)=\($0.value)" }, for: program)
    let taken = inheriting.map(\.number)
    var passed = inheriting
    for (number, stream) in [standardInput, standardOutput, standardError].enumerated() {
      if let stream = try stream.inherited(as: Int32(number), unless: taken) { passed.append(stream) }
    }
    let mapping = try DescriptorMapping(passed, for: program)
    var process: Int32 = 0
    try Self.withDirectory(options.workingDirectory) { (directory) throws(IPCError) in
      try Syscall.call(.posixSpawn, on: .path(FilePath(program))) {
        unsafe cipc_spawn(
          &process, program, words.pointers, variables.pointers, directory, mapping.sources, mapping.targets,
          mapping.targets.count, options.processGroup.argument, options.signalMask.word)
      }
    }
    processID = ProcessID(rawValue: process)
  }

  /// Waits until the child has ended, removes the zombie, and returns how the child ended.
  ///
  /// Read the child's output before you wait: if the child writes more than the pipe can hold, it blocks until you
  /// read.
  ///
  /// - Throws: ``IPCError`` with `.noChildProcess` if `SIGCHLD` is ignored, or the child has been reaped elsewhere;
  ///   `.interrupted` if `retryOnInterrupt` is false and a signal handler ran. After an error, this value no longer
  ///   exists: to be able to wait again, call ``wait(timeout:retryOnInterrupt:)``.
  ///
  /// Calls `waitpid(2)`.
  @discardableResult
  public consuming func wait(retryOnInterrupt: Bool = true) throws(IPCError) -> TerminationStatus {
    try waitForEnd(retryOnInterrupt)
  }

  /// Waits until the child has ended or the timeout has expired.
  ///
  /// Later calls return the same status.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; and any error from
  ///   ``wait(retryOnInterrupt:)``.
  ///
  /// Calls `pidfd_open(2)`, `ppoll(2)` and `waitid(2)`; `waitpid(2)` for ``Timeout/never``.
  @discardableResult
  public mutating func wait(timeout: Timeout, retryOnInterrupt: Bool = true) throws(IPCError) -> TerminationStatus {
    if timeout.isNever {
      let status = try waitForEnd(retryOnInterrupt)
      self.status = status
      return status
    }
    if let status { return status }
    let process = try pidfd()
    while true {
      try process.wait(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      if let status = try process.reap() {
        self.status = status
        return status
      }
    }
  }

  /// Returns how the child ended, without waiting; nil if the child has not ended.
  public mutating func tryWait() throws(IPCError) -> TerminationStatus? {
    try nilIfWouldBlock { () throws(IPCError) in try wait(timeout: .immediate) }
  }

  /// Sends `SIGTERM`, then `SIGKILL` if the child has not ended after `grace`, and waits for the child.
  ///
  /// - Returns: How the child ended.
  /// - Throws: ``IPCError`` with `.noSuchProcess` if the child has been reaped elsewhere; `.tooManyOpenFiles` if no
  ///   PIDFD can be opened, in which case `SIGTERM` has been sent but the child is not reaped; any error from
  ///   ``wait(retryOnInterrupt:)``.
  ///
  /// Calls `kill(2)`, `pidfd_open(2)`, `ppoll(2)`, `pidfd_send_signal(2)` and `waitpid(2)`.
  @discardableResult
  public consuming func terminate(killAfter grace: Duration = .seconds(5)) throws(IPCError) -> TerminationStatus {
    if let status { return status }
    // Send the signal first, because opening a PIDFD can fail. The ID is valid until this process reaps the child.
    try Signal.terminate.send(to: processID)
    let process = try pidfd()
    do throws(IPCError) {
      try process.wait(timeout: .after(grace))
    } catch  where error.errno == .timedOut {
      try process.send(.kill)
    }
    return try wait()
  }

  /// Opens a PIDFD for the child, to wait for the child together with other descriptors and to send it signals.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`; `.noSuchProcess` if the child has been reaped.
  ///
  /// Calls `pidfd_open(2)`.
  public func pidfd() throws(IPCError) -> PIDFD {
    // Once the child has been reaped, its ID may belong to another process.
    guard status == nil else { throw IPCError(.pidfdOpen, .noSuchProcess, on: .process(processID)) }
    return try PIDFD(of: processID)
  }

  private func waitForEnd(_ retryOnInterrupt: Bool) throws(IPCError) -> TerminationStatus {
    if let status { return status }
    var (exitStatus, signal): (Int32, Int32) = (0, 0)
    try Syscall.call(.waitpid, on: .process(processID), retryOnInterrupt: retryOnInterrupt) {
      unsafe cipc_wait(processID.rawValue, &exitStatus, &signal)
    }
    return TerminationStatus(exitStatus, signal)
  }

  /// Opens a directory and calls `body` with its descriptor, or with -1 if the path is nil.
  ///
  /// An error from this function contains the directory; an error from `posix_spawn(3)` would not.
  private static func withDirectory(
    _ path: FilePath?, _ body: (Int32) throws(IPCError) -> Void
  ) throws(IPCError) {
    guard let path else { return try body(-1) }
    let directory = try OwnedDescriptor.opened(by: .open, on: .path(path)) {
      unsafe path.withPlatformString { unsafe cipc_open_directory($0) }
    }
    try body(directory.descriptor.rawValue)
  }
}

extension ChildProcess {
  /// A descriptor that a child inherits; it must stay open until the child has started.
  public struct Inherited: Hashable, Sendable {
    let descriptor: FileDescriptor?
    let number: Int32

    /// Passes the descriptor of a value, such as a pipe end, a socket or a memory object, to the child.
    ///
    /// - Parameters:
    ///   - owner: The owner of the descriptor, which must stay open until the child has started.
    ///   - number: The descriptor number in the child.
    public init(_ owner: borrowing some DescriptorRepresentable & ~Copyable, as number: Int32) {
      self.init(owner.descriptor, as: number)
    }

    /// Passes a plain descriptor to the child.
    ///
    /// - Parameters:
    ///   - descriptor: The descriptor, which must stay open until the child has started.
    ///   - number: The descriptor number in the child.
    public init(_ descriptor: FileDescriptor, as number: Int32) {
      self.descriptor = descriptor
      self.number = number
    }

    /// `/dev/null`.
    fileprivate init(nullAs number: Int32) {
      descriptor = nil
      self.number = number
    }
  }

  /// A child's standard stream.
  public enum Stream: Hashable, Sendable {
    /// This process's stream, even if it is close-on-exec.
    case inherit
    /// `/dev/null`.
    case null
    /// An open descriptor.
    case descriptor(FileDescriptor)

    /// Uses a value's descriptor, such as one end of a pipe, as a standard stream.
    ///
    /// The descriptor must stay open until the child has started.
    public static func descriptor(_ owner: borrowing some DescriptorRepresentable & ~Copyable) -> Stream {
      .descriptor(owner.descriptor)
    }

    /// Returns the descriptor to pass to the child; nil if the child inherits it in any case, or `taken` contains the
    /// number.
    fileprivate func inherited(as number: Int32, unless taken: [Int32]) throws(IPCError) -> Inherited? {
      switch self {
      case .inherit:
        if taken.contains(number) { return nil }
        let stream = FileDescriptor(rawValue: number)
        switch Syscall.result({ fcntl(number, F_GETFD) }) {
        // The stream is close-on-exec if this program has adopted it, for example as a `PipeReader`.
        case .success(let flags): return flags & FD_CLOEXEC != 0 ? Inherited(stream, as: number) : nil
        case .failure(.badFileDescriptor): return nil
        case .failure(let reason): throw IPCError(.fcntlGetCloseOnExec, reason, on: .descriptor(stream))
        }
      case .null: return Inherited(nullAs: number)
      case .descriptor(let descriptor): return Inherited(descriptor, as: number)
      }
    }
  }

  /// A child's process group; a terminal sends signals to all processes in the foreground group.
  public enum ProcessGroup: Hashable, Sendable {
    /// This process's group.
    case inherit
    /// A new group, whose ID is the child's process ID.
    case new
    /// An existing group in this session.
    case existing(ProcessID)

    fileprivate var argument: Int32 {
      switch self {
      case .inherit: -1
      case .new: 0
      case .existing(let group): group.rawValue
      }
    }
  }

  /// How a child differs from this process.
  public struct Options: Sendable {
    /// The child's environment variables; nil to inherit this process's variables.
    public var environment: [String: String]?
    /// The child's working directory; nil to inherit this process's directory.
    ///
    /// A relative program path is resolved from this directory.
    public var workingDirectory: FilePath?
    /// The child's process group.
    public var processGroup: ProcessGroup
    /// The signals that the child blocks, regardless of this thread's signal mask.
    public var signalMask: SignalSet

    /// Creates options for a child.
    ///
    /// By default, the child differs from this process only in its signal mask, which is empty.
    public init(
      environment: [String: String]? = nil, workingDirectory: FilePath? = nil, processGroup: ProcessGroup = .inherit,
      signalMask: SignalSet = []
    ) {
      self.environment = environment
      self.workingDirectory = workingDirectory
      self.processGroup = processGroup
      self.signalMask = signalMask
    }
  }
}

/// How a process ended.
public enum TerminationStatus: Hashable, Sendable {
  /// The process exited with this status; 0 means success.
  case exited(Int32)
  /// This signal terminated the process.
  case signaled(Signal)

  init(_ exitStatus: Int32, _ signal: Int32) {
    self = exitStatus >= 0 ? .exited(exitStatus) : .signaled(Signal(reported: signal))
  }

  /// The exit status, or 128 plus the signal number, as a shell reports it.
  public var shellStatus: Int32 {
    switch self {
    case .exited(let status): status
    case .signaled(let signal): 128 + signal.rawValue
    }
  }

  /// Whether the process exited with status 0.
  public var isSuccess: Bool { self == .exited(0) }
}

/// Maps the descriptors that a child inherits to their numbers in the child.
private struct DescriptorMapping: ~Copyable {
  /// A source of -1 means `/dev/null`.
  private(set) var sources: [Int32] = []
  let targets: [Int32]
  private var moved: [Int32] = []

  /// Duplicates descriptors whose numbers are also targets, because the child would overwrite them.
  ///
  /// If a duplicate's number is also a target, the duplicate stays open so that the next duplicate receives another
  /// number.
  init(_ inherited: [ChildProcess.Inherited], for program: String) throws(IPCError) {
    targets = inherited.map(\.number)
    guard Set(targets).count == targets.count else {
      throw IPCError(.posixSpawn, .invalidArgument, on: .path(FilePath(program)))
    }
    for entry in inherited {
      guard let descriptor = entry.descriptor else {
        sources.append(-1)
        continue
      }
      guard descriptor.rawValue >= 0 else {
        throw IPCError(.posixSpawn, .badFileDescriptor, on: .path(FilePath(program)))
      }
      var source = descriptor.rawValue
      while targets.contains(source) {
        source = try Syscall.call(.fcntlDuplicate, on: .descriptor(descriptor)) {
          fcntl(source, F_DUPFD_CLOEXEC, 0)
        }
        moved.append(source)
      }
      sources.append(source)
    }
  }

  deinit { for number in moved { _ = OwnedDescriptor(taking: number) } }
}

/// A NULL-terminated array of C strings, or NULL if there is no array.
@safe private struct CStrings: ~Copyable {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
  private let count: Int

  /// Copies the strings.
  ///
  /// - Throws: `.invalidArgument` if a string contains a NUL, which would truncate it.
  init(_ strings: [String]?, for program: String) throws(IPCError) {
    guard let strings else {
      unsafe pointers = nil
      count = 0
      return
    }
    guard strings.allSatisfy({ !$0.utf8.contains(0) }) else {
      throw IPCError(.posixSpawn, .invalidArgument, on: .path(FilePath(program)))
    }
    let start = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() {
      let bytes = string.utf8CString
      let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
      _ = unsafe copy.initialize(from: bytes)
      unsafe (start + index).initialize(to: copy.baseAddress)
    }
    unsafe (start + strings.count).initialize(to: nil)
    unsafe pointers = start
    count = strings.count
  }

  deinit {
    guard let start = unsafe pointers else { return }
    for index in 0..<count { unsafe start[index]?.deallocate() }
    unsafe start.deallocate()
  }
}
