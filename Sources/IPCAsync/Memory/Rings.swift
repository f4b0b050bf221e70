public import IPC

// A ring has no descriptor, so a thread waits for it. The thread also detects the death of the other side.

extension Ring.Producer where Content == RingBytes {
  /// Writes as many of `bytes` as there is room for, but at least one; a thread waits for room if necessary.
  ///
  /// - Returns: The number of bytes that were written; 0 only if `bytes` is empty.
  /// - Throws: `IPCError` with `.brokenPipe` if the consumer closed its end; `.ownerDied` if the ring is full and the
  ///   consumer died without closing; `.badMessage` if the ring is corrupted; `.timedOut` or, for `.immediate`,
  ///   `.wouldBlock`; `CancellationError`. After an error, nothing was written.
  ///
  /// Calls `futex(2)`.
  public mutating func write(_ bytes: RawSpan, timeout: Timeout = .never) async throws -> Int {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try write(bytes, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Writes the bytes of an array or a string, like ``write(_:timeout:)-(RawSpan,_)``.
  public mutating func write(_ bytes: Span<UInt8>, timeout: Timeout = .never) async throws -> Int {
    try await write(unsafe bytes.bytes, timeout: timeout)
  }
}

extension Ring.Consumer where Content == RingBytes {
  /// Reads at least one byte, and at most as many as `bytes` has room for; a thread waits for them if necessary.
  ///
  /// - Returns: The number of bytes that were read; 0 if the producer closed its end and all bytes were read, or if
  ///   `bytes` has no room.
  /// - Throws: `IPCError` with `.ownerDied` if all bytes were read and the producer died without closing; `.badMessage`
  ///   if the ring is corrupted; `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, after which no
  ///   bytes are lost.
  ///
  /// Calls `futex(2)`.
  public mutating func read(into bytes: inout OutputRawSpan, timeout: Timeout = .never) async throws -> Int {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try read(into: &bytes, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Reads at least one byte and at most `maxLength`, and appends them to an array, like ``read(into:timeout:)``.
  public mutating func read(
    maxLength: Int, appendingTo bytes: inout [UInt8], timeout: Timeout = .never
  ) async throws -> Int {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try read(maxLength: maxLength, appendingTo: &bytes, timeout: limit, retryOnInterrupt: false)
    }
  }
}

extension Ring.Producer where Content == RingRecords {
  /// Sends a record, which can be empty; a thread waits for room if necessary.
  ///
  /// - Throws: `IPCError` with `.messageTooLong` above `maximumRecordLength`; `.brokenPipe` if the consumer closed its
  ///   end; `.ownerDied` if there is no room and the consumer died without closing; `.badMessage` if the ring is
  ///   corrupted; `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`. After an error, no part of the
  ///   record was sent.
  ///
  /// Calls `futex(2)`.
  public mutating func send(_ record: RawSpan, timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try send(record, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Sends the bytes of an array or a string, like ``send(_:timeout:)-(RawSpan,_)``.
  public mutating func send(_ record: Span<UInt8>, timeout: Timeout = .never) async throws {
    try await send(unsafe record.bytes, timeout: timeout)
  }
}

extension Ring.Consumer where Content == RingRecords {
  /// Receives the next record, which can be empty, and appends it to `bytes`; a thread waits for it if necessary.
  ///
  /// - Returns: The length of the record; nil if the producer closed its end and all records are received.
  /// - Throws: `IPCError` with `.messageTooLong` if `bytes` has too little room: the record stays in the ring;
  ///   `.ownerDied` if all records are received and the producer died without closing; `.badMessage` if the ring is
  ///   corrupted; `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, after which no record is lost.
  ///
  /// Calls `futex(2)`.
  public mutating func receive(into bytes: inout OutputRawSpan, timeout: Timeout = .never) async throws -> Int? {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try receive(into: &bytes, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Receives the next record, and appends it to an array, like ``receive(into:timeout:)``.
  public mutating func receive(
    appendingTo bytes: inout [UInt8], timeout: Timeout = .never
  ) async throws -> Int? {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try receive(appendingTo: &bytes, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Returns the records of the ring, until the producer closes its end.
  public consuming func records() -> AsyncHandleSequence<[UInt8]> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      var bytes: [UInt8] = []
      return try await box.handle.receive(appendingTo: &bytes) == nil ? nil : bytes
    }
  }
}
