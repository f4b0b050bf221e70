internal import IPC
internal import PeerProtocol

/// Payloads in several parts, each with its own length.
extension Parameters {
  /// Whether a request has `parts`.
  ///
  /// Throws if the request also has `first`, or if a request without `parts` has a timeout.
  func isInParts() throws -> Bool {
    if has("parts") ? has("first") : has("timeout") {
      throw Invalid("a request has either 'parts' or 'first', and 'timeout' only with 'parts'")
    }
    return has("parts")
  }

  /// Parses the lengths of the parts, such as `3,0,2x4`, which must add up to `total` bytes.
  private func lengths(of total: Int) throws -> [Int] {
    var lengths: [Int] = []
    var used = 0
    for part in try text("parts").split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "x", omittingEmptySubsequences: false)
      guard 1...2 ~= words.count, let length = UInt32(decimal: words[0]),
        let count = words.count == 1 ? 1 : UInt32(decimal: words[1]), lengths.count + Int(count) <= 1025
      else { throw Invalid("parts=\(part): LENGTH or LENGTHxCOUNT expected, at most 1025 parts") }
      lengths += Array(repeating: Int(length), count: Int(count))
      used += Int(length) * Int(count)
    }
    guard used == total else { throw Invalid("the parts have \(used) bytes, not \(total)") }
    return lengths
  }

  /// Splits bytes into the parts that the request specifies.
  func parts(of bytes: [UInt8]) throws -> [[UInt8]] {
    var rest = bytes[...]
    return try lengths(of: bytes.count).map { length in
      defer { rest = rest.dropFirst(length) }
      return Array(rest.prefix(length))
    }
  }

  /// Returns buffers for `total` bytes, one for each part that the request specifies.
  func room(of total: Int) throws -> [[UInt8]] {
    try lengths(of: total).map { [UInt8](repeating: 0, count: $0) }
  }
}

func readParts(_ stream: any ByteHandle, _ parameters: Parameters) throws -> Fields {
  var parts = try parameters.room(of: try parameters.room("count"))
  let count = try stream.read(
    into: &parts, timeout: try stream.timeout(parameters), retryOnInterrupt: try parameters.retryOnInterrupt())
  var fields = Fields()
  fields.append("return", count)
  try parameters.report(Array(parts.joined().prefix(count)), as: "buf", in: &fields)
  return fields
}

func writeParts(_ stream: any ByteHandle, _ parameters: Parameters) throws -> Fields {
  let parts = try parameters.parts(of: try parameters.payload("buf", length: "count"))
  var fields = Fields()
  fields.append(
    "return",
    try stream.write(
      parts: parts, timeout: try stream.timeout(parameters), retryOnInterrupt: try parameters.retryOnInterrupt()))
  return fields
}

/// Sends a message in parts, without ancillary data.
func sendParts(_ socket: SocketHandle, _ bytes: [UInt8], _ parameters: Parameters) throws -> Fields {
  guard !["fds", "pid", "uid", "gid"].contains(where: parameters.has) else {
    throw Invalid("a message in parts has no ancillary data")
  }
  let parts = try parameters.parts(of: bytes)
  let timeout = try parameters.timeout(of: socket, flags: socketSendFlags)
  let retryOnInterrupt = try parameters.retryOnInterrupt()
  // All types of sockets that preserve message boundaries send in the same way.
  try socket.use(as: UnixSocket.SequencedPacketStyle.self) {
    try $0.send(parts: parts, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
  var fields = Fields()
  fields.append("return", bytes.count)
  return fields
}

/// Receives a message in parts, without ancillary data.
func receiveParts(_ socket: SocketHandle, _ parameters: Parameters) throws -> Fields {
  guard !["fds", "pidfd"].contains(where: parameters.has) else {
    throw Invalid("a message in parts has no ancillary data")
  }
  var parts = try parameters.room(of: try parameters.room("len"))
  let timeout = try parameters.timeout(of: socket, flags: socketReceiveFlags)
  let retryOnInterrupt = try parameters.retryOnInterrupt()
  let packet = try socket.use(as: UnixSocket.SequencedPacketStyle.self) {
    try $0.receive(into: &parts, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
  var fields = Fields()
  fields.append("return", packet.length)
  fields.append("msg_flags", packet.isTruncated ? "MSG_TRUNC" : "0")
  fields.append(UnixSocket.Address.unnamed)
  try parameters.report(Array(parts.joined().prefix(packet.length)), as: "buf", in: &fields)
  return fields
}
