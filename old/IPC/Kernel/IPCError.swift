internal import CIPC
public import SystemPackage

/// A call to the kernel that failed: which one, on what, and why.
///
/// What a caller plans for is no error but a result: the end of a file, a call that would block, a deadline that
/// passed, a pipe that nobody reads. Match an error by the name of its reason:
///
/// ```swift
/// do {
///   try semaphores.set(0, to: 1)
/// } catch let error where error.errno == .identifierRemoved {
///   // The set was removed meanwhile.
/// }
/// ```
///
/// Throwing one allocates nothing.
public struct IPCError: Error, Hashable, Sendable {
  /// The C name of the call, such as `mq_open`.
  public let call: String

  /// The reason.
  public let errno: Errno

  /// What the call was about, where that is known.
  public let object: Object?

  /// How many bytes had been transferred when the call failed. Only calls that transfer several times, such as
  /// writing all of a buffer, can have got somewhere before they fail.
  public let transferred: Int

  public init(call: String, errno: Errno, object: Object? = nil, transferred: Int = 0) {
    self.call = call
    self.errno = errno
    self.object = object
    self.transferred = transferred
  }

  /// What a call was about.
  public enum Object: Hashable, Sendable {
    /// A file, by its path.
    case path(FilePath)
    /// A POSIX object, by its name.
    case name(String)
    case descriptor(FileDescriptor)
    /// A System V object, by its key.
    case key(Int32)
    /// A System V object, by its identifier.
    case identifier(Int32)
    /// A process, by its number.
    case process(Int32)

    /// Names are the same when their bytes are: see ``ObjectName``.
    public static func == (left: Object, right: Object) -> Bool {
      switch (left, right) {
      case (.path(let left), .path(let right)): left == right
      case (.name(let left), .name(let right)): left.utf8.elementsEqual(right.utf8)
      case (.descriptor(let left), .descriptor(let right)): left == right
      case (.key(let left), .key(let right)), (.identifier(let left), .identifier(let right)),
        (.process(let left), .process(let right)):
        left == right
      default: false
      }
    }
  }

  /// The symbol of the reason, such as `EAGAIN`.
  public var symbol: String {
    guard let name = unsafe cipc_errno_symbol(errno.rawValue) else { return "\(errno.rawValue)" }
    return unsafe String(cString: name)
  }
}
