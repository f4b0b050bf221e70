import IPC
import SystemPackage
import Testing

@Suite struct InternetAllocationTests {
  @Test(arguments: [Timeout.never, .after(.seconds(3600))])
  func `Bytes through a connection do not allocate`(_ timeout: Timeout) throws {
    let connection = try Connection()
    let message = [UInt8](repeating: 7, count: 64)
    var array: [UInt8] = []
    array.reserveCapacity(64)
    var failures = 0
    let count = try allocations {
      try connection.client.writeAll(message.span, timeout: timeout)
      array.removeAll(keepingCapacity: true)
      if try connection.server.read(maxLength: 64, appendingTo: &array, timeout: timeout) != 64 { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600))])
  func `A datagram does not allocate`(_ timeout: Timeout) throws {
    let receiver = try UDP.Socket(at: anyPort)
    let address = try receiver.address
    let sender = try UDP.Socket(.v4)
    try sender.connect(to: address)
    let message = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var array: [UInt8] = []
    array.reserveCapacity(64)
    var failures = 0
    let count = try allocations {
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      try sender.send(message.span, timeout: timeout)
      if try receiver.receive(into: &room, timeout: timeout).length != 64 { failures += 1 }
      array.removeAll(keepingCapacity: true)
      try sender.send(message.span, to: address, timeout: timeout)
      if try receiver.receive(maxLength: 64, appendingTo: &array, timeout: timeout).length != 64 { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }
}
