internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A descriptor that reports changes to files and directories.
///
/// ```swift
/// let changes = try Inotify()
/// let inbox = try changes.watch("/srv/inbox", for: [.closedAfterWriting, .movedHere])
/// try changes.read { event, name in
///   if event.watch == inbox { print(String(decoding: name, as: UTF8.self)) }
/// }
/// ```
///
/// A file that another process writes is complete only when the process closes it, or moves it into the directory. The
/// ``Events/created`` event arrives before the file has contents. The kernel does not report changes made through a
/// shared mapping.
///
/// A move within a watched directory, or between watched directories, causes two events with the same
/// ``Event/cookie``, which usually follow each other but may arrive in two reads. A move from or to a directory that is
/// not watched causes only one event. If ``Events/overflowed`` arrives, the kernel has dropped events: list the
/// directories again.
///
/// `inotify(7)`.
public struct Inotify: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  /// Creates an instance that watches nothing; its descriptor is close-on-exec.
  ///
  /// - Parameter nonBlocking: Whether the descriptor is nonblocking. Set this for a process that inherits the
  ///   descriptor; this library does not need a nonblocking descriptor.
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles` if this process may not open more descriptors, or the user already
  ///   has `max_user_instances` instances.
  ///
  /// Calls `inotify_init1(2)`.
  public init(nonBlocking: Bool = false) throws(IPCError) {
    owned = try OwnedDescriptor.opened(by: .inotifyInit) { cipc_inotify(nonBlocking ? 1 : 0) }
  }

  /// Takes ownership of an inherited or received descriptor, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the descriptor is not an inotify instance. In that case, the
  ///   previous owner keeps the descriptor.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    guard try OwnedDescriptor.isAnonymousInode(descriptor, "inotify") else {
      throw IPCError(.inotifyInit, .invalidArgument, on: .descriptor(descriptor))
    }
    owned = try OwnedDescriptor.adopting(descriptor)
  }

  /// The open descriptor, owned and closed by this value.
  public var descriptor: FileDescriptor { owned.descriptor }
  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }

  /// A watched file or directory.
  public struct Watch: RawRepresentable, Hashable, Sendable {
    /// The watch descriptor; -1 in an event that does not belong to a watch.
    public let rawValue: Int32
    /// Creates a watch from a watch descriptor.
    public init(rawValue: Int32) { self.rawValue = rawValue }
  }

  /// The kinds of changes, and the options for a watch.
  public struct Events: OptionSet, Hashable, Sendable {
    /// The bits of `inotify_add_watch(2)`.
    public let rawValue: UInt32
    /// Creates a set from bits of `inotify_add_watch(2)`.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A file was read (`IN_ACCESS`).
    public static let accessed = Events(rawValue: 0x1)
    /// A file was written or truncated (`IN_MODIFY`).
    public static let modified = Events(rawValue: 0x2)
    /// The permissions, owner, times or links changed (`IN_ATTRIB`).
    public static let attributesChanged = Events(rawValue: 0x4)
    /// A file that was open for writing was closed (`IN_CLOSE_WRITE`).
    public static let closedAfterWriting = Events(rawValue: 0x8)
    /// A file or directory that was not open for writing was closed (`IN_CLOSE_NOWRITE`).
    public static let closedAfterReading = Events(rawValue: 0x10)
    /// A file or directory was opened (`IN_OPEN`).
    public static let opened = Events(rawValue: 0x20)
    /// A name was moved out of the directory (`IN_MOVED_FROM`).
    public static let movedAway = Events(rawValue: 0x40)
    /// A name was moved into the directory (`IN_MOVED_TO`).
    public static let movedHere = Events(rawValue: 0x80)
    /// A name was created in the directory (`IN_CREATE`).
    public static let created = Events(rawValue: 0x100)
    /// A name was removed from the directory (`IN_DELETE`).
    public static let deleted = Events(rawValue: 0x200)
    /// The watched file or directory itself was removed, and no process has it open (`IN_DELETE_SELF`).
    public static let deletedItself = Events(rawValue: 0x400)
    /// The watched file or directory itself was moved (`IN_MOVE_SELF`).
    public static let movedItself = Events(rawValue: 0x800)

    /// In an event: the file system was unmounted (`IN_UNMOUNT`).
    public static let unmounted = Events(rawValue: 0x2000)
    /// In an event: the kernel dropped events because too many were unread (`IN_Q_OVERFLOW`).
    public static let overflowed = Events(rawValue: 0x4000)
    /// In an event: the watch has ended (`IN_IGNORED`).
    public static let watchEnded = Events(rawValue: 0x8000)
    /// In an event: the event concerns a directory (`IN_ISDIR`).
    public static let isDirectory = Events(rawValue: 0x4000_0000)

    /// For a watch: the path must be a directory (`IN_ONLYDIR`).
    public static let onlyDirectory = Events(rawValue: 0x100_0000)
    /// For a watch: watches a symbolic link itself instead of its target (`IN_DONT_FOLLOW`).
    public static let withoutFollowing = Events(rawValue: 0x200_0000)
    /// For a watch: ignores changes to files in a directory through names that were removed (`IN_EXCL_UNLINK`).
    public static let exceptUnlinked = Events(rawValue: 0x400_0000)
    /// For a watch: fails with `.fileExists` if the file or directory is already watched by this instance
    /// (`IN_MASK_CREATE`).
    public static let onlyNew = Events(rawValue: 0x1000_0000)
    /// For a watch: adds events to an existing watch instead of replacing them (`IN_MASK_ADD`).
    public static let addingToExisting = Events(rawValue: 0x2000_0000)
    /// For a watch: the watch ends after one event (`IN_ONESHOT`).
    public static let once = Events(rawValue: 0x8000_0000)
  }

  /// A change; its name in the watched directory is passed separately.
  public struct Event: Hashable, Sendable {
    /// The watch that reports the change.
    public let watch: Watch
    /// The events that describe the change.
    public let events: Events
    /// A number shared by ``Events/movedAway`` and ``Events/movedHere`` for the same move; otherwise 0.
    public let cookie: UInt32
  }

  /// Watches a file or directory, or changes the events for its existing watch.
  ///
  /// - Parameters:
  ///   - path: The file or directory.
  ///   - events: The events to report, and options.
  /// - Returns: The watch, which is the existing one if the file or directory is already watched by this instance.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` or `.permissionDenied`; `.invalidArgument` if `events`
  ///   contains no event, or both ``Events/onlyNew`` and ``Events/addingToExisting``; `.notDirectory` if
  ///   ``Events/onlyDirectory`` is set and the path is not a directory; `.fileExists` if
  ///   ``Events/onlyNew`` is set and the file or directory is already watched by this instance;
  ///   `.noSpace` if the user already has `max_user_watches` watches.
  ///
  /// Calls `inotify_add_watch(2)`.
  @discardableResult
  public func watch(_ path: FilePath, for events: Events) throws(IPCError) -> Watch {
    Watch(
      rawValue: try Syscall.call(.inotifyAddWatch, on: .path(path)) {
        unsafe path.withPlatformString { unsafe cipc_inotify_add_watch(descriptor.rawValue, $0, events.rawValue) }
      })
  }

  /// Ends a watch; its last event is ``Events/watchEnded``.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if there is no such watch.
  ///
  /// Calls `inotify_rm_watch(2)`.
  public func remove(_ watch: Watch) throws(IPCError) {
    try Syscall.call(.inotifyRemoveWatch, on: .descriptor(descriptor)) {
      cipc_inotify_rm_watch(descriptor.rawValue, watch.rawValue)
    }
  }

  /// Waits for changes, reads as many as fit in one buffer, and calls `body` for each of them, in order.
  ///
  /// - Parameters:
  ///   - timeout: How long to wait for the first change.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  ///   - body: The function to call with each event and the name in the watched directory; the name is empty for a
  ///     change to the watched file or directory itself.
  /// - Returns: The number of changes.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `read(2)`, and `ppoll(2)` to wait with a timeout.
  @discardableResult
  public func read(
    timeout: Timeout = .never, retryOnInterrupt: Bool = true, _ body: (Event, Span<UInt8>) -> Void
  ) throws(IPCError) -> Int {
    // An event with a name of the maximum length takes 272 bytes.
    try unsafe withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { (buffer) throws(IPCError) in
      let length = try Syscall.untilReady(
        .read, descriptor, .readable, timeout, retryOnInterrupt: retryOnInterrupt
      ) { () throws(IPCError) in
        try NonBlocking.result(descriptor, timeout, retryOnInterrupt: retryOnInterrupt) {
          unsafe cipc_inotify_read(descriptor.rawValue, buffer.baseAddress, buffer.count)
        }
      }
      return unsafe Self.forEach(in: UnsafeRawBufferPointer(rebasing: buffer[..<length]), body)
    }
  }

  /// Reports the changes that have occurred, without waiting.
  ///
  /// - Returns: The number of changes; nil if there are none.
  public func tryRead(_ body: (Event, Span<UInt8>) -> Void) throws(IPCError) -> Int? {
    try nilIfWouldBlock { () throws(IPCError) in try read(timeout: .immediate, body) }
  }

  private static func forEach(in bytes: UnsafeRawBufferPointer, _ body: (Event, Span<UInt8>) -> Void) -> Int {
    let headerSize = MemoryLayout<cipc_inotify_event>.size
    var (count, offset) = (0, 0)
    while offset + headerSize <= bytes.count {
      let header = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: cipc_inotify_event.self)
      let end = min(offset + headerSize + Int(header.length), bytes.count)
      let padded = unsafe UnsafeRawBufferPointer(rebasing: bytes[(offset + headerSize)..<end])
      let name = unsafe UnsafeRawBufferPointer(rebasing: padded[..<(padded.firstIndex(of: 0) ?? padded.endIndex)])
      let event = Event(
        watch: Watch(rawValue: header.watch), events: Events(rawValue: header.mask), cookie: header.cookie)
      unsafe body(event, Span(_unsafeBytes: name))
      (count, offset) = (count + 1, end)
    }
    return count
  }
}
