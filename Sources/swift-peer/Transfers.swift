internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Reading and writing pipes, FIFOs and stream sockets.
let transferOperations: [Peer.Operation] = [
  .init("read", "handle count pattern offset timeout eintr") { peer, parameters in
    let stream = try peer.bytes(parameters)
    var bytes: [UInt8] = []
    let count = try stream.read(
      maxLength: try parameters.room("count"), appendingTo: &bytes, timeout: try stream.timeout(parameters),
      retryOnInterrupt: try parameters.retryOnInterrupt())
    var fields = Fields()
    fields.append("return", count)
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("write", "handle buf count pattern offset memory at timeout eintr") { peer, parameters in
    let stream = try peer.bytes(parameters)
    if parameters.has("memory") {
      return try peer.writeMemory(parameters, length: "count") {
        try stream.write($0, timeout: try stream.timeout(parameters))
      }
    }
    let bytes = try parameters.payload("buf", length: "count")
    let count = try stream.write(
      bytes.span, timeout: try stream.timeout(parameters), retryOnInterrupt: try parameters.retryOnInterrupt())
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  // A ported program reads both parts into one buffer and splits it.
  .init("readv", "handle first parts count pattern offset timeout eintr") { peer, parameters in
    let stream = try peer.bytes(parameters)
    if try parameters.isInParts() { return try readParts(stream, parameters) }
    let first = try parameters.room("first")
    var bytes: [UInt8] = []
    let count = try stream.read(
      maxLength: first + (try parameters.room("count")), appendingTo: &bytes, timeout: try stream.timeout(parameters),
      retryOnInterrupt: try parameters.retryOnInterrupt())
    var fields = Fields()
    fields.append("return", count)
    fields.append("first", bytes: Array(bytes.prefix(first)))
    try parameters.report(Array(bytes.dropFirst(first)), as: "buf", in: &fields)
    return fields
  },

  .init("writev", "handle first parts buf count pattern offset timeout eintr") { peer, parameters in
    let stream = try peer.bytes(parameters)
    if try parameters.isInParts() { return try writeParts(stream, parameters) }
    let first = try parameters.bytes("first")
    let bytes = try parameters.payload("buf", length: "count")
    let count = try stream.write(
      first.span, then: bytes.span, timeout: try stream.timeout(parameters),
      retryOnInterrupt: try parameters.retryOnInterrupt())
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  .init("read_all", "handle count pattern offset") { peer, parameters in
    let stream = try peer.bytes(parameters)
    var bytes: [UInt8] = []
    let limit = parameters.has("count") ? try parameters.room("count") : .max
    let count = try stream.readToEnd(
      appendingTo: &bytes, maxLength: limit, timeout: try stream.timeout(parameters), retryOnInterrupt: false)
    var fields = Fields()
    fields.append("return", count)
    fields.append("eof", count == limit ? "no" : "yes")
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("write_all", "handle buf count pattern offset") { peer, parameters in
    let stream = try peer.bytes(parameters)
    let bytes = try parameters.payload("buf", length: "count")
    return try countingTransferred(of: bytes.count) {
      try stream.writeAll(bytes.span, timeout: try stream.timeout(parameters), retryOnInterrupt: false)
    }
  },
]

extension Peer {
  /// Calls `write` with bytes in mapped memory, without copying them.
  func writeMemory(
    _ parameters: Parameters, length: String, _ write: (RawSpan) throws -> Int
  ) throws -> Fields {
    let offset: Int = try parameters.integer("at", default: 0)
    var fields = Fields()
    fields.append(
      "return",
      try region(parameters).withBytes(at: offset, count: try parameters.count(length)) { try write($0) })
    return fields
  }
}

/// Writes all bytes, and reports the number of bytes written even if the write fails.
func countingTransferred(of total: Int, after before: Int = 0, _ write: () throws -> Void) throws -> Fields {
  var fields = Fields()
  do {
    try write()
  } catch let error as IPCError {
    fields.append("return", before + error.transferred)
    throw Failure(error, fields)
  }
  fields.append("return", before + total)
  return fields
}
