internal import SystemPackage

extension SharedQueue {
  /// The sending end of a queue.
  public struct Sender: Sendable {
    package let queue: SharedQueue

    /// The maximum length of a message in bytes.
    public var slotSize: Int { queue.slotSize }

    /// Sends a message, which can be empty.
    ///
    /// - Throws: ``IPCError`` with `.messageTooLong` for more than ``slotSize`` bytes; `.brokenPipe` if the queue is closed;
    ///   `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock` if it is full, or a process was stopped in the middle of
    ///   an operation; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran; `.badMessage` if the queue
    ///   is corrupted.
    ///
    /// Calls `futex(2)` only to sleep and to wake.
    public func send(
      _ message: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) {
      defer { extendLifetime(queue) }
      if message.byteCount > queue.slotSize { throw IPCError(.sharedQueueSend, .messageTooLong) }
      try queue.lockWithFreeSlot(timeout, retryOnInterrupt)
      queue.place(message)
      queue.publish()
      queue.unlock()
    }

    /// Sends the bytes of an array or a string, like ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
    public func send(
      _ message: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) {
      try send(unsafe message.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }

    /// Sends a message without waiting.
    ///
    /// - Returns: false if the queue is full.
    public func trySend(_ message: RawSpan) throws(IPCError) -> Bool {
      try nilIfWouldBlock { () throws(IPCError) in try send(message, timeout: .immediate) } != nil
    }

    /// Sends a message that is made in place: passes a free slot to `fill`, and sends the bytes that it appends.
    ///
    /// The queue is locked meanwhile, so `fill` must be short, and cannot use another queue. If the process dies in it, the
    /// message is not sent.
    ///
    /// - Returns: The length of the message.
    /// - Throws: ``IPCError`` as ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)`` does.
    @discardableResult
    public func send(
      timeout: Timeout = .never, retryOnInterrupt: Bool = true, _ fill: (inout OutputRawSpan) -> Void
    ) throws(IPCError) -> Int {
      defer { extendLifetime(queue) }
      try queue.lockWithFreeSlot(timeout, retryOnInterrupt)
      let slot = unsafe queue.freeSlot
      let room = unsafe UnsafeMutableRawBufferPointer(start: slot + Layout.message, count: queue.slotSize)
      var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      fill(&bytes)
      unsafe queue.setLength(bytes.byteCount, of: slot)
      queue.publish()
      queue.unlock()
      return bytes.byteCount
    }
  }

  /// Locks the queue when it has a free slot.
  @inline(__always)
  fileprivate func lockWithFreeSlot(_ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) {
    while true {
      try lock(.sharedQueueSend, timeout)
      do throws(IPCError) {
        let count = try messageCount()
        if isClosed { throw IPCError(.sharedQueueSend, .brokenPipe) }
        if count < slotCount { return }
      } catch {
        unlock()
        throw error
      }
      try sleep(on: writable, .sharedQueueSend, timeout, retryOnInterrupt)
    }
  }
}
