public import IPC
internal import SystemPackage

extension MessageChannel.Receiver where Source: ReadableDescriptor & ~Copyable {
  /// Receives the next message.
  ///
  /// - Parameters:
  ///   - message: The array to overwrite with the message; unchanged on error. Reusing an array avoids reallocation.
  ///   - timeout: How long to wait for the whole message, even if it arrives slowly.
  /// - Returns: The length of the message; nil at end of file.
  /// - Throws: `IPCError` with `.messageTooLong` if the announced length exceeds the limit; `.protocolError` if the
  ///   stream ends within a message; `.timedOut`, `.wouldBlock` or `CancellationError`, in which case another call
  ///   resumes the message.
  public mutating func receive(into message: inout [UInt8], timeout: Timeout = .never) async throws -> Int? {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(into: &message, timeout: .immediate)
    }
  }

  /// Returns a sequence of the channel's messages, until the end of the stream.
  public consuming func messages() -> AsyncHandleSequence<[UInt8]> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      var message: [UInt8] = []
      return try await box.handle.receive(into: &message) == nil ? nil : message
    }
  }
}

extension MessageChannel.Sender where Sink: WritableDescriptor & ~Copyable {
  /// Sends a message.
  ///
  /// - Parameters:
  ///   - message: The bytes of the message; may be empty.
  ///   - timeout: How long to wait for the whole message to be sent.
  /// - Throws: `IPCError` with `.messageTooLong` if the message exceeds the limit, in which case nothing is sent;
  ///   `.alreadyInProcess` if a different message has been partly sent; `.brokenPipe` if all readers are gone;
  ///   `.timedOut`, `.wouldBlock` or `CancellationError`. If `isWithinMessage` is then true, sending the same message
  ///   again resumes it.
  public mutating func send(_ message: RawSpan, timeout: Timeout = .never) async throws {
    do {
      try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in try attemptSend(message) }
    } catch {
      recordUnfinished(message)
      throw error
    }
  }

  /// Sends the bytes of an array or a string, like the variant that takes a `RawSpan`.
  public mutating func send(_ message: Span<UInt8>, timeout: Timeout = .never) async throws {
    try await send(unsafe message.bytes, timeout: timeout)
  }
}

extension MessageChannel.Connection where Stream: ReadableDescriptor & WritableDescriptor & ~Copyable {
  /// Sends a message, as `MessageChannel.Sender.send` does.
  public mutating func send(_ message: RawSpan, timeout: Timeout = .never) async throws {
    do {
      try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in try attemptSend(message) }
    } catch {
      recordUnfinished(message)
      throw error
    }
  }

  /// Sends the bytes of an array or a string, like the variant that takes a `RawSpan`.
  public mutating func send(_ message: Span<UInt8>, timeout: Timeout = .never) async throws {
    try await send(unsafe message.bytes, timeout: timeout)
  }

  /// Receives a message, as `MessageChannel.Receiver.receive` does.
  public mutating func receive(into message: inout [UInt8], timeout: Timeout = .never) async throws -> Int? {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(into: &message, timeout: .immediate)
    }
  }
}

extension MessageChannel.Connection where Stream: ReadableDescriptor & WritableDescriptor & ~Copyable {
  /// Sends a request, and receives its reply: the next message.
  ///
  /// If a timeout or a cancellation ends the wait, the reply is still expected: calling this again with the same
  /// request continues to wait, and does not send the request again.
  ///
  /// - Parameters:
  ///   - message: The bytes of the request; may be empty.
  ///   - reply: The array to overwrite with the reply.
  ///   - timeout: How long to wait for the request and its reply together.
  /// - Returns: The length of the reply.
  /// - Throws: `IPCError` with `.brokenPipe` if the other side closed the stream without a reply; `.alreadyInProcess`
  ///   if a different request is partly sent, or its reply is still expected; any error from sending or receiving.
  @discardableResult
  public mutating func request(
    _ message: RawSpan, reply: inout [UInt8], timeout: Timeout = .never
  ) async throws -> Int {
    do {
      let length = try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) -> Int? in
        do throws(IPCError) {
          return try attemptRequest(message, reply: &reply, .immediate, true)
        } catch {
          if error.errno == .wouldBlock, isReplyExpected { return nil }
          throw error
        }
      }
      if let length { return length }
      return try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
        try attemptRequest(message, reply: &reply, .immediate, true)
      }
    } catch {
      recordUnfinished(message)
      throw error
    }
  }

  /// Sends the bytes of an array or a string as a request, like ``request(_:reply:timeout:)-(RawSpan,_,_)``.
  @discardableResult
  public mutating func request(
    _ message: Span<UInt8>, reply: inout [UInt8], timeout: Timeout = .never
  ) async throws -> Int {
    try await request(unsafe message.bytes, reply: &reply, timeout: timeout)
  }
}

extension MessageChannel.Connection where Stream: ReadableDescriptor & WritableDescriptor & ~Copyable {
  /// Replies to requests until the other side closes the stream.
  ///
  /// - Parameter answer: A function that is called with each request, and appends the reply to an empty array. If the
  ///   function throws an error, the call ends.
  /// - Throws: Any error from sending, receiving or `answer`. A broken pipe ends the call without an error.
  public mutating func serve(
    _ answer: (_ request: [UInt8], _ reply: inout [UInt8]) async throws -> Void
  ) async throws {
    var request: [UInt8] = []
    var reply: [UInt8] = []
    while try await receive(into: &request) != nil {
      reply.removeAll(keepingCapacity: true)
      try await answer(request, &reply)
      do {
        try await send(reply.span)
      } catch let error as IPCError where error.errno == .brokenPipe {
        return
      }
    }
  }
}

// A ring has no descriptor, so a background thread waits for it.

extension MessageChannel.Receiver where Source == ByteRing.Consumer {
  /// Receives the next message from a channel over a ring, like the variant for a channel over a descriptor.
  ///
  /// A thread waits for the message.
  public mutating func receive(into message: inout [UInt8], timeout: Timeout = .never) async throws -> Int? {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try receive(into: &message, timeout: limit, retryOnInterrupt: false)
    }
  }
}

extension MessageChannel.Sender where Sink == ByteRing.Producer {
  /// Sends a message through a channel over a ring.
  ///
  /// A thread waits for room.
  public mutating func send(_ message: RawSpan, timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try send(message, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Sends the bytes of an array or a string, like the variant that takes a `RawSpan`.
  public mutating func send(_ message: Span<UInt8>, timeout: Timeout = .never) async throws {
    try await send(unsafe message.bytes, timeout: timeout)
  }
}
