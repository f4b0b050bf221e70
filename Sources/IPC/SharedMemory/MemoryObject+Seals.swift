internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Seals, each of which disables an operation on anonymous memory: the `F_SEAL_...` flags of `fcntl(2)`.
///
/// A seal applies to all processes for the lifetime of the memory.
public struct MemorySeals: OptionSet, Hashable, Sendable {
  /// The seals as `fcntl(2)` flags: `F_SEAL_SHRINK`, `F_SEAL_GROW` and others.
  public let rawValue: Int32
  /// Creates a set from `fcntl(2)` flags.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Shrinking the memory (`F_SEAL_SHRINK`).
  ///
  /// With this seal, no process can truncate the memory, so in-place accesses cannot raise `SIGBUS` for that reason.
  public static let shrink = MemorySeals(rawValue: Int32(CIPC_F_SEAL_SHRINK))
  /// Growing the memory (`F_SEAL_GROW`).
  public static let grow = MemorySeals(rawValue: Int32(CIPC_F_SEAL_GROW))
  /// Writing to the memory, and creating writable shared mappings of it (`F_SEAL_WRITE`).
  public static let write = MemorySeals(rawValue: Int32(CIPC_F_SEAL_WRITE))
  /// Writing to the memory, except through mappings that already exist (`F_SEAL_FUTURE_WRITE`).
  ///
  /// Use this seal for one writer and many readers.
  public static let futureWrite = MemorySeals(rawValue: Int32(CIPC_F_SEAL_FUTURE_WRITE))
  /// Adding seals (`F_SEAL_SEAL`).
  public static let seal = MemorySeals(rawValue: Int32(CIPC_F_SEAL_SEAL))
  /// Making the memory executable (`F_SEAL_EXEC`); the kernel sets this seal if `vm.memfd_noexec` is not 0.
  public static let execute = MemorySeals(rawValue: Int32(CIPC_F_SEAL_EXEC))
}

extension MemoryObject where Access == ReadWriteAccess {
  /// Creates unnamed memory, accessible only to processes that inherit or receive its descriptor.
  ///
  /// - Parameters:
  ///   - label: A description shown in `/proc/PID/maps`, at most 249 bytes long. It need not be unique.
  ///   - size: The size in bytes, reserved immediately; 0 if ``allocate(_:)`` or ``resize(to:)`` sets the size later.
  ///   - sealable: Whether seals can be added.
  /// - Returns: The memory. The kernel frees it when no process has it open or mapped.
  /// - Throws: ``IPCError`` with `.invalidArgument` if the label is too long or contains a NUL; `.noSpace`.
  ///
  /// Calls `memfd_create(2)`.
  public static func anonymous(
    _ label: String, size: Int = 0, sealable: Bool = true
  ) throws(IPCError) -> MemoryObject {
    let object = IPCError.Object.label(label)
    guard !label.utf8.contains(0) else { throw IPCError(.memfdCreate, .invalidArgument, on: object) }
    let flags = CIPC_MFD_CLOEXEC | (sealable ? CIPC_MFD_ALLOW_SEALING : 0)
    let opened = try OwnedDescriptor.opened(by: .memfdCreate, on: object) {
      unsafe label.withCString { unsafe cipc_memfd_create($0, UInt32(flags)) }
    }
    let memory = MemoryObject(created: opened, object)
    // If vm.memfd_noexec is not 0, the kernel makes the memory sealable even if the caller did not request it.
    if !sealable, try !memory.seals().contains(.seal) { try memory.add(.seal) }
    if size != 0 { try memory.allocate(size) }
    return memory
  }

  /// Adds seals, which cannot be removed.
  ///
  /// - Throws: ``IPCError`` with `.resourceBusy` for ``MemorySeals/write`` while a writable shared mapping exists;
  ///   `.notPermitted` if the memory has the seal ``MemorySeals/seal``, as all memory created without `sealable` does;
  ///   `.invalidArgument` if the object has a name.
  ///
  /// Calls `fcntl(2)` with `F_ADD_SEALS`.
  public func add(_ seals: MemorySeals) throws(IPCError) {
    try Syscall.call(.fcntlAddSeals, on: object) {
      fcntl(descriptor.rawValue, Int32(CIPC_F_ADD_SEALS), seals.rawValue)
    }
  }
}

extension MemoryObject {
  /// Returns the memory's seals.
  ///
  /// Check the seals before you trust memory that another process has sent.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the object is a file on disk, which has no seals.
  ///
  /// Calls `fcntl(2)` with `F_GET_SEALS`.
  public func seals() throws(IPCError) -> MemorySeals {
    MemorySeals(
      rawValue: try Syscall.call(.fcntlGetSeals, on: object) { fcntl(descriptor.rawValue, Int32(CIPC_F_GET_SEALS)) })
  }
}
