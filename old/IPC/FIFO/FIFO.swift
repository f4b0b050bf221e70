public import SystemPackage

/// The name of a FIFO: a pipe that unrelated processes find by its path.
///
/// A FIFO that is open has the same ends as an anonymous pipe, ``Pipe/Reader`` and ``Pipe/Writer``. Its name outlives
/// them all, until it is unlinked.
///
/// ```swift
/// let fifo = FIFO("/tmp/my_fifo")
/// try fifo.makeIfMissing(permissions: [.ownerReadWrite])
/// let reader = try fifo.openForReading()
/// ```
public struct FIFO: Hashable, Sendable {
  public let path: FilePath

  /// Names a FIFO, whether or not there is one.
  public init(_ path: FilePath) { self.path = path }
}
