import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketAllocationTests {
  @Test(arguments: [Patience.forever, .atMost(.seconds(3600)), .none])
  func `Bytes through a stream cost no allocation`(_ patience: Patience) throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let message = [UInt8](repeating: 7, count: 64)
    var array: [UInt8] = []
    array.reserveCapacity(64)
    var failures = 0
    let count = try allocations {
      if try pair.first.writeAll(message.span, patience: patience) != .wrote(64) { failures += 1 }
      array.removeAll(keepingCapacity: true)
      if try pair.second.read(atMost: 64, appendingTo: &array, patience: patience) != .read(64) { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }

  @Test(arguments: [Patience.forever, .atMost(.seconds(3600)), .none])
  func `A datagram costs no allocation`(_ patience: Patience) throws {
    let address = try freshName()
    let sender = try UnixSocket.Datagram()
    let receiver = try UnixSocket.Datagram()
    try receiver.bind(to: address)
    #expect(try sender.connect(to: address) == .connected)
    let message = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var array: [UInt8] = []
    array.reserveCapacity(64)
    var failures = 0
    let count = try allocations {
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try sender.send(message.span, patience: patience) != .sent { failures += 1 }
      if length(try receiver.receive(into: &room, patience: patience)) != 64 { failures += 1 }
      array.removeAll(keepingCapacity: true)
      if try sender.send(message.span, to: address, patience: patience) != .sent { failures += 1 }
      if length(try receiver.receive(atMost: 64, appendingTo: &array, patience: patience)) != 64 { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }

  private func length(_ result: UnixSocket.ReceiveResult) -> Int? {
    guard case .received(let arrival) = result else { return nil }
    return arrival.length
  }
}
