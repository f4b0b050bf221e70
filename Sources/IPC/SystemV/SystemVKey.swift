internal import CIPC
public import SystemPackage

/// The number by which unrelated processes find the same System V object (`key_t`).
///
/// Shared memory, semaphore sets and message queues have separate key spaces.
///
/// `sysvipc(7)`.
public struct SystemVKey: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Creates a new object each time, which only its identifier finds (`IPC_PRIVATE`).
  public static let `private` = SystemVKey(rawValue: 0)

  /// Creates the key that all programs derive from the same file and project number.
  ///
  /// The key is made of parts of the file's inode and device number: a file that was replaced has another key, and two
  /// files can have the same.
  ///
  /// - Parameter project: Distinguishes the objects of one file. POSIX leaves 0 undefined.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, or another reason of `stat(2)`.
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
  public init(integerLiteral value: Int32) { self.init(rawValue: value) }

  /// Parses decimal digits, hexadecimal digits after `0x`, or `IPC_PRIVATE`.
  public init?(_ description: String) {
    if description == "IPC_PRIVATE" {
      self = .private
    } else if description.hasPrefix("0x") {
      guard let bits = UInt32(description.dropFirst(2), radix: 16) else { return nil }
      self.init(rawValue: Int32(bitPattern: bits))
    } else {
      guard let number = Int32(description) else { return nil }
      self.init(rawValue: number)
    }
  }

  /// Eight hexadecimal digits after `0x`, as `ipcs(1)` shows keys; or `IPC_PRIVATE`.
  public var description: String {
    if self == .private { return "IPC_PRIVATE" }
    let digits = String(UInt32(bitPattern: rawValue), radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
