internal import CIPC
internal import SystemPackage

extension ChildProcess {
  /// A filter's standard output and termination status.
  public typealias FilterResult = (output: [UInt8], status: TerminationStatus)

  /// Runs a program as a filter: writes `input` to its standard input while collecting its standard output, and waits
  /// for the program to exit.
  ///
  /// ```swift
  /// let (sorted, status) = try ChildProcess.filter("sort", input: "b\na\n".utf8.span, timeout: .after(.seconds(5)))
  /// ```
  ///
  /// The call writes and reads at the same time, so it cannot deadlock, regardless of the amount of data. It is not an
  /// error if the program exits or closes its input before it has read all of it. The output ends when the program and
  /// all processes that inherited its standard output have closed it.
  ///
  /// - Parameters:
  ///   - program: A path that contains a slash, or a name to look up in this process's `PATH`.
  ///   - arguments: The arguments after `program`, which is passed as argument 0.
  ///   - input: The bytes that the program reads from its standard input.
  ///   - maxLength: The maximum number of output bytes. When they have arrived, the call closes its end of the output;
  ///     if the program writes more, `SIGPIPE` terminates it.
  ///   - options: How the child differs from this process.
  ///   - timeout: How long to wait for the program to exit.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Returns: The output, and how the program ended. If the output has `maxLength` bytes, the program may have
  ///   written more.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran; and any error from
  ///   ``init(_:arguments:inheriting:standardInput:standardOutput:standardError:options:)``. If the program has
  ///   started, the call kills and reaps it before it throws.
  ///
  /// Calls `posix_spawnp(3)`, `pidfd_open(2)`, `ppoll(2)`, `read(2)`, `pwritev2(2)` and `waitid(2)`.
  public static func filter(
    _ program: String, arguments: [String] = [], input: RawSpan, maxLength: Int = .max, options: Options = Options(),
    timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> FilterResult {
    let toChild = try AnonymousPipe()
    let fromChild = try AnonymousPipe()
    var child = try ChildProcess(
      program, arguments: arguments, standardInput: .descriptor(toChild.reader),
      standardOutput: .descriptor(fromChild.writer), options: options)
    // The child has its own copies of these pipe ends. While they are also open in this process, the opposite ends
    // report neither end of file nor an error.
    try toChild.reader.close()
    try fromChild.writer.close()
    // If `SIGCHLD` is ignored, the kernel reaps the child when it ends, and its ID can then belong to another process.
    var process: PIDFD?
    var isReaped = false
    do throws(IPCError) {
      do throws(IPCError) {
        process = try child.pidfd()
      } catch  where error.errno == .noSuchProcess {
        isReaped = true
      }
      let output = try exchange(
        program, input, maxLength, consume toChild.writer, consume fromChild.reader, timeout, retryOnInterrupt)
      return (output, try child.wait(timeout: timeout, retryOnInterrupt: retryOnInterrupt))
    } catch {
      // The caller cannot wait for the child, so kill and reap it here.
      if let process {
        try? process.send(.kill)
      } else if !isReaped {
        try? Signal.kill.send(to: child.processID)
      }
      _ = try? child.wait()
      throw error
    }
  }

  /// Runs a program as a filter for the bytes in an array or a string, like
  /// ``filter(_:arguments:input:maxLength:options:timeout:retryOnInterrupt:)-(_,_,RawSpan,_,_,_,_)``.
  public static func filter(
    _ program: String, arguments: [String] = [], input: Span<UInt8>, maxLength: Int = .max,
    options: Options = Options(), timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> FilterResult {
    try unsafe filter(
      program, arguments: arguments, input: input.bytes, maxLength: maxLength, options: options, timeout: timeout,
      retryOnInterrupt: retryOnInterrupt)
  }

  private static func exchange(
    _ program: String, _ input: RawSpan, _ maxLength: Int, _ writer: consuming PipeWriter,
    _ reader: consuming PipeReader, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> [UInt8] {
    var writer: PipeWriter? = consume writer
    var reader: PipeReader? = consume reader
    var output: [UInt8] = []
    var written = 0
    // There is one poll(2) entry for each pipe end, and the first is for the writer. poll(2) ignores a negative
    // descriptor.
    var entries = [cipc_pollfd](repeating: cipc_pollfd(descriptor: -1, events: 0, revents: 0), count: 2)
    while true {
      if written == input.byteCount { try writer.take()?.close() }
      if output.count >= maxLength { try reader.take()?.close() }
      entries[0] = entry(writer?.descriptor, .writable)
      entries[1] = entry(reader?.descriptor, .readable)
      if entries[0].descriptor == -1 && entries[1].descriptor == -1 { return output }
      let ready = try unsafe entries.withUnsafeMutableBufferPointer { (entries) throws(IPCError) in
        try Syscall.wait(.ppoll, on: nil, timeout, retryOnInterrupt: retryOnInterrupt) {
          unsafe cipc_ppoll(entries.baseAddress, entries.count, $0)
        }
      }
      if ready == 0 { throw IPCError(.ppoll, timeout.expirationError, on: .path(FilePath(program))) }
      if entries[0].revents != 0 { try feed(&writer, input, &written, retryOnInterrupt) }
      if entries[1].revents != 0 { try collect(&reader, maxLength, &output, retryOnInterrupt) }
    }
  }

  private static func entry(_ descriptor: FileDescriptor?, _ events: Readiness) -> cipc_pollfd {
    cipc_pollfd(descriptor: descriptor?.rawValue ?? -1, events: events.rawValue, revents: 0)
  }

  private static func feed(
    _ writer: inout PipeWriter?, _ input: RawSpan, _ written: inout Int, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    do throws(IPCError) {
      written += try writer.borrow { (writer) throws(IPCError) in
        try writer.write(
          input.extracting(droppingFirst: written), timeout: .immediate, retryOnInterrupt: retryOnInterrupt)
      }
    } catch  where error.errno == .brokenPipe {
      try writer.take()?.close()
    } catch  where error.errno == .wouldBlock {}
  }

  private static func collect(
    _ reader: inout PipeReader?, _ maxLength: Int, _ output: inout [UInt8], _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    // Double the array's capacity, so that it is rarely reallocated.
    let room = min(maxLength - output.count, max(output.capacity - output.count, output.count, 65536))
    let count = try reader.borrow { (reader) throws(IPCError) in
      try reader.read(maxLength: room, appendingTo: &output, retryOnInterrupt: retryOnInterrupt)
    }
    if count == 0 { try reader.take()?.close() }
  }
}

extension Optional where Wrapped: ~Copyable {
  /// Calls `body` with the value, which must not be nil.
  fileprivate func borrow<Value>(
    _ body: (borrowing Wrapped) throws(IPCError) -> Value
  ) throws(IPCError) -> Value {
    switch self {
    case .some(let wrapped): try body(wrapped)
    case .none: preconditionFailure("poll(2) does not report closed descriptors")
    }
  }
}
