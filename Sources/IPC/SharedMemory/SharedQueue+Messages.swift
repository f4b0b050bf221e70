internal import CIPC
internal import SystemPackage

extension SharedQueue {
  /// The sending end of a queue.
  public struct Sender: Sendable {
    package let queue: SharedQueue

    /// The maximum length of a message in bytes.
    public var slotSize: Int { queue.slotSize }

    /// Sends a message, which can be empty.
    ///
    /// - Throws: ``IPCError`` with `.messageTooLong` if the message is longer than ``slotSize`` bytes; `.brokenPipe` if
    ///   the queue is closed; `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock` if the queue is full, or a
    ///   process was stopped in the middle of an operation; `.interrupted` if `retryOnInterrupt` is false and a signal
    ///   handler ran; `.badMessage` if the queue is corrupted.
    ///
    /// Calls `futex(2)` only to sleep and to wake other threads.
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
    /// If the queue is full, this call does not lock it, so a process can make the call in a loop.
    ///
    /// - Returns: Whether the message was sent; false if the queue is full.
    public func trySend(_ message: RawSpan) throws(IPCError) -> Bool {
      if message.byteCount <= queue.slotSize, queue.isFull { return false }
      return try nilIfWouldBlock { () throws(IPCError) in try send(message, timeout: .immediate) } != nil
    }

    /// Sends a message that is built in place: passes a free slot to `fill`, and sends the bytes that `fill` appends.
    ///
    /// The queue is locked while `fill` runs, so `fill` must be short. It must not use another queue, and must not lock a
    /// ``SharedMutex`` or another robust mutex: if the process then died, the queue would stay locked. If the process
    /// dies in `fill`, the message is not sent.
    ///
    /// - Returns: The length of the message.
    /// - Throws: Any error from ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
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

  /// Waits until the queue has a free slot, and locks the queue.
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

extension SharedQueue {
  /// The receiving end of a queue.
  public struct Receiver: Sendable {
    package let queue: SharedQueue

    /// The maximum length of a message in bytes.
    public var slotSize: Int { queue.slotSize }

    /// Receives the first message, and appends it to `bytes`.
    ///
    /// - Returns: The length of the message; nil if the queue is closed and empty.
    /// - Throws: ``IPCError`` with `.messageTooLong` if `bytes` is too small, in which case the message stays in the
    ///   queue; `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock` if the queue is empty, or a process was
    ///   stopped in the middle of an operation; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran;
    ///   `.badMessage` if the queue is corrupted.
    ///
    /// Calls `futex(2)` only to sleep and to wake other threads.
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
    /// Otherwise, this behaves like ``receive(into:timeout:retryOnInterrupt:)``.
    public func receive(
      appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Int? {
      try bytes.append(maxLength: queue.slotSize) { (span) throws(IPCError) in
        try receive(into: &span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
    }

    /// Receives the first message if there is one, and appends it to `bytes`.
    ///
    /// If the queue is empty, this call does not lock it, so a process can make the call in a loop.
    ///
    /// - Returns: The length of the message; `.wouldBlock` if the queue is empty; `.endOfStream` if it is also closed.
    public func tryReceive(into bytes: inout OutputRawSpan) throws(IPCError) -> TryResult<Int> {
      if queue.isEmpty { return .wouldBlock }
      let result = try nilIfWouldBlock { () throws(IPCError) -> TryResult<Int> in
        try receive(into: &bytes, timeout: .immediate).map(TryResult.ready) ?? .endOfStream
      }
      return result ?? .wouldBlock
    }

    /// Receives the first message in place: passes its slot to `body`, and then removes it.
    ///
    /// The queue is locked while `body` runs, so `body` must be short. It must not use another queue, and must not lock a
    /// ``SharedMutex`` or another robust mutex: if the process then died, the queue would stay locked. If the process
    /// dies in `body`, another process receives the message. A malicious process can still change the bytes while
    /// `body` runs: copy bytes that must not change after a check.
    ///
    /// - Returns: The result of `body`; nil if the queue is closed and empty.
    /// - Throws: Any error from ``receive(into:timeout:retryOnInterrupt:)``.
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

    /// Waits until the queue has a message, locks the queue, and returns the message.
    ///
    /// Returns nil, without holding the lock, if the queue is closed and empty.
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
  /// Appends bytes; there must be room for them.
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

extension SharedQueue {
  /// A set of queues from which to receive the first available message.
  ///
  /// ```swift
  /// var selection = try SharedQueue.Selection(of: [urgent.receiver, bulk.receiver])
  /// while let received = try selection.receive(into: &buffer) { ... }
  /// ```
  ///
  /// The queues are checked in turn, starting after the queue that contained the last message. The queues can be in
  /// different memory regions. A queue that is closed and empty is skipped.
  public struct Selection: Sendable {
    /// The queues, in the order in which they were passed; indexes refer to this order.
    public let receivers: [Receiver]

    /// The maximum number of queues in a selection.
    public static let maximumCount = Int(CIPC_FUTEX_MOST)

    /// A message received from one of the queues.
    public struct Received: Hashable, Sendable {
      /// The length of the message in bytes.
      public let length: Int
      /// The index of the message's queue in ``Selection/receivers``.
      public let index: Int
    }

    private var last: Int
    // Allocated once and reused for each wait.
    private var waiters: [cipc_futex_waiter] = []

    /// Creates a selection.
    ///
    /// - Throws: ``IPCError`` with `.invalidArgument` if there are no receivers, or more than ``maximumCount``.
    public init(of receivers: [Receiver]) throws(IPCError) {
      guard (1...Self.maximumCount).contains(receivers.count) else {
        throw IPCError(.sharedQueueSelect, .invalidArgument)
      }
      self.receivers = receivers
      last = receivers.count - 1
      waiters.reserveCapacity(receivers.count)
    }

    /// Receives from the first queue that has a message, and appends the message to `bytes`.
    ///
    /// This does not allocate.
    ///
    /// - Returns: The message; nil if all queues are closed and empty.
    /// - Throws: Any error from ``Receiver/receive(into:timeout:retryOnInterrupt:)``.
    ///
    /// Calls `futex_waitv(2)` only to sleep.
    public mutating func receive(
      into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Received? {
      while true {
        if let received = try search(into: &bytes, timeout) { return received }
        if waiters.isEmpty { return nil }
        guard !timeout.isImmediate, try QueueEvent.wait(forAnyOf: waiters, timeout, retryOnInterrupt) else {
          throw IPCError(.sharedQueueSelect, timeout.expirationError)
        }
      }
    }

    /// Receives from the first queue that has a message, without waiting, and appends the message to `bytes`.
    ///
    /// - Returns: The message; `.wouldBlock` if all queues are empty; `.endOfStream` if all queues are also closed.
    public mutating func tryReceive(into bytes: inout OutputRawSpan) throws(IPCError) -> TryResult<Received> {
      let result = try nilIfWouldBlock { () throws(IPCError) -> TryResult<Received> in
        try receive(into: &bytes, timeout: .immediate).map(TryResult.ready) ?? .endOfStream
      }
      return result ?? .wouldBlock
    }

    /// Tries each queue once.
    ///
    /// If no queue has a message, `waiters` contains the words to sleep on.
    private mutating func search(into bytes: inout OutputRawSpan, _ timeout: Timeout) throws(IPCError) -> Received? {
      waiters.removeAll(keepingCapacity: true)
      for turn in 1...receivers.count {
        let index = (last + turn) % receivers.count
        let queue = receivers[index].queue
        defer { extendLifetime(queue) }
        try queue.lock(.sharedQueueSelect, timeout)
        do throws(IPCError) {
          if let message = try unsafe queue.first() {
            if message.count > bytes.freeCapacity { throw IPCError(.sharedQueueReceive, .messageTooLong) }
            unsafe bytes.append(message)
            queue.consume()
            queue.unlock()
            last = index
            return Received(length: message.count, index: index)
          }
        } catch {
          queue.unlock()
          throw error
        }
        if !queue.isClosed { waiters.append(queue.readable.waiter) }
        queue.unlock()
      }
      return nil
    }
  }
}
