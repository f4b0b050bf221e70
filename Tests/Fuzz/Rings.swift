import FuzzedC

@testable import IPC

extension FuzzTarget {
  /// What others write into the memory of a ring: what comes out of it may be anything, but comes from within it.
  static let ring = FuzzTarget(name: "ring") { input in
    let (capacity, size) = (64, 192 + 64)
    let memory = try SharedRegion(size: 8192)
    let place = 8192 - size  // behind it there is nothing
    let base = unsafe try memory.place(bytes: 8192, alignment: 8, at: 0)
    func spoil() throws {
      unsafe base.initializeMemory(as: UInt8.self, repeating: 0xA5, count: 8192)
      try RecordRing.make(capacity: capacity, in: memory, at: place)
      for (offset, byte) in input.prefix(size).enumerated() {
        unsafe base.storeBytes(of: byte, toByteOffset: place + offset, as: UInt8.self)
      }
    }
    func check(_ language: String) throws {
      for offset in 0..<place where unsafe base.load(fromByteOffset: offset, as: UInt8.self) != 0xA5 {
        throw Violation(description: "\(language) wrote to byte \(offset - place) of the ring")
      }
    }
    for content: UInt32 in [1, 2] {
      for isProducer in [true, false] {
        try spoil()
        if content == 1 { useBytes(memory, place, isProducer) } else { useRecords(memory, place, isProducer) }
        try check("Swift")
        try spoil()
        _ = unsafe fuzzed_ring(base + place, size, content, isProducer ? 0 : 1)
        try check("C")
      }
    }
  }

  private static func useBytes(_ memory: SharedRegion, _ place: Int, _ isProducer: Bool) {
    let message = [UInt8](repeating: 1, count: 20)
    withRoom { room in
      if isProducer, var producer = try? ByteRing.Producer(in: memory, at: place) {
        for _ in 0..<5 { _ = try? producer.write(message.span, patience: .none) }
      } else if !isProducer, var consumer = try? ByteRing.Consumer(in: memory, at: place) {
        for _ in 0..<5 { _ = try? consumer.read(into: &room, patience: .none) }
      }
    }
  }

  private static func useRecords(_ memory: SharedRegion, _ place: Int, _ isProducer: Bool) {
    let message = [UInt8](repeating: 1, count: 20)
    withRoom { room in
      if isProducer, var producer = try? RecordRing.Producer(in: memory, at: place) {
        for _ in 0..<5 { _ = try? producer.send(unsafe message.span.bytes, patience: .none) }
      } else if !isProducer, var consumer = try? RecordRing.Consumer(in: memory, at: place) {
        for _ in 0..<5 { _ = try? consumer.receive(into: &room, patience: .none) }
      }
    }
  }

  /// Lends room for 100 bytes.
  private static func withRoom(_ body: (inout OutputRawSpan) -> Void) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 8)
    defer { unsafe bytes.deallocate() }
    var room = unsafe OutputRawSpan(buffer: bytes, initializedCount: 0)
    body(&room)
  }
}
