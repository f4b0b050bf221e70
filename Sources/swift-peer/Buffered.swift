internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Buffered reading of byte streams by line, delimiter or length, and buffered writing with an explicit flush.
let bufferedOperations: [Peer.Operation] = [
  .init("buffer_open", "handle stream capacity") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let stream = try peer.handles.find(
      try parameters.text("stream"), as: (any StreamHandle).self, "pipe, FIFO, socket or end of a ring")
    let capacity = parameters.has("capacity") ? try parameters.room("capacity") : 65_536
    guard capacity > 0 else { throw Invalid("capacity=0: a buffer must have at least one byte") }
    let (reader, writer) = (stream as? HandleReader, stream as? HandleWriter)
    guard reader != nil || writer != nil else { throw Invalid("a ring of records is not a byte stream") }
    try peer.handles.add(
      BufferHandle(stream, reading: reader, writing: writer, capacity: capacity), as: parameters.handle)
    return Fields()
  },

  .init("buffer_close", "handle") { peer, parameters in
    let buffer = try peer.buffer(parameters)
    var fields = Fields()
    let failure = buffer.flushAtOnce()
    if failure != nil { fields.append("pending", buffer.pending) }
    fields.append("unread", buffer.unread)
    try peer.handles.close(parameters.handle)
    if let failure { throw Failure(failure, fields) }
    return fields
  },

  .init("read_line", "handle max timeout eintr") { peer, parameters in
    try readDelimited(peer, parameters, [UInt8(ascii: "\n")])
  },

  .init("read_until", "handle delimiter max timeout eintr") { peer, parameters in
    let delimiter = try parameters.bytes("delimiter")
    guard 1...16 ~= delimiter.count else { throw Invalid("a delimiter has 1 to 16 bytes") }
    return try readDelimited(peer, parameters, delimiter)
  },

  .init("read_exactly", "handle count pattern offset timeout eintr") { peer, parameters in
    let (buffer, count) = (try peer.buffer(parameters), try parameters.room("count"))
    let (timeout, retry) = (try buffer.timeout(parameters), try parameters.retryOnInterrupt())
    var bytes: [UInt8] = []
    try buffer.read { (reader) throws(IPCError) in
      _ = try reader.readExactly(count, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: retry)
    }
    return try parameters.report(bytes, atEnd: bytes.count < count)
  },

  .init("peek_buffer", "handle count pattern offset timeout eintr") { peer, parameters in
    let (buffer, count) = (try peer.buffer(parameters), try parameters.room("count"))
    let (timeout, retry) = (try buffer.timeout(parameters), try parameters.retryOnInterrupt())
    var bytes: [UInt8] = []
    try buffer.read { (reader) throws(IPCError) in
      try reader.peek(count, timeout: timeout, retryOnInterrupt: retry) { span in
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
      }
    }
    return try parameters.report(bytes, atEnd: bytes.count < count)
  },

  .init("buffer_write", "handle buf count pattern offset timeout eintr") { peer, parameters in
    let buffer = try peer.buffer(parameters)
    let bytes = try parameters.payload("buf", length: "count")
    let (timeout, retry) = (try buffer.timeout(parameters), try parameters.retryOnInterrupt())
    return try buffer.write { (writer) throws(IPCError) in
      try writer.write(bytes.span, timeout: timeout, retryOnInterrupt: retry)
      return bytes.count
    }
  },

  .init("buffer_flush", "handle timeout eintr") { peer, parameters in
    let buffer = try peer.buffer(parameters)
    let (timeout, retry) = (try buffer.timeout(parameters), try parameters.retryOnInterrupt())
    return try buffer.write { (writer) throws(IPCError) in
      try writer.flush(timeout: timeout, retryOnInterrupt: retry)
    }
  },
]

private func readDelimited(_ peer: Peer, _ parameters: Parameters, _ delimiter: [UInt8]) throws -> Fields {
  let buffer = try peer.buffer(parameters)
  let maxLength = parameters.has("max") ? try parameters.room("max") : nil
  let (timeout, retry) = (try buffer.timeout(parameters), try parameters.retryOnInterrupt())
  var bytes: [UInt8] = []
  try buffer.read { (reader) throws(IPCError) in
    _ = try reader.read(
      until: delimiter.span, appendingTo: &bytes, maxLength: maxLength, timeout: timeout, retryOnInterrupt: retry)
  }
  return try parameters.report(bytes, atEnd: !bytes.suffix(delimiter.count).elementsEqual(delimiter))
}

extension Parameters {
  fileprivate func report(_ bytes: [UInt8], atEnd: Bool) throws -> Fields {
    var fields = Fields()
    fields.append("return", bytes.count)
    fields.append("eof", atEnd ? "yes" : "no")
    try report(bytes, as: "buf", in: &fields)
    return fields
  }
}

extension Peer {
  fileprivate func buffer(_ parameters: Parameters) throws -> BufferHandle {
    try handles.find(parameters.handle, as: BufferHandle.self, "buffer")
  }
}

/// A handle to a buffer over another handle.
///
/// Closing the buffer does not close the other handle.
private final class BufferHandle: Handle {
  private let stream: any StreamHandle
  private var reader: BufferedReader<HandleSource>?
  private var writer: BufferedWriter<HandleSink>?

  init(_ stream: any StreamHandle, reading reader: HandleReader?, writing writer: HandleWriter?, capacity: Int) {
    self.stream = stream
    if let reader { self.reader = BufferedReader(HandleSource(handle: reader), capacity: capacity) }
    // Ignore bytes that have not been written: `buffer_close` reports them in its response.
    if let writer { self.writer = BufferedWriter(HandleSink(handle: writer), capacity: capacity) { _ in } }
  }

  func close() {}

  var unread: Int { reader?.bytesBuffered ?? 0 }
  var pending: Int { writer?.unwritten ?? 0 }

  func timeout(_ parameters: Parameters) throws -> Timeout { try stream.timeout(parameters) }

  func read(_ body: (inout BufferedReader<HandleSource>) throws(IPCError) -> Void) throws {
    guard var reader = reader.take() else { throw Invalid("the operation is not for this end of a ring") }
    do throws(IPCError) {
      try body(&reader)
    } catch {
      self.reader = consume reader
      throw error
    }
    self.reader = consume reader
  }

  /// Performs `body`, which returns the number of bytes written.
  ///
  /// If `body` fails, includes that number in the error.
  func write(_ body: (inout BufferedWriter<HandleSink>) throws(IPCError) -> Int) throws -> Fields {
    guard var writer = writer.take() else { throw Invalid("the operation is not for this end of a ring") }
    var fields = Fields()
    do throws(IPCError) {
      fields.append("return", try body(&writer))
    } catch {
      fields.append("return", error.transferred)
      fields.append("pending", writer.unwritten)
      self.writer = consume writer
      throw Failure(error, fields)
    }
    self.writer = consume writer
    return fields
  }

  /// Writes as much as possible without blocking; returns the error if bytes remain.
  func flushAtOnce() -> IPCError? {
    do throws(IPCError) {
      _ = try writer?.flush(timeout: .immediate)
      return nil
    } catch {
      return error
    }
  }
}
