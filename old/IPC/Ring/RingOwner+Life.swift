internal import CIPC
internal import SystemPackage

extension RingOwner {
  /// Whether the process is dead; false where nobody can say.
  ///
  /// Looks through a pidfd: a number may be given anew, a pidfd is of one process, also when that waits to be reaped.
  ///
  /// - Throws: ``IPCError`` where it could be said, and memory or descriptors are wanting.
  ///
  /// Calls `pidfd_open(2)`.
  func isDead() throws(IPCError) -> Bool {
    guard isProcess else { return false }
    switch Kernel.attempt(.retry, { cipc_pidfd_open(process) }) {
    // No such process, or a number that none has.
    case .failure(.noSuchProcess), .failure(.invalidArgument), .failure(.noSuchFileOrDirectory): return true
    case .failure(let reason):
      try Self.passOver(reason, of: "pidfd_open")
      return false
    case .success(let number):
      let opened = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
      if let start = try Self.start(of: process), RingOwner(process: process, start: start) != self { return true }
      return try Kernel.wait(for: .readable, of: opened.descriptor, .none).contains(.readable)
    }
  }

  /// Whether a look failed because there is nothing to be seen, or no such call: then nobody can ever say, and it goes on.
  /// What fails for want of memory or descriptors may succeed the next time.
  ///
  /// - Throws: ``IPCError`` with that.
  static func passOver(_ reason: Errno, of call: String) throws(IPCError) {
    let hidden: [Errno] = [
      .noSuchFileOrDirectory, .notDirectory, .permissionDenied, .notPermitted, .noFunction, .noSuchProcess,
    ]
    if !hidden.contains(reason) { throw IPCError(call: call, errno: reason) }
  }
}
