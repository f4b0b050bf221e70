internal import CIPC
internal import Glibc
internal import SystemPackage

/// What can never again be done to memory without a name, by anybody who has it.
///
/// The `F_SEAL_...` of `fcntl(2)`.
public struct MemorySeals: OptionSet, Hashable, Sendable {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Making it shorter.
  public static let shrink = MemorySeals(rawValue: Int32(CIPC_F_SEAL_SHRINK))
  /// Making it longer.
  public static let grow = MemorySeals(rawValue: Int32(CIPC_F_SEAL_GROW))
  /// Writing, and mapping it shared for writing.
  public static let write = MemorySeals(rawValue: Int32(CIPC_F_SEAL_WRITE))
  /// Adding seals.
  public static let seal = MemorySeals(rawValue: Int32(CIPC_F_SEAL_SEAL))
}

extension MemoryObject where Access == ReadWrite {
  /// Makes memory of 0 bytes that has no name: who has not the descriptor cannot reach it, and it goes with the last who
  /// has it open or mapped.
  ///
  /// - Parameters:
  ///   - label: Shown in `/proc/PID/maps`, for people; two may have the same. At most 249 bytes.
  ///   - sealable: Whether it can be sealed.
  /// - Throws: ``IPCError`` with `.invalidArgument` for a longer label, or one with a NUL.
  ///
  /// Calls `memfd_create(2)`.
  public init(anonymous label: String, sealable: Bool = true) throws(IPCError) {
    let object = IPCError.Object.name(label)
    guard !label.utf8.contains(0) else {
      throw IPCError(call: "memfd_create", errno: .invalidArgument, object: object)
    }
    let flags = CIPC_MFD_CLOEXEC | (sealable ? CIPC_MFD_ALLOW_SEALING : 0)
    let descriptor = try Kernel.call("memfd_create", on: object) {
      unsafe label.withCString { unsafe cipc_memfd_create($0, UInt32(flags)) }
    }
    try self.init(taking: OwnedDescriptor(taking: FileDescriptor(rawValue: descriptor)), object, isNew: true)
  }

  /// Seals the memory, for everybody and for ever.
  ///
  /// - Throws: ``IPCError`` with `.resourceBusy` to seal against writing what is mapped shared for writing;
  ///   `.notPermitted` when adding seals is sealed, as it is from the start unless it was made sealable;
  ///   `.invalidArgument` for what has a name.
  ///
  /// Calls `fcntl(2)` with `F_ADD_SEALS`.
  public func add(_ seals: MemorySeals) throws(IPCError) {
    try Kernel.call("fcntl F_ADD_SEALS", on: object) {
      fcntl(descriptor.rawValue, Int32(CIPC_F_ADD_SEALS), seals.rawValue)
    }
  }
}

extension MemoryObject {
  /// What the memory is sealed against: to be asked before numbers that came with it are believed.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for a file on disk, which has no seals.
  ///
  /// Calls `fcntl(2)` with `F_GET_SEALS`.
  public func seals() throws(IPCError) -> MemorySeals {
    MemorySeals(
      rawValue: try Kernel.call("fcntl F_GET_SEALS", on: object) {
        fcntl(descriptor.rawValue, Int32(CIPC_F_GET_SEALS))
      })
  }
}
