internal import PeerProtocol

/// Payloads in requests and responses.
extension Parameters {
  /// Returns the bytes to send: the value of the parameter `key`, or `length` bytes of a pattern.
  func payload(_ key: String, length: String) throws -> [UInt8] {
    guard has("pattern") else {
      guard !has(length), !has("offset") else { throw Invalid("'\(key)' implies its length") }
      return try bytes(key)
    }
    guard !has(key) else { throw Invalid("a payload is given either as '\(key)' or as 'pattern'") }
    return Pattern(seed: try integer("pattern")).bytes(try room(length), from: try patternOffset())
  }

  /// Reports whether the received bytes match the request's pattern.
  ///
  /// Without a pattern, reports the bytes themselves.
  func report(_ received: [UInt8], as key: String, in fields: inout Fields) throws {
    let digest = Digest(of: unsafe received.span.bytes)
    if has("pattern") {
      let pattern = Pattern(seed: try integer("pattern"))
      let difference = pattern.firstDifference(in: unsafe received.span.bytes, from: try patternOffset())
      fields.append("digest", digest)
      fields.append("differs", difference.map(String.init) ?? "none")
    } else if received.count <= 1024 {
      fields.append(key, bytes: received)
    } else {
      fields.append("digest", digest)
    }
  }
}

extension [UInt8] {
  /// Creates an array with a capacity of `count` bytes, and calls `fill` to append to it.
  init(atMost count: Int, _ fill: (inout OutputRawSpan) throws -> Void) throws {
    guard count >= 0, count <= 1 << 30 else { throw Invalid("there is no room for \(count) bytes") }
    try unsafe self.init(unsafeUninitializedCapacity: count) { buffer, filled in
      var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
      try fill(&room)
      filled = room.byteCount
    }
  }
}
