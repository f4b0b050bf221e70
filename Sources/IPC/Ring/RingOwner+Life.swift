internal import CIPC
internal import SystemPackage

extension RingOwner {
  /// Whether the process is dead; false where nobody can say.
  ///
  /// Looks through a pidfd: a number may be given anew, a pidfd is of one process, also when that waits to be reaped.
  ///
  /// Calls `pidfd_open(2)`.
  var isDead: Bool {
    guard isProcess else { return false }
    switch Kernel.attempt(.retry, { cipc_pidfd_open(process) }) {
    // No such process, or a number that none has.
    case .failure(.noSuchProcess), .failure(.invalidArgument), .failure(.noSuchFileOrDirectory): return true
    case .failure: return false
    case .success(let number):
      let opened = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
      if let start = Self.start(of: process), RingOwner(process: process, start: start) != self { return true }
      let ready = try? Kernel.wait(for: .readable, of: opened.descriptor, .none)
      return ready?.contains(.readable) == true
    }
  }
}
