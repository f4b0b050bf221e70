public import IPC

// A ring has no descriptor, so a background thread waits for it. The thread also detects the other side's death.

extension Ring.Producer where Content == RingBytes {
  /// Writes at least one of `bytes`, and as many as fit; a thread waits for room if necessary.
  ///
  /// - Returns: The number of bytes written; 0 only if `bytes` is empty.
  /// - Throws: `IPCError` with `.brokenPipe` if the consumer closed its end; `.ownerDied` if the ring is full and the
  ///   consumer died without closing its end; `.badMessage` if the ring is corrupted; `.timedOut` or, for `.immediate`,
  ///   `.wouldBlock`; `CancellationError`. On error, nothing is written.
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
  /// Reads at least one byte and at most as many as fit into `bytes`; a thread waits for bytes if necessary.
  ///
  /// - Returns: The number of bytes read; 0 if the producer closed its end and all bytes have been read, or if `bytes`
  ///   is full.
  /// - Throws: `IPCError` with `.ownerDied` if all bytes have been read and the producer died without closing its end;
  ///   `.badMessage` if the ring is corrupted; `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, in
  ///   which case no bytes are lost.
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
  /// - Throws: `IPCError` with `.messageTooLong` if the record is longer than `maximumRecordLength`; `.brokenPipe` if
  ///   the consumer closed its end; `.ownerDied` if there is no room and the consumer died without closing its end;
  ///   `.badMessage` if the ring is corrupted; `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`. On
  ///   error, no part of the record is sent.
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
  /// - Returns: The length of the record; nil if the producer closed its end and all records have been received.
  /// - Throws: `IPCError` with `.messageTooLong` if `bytes` is too small, in which case the record stays in the ring;
  ///   `.ownerDied` if all records have been received and the producer died without closing its end; `.badMessage` if
  ///   the ring is corrupted; `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, in which case no
  ///   record is lost.
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

  /// Returns a sequence of the ring's records, which ends when the producer closes its end.
  public consuming func records() -> AsyncHandleSequence<[UInt8]> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      box.bytes.removeAll(keepingCapacity: true)
      return try await box.handle.receive(appendingTo: &box.bytes) == nil ? nil : box.bytes.trimmed
    }
  }
}
