package import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A byte stream that collects small writes, and passes them to the underlying stream together.
///
/// ```swift
/// var writer = BufferedWriter(pipe.writer)
/// for row in rows { try writer.write(row.utf8.span) }
/// try writer.close()
/// ```
///
/// The writer writes to the stream when the buffer is full, and when ``flush(timeout:retryOnInterrupt:)`` or `close()`
/// is called. Destroying a writer does not flush it, because writing could block, and a failure could not be reported.
/// Instead, the writer passes the number of unwritten bytes to the handler given to the initializer.
public struct BufferedWriter<Sink: WritableStream & ~Copyable>: ~Copyable {
  @usableFromInline var sink: Sink
  @usableFromInline var pending: UnwrittenBytes

  /// The maximum number of bytes that the buffer holds.
  public let capacity: Int

  /// Creates a writer with an empty buffer.
  ///
  /// - Parameters:
  ///   - sink: The stream to write to; the writer takes ownership.
  ///   - capacity: The size of the buffer in bytes, at least 1.
  ///   - onUnwritten: A function that is called with the number of unwritten bytes if the writer is destroyed before
  ///     they are written. The default writes a line to standard error.
  public init(
    _ sink: consuming Sink, capacity: Int = 65_536, onUnwritten: (@Sendable (_ count: Int) -> Void)? = nil
  ) {
    self.capacity = capacity
    self.sink = sink
    pending = UnwrittenBytes(capacity: capacity, handler: onUnwritten)
  }

  /// The number of buffered bytes that have not been written to the stream.
  public var unwritten: Int { pending.buffer.count }

  /// Writes all of `bytes` to the buffer or, if they do not fit, to the stream.
  ///
  /// - Throws: Any error from the stream, if the buffer had to be flushed. Earlier bytes that could not be written stay
  ///   in the buffer. ``IPCError/transferred`` is the number of bytes from `bytes` that were written to the stream; the
  ///   rest of `bytes` is not in the buffer.
  @inlinable
  public mutating func write(
    _ bytes: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    if bytes.byteCount <= pending.buffer.freeCapacity {
      pending.buffer.append(bytes)
    } else {
      try writeLarge(bytes, timeout, retryOnInterrupt)
    }
  }

  /// Writes the bytes of an array or a string, like ``write(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  @inlinable
  public mutating func write(
    _ bytes: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try write(unsafe bytes.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  @inlinable
  mutating func writeLarge(_ bytes: RawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) {
    do throws(IPCError) {
      _ = try flush(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    } catch {
      // The flush wrote only earlier bytes, and none of `bytes`.
      throw error.after(0)
    }
    if bytes.byteCount < capacity { return pending.buffer.append(bytes) }
    var count = 0
    while count < bytes.byteCount {
      do throws(IPCError) {
        let rest = bytes.extracting(droppingFirst: count)
        let written = try sink.write(rest, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
        precondition(0...rest.byteCount ~= written, "a stream must not return more than the number of bytes passed")
        count += written
      } catch {
        throw error.after(count)
      }
    }
  }

  /// Writes all buffered bytes to the stream.
  ///
  /// - Returns: The number of bytes written.
  /// - Throws: Any error from the stream, with the number of bytes written in ``IPCError/transferred``. The remaining
  ///   bytes stay in the buffer, and the next call continues with them.
  @discardableResult @inlinable
  public mutating func flush(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) -> Int {
    var count = 0
    while pending.buffer.count > 0 {
      do throws(IPCError) {
        let bytes = unsafe pending.buffer.bytes(pending.buffer.count).bytes
        let written = try sink.write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
        precondition(0...bytes.byteCount ~= written, "a stream must not return more than the number of bytes passed")
        pending.buffer.consume(written)
        count += written
      } catch {
        throw error.after(count)
      }
    }
    return count
  }

  /// Writes all buffered bytes, and destroys the stream.
  ///
  /// - Throws: Any error from ``flush(timeout:retryOnInterrupt:)``. Even on error, the writer and its unwritten bytes
  ///   are destroyed: to keep the bytes, call ``flush(timeout:retryOnInterrupt:)`` first.
  public consuming func close(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) {
    do throws(IPCError) {
      try flush(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    } catch {
      pending.discard()
      throw error
    }
  }

  /// Returns the stream, and appends the unwritten bytes to an array.
  public consuming func release(unwrittenTo bytes: inout [UInt8]) -> Sink {
    pending.buffer.move(unwritten, to: &bytes)
    return sink
  }
}

extension BufferedWriter where Sink: DescriptorRepresentable & ~Copyable {
  package var descriptor: FileDescriptor { sink.descriptor }
}

extension BufferedWriter where Sink: DescriptorOwner & ~Copyable {
  /// Writes all buffered bytes, and closes the descriptor.
  ///
  /// - Throws: Any error from ``flush(timeout:retryOnInterrupt:)`` or `close(2)`. Even on error, the descriptor is
  ///   closed and the writer is destroyed: to keep unwritten bytes, call ``flush(timeout:retryOnInterrupt:)`` first.
  public consuming func close(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) {
    do throws(IPCError) {
      try flush(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    } catch {
      pending.discard()
      throw error
    }
    try sink.close()
  }
}

extension BufferedWriter: Sendable where Sink: Sendable & ~Copyable {}

/// A writer's buffered bytes, and the handler for bytes that are never written.
@usableFromInline
struct UnwrittenBytes: ~Copyable, Sendable {
  @usableFromInline var buffer: StreamBuffer
  private let handler: (@Sendable (Int) -> Void)?

  init(capacity: Int, handler: (@Sendable (Int) -> Void)?) {
    buffer = StreamBuffer(capacity: capacity)
    self.handler = handler
  }

  @inlinable
  deinit {
    if buffer.count > 0 { report() }
  }

  mutating func discard() { buffer.consume(buffer.count) }

  @usableFromInline
  func report() {
    if let handler { return handler(buffer.count) }
    var line =
      "BufferedWriter: \(buffer.count) bytes were not written. Call close() or flush() before it is destroyed\n"
    // Ignore a failure, because there is no caller that could handle it. Standard error can be a pipe without readers.
    line.withUTF8 { bytes in
      _ = ThreadSignal.contained(SIGPIPE) {
        unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
      } raised: {
        $0 < bytes.count
      }
    }
  }
}
