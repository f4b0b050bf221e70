internal import Glibc
package import SystemPackage

/// A descriptor that is closed when its owner goes.
package struct OwnedDescriptor: ~Copyable, Sendable {
  package let descriptor: FileDescriptor

  package init(taking descriptor: FileDescriptor) { self.descriptor = descriptor }

  // A safety net: nobody is left to whom a failure could be told.
  deinit { _ = Self.close(descriptor) }

  /// Gives what a call has returned an owner, unless the call has failed, and returns it.
  static func take(_ number: Int32, as owner: inout OwnedDescriptor?) -> Int {
    if number != -1 { owner = OwnedDescriptor(taking: FileDescriptor(rawValue: number)) }
    return Int(number)
  }

  /// Closes the descriptor and tells how that went. Either way it is closed, so there is no second try.
  package consuming func close() throws(IPCError) {
    let descriptor = descriptor
    discard self
    if case .failure(let reason) = Self.close(descriptor) {
      throw IPCError(call: "close", errno: reason, object: .descriptor(descriptor))
    }
  }

  /// Gives the descriptor to a new owner.
  package consuming func release() -> FileDescriptor {
    let descriptor = descriptor
    discard self
    return descriptor
  }

  /// Linux frees the number even when `close(2)` reports an interruption: to call again could close another's.
  private static func close(_ descriptor: FileDescriptor) -> Result<CInt, Errno> {
    let result = Kernel.attempt(.report) { Glibc.close(descriptor.rawValue) }
    return result == .failure(.interrupted) ? .success(0) : result
  }
}
