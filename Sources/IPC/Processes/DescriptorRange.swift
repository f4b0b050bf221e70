internal import CIPC
internal import SystemPackage

/// A range of descriptor numbers of this process, to close them or to keep them from the programs that it starts.
///
/// The descriptors of this library are close-on-exec. Others may not be: those that this process inherited, and those
/// of C libraries.
///
/// ```swift
/// try DescriptorRange(from: 3).setCloseOnExec()
/// ```
///
/// `close_range(2)`.
public struct DescriptorRange: Hashable, Sendable {
  /// The lowest number.
  public let first: UInt32
  /// The highest number, which is part of the range.
  public let last: UInt32

  /// Creates a range of all numbers from `first` through `last`; a missing `last` means all higher numbers.
  public init(from first: UInt32, through last: UInt32 = .max) {
    self.first = first
    self.last = last
  }

  /// Makes all open descriptors of the range close-on-exec; there need not be any.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if `last` is less than `first`, or before Linux 5.11.
  ///
  /// Calls `close_range(2)` with `CLOSE_RANGE_CLOEXEC`.
  public func setCloseOnExec() throws(IPCError) { try call(Int32(CIPC_CLOSE_RANGE_CLOEXEC)) }

  /// Closes all open descriptors of the range; there need not be any.
  ///
  /// No value may own one of them: it would later close its number again, which may then belong to another file.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if `last` is less than `first`; `.noFunction` before Linux 5.9.
  ///
  /// Calls `close_range(2)`.
  public func close() throws(IPCError) { try call(0) }

  private func call(_ flags: Int32) throws(IPCError) {
    try Syscall.call(.closeRange) { cipc_close_range(first, last, flags) }
  }
}
