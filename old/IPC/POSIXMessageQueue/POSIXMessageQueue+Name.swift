internal import CIPC
internal import SystemPackage

extension POSIXMessageQueue {
  /// The name of a queue: a slash, and 1 to 255 bytes that are neither a slash nor NUL.
  ///
  /// It is no path, though it looks like one: `mq_overview(7)`.
  public struct Name: ObjectName {
    public let description: String

    /// - Throws: ``IPCError`` with what `mq_open(3)` says of such a name: `.invalidArgument` without the slash,
    ///   `.noSuchFileOrDirectory` with nothing after it, `.fileNameTooLong`, and `.permissionDenied` with a second slash,
    ///   and for `/.` and `/..`.
    public init(validating text: String) throws(IPCError) {
      if let errno = Self.fault(in: text) { throw IPCError(call: "mq_open", errno: errno, object: .name(text)) }
      description = text
    }

    private static func fault(in text: String) -> Errno? {
      guard text.utf8.first == UInt8(ascii: "/"), !text.utf8.contains(0) else { return .invalidArgument }
      let rest = text.utf8.dropFirst()
      if rest.isEmpty { return .noSuchFileOrDirectory }
      if rest.contains(UInt8(ascii: "/")) || text == "/." || text == "/.." { return .permissionDenied }
      return rest.count > 255 ? .fileNameTooLong : nil
    }
  }
}

extension POSIXMessageQueue.Name {
  /// Removes the name at once. The queue lives on for those who have it open, and goes with the last of them; a queue
  /// that is created with this name later is another.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, or `.permissionDenied` when the queue is another user's.
  ///
  /// Calls `mq_unlink(3)`.
  public func unlink() throws(IPCError) {
    try Kernel.call("mq_unlink", on: .name(description)) {
      unsafe description.withCString { unsafe cipc_mq_unlink($0) }
    }
  }
}
