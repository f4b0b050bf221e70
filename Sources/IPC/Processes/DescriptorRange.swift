internal import CIPC
internal import SystemPackage

/// A range of descriptor numbers in this process, to close or to make close-on-exec.
///
/// This library's descriptors are close-on-exec. Descriptors that this process inherited, or that C libraries opened,
/// are not necessarily close-on-exec.
///
/// ```swift
/// try DescriptorRange(from: 3).setCloseOnExec()
/// ```
///
/// `close_range(2)`.
public struct DescriptorRange: Hashable, Sendable {
  /// The lowest number.
  public let first: UInt32
  /// The highest number, which the range includes.
  public let last: UInt32

  /// Creates a range of all numbers from `first` through `last`, or of all higher numbers if `last` is omitted.
  public init(from first: UInt32, through last: UInt32 = .max) {
    self.first = first
    self.last = last
  }

  /// Makes all open descriptors in the range close-on-exec; the range may contain none.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if `last` is less than `first`, or before Linux 5.11.
  ///
  /// Calls `close_range(2)` with `CLOSE_RANGE_CLOEXEC`.
  public func setCloseOnExec() throws(IPCError) { try call(Int32(CIPC_CLOSE_RANGE_CLOEXEC)) }

  /// Closes all open descriptors in the range; the range may contain none.
  ///
  /// No Swift value may own any of these descriptors. Otherwise, the value would later close the same number, which
  /// could refer to another file by then.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if `last` is less than `first`; `.noFunction` before Linux 5.9.
  ///
  /// Calls `close_range(2)`.
  public func close() throws(IPCError) { try call(0) }

  private func call(_ flags: Int32) throws(IPCError) {
    try Syscall.call(.closeRange) { cipc_close_range(first, last, flags) }
  }
}
