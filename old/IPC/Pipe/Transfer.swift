internal import CIPC
internal import Glibc
internal import SystemPackage

/// One transfer between a pipe or a socket and memory, with patience.
///
/// Waiting for ever is plain `read(2)` or `write(2)`, `recv(2)` or `send(2)`. Any other patience must never wait in
/// those, whether the description is blocking or not, and even if somebody else takes what `poll(2)` had announced: so
/// each try is one that cannot wait, and between tries the wait is `ppoll(2)`.
enum Transfer {
  enum Outcome {
    /// How many bytes; 0 is the end of file.
    case moved(Int)
    case wouldBlock
    case timedOut
  }

  static func read(
    _ descriptor: FileDescriptor, _ transport: Transport, into bytes: UnsafeMutableRawBufferPointer,
    _ patience: Patience,
    _ interruption: Interruption
  ) throws(IPCError) -> Outcome {
    if transport == .socket {
      return try transfer("recv", descriptor, .readable, patience, interruption) {
        unsafe cipc_socket_read(descriptor.rawValue, bytes.baseAddress, bytes.count, $0 ? Int32(MSG_DONTWAIT) : 0)
      }
    }
    return try transfer("read", descriptor, .readable, patience, interruption) {
      unsafe Glibc.read(descriptor.rawValue, bytes.baseAddress, bytes.count)
    } now: {
      unsafe cipc_read_now(descriptor.rawValue, bytes.baseAddress, bytes.count)
    } reopened: {
      unsafe Glibc.read($0, bytes.baseAddress, bytes.count)
    }
  }

  /// The caller has seen to `SIGPIPE`.
  static func write(
    _ descriptor: FileDescriptor, _ transport: Transport, _ bytes: UnsafeRawBufferPointer, _ patience: Patience,
    _ interruption: Interruption
  ) throws(IPCError) -> Outcome {
    if transport == .socket {
      return try transfer("send", descriptor, .writable, patience, interruption) {
        unsafe cipc_socket_write(descriptor.rawValue, bytes.baseAddress, bytes.count, $0 ? Int32(MSG_DONTWAIT) : 0)
      }
    }
    return try transfer("write", descriptor, .writable, patience, interruption) {
      unsafe Glibc.write(descriptor.rawValue, bytes.baseAddress, bytes.count)
    } now: {
      unsafe cipc_write_now(descriptor.rawValue, bytes.baseAddress, bytes.count)
    } reopened: {
      unsafe Glibc.write($0, bytes.baseAddress, bytes.count)
    }
  }

  /// A transfer of a socket, or a pipe: `attempt` is told whether it must not wait.
  static func transfer(
    _ call: String, _ descriptor: FileDescriptor, _ readiness: Readiness, _ patience: Patience,
    _ interruption: Interruption, _ attempt: (_ now: Bool) -> Int
  ) throws(IPCError) -> Outcome {
    try outcome(call, descriptor, readiness, patience, interruption) {
      Kernel.attempt(interruption) { attempt(patience != .forever) }
    }
  }

  private static func transfer(
    _ call: String, _ descriptor: FileDescriptor, _ readiness: Readiness, _ patience: Patience,
    _ interruption: Interruption, waiting: () -> Int, now: () -> Int, reopened: (Int32) -> Int
  ) throws(IPCError) -> Outcome {
    try outcome(call, descriptor, readiness, patience, interruption) { () throws(IPCError) in
      let result = Kernel.attempt(interruption, patience == .forever ? waiting : now)
      guard result == .failure(.notSupported), patience != .forever else { return result }
      return try withoutWaiting(descriptor, readiness, interruption, reopened)
    }
  }

  private static func outcome(
    _ call: String, _ descriptor: FileDescriptor, _ readiness: Readiness, _ patience: Patience,
    _ interruption: Interruption, _ attempt: () throws(IPCError) -> Result<Int, Errno>
  ) throws(IPCError) -> Outcome {
    while true {
      switch try attempt() {
      case .success(let count): return .moved(count)
      case .failure(.wouldBlock): break
      case .failure(let reason): throw IPCError(call: call, errno: reason, object: .descriptor(descriptor))
      }
      if patience == .none { return .wouldBlock }
      if try Kernel.wait(for: readiness, of: descriptor, patience, interruption).isEmpty { return .timedOut }
    }
  }

  /// A try that cannot wait, where the kernel has none for this file: FIFOs on any kernel, pipes before Linux 6.4.
  ///
  /// To make the description non-blocking for a while would do so for everybody who shares it. A description of our
  /// own has flags of its own; it is of the same end as the one that we hold, so nobody notices it come and go.
  private static func withoutWaiting(
    _ descriptor: FileDescriptor, _ readiness: Readiness, _ interruption: Interruption, _ transfer: (Int32) -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    let access = readiness == .readable ? O_RDONLY : O_WRONLY
    let reopened = Kernel.attempt { cipc_reopen(descriptor.rawValue, access | O_NONBLOCK | O_CLOEXEC) }
    switch reopened {
    // A writer that nobody reads cannot be opened again; to write would have said so in another word.
    case .failure(.noSuchAddressOrDevice): return .failure(.brokenPipe)
    // Who has it may have given up the right to open it, or has no /proc: then meanwhile it is non-blocking for everybody.
    case .failure(.permissionDenied), .failure(.noSuchFileOrDirectory):
      return try NonBlocking.attempt(descriptor, interruption) { transfer(descriptor.rawValue) }
    case .failure(let reason): throw IPCError(call: "open", errno: reason, object: .descriptor(descriptor))
    case .success(let number):
      let own = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
      if readiness == .writable, try NonBlocking.statusFlags(of: descriptor) & Int32(CIPC_O_DIRECT) != 0 {
        // What it writes are packets. To open(2) that would be something else, which no FIFO has.
        try NonBlocking.setStatusFlags(of: own.descriptor, O_NONBLOCK | Int32(CIPC_O_DIRECT))
      }
      let result = Kernel.attempt(interruption) { transfer(number) }
      try own.close()
      return result
    }
  }
}
