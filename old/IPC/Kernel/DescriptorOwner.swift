internal import Glibc
public import SystemPackage

/// What has a descriptor, and closes it.
public protocol DescriptorOwner: ~Copyable {
  /// The descriptor, on loan: whoever closes it takes it from its owner.
  var descriptor: FileDescriptor { get }

  /// Closes the descriptor. Without it, it is closed when its owner goes, and a failure is lost.
  ///
  /// Calls `close(2)`, once.
  consuming func close() throws(IPCError)
}

extension DescriptorOwner where Self: ~Copyable {
  /// Whether the description is non-blocking, for everybody who shares it.
  ///
  /// Calls `fcntl(2)` with `F_GETFL`.
  public var isNonBlocking: Bool {
    get throws(IPCError) { try NonBlocking.isSet(descriptor) }
  }

  /// Makes the description non-blocking or blocking, for everybody who shares it.
  ///
  /// Calls `fcntl(2)` with `F_SETFL`.
  public func setNonBlocking(_ nonBlocking: Bool) throws(IPCError) {
    try NonBlocking.set(descriptor, nonBlocking)
  }

  func countBytesWaiting() throws(IPCError) -> Int {
    var count: Int32 = 0
    try Kernel.call("ioctl FIONREAD", on: .descriptor(descriptor)) {
      unsafe ioctl(descriptor.rawValue, UInt(FIONREAD), &count)
    }
    return Int(count)
  }

  func control(_ name: String, _ command: Int32, _ argument: Int32 = 0) throws(IPCError) -> Int32 {
    try Kernel.call(name, on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, command, argument) }
  }
}
