/// A sequence of the messages, chunks, connections or signals that a handle yields.
///
/// The sequence owns the handle, and closes it when the sequence is destroyed. The sequence does not read ahead: each
/// iteration makes one call, and other messages stay in the kernel, so a slow consumer slows down its peer.
///
/// ```swift
/// for try await message in try POSIXMessageQueue.Receiver.open("/jobs").messages() {
///   print(message.priority, message.bytes)
/// }
/// ```
///
/// The sequence ends at the end of the stream or at the first error. If the task is cancelled, the iteration throws
/// `CancellationError` and does not consume the next element. Only one iterator may wait at a time. Each message or
/// chunk is a new array; to avoid allocations, use the calls that append to an array, and reuse the array.
public struct AsyncHandleSequence<Element: Sendable>: AsyncSequence {
  let pull: () async throws -> Element?

  /// Returns an iterator that continues where the previous one stopped.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pull: pull) }

  /// An iterator over the sequence.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let pull: () async throws -> Element?
    private var isOver = false

    init(pull: @escaping () async throws -> Element?) { self.pull = pull }

    /// Waits for the next element; returns nil at the end of the sequence, and after an error.
    public mutating func next() async throws -> Element? { try await next(isolation: #isolation) }

    /// Waits for the next element on an actor's executor; returns nil at the end of the sequence, and after an error.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
      if isOver { return nil }
      // If the call throws, the iterator stays in this state.
      isOver = true
      let element = try await pull()
      isOver = element == nil
      return element
    }
  }
}

/// A handle shared by a sequence's calls.
final class HandleBox<Handle: ~Copyable> {
  var handle: Handle
  /// A buffer that is reused for each element, because it has room for the longest one.
  var bytes: [UInt8] = []

  init(_ handle: consuming Handle) { self.handle = handle }
}

extension [UInt8] {
  /// The bytes without the spare capacity of a buffer for the longest element.
  var trimmed: [UInt8] {
    if count > capacity / 2 { return self }
    var copy: [UInt8] = []
    copy.reserveCapacity(count)
    copy.append(contentsOf: self)
    return copy
  }
}
