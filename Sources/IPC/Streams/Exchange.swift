internal import CIPC
internal import SystemPackage

extension WritableDescriptor where Self: DescriptorOwner & ~Copyable {
  /// Writes all of `input` and closes this descriptor, and at the same time reads `output` to its end: the two pipes of a
  /// filter, a child process such as `grep` or `sort`.
  ///
  /// Writing everything before reading would be a deadlock: a filter stops reading its input while nothing reads its
  /// output, and a pipe holds only 64 KiB.
  ///
  /// A filter that stops reading early, such as `head`, is not an error: the rest of `input` is not written then.
  ///
  /// ```swift
  /// let toFilter = try AnonymousPipe()
  /// let fromFilter = try AnonymousPipe()
  /// // Start the filter with toFilter.reader and fromFilter.writer, and close these two here.
  /// var sorted: [UInt8] = []
  /// try toFilter.writer.exchange(text.utf8.span, readingFrom: fromFilter.reader, appendingTo: &sorted)
  /// ```
  ///
  /// - Parameters:
  ///   - maxLength: The number of bytes that the filter may write, so that it cannot exhaust the memory.
  ///   - timeout: For the whole exchange.
  /// - Returns: The number of bytes that were read.
  /// - Throws: ``IPCError`` with `.messageTooLong` if there are more than `maxLength`; `.timedOut`, `.wouldBlock` or
  ///   `.interrupted` as reading and writing do. What was read until then is in `bytes`, its count in
  ///   ``IPCError/transferred``.
  ///
  /// Calls `ppoll(2)` for both descriptors, and reads and writes without waiting.
  @discardableResult
  public consuming func exchange<Output: ReadableDescriptor & ~Copyable>(
    _ input: RawSpan, readingFrom output: borrowing Output, appendingTo bytes: inout [UInt8], maxLength: Int = .max,
    timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    let before = bytes.count
    let (sink, sinkTransport) = (descriptor, transport)
    let source = output.descriptor
    var owner: OwnedDescriptor? = takeDescriptor()
    var written = 0
    do throws(IPCError) {
      while true {
        // ppoll(2) ignores a negative descriptor.
        if owner != nil, written == input.byteCount { try owner.take()?.close() }
        var entries = (
          cipc_pollfd(
            descriptor: owner == nil ? -1 : sink.rawValue, events: Readiness.writable.rawValue, revents: 0),
          cipc_pollfd(descriptor: source.rawValue, events: Readiness.readable.rawValue, revents: 0)
        )
        let ready = try Syscall.wait(.ppoll, on: .descriptor(source), timeout, retryOnInterrupt: retryOnInterrupt) {
          nanoseconds in
          unsafe withUnsafeMutableBytes(of: &entries) {
            unsafe cipc_ppoll($0.assumingMemoryBound(to: cipc_pollfd.self).baseAddress, 2, nanoseconds)
          }
        }
        if ready == 0 { throw IPCError(.ppoll, timeout.expirationError, on: .descriptor(source)) }
        if entries.0.revents != 0 {
          do throws(IPCError) {
            let rest = input.extracting(droppingFirst: written)
            written += try nilIfWouldBlock { () throws(IPCError) in
              try Transfer.write(sink, sinkTransport, rest, .immediate, retryOnInterrupt)
            } ?? 0
          } catch where error.errno == .brokenPipe || error.errno == .connectionReset {
            written = input.byteCount
          }
        }
        if entries.1.revents != 0, try output.readAvailable(appendingTo: &bytes, maxLength - (bytes.count - before)) {
          try owner.take()?.close()
          return bytes.count - before
        }
      }
    } catch {
      throw error.after(bytes.count - before)
    }
  }

  /// Exchanges the bytes of an array or a string, like
  /// ``exchange(_:readingFrom:appendingTo:maxLength:timeout:retryOnInterrupt:)-(RawSpan,_,_,_,_,_)``.
  @discardableResult
  public consuming func exchange<Output: ReadableDescriptor & ~Copyable>(
    _ input: Span<UInt8>, readingFrom output: borrowing Output, appendingTo bytes: inout [UInt8],
    maxLength: Int = .max, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try exchange(
      unsafe input.bytes, readingFrom: output, appendingTo: &bytes, maxLength: maxLength, timeout: timeout,
      retryOnInterrupt: retryOnInterrupt)
  }
}

extension ReadableDescriptor where Self: ~Copyable {
  /// Reads what is there, and returns whether that was the end of the file.
  fileprivate func readAvailable(appendingTo bytes: inout [UInt8], _ maxLength: Int) throws(IPCError) -> Bool {
    let room = max(bytes.capacity - bytes.count, bytes.count, AnonymousPipe.maximumAtomicWriteLength)
    // One byte more than allowed, which tells the maximum from too many.
    let limit = maxLength == .max ? maxLength : maxLength + 1
    let count = try nilIfWouldBlock { () throws(IPCError) in
      try read(maxLength: min(room, limit), appendingTo: &bytes, timeout: .immediate)
    }
    guard let count, count > maxLength else { return count == 0 }
    bytes.removeLast(count - maxLength)
    throw IPCError(.read, .messageTooLong, on: .descriptor(descriptor))
  }
}
