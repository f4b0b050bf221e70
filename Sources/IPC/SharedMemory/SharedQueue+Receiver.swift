internal import SystemPackage

extension SharedQueue {
  /// The receiving end of a queue.
  public struct Receiver: Sendable {
    package let queue: SharedQueue

    /// The maximum length of a message in bytes.
    public var slotSize: Int { queue.slotSize }

    /// Receives the first message, and appends it to `bytes`.
    ///
    /// - Returns: The length of the message; nil if the queue is closed and empty.
    /// - Throws: ``IPCError`` with `.messageTooLong` if `bytes` has too little room: the message stays in the queue;
    ///   `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock` if the queue is empty, or a process was stopped in the
    ///   middle of an operation; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran; `.badMessage` if
    ///   the queue is corrupted.
    ///
    /// Calls `futex(2)` only to sleep and to wake.
    public func receive(
      into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Int? {
      defer { extendLifetime(queue) }
      guard let message = try unsafe lockWithMessage(timeout, retryOnInterrupt) else { return nil }
      if message.count > bytes.freeCapacity { throw queue.messageTooLong() }
      unsafe bytes.append(message)
      queue.consume()
      queue.unlock()
      return message.count
    }

    /// Receives the first message, and appends it to an array, which is reallocated only if its capacity is too small.
    ///
    /// Like ``receive(into:timeout:retryOnInterrupt:)``.
    public func receive(
      appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Int? {
      try bytes.append(maxLength: queue.slotSize) { (span) throws(IPCError) in
        try receive(into: &span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
    }

    /// Receives the first message if there is one, and appends it to `bytes`.
    ///
    /// - Returns: The length of the message, or why there is none.
    public func tryReceive(into bytes: inout OutputRawSpan) throws(IPCError) -> TryResult<Int> {
      let result = try nilIfWouldBlock { () throws(IPCError) -> TryResult<Int> in
        try receive(into: &bytes, timeout: .immediate).map(TryResult.ready) ?? .endOfStream
      }
      return result ?? .wouldBlock
    }

    /// Receives the first message in place: passes its slot to `body`, and removes it then.
    ///
    /// The queue is locked meanwhile, so `body` must be short, and cannot use another queue. If the process dies in it,
    /// another one receives the message. A malicious process can change the bytes while `body` runs: copy what must not
    /// change after a check.
    ///
    /// - Returns: What `body` returns; nil if the queue is closed and empty.
    /// - Throws: ``IPCError`` as ``receive(into:timeout:retryOnInterrupt:)`` does.
    public func withNext<Result>(
      timeout: Timeout = .never, retryOnInterrupt: Bool = true, _ body: (RawSpan) -> Result
    ) throws(IPCError) -> Result? {
      defer { extendLifetime(queue) }
      guard let message = try unsafe lockWithMessage(timeout, retryOnInterrupt) else { return nil }
      let result = body(unsafe message.bytes)
      queue.consume()
      queue.unlock()
      return result
    }

    /// Locks the queue when it has a message, and returns it. Nil, unlocked, if it never will.
    @inline(__always) @unsafe
    private func lockWithMessage(
      _ timeout: Timeout, _ retryOnInterrupt: Bool
    ) throws(IPCError) -> UnsafeRawBufferPointer? {
      while true {
        try queue.lock(.sharedQueueReceive, timeout)
        do throws(IPCError) {
          if let message = try unsafe queue.first() { return unsafe message }
        } catch {
          queue.unlock()
          throw error
        }
        if queue.isClosed {
          queue.unlock()
          return nil
        }
        try queue.sleep(on: queue.readable, .sharedQueueReceive, timeout, retryOnInterrupt)
      }
    }
  }

  @inline(never)
  func messageTooLong() -> IPCError {
    unlock()
    return IPCError(.sharedQueueReceive, .messageTooLong)
  }
}

extension OutputRawSpan {
  /// Appends bytes, for which there is room.
  @inline(__always)
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    unsafe withUnsafeMutableBytes { (buffer, filled) in
      if let from = bytes.baseAddress, let to = buffer.baseAddress {
        unsafe (to + filled).copyMemory(from: from, byteCount: bytes.count)
      }
      filled &+= bytes.count
    }
  }
}
