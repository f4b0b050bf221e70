internal import Glibc
internal import SystemPackage

extension POSIXSharedMemory {
  /// The name of shared memory: a slash, and 1 to 255 bytes that are neither a slash nor NUL.
  ///
  /// It is no path, though it looks like one: `shm_overview(7)`.
  public struct Name: ObjectName {
    public let description: String

    /// - Throws: ``IPCError`` with `.invalidArgument`; `.fileNameTooLong`.
    public init(validating text: String) throws(IPCError) {
      if let errno = Self.fault(in: text) { throw IPCError(call: "shm_open", errno: errno, object: .name(text)) }
      description = text
    }

    /// The C library would also open a name without its slash, and `/.`, which is the directory of all the others.
    private static func fault(in text: String) -> Errno? {
      let rest = text.utf8.dropFirst()
      guard text.utf8.first == UInt8(ascii: "/"), !rest.isEmpty, text != "/.", text != "/..",
        !rest.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
      else { return .invalidArgument }
      return rest.count > 255 ? .fileNameTooLong : nil
    }
  }
}

extension POSIXSharedMemory.Name {
  /// Removes the name at once. The memory lives on for those who have it open or mapped, and goes with the last of them;
  /// what is created with this name later is another.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied` or `.notPermitted` when it is another
  ///   user's.
  ///
  /// Calls `shm_unlink(3)`.
  public func unlink() throws(IPCError) {
    try Kernel.call("shm_unlink", on: .name(description)) { unsafe shm_unlink(description) }
  }
}
