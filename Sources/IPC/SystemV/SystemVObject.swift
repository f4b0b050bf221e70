internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A System V object: a message queue, a shared memory segment or a semaphore set.
///
/// The object stays in the kernel until a process removes it, even after all processes have ended. A value of this type
/// only refers to the object: it can be copied and need not be closed. Two values are equal if they refer to
/// the same object.
///
/// `sysvipc(7)`.
public protocol SystemVObject: Hashable, Sendable {
  /// The object's identifier, and how the object was found.
  var identity: SystemVIdentity { get }

  /// Creates a reference to an object that this process or another one has already created or opened.
  init(_ identity: SystemVIdentity)

  /// Removes the object.
  func remove() throws(IPCError)

  /// Removes the object if the kernel has recorded processes that used it, and all of them have ended.
  func removeIfAbandoned() throws(IPCError) -> Bool
}

/// A System V object's identifier, and how the object was found.
public struct SystemVIdentity: Hashable, Sendable {
  /// The number that the kernel assigned to the object, which is the same in every process.
  public let identifier: Int32

  /// The key by which the object was found; nil if it was found by its identifier, or is private.
  public let key: SystemVKey?

  /// Whether the call that returned this value created the object.
  public let isNew: Bool

  /// Creates a value from an identifier that another process or `ipcs(1)` has reported.
  public init(identifier: Int32) { self.init(identifier, key: nil, isNew: false) }

  init(_ identifier: Int32, key: SystemVKey?, isNew: Bool) {
    self.identifier = identifier
    self.isNew = isNew
    // All private objects have the same key, so the key does not identify them.
    self.key = key == .private ? nil : key
  }

  /// Whether both values refer to the same object, even if it was found in different ways.
  public static func == (left: Self, right: Self) -> Bool { left.identifier == right.identifier }

  /// Hashes the identifier alone.
  public func hash(into hasher: inout Hasher) { hasher.combine(identifier) }
}

extension SystemVObject {
  /// Creates a reference to the object with an identifier that another process or `ipcs(1)` has reported.
  public init(identifier: Int32) { self.init(SystemVIdentity(identifier: identifier)) }

  /// The number that the kernel assigned to the object, which is the same in every process.
  public var identifier: Int32 { identity.identifier }

  /// Whether the call that returned this value created the object.
  public var isNew: Bool { identity.isNew }

  /// The object as described in errors.
  var object: IPCError.Object { identity.key.map { .key($0) } ?? .identifier(identifier) }

  /// Performs `msgget(2)`, `semget(2)` or `shmget(2)`.
  static func get(
    _ call: IPCError.Call, _ key: SystemVKey, isNew: Bool, _ permissions: FilePermissions, _ body: (Int32) -> Int32
  ) throws(IPCError) -> Self {
    let flags = Int32(permissions.rawValue & 0o777) | (isNew ? IPC_CREAT | IPC_EXCL : 0)
    let identifier = try Syscall.call(call, on: .key(key)) { body(flags) }
    // With IPC_PRIVATE, every call creates an object.
    return Self(SystemVIdentity(identifier, key: key, isNew: isNew || key == .private))
  }

  /// Creates an object, or opens the existing one.
  ///
  /// Other processes can create or remove the object between the attempts.
  static func createOrOpen(
    create: () throws(IPCError) -> Self, open: () throws(IPCError) -> Self
  ) throws(IPCError) -> Self {
    while true {
      do throws(IPCError) { return try create() } catch  where error.errno == .fileExists {}
      do throws(IPCError) { return try open() } catch  where error.errno == .noSuchFileOrDirectory {}
    }
  }

  /// Removes the object if `isAbandoned` returns true.
  ///
  /// - Returns: false if the object is in use, or another process removes it at the same time.
  func remove(if isAbandoned: () throws(IPCError) -> Bool) throws(IPCError) -> Bool {
    do throws(IPCError) {
      guard try isAbandoned() else { return false }
      try remove()
      return true
    } catch  where error.errno == .identifierRemoved || error.errno == .invalidArgument {
      return false
    }
  }
}

/// The owner and permissions of a System V object (`struct ipc_perm` in `sysvipc(7)`).
///
/// The owner can be changed, but the creator cannot. Both may change and remove the object. The umask does not affect
/// the permissions, and execute permissions have no meaning.
public struct SystemVOwnership: Hashable, Sendable {
  /// The owner, who may use, change and remove the object.
  public let user: UserID
  /// The owning group, which the owner or creator can change.
  public let group: GroupID
  /// The user ID of the process that created the object.
  public let creatorUser: UserID
  /// The group ID of the process that created the object.
  public let creatorGroup: GroupID
  /// The read and write permissions: the lowest 9 bits of `mode`.
  public let permissions: FilePermissions

  init(_ ownership: cipc_ipc_ownership) {
    user = UserID(rawValue: ownership.user)
    group = GroupID(rawValue: ownership.group)
    creatorUser = UserID(rawValue: ownership.creator_user)
    creatorGroup = GroupID(rawValue: ownership.creator_group)
    permissions = FilePermissions(rawValue: ownership.mode & 0o777)
  }
}

extension ProcessID {
  /// Whether the process has ended and has been reaped.
  ///
  /// The result is false for a process in another PID namespace, because its process ID is 0 in this namespace.
  var hasEnded: Bool { rawValue > 0 && Syscall.result { kill(rawValue, 0) }.failed(with: .noSuchProcess) }
}

/// The key that unrelated processes use to find the same System V object (`key_t`).
///
/// Shared memory, semaphore sets and message queues have separate key spaces.
///
/// `sysvipc(7)`.
public struct SystemVKey: RawRepresentable, Hashable, Sendable {
  /// The number (`key_t` in C).
  public let rawValue: Int32

  /// Creates a key from a number that programs have agreed on; 0 is ``private``.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The key that makes every call create a new object (`IPC_PRIVATE`).
  ///
  /// Such an object can be found only by its identifier.
  public static let `private` = SystemVKey(rawValue: 0)

  /// Creates the key that every program derives from the same file and project number.
  ///
  /// The key combines parts of the file's inode and device numbers. If the file is replaced, its key therefore changes,
  /// and two files can have the same key.
  ///
  /// - Parameters:
  ///   - path: An existing file that is not replaced while the key is in use.
  ///   - project: A number that distinguishes keys derived from the same file. POSIX does not specify the result for 0.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, or another error from `stat(2)`.
  ///
  /// Calls `ftok(3)`.
  public init(path: FilePath, project: UInt8) throws(IPCError) {
    var key: Int32 = 0
    try Syscall.call(.ftok, on: .path(path)) {
      unsafe path.withPlatformString { unsafe cipc_ftok($0, Int32(project), &key) }
    }
    self.init(rawValue: key)
  }
}

extension SystemVKey: LosslessStringConvertible, ExpressibleByIntegerLiteral {
  /// Creates a key from a number that programs have agreed on; 0 is ``private``.
  public init(integerLiteral value: Int32) { self.init(rawValue: value) }

  /// Parses a number from −2³¹ to 2³² − 1 in decimal or, after `0x`, in hexadecimal digits; or `IPC_PRIVATE`.
  public init?(_ description: String) {
    if description == "IPC_PRIVATE" {
      self = .private
      return
    }
    let isHexadecimal = description.hasPrefix("0x")
    let digits = isHexadecimal ? description.dropFirst(2) : description[...]
    // The integer initializer also accepts signs.
    let hasSign = digits.first == "+" || (isHexadecimal && digits.first == "-")
    guard !hasSign, let number = Int64(digits, radix: isHexadecimal ? 16 : 10),
      Int64(Int32.min)...Int64(UInt32.max) ~= number
    else { return nil }
    self.init(rawValue: Int32(truncatingIfNeeded: number))
  }

  /// Eight hexadecimal digits after `0x`, as `ipcs(1)` shows keys; or `IPC_PRIVATE`.
  public var description: String {
    if self == .private { return "IPC_PRIVATE" }
    let digits = String(UInt32(bitPattern: rawValue), radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
