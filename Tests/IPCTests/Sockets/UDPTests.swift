import Glibc
import IPC
import SystemPackage
import Testing

@Suite(.serialized) struct UDPTests {
  @Test func `A datagram has a sender, and can be empty`() throws {
    let receiver = try UDP.Socket(at: anyPort)
    let sender = try UDP.Socket(at: anyPort)
    var bytes: [UInt8] = []
    #expect(reason { _ = try receiver.receive(maxLength: 9, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    for message: [UInt8] in [[], [1, 2, 3, 4], [5]] {
      try sender.send(message.span, to: receiver.address)
    }
    let address = try sender.address
    let empty = try received(receiver, 9, &bytes)
    #expect((empty.length, empty.originalLength) == (0, 0))
    #expect(empty.sender == address)
    #expect(try received(receiver, 3, &bytes, peeking: true).isTruncated == true)
    bytes = []
    let cut = try received(receiver, 3, &bytes)
    #expect((cut.length, cut.originalLength) == (3, 4))
    #expect(cut.sender == address)
    #expect(bytes == [1, 2, 3])
    #expect(try received(receiver, 3, &bytes).isTruncated == false)
    #expect(bytes == [1, 2, 3, 5])
  }

  @Test func `A connected socket reports that the receiver was closed`() async throws {
    try await onThread {
      let receiver = try UDP.Socket(at: anyPort)
      let sender = try UDP.Socket(.v4)
      #expect(reason { _ = try sender.send([1].span) } == .addressRequired)
      try sender.connect(to: receiver.address)
      #expect(try sender.peerAddress == receiver.address)
      try sender.send([1].span)
      try receiver.close()
      // A child that another test is starting can briefly hold the receiver open.
      var bytes: [UInt8] = []
      until {
        _ = reason { _ = try sender.send([1].span) }
        return reason { try sender.receive(maxLength: 1, appendingTo: &bytes, timeout: .immediate) }
          == .connectionRefused
      }
      #expect(bytes == [])
    }
  }

  @Test func `Dropped datagrams are counted; datagrams that are too long are refused`() throws {
    let receiver = try UDP.Socket(at: anyPort)
    try receiver.setReceiveBufferSize(1)
    let sender = try UDP.Socket(.v4)
    let message = [UInt8](repeating: 7, count: 1000)
    #expect(try receiver.droppedDatagrams == 0)
    for _ in 0..<50 { try sender.send(message.span, to: receiver.address) }
    try until { try receiver.droppedDatagrams > 0 }
    let long = [UInt8](repeating: 7, count: 65508)
    #expect(reason { _ = try sender.send(long.span, to: receiver.address) } == .messageTooLong)
  }

  @Test func `Broadcast and multicast require options`() throws {
    let receiver = try UDP.Socket(at: SocketAddress(.any(.v4), port: 0))
    let sender = try UDP.Socket(.v4)
    let broadcast = try SocketAddress(#require(IPAddress("127.255.255.255")), port: receiver.address.port)
    #expect(reason { _ = try sender.send([1].span, to: broadcast) } == .permissionDenied)
    try sender.setBroadcast(true)
    #expect(try sender.broadcast)
    try sender.send([1].span, to: broadcast)
    var bytes: [UInt8] = []
    #expect(try received(receiver, 9, &bytes).length == 1)

    let group = try #require(IPAddress("239.255.71.2"))
    let loopback = unsafe if_nametoindex("lo")
    #expect(reason { try receiver.leave(group, interface: loopback) } == .addressNotAvailable)
    #expect(reason { try receiver.join(.loopback(.v4), interface: loopback) } == .invalidArgument)
    try receiver.join(group, interface: loopback)
    #expect(reason { try receiver.join(group, interface: loopback) } == .addressInUse)
    try sender.setMulticastInterface(loopback)
    try sender.setMulticastHops(0)
    #expect(try sender.multicastHops == 0)
    #expect(try sender.multicastLoop)
    try sender.send([2].span, to: SocketAddress(group, port: receiver.address.port))
    #expect(try received(receiver, 9, &bytes).length == 1)
    #expect(bytes == [1, 2])
    try receiver.leave(group, interface: loopback)
    #expect(reason { try sender.setMulticastHops(256) } == .invalidArgument)
    try sender.setMulticastLoop(false)
    #expect(try sender.multicastLoop == false)
  }

  @Test func `A wait ends at its deadline, and not before; an interruption is reported if requested`()
    async throws
  {
    try await onThread {
      let receiver = try UDP.Socket(at: anyPort)
      let deadline = Timeout.after(.milliseconds(20))
      var bytes: [UInt8] = []
      #expect(reason { _ = try receiver.receive(maxLength: 9, appendingTo: &bytes, timeout: deadline) } == .timedOut)
      #expect(deadline.hasPassed)
      let interruptions = Interruptions()
      defer { interruptions.end() }
      let later = Timeout.after(.milliseconds(20))
      #expect(reason { _ = try receiver.receive(maxLength: 9, appendingTo: &bytes, timeout: later) } == .timedOut)
      #expect(later.hasPassed)
      for timeout in [Timeout.never, .after(.seconds(3600))] {
        #expect(
          reason {
            _ = try receiver.receive(maxLength: 1, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: false)
          } == .interrupted)
      }
    }
  }

  private func received(
    _ socket: borrowing UDP.Socket, _ maxLength: Int, _ bytes: inout [UInt8], peeking: Bool = false
  ) throws -> ReceivedMessage<SocketAddress> {
    try socket.receive(
      maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: .after(.seconds(3600)))
  }

  @Test func `Multicast errors name the option of the IP version`() throws {
    #expect(try refusals(of: UDP.Socket(.v4)) == [.setsockoptMulticastInterface, .setsockoptMulticastTTL])
    #expect(try refusals(of: UDP.Socket(.v6)) == [.setsockoptMulticastInterfaceIPv6, .setsockoptMulticastHops])

    func refusals(of socket: borrowing UDP.Socket) -> [IPCError.Call] {
      var calls: [IPCError.Call] = []
      do throws(IPCError) { try socket.setMulticastInterface(987_654) } catch { calls.append(error.call) }
      do throws(IPCError) { try socket.setMulticastHops(256) } catch { calls.append(error.call) }
      return calls
    }
  }

  // ipv6(7): IPV6_V6ONLY restricts the socket to IPv6.
  @Test func `An IPv6 socket reaches IPv4 unless restricted`() throws {
    let receiver = try UDP.Socket(at: anyPort)
    let mapped = try #require(SocketAddress("[::ffff:127.0.0.1]:\(receiver.address.port)"))
    let only = try UDP.Socket(.v6)
    try only.setIPv6Only(true)
    #expect(try only.ipv6Only)
    #expect(reason { try only.connect(to: mapped) } == .networkUnreachable)
    let both = try UDP.Socket(.v6)
    try both.setIPv6Only(false)
    #expect(try !both.ipv6Only)
    try both.connect(to: mapped)
    #expect(try both.peerAddress == mapped)
    #expect(reason { _ = try receiver.ipv6Only } == .notSupportedOnSocket)
  }

  // socket(7): each socket must set SO_REUSEPORT before it is bound.
  @Test func `Sockets share a port if all of them request it`() throws {
    let first = try UDP.Socket(.v4)
    try first.setReusePort(true)
    #expect(try first.reusePort && !first.reuseAddress)
    try first.bind(to: anyPort)
    let second = try UDP.Socket(.v4)
    #expect(reason { try second.bind(to: first.address) } == .addressInUse)
    try second.setReusePort(true)
    try second.bind(to: first.address)
    #expect(try second.address == first.address)
  }
}
