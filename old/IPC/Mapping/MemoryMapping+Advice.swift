internal import Glibc
internal import SystemPackage

/// How memory is going to be used. It is advice, apart from ``dontNeed``.
public enum MemoryAdvice: Hashable, Sendable {
  case normal
  /// In no order: reading ahead is in vain.
  case random
  /// From the beginning to the end.
  case sequential
  /// Soon: it may be read ahead.
  case willNeed
  /// Not soon. The next access finds what is in the object: what was written into a private mapping is lost.
  case dontNeed
}

extension MemoryMapping {
  /// Writes what was written into the mapping to the file, and to the disk that it is on.
  ///
  /// Others who have the file mapped, or read it, see what was written at once and without this.
  ///
  /// - Parameters:
  ///   - offset: Where to begin: a multiple of the page size.
  ///   - count: How many bytes; nil for the rest.
  ///   - waiting: Until it is done. Else it is done some time, as it is without being asked.
  /// - Throws: ``IPCError`` with `.invalidArgument` for another `offset`, `.badAddress` when not all of them lie in the
  ///   mapping, `.ioError` when the disk failed.
  ///
  /// Calls `msync(2)` with `MS_SYNC` or `MS_ASYNC`.
  public func sync(at offset: Int = 0, count: Int? = nil, waiting: Bool = true) throws(IPCError) {
    try unsafe perform("msync", offset, count) { unsafe msync($0, $1, waiting ? MS_SYNC : MS_ASYNC) }
  }

  /// Tells the kernel how the memory is going to be used.
  ///
  /// - Parameter offset: Where to begin: a multiple of the page size.
  /// - Throws: ``IPCError`` with `.invalidArgument` for another `offset`, `.badAddress` when not all of it lies in the
  ///   mapping.
  ///
  /// Calls `madvise(2)`.
  public func advise(_ advice: MemoryAdvice, at offset: Int = 0, count: Int? = nil) throws(IPCError) {
    try unsafe perform("madvise", offset, count) { unsafe madvise($0, $1, advice.number) }
  }

  private func perform(
    _ name: String, _ offset: Int, _ count: Int?, _ call: (UnsafeMutableRawPointer, Int) -> Int32
  ) throws(IPCError) {
    let count = count ?? max(0, size - max(0, offset))
    guard contains(offset, count) else { throw IPCError(call: name, errno: .badAddress, object: object) }
    try Kernel.call(name, on: object) { unsafe call(pages.base + offset, count) }
  }
}

extension MemoryAdvice {
  fileprivate var number: Int32 {
    switch self {
    case .normal: MADV_NORMAL
    case .random: MADV_RANDOM
    case .sequential: MADV_SEQUENTIAL
    case .willNeed: MADV_WILLNEED
    case .dontNeed: MADV_DONTNEED
    }
  }
}
