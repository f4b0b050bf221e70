import IPC
import IPCAsync
import SystemPackage
import Testing

extension EndpointKind {
  func systemV() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    let onePage = [UInt8](repeating: 7, count: 4096)
    switch self {
    case .semaphore:
      let region = try SharedRegion(size: POSIXSemaphore.size)
      let semaphore = Shared(try POSIXSemaphore.create(in: region, at: 0, value: 0))
      return Endpoint {
        try await semaphore.handle.wait(timeout: $0)
      } provide: {
        try semaphore.handle.post()
        return true
      }
    case .systemVSemaphore:
      let set = try SystemVSemaphores.create(.private, count: 1)
      return Endpoint {
        try await set.perform(.acquire(0), timeout: $0)
      } provide: {
        try set.perform(.release(0), timeout: .immediate)
        return true
      } cleanUp: {
        try? set.remove()
      }
    case .systemVReceive:
      let queue = try SystemVMessageQueue.create(.private)
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await queue.receive(appendingTo: &bytes, timeout: $0).length
        #expect(value == 1)
      } provide: {
        try queue.trySend(oneByte.span, type: 1)
      } cleanUp: {
        try? queue.remove()
      }
    default:
      let queue = try SystemVMessageQueue.create(.private)
      while try queue.trySend(onePage.span, type: 1) {}
      return Endpoint {
        try await queue.send(onePage.span, type: 1, timeout: $0)
      } provide: {
        var bytes: [UInt8] = []
        return try queue.tryReceive(appendingTo: &bytes) != nil
      } cleanUp: {
        try? queue.remove()
      }
    }
  }

  func ring() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    if self == .recordReceive {
      let region = try SharedRegion(size: RecordRing.size(capacity: 1024))
      try RecordRing.create(capacity: 1024, in: region, at: 0)
      let producer = Shared(try RecordRing.Producer.open(in: region, at: 0))
      let consumer = Shared(try RecordRing.Consumer.open(in: region, at: 0))
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await consumer.handle.receive(appendingTo: &bytes, timeout: $0)
        #expect(value == 1)
      } provide: {
        try unsafe producer.handle.trySend(oneByte.span.bytes)
      }
    }
    let region = try SharedRegion(size: ByteRing.size(capacity: 1024))
    try ByteRing.create(capacity: 1024, in: region, at: 0)
    if self == .byteRingRead {
      let producer = Shared(try ByteRing.Producer.open(in: region, at: 0))
      let consumer = Shared(try ByteRing.Consumer.open(in: region, at: 0))
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await consumer.handle.read(maxLength: 1, appendingTo: &bytes, timeout: $0)
        #expect(value == 1)
      } provide: {
        try unsafe producer.handle.tryWrite(oneByte.span.bytes) == 1
      }
    }
    let sender = Shared(MessageChannel.Sender(try ByteRing.Producer.open(in: region, at: 0)))
    let receiver = Shared(MessageChannel.Receiver(try ByteRing.Consumer.open(in: region, at: 0)))
    return Endpoint {
      var message: [UInt8] = []
      let value = try await receiver.handle.receive(into: &message, timeout: $0)
      #expect(value == 1)
    } provide: {
      try unsafe sender.handle.trySend(oneByte.span.bytes)
    }
  }

  func sharedQueue() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    let region = try SharedRegion(size: SharedQueue.size(slotCount: 4, slotSize: 8))
    let queue = try SharedQueue.create(in: region, at: 0, slotCount: 4, slotSize: 8)
    switch self {
    case .sharedQueueReceive:
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await queue.receiver.receive(appendingTo: &bytes, timeout: $0)
        #expect(value == 1)
      } provide: {
        try unsafe queue.sender.trySend(oneByte.span.bytes)
      }
    case .selection:
      let selection = Shared(try SharedQueue.Selection(of: [queue.receiver]))
      return Endpoint { timeout in
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        defer { unsafe room.deallocate() }
        var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
        let value = try await selection.handle.receive(into: &bytes, timeout: timeout)?.length
        #expect(value == 1)
      } provide: {
        try unsafe queue.sender.trySend(oneByte.span.bytes)
      }
    default:
      while try unsafe queue.sender.trySend(oneByte.span.bytes) {}
      return Endpoint {
        try await queue.sender.send(oneByte.span, timeout: $0)
      } provide: {
        var bytes: [UInt8] = []
        return try succeeds { () throws(IPCError) in
          _ = try queue.receiver.receive(appendingTo: &bytes, timeout: .immediate)
        }
      }
    }
  }
}
