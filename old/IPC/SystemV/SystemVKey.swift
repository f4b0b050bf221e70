internal import CIPC
public import SystemPackage

/// The number by which unrelated processes find the same System V object.
///
/// A segment and a semaphore set may have the same key: each kind of object has keys of its own.
///
/// The `key_t` of `sysvipc(7)`.
public struct SystemVKey: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Makes a new object each time, which only its identifier finds: `IPC_PRIVATE`.
  public static let `private` = SystemVKey(rawValue: 0)
}

extension SystemVKey {
  /// The key at which everyone arrives who names the same file and the same project, in any language.
  ///
  /// It is made of parts of the file's inode and device number: a file that was replaced gives another key, and two
  /// files may give the same.
  ///
  /// - Parameter project: Tells apart the objects that belong to one file. POSIX leaves 0 undefined.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, or what else keeps `stat(2)` from the file.
  ///
  /// Calls `ftok(3)`.
  public init(path: FilePath, project: UInt8) throws(IPCError) {
    var key: Int32 = 0
    try Kernel.call("ftok", on: .path(path)) {
      unsafe path.withPlatformString { unsafe cipc_ftok($0, Int32(project), &key) }
    }
    self.init(rawValue: key)
  }
}

extension SystemVKey: LosslessStringConvertible {
  /// Parses decimal digits, `0x` and hexadecimal digits as `ipcs(1)` shows them, or `IPC_PRIVATE`.
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

  public var description: String { self == .private ? "IPC_PRIVATE" : "\(rawValue)" }
}
