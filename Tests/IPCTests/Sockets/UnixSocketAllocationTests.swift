import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketAllocationTests {
  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `Bytes through a stream do not allocate`(_ timeout: Timeout) throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let message = [UInt8](repeating: 7, count: 64)
    var array: [UInt8] = []
    array.reserveCapacity(64)
    var failures = 0
    let count = try allocations {
      try pair.first.writeAll(message.span, timeout: timeout)
      array.removeAll(keepingCapacity: true)
      if try pair.second.read(maxLength: 64, appendingTo: &array, timeout: timeout) != 64 { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `A datagram does not allocate`(_ timeout: Timeout) throws {
    let address = try freshName()
    let sender = try UnixSocket.Datagram()
    let receiver = try UnixSocket.Datagram()
    try receiver.bind(to: address)
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
