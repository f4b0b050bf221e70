/// The name of a POSIX object: a slash and what follows. It is no path, though it looks like one.
///
/// Two names are the same when their bytes are, as the kernel has it. To a `String`, which compares what one reads, an
/// `é` of one scalar and one of two are the same.
public protocol ObjectName: Hashable, Sendable, LosslessStringConvertible {
  /// - Throws: ``IPCError`` with what makes it no name of such an object.
  init(validating text: String) throws(IPCError)

  /// Removes the name at once. The object lives on for those who have it open, and goes with the last of them.
  func unlink() throws(IPCError)
}

extension ObjectName {
  /// - Returns: nil when `text` is no name of such an object.
  public init?(_ text: String) {
    do throws(IPCError) { try self.init(validating: text) } catch { return nil }
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.description.utf8.elementsEqual(right.description.utf8)
  }
}
