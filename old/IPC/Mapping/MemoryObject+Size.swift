internal import CIPC
internal import Glibc
public import SystemPackage

/// How an object that can be mapped is at one moment.
///
/// The `struct stat` of `fstat(2)`.
public struct MemoryObjectStatus: Hashable, Sendable {
  /// In bytes.
  public let size: Int
  public let permissions: FilePermissions
  public let user: UInt32
  public let group: UInt32
}

extension MemoryObject {
  /// Asks the kernel how the object is.
  ///
  /// Calls `fstat(2)`.
  public func status() throws(IPCError) -> MemoryObjectStatus {
    let status = try Self.fileStatus(of: descriptor, object)
    return MemoryObjectStatus(
      size: status.st_size, permissions: FilePermissions(rawValue: status.st_mode & 0o7777), user: status.st_uid,
      group: status.st_gid)
  }

  static func fileStatus(of descriptor: FileDescriptor, _ object: IPCError.Object) throws(IPCError) -> stat {
    var status = stat()
    try Kernel.call("fstat", on: object) { unsafe fstat(descriptor.rawValue, &status) }
    return status
  }
}

extension MemoryObject where Access == ReadWrite {
  /// Gives the object another size. New bytes are 0, and take no memory until they are written. Bytes that are cut off
  /// are gone for whoever has them mapped.
  ///
  /// - Throws: ``IPCError`` with `.fileTooLarge` beyond `RLIMIT_FSIZE`, whose signal is kept from this thread;
  ///   `.notPermitted` when it is sealed against that; `.invalidArgument` for a negative size.
  ///
  /// Calls `ftruncate(2)`.
  public func resize(to size: Int) throws(IPCError) {
    try limited("ftruncate") { ftruncate(descriptor.rawValue, size) }
  }

  /// Makes sure that there is room for the first `size` bytes, so that none is missing when they are written. An object
  /// that is shorter grows; what is in it stays.
  ///
  /// - Throws: ``IPCError`` with `.noSpace` when there is not, and as ``resize(to:)`` does.
  ///
  /// Calls `fallocate(2)`.
  public func allocate(_ size: Int) throws(IPCError) {
    try limited("fallocate") { cipc_fallocate(descriptor.rawValue, 0, Int64(size)) }
  }

  /// Beyond `RLIMIT_FSIZE` the kernel sends `SIGXFSZ` as well, of which a process dies that did not think of it.
  private func limited(_ name: String, _ call: () -> Int32) throws(IPCError) {
    let result = ThreadSignal.contained(SIGXFSZ) {
      Kernel.attempt(.retry, call)
    } raised: {
      $0 == .failure(.fileTooLarge)
    }
    if case .failure(let reason) = result { throw IPCError(call: name, errno: reason, object: object) }
  }
}
