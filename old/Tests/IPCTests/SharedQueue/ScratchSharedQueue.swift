import IPC

/// A queue that the threads of this process share.
func scratchQueue(slots: Int = 4, of size: Int = 16) throws -> SharedQueue {
  let region = try SharedRegion(size: try SharedQueue.size(slots: slots, of: size))
  return try SharedQueue(makingIn: region, at: 0, slots: slots, of: size)
}

extension SharedQueue.Sender {
  func send(_ text: String, patience: Patience = .none) throws -> SharedQueue.SendResult {
    try send(Array(text.utf8).span, patience: patience)
  }
}

extension SharedQueue.Receiver {
  /// The text of the next message; nil when there is none.
  func text(patience: Patience = .none) throws -> String? {
    var bytes: [UInt8] = []
    guard case .received = try receive(appendingTo: &bytes, patience: patience) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension SharedQueue.Selection {
  /// The text of the next message, and the index of its queue; nil when there is none.
  mutating func text(patience: Patience = .none) throws -> (String, Int)? {
    let size = receivers.reduce(0) { max($0, $1.slotSize) }
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    defer { unsafe room.deallocate() }
    var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    guard case .received(let length, let index) = try receive(into: &bytes, patience: patience) else { return nil }
    return (unsafe String(decoding: room.prefix(length), as: UTF8.self), index)
  }
}
