import IPC
import SystemPackage

/// Creates a queue for threads in this process.
func scratchQueue(slots: Int = 4, of size: Int = 16) throws -> SharedQueue {
  let region = try SharedRegion(size: try SharedQueue.size(slotCount: slots, slotSize: size))
  return try SharedQueue.create(in: region, at: 0, slotCount: slots, slotSize: size)
}

extension SharedQueue.Sender {
  func send(_ text: String, timeout: Timeout = .immediate) throws(IPCError) {
    try send(Array(text.utf8).span, timeout: timeout)
  }
}

extension SharedQueue.Receiver {
  /// Receives the next message as text; nil if there is none.
  func text(timeout: Timeout = .immediate) throws -> String? {
    var bytes: [UInt8] = []
    do throws(IPCError) {
      guard try receive(appendingTo: &bytes, timeout: timeout) != nil else { return nil }
    } catch {
      if error.errno == .wouldBlock { return nil }
      throw error
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension SharedQueue.Selection {
  /// Receives the next message as text, with the index of its queue; nil if there is none.
  mutating func text(timeout: Timeout = .immediate) throws -> (String, Int)? {
    let size = receivers.reduce(0) { max($0, $1.slotSize) }
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    defer { unsafe room.deallocate() }
    var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    do throws(IPCError) {
      guard let received = try receive(into: &bytes, timeout: timeout) else { return nil }
      return (unsafe String(decoding: room.prefix(received.length), as: UTF8.self), received.index)
    } catch {
      if error.errno == .wouldBlock { return nil }
      throw error
    }
  }
}
