internal import Glibc
internal import SystemPackage

extension POSIXSemaphore {
  /// The name of a semaphore: a slash, and 1 to 251 bytes that are neither a slash nor NUL.
  ///
  /// It is no path, though it looks like one: `sem_overview(7)`.
  public struct Name: ObjectName {
    public let description: String

    /// - Throws: ``IPCError`` with `.invalidArgument`; `.fileNameTooLong`.
    public init(validating text: String) throws(IPCError) {
      if let errno = Self.fault(in: text) { throw IPCError(call: "sem_open", errno: errno, object: .name(text)) }
      description = text
    }

    /// The C library would also open a name without its slash, as the one that has it.
    private static func fault(in text: String) -> Errno? {
      let rest = text.utf8.dropFirst()
      guard text.utf8.first == UInt8(ascii: "/"), !rest.isEmpty,
        !rest.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
      else { return .invalidArgument }
      // The file that Linux keeps it in is called `sem.` and this.
      return rest.count > 251 ? .fileNameTooLong : nil
    }
  }
}

extension POSIXSemaphore.Name {
  /// Removes the name at once. The semaphore lives on for those who have it open, and goes with the last of them; one
  /// that is created with this name later is another.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied` or `.notPermitted` when it is another
  ///   user's.
  ///
  /// Calls `sem_unlink(3)`.
  public func unlink() throws(IPCError) {
    try Kernel.call("sem_unlink", on: .name(description)) { unsafe sem_unlink(description) }
  }
}
