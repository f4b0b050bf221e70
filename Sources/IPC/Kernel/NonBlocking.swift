internal import Glibc
internal import SystemPackage

/// Calls that must not wait, of descriptors that have no call which cannot: the description is non-blocking meanwhile, for
/// everybody who shares it.
enum NonBlocking {
  static func attempt(
    _ descriptor: FileDescriptor, _ interruption: Interruption, _ call: () -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    let object = IPCError.Object.descriptor(descriptor)
    let flags = try statusFlags(descriptor)
    if flags & O_NONBLOCK != 0 { return Kernel.attempt(interruption, call) }
    try Kernel.call("fcntl F_SETFL", on: object) { fcntl(descriptor.rawValue, F_SETFL, flags | O_NONBLOCK) }
    let result = Kernel.attempt(interruption, call)
    try Kernel.call("fcntl F_SETFL", on: object) { fcntl(descriptor.rawValue, F_SETFL, flags) }
    return result
  }

  static func isSet(_ descriptor: FileDescriptor) throws(IPCError) -> Bool {
    try statusFlags(descriptor) & O_NONBLOCK != 0
  }

  private static func statusFlags(_ descriptor: FileDescriptor) throws(IPCError) -> Int32 {
    try Kernel.call("fcntl F_GETFL", on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_GETFL) }
  }
}
