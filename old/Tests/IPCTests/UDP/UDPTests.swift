import Glibc
import IPC
import SystemPackage
import Testing

@Suite(.serialized) struct UDPTests {
  @Test func `A datagram comes with its sender, and one that is empty is one`() throws {
    let receiver = try UDP.Socket(at: anyPort)
    let sender = try UDP.Socket(at: anyPort)
    var bytes: [UInt8] = []
    #expect(try receiver.receive(atMost: 9, appendingTo: &bytes, patience: .none) == .wouldBlock)
    for message: [UInt8] in [[], [1, 2, 3, 4], [5]] {
      #expect(try sender.send(message.span, to: receiver.address) == .sent)
    }
    let address = try sender.address
    let empty = try #require(arrival(receiver, 9, &bytes))
    #expect((empty.length, empty.sentLength) == (0, 0))
    #expect(empty.sender == address)
    #expect(try arrival(receiver, 3, &bytes, peeking: true)?.isTruncated == true)
    bytes = []
    let cut = try #require(arrival(receiver, 3, &bytes))
    #expect((cut.length, cut.sentLength) == (3, 4))
    #expect(cut.sender == address)
    #expect(bytes == [1, 2, 3])
    #expect(try arrival(receiver, 3, &bytes)?.isTruncated == false)
    #expect(bytes == [1, 2, 3, 5])
  }

  @Test func `A connected socket learns that nobody is there`() async throws {
    try await onThread {
      let receiver = try UDP.Socket(at: anyPort)
      let sender = try UDP.Socket(.v4)
      #expect(reason { _ = try sender.send([1].span) } == .addressRequired)
      try sender.connect(to: receiver.address)
      #expect(try sender.peerAddress == receiver.address)
      #expect(try sender.send([1].span) == .sent)
      try receiver.close()
      // A child that another test is starting may have it for a moment.
      var bytes: [UInt8] = []
      until {
        _ = reason { _ = try sender.send([1].span) }
        return reason { _ = try sender.receive(atMost: 1, appendingTo: &bytes, patience: .none) }
          == .connectionRefused
      }
      #expect(bytes == [])
    }
  }

  @Test func `What has no room is dropped and counted; what is too long is refused`() throws {
    let receiver = try UDP.Socket(at: anyPort)
    try receiver.setReceiveBufferSize(1)
    let sender = try UDP.Socket(.v4)
    let message = [UInt8](repeating: 7, count: 1000)
    #expect(try receiver.droppedDatagrams == 0)
    for _ in 0..<50 { #expect(try sender.send(message.span, to: receiver.address) == .sent) }
    try until { try receiver.droppedDatagrams > 0 }
    let long = [UInt8](repeating: 7, count: 65508)
    #expect(reason { _ = try sender.send(long.span, to: receiver.address) } == .messageTooLong)
  }

  @Test func `Broadcasts and groups have to be asked for`() throws {
    let receiver = try UDP.Socket(at: SocketAddress(.any(.v4), port: 0))
    let sender = try UDP.Socket(.v4)
    let everybody = try SocketAddress(#require(IPAddress("127.255.255.255")), port: receiver.address.port)
    #expect(reason { _ = try sender.send([1].span, to: everybody) } == .permissionDenied)
    try sender.setBroadcasts(true)
    #expect(try sender.broadcasts)
    #expect(try sender.send([1].span, to: everybody) == .sent)
    var bytes: [UInt8] = []
    #expect(try arrival(receiver, 9, &bytes)?.length == 1)

    let group = try #require(IPAddress("239.255.71.2"))
    let loopback = unsafe if_nametoindex("lo")
    #expect(reason { try receiver.leave(group, interface: loopback) } == .addressNotAvailable)
    #expect(reason { try receiver.join(.loopback(.v4), interface: loopback) } == .invalidArgument)
    try receiver.join(group, interface: loopback)
    #expect(reason { try receiver.join(group, interface: loopback) } == .addressInUse)
    try sender.setMulticastInterface(loopback)
    try sender.setMulticastHops(0)
    #expect(try sender.multicastHops == 0)
    #expect(try sender.multicastsToSelf)
    #expect(try sender.send([2].span, to: SocketAddress(group, port: receiver.address.port)) == .sent)
    #expect(try arrival(receiver, 9, &bytes)?.length == 1)
    #expect(bytes == [1, 2])
    try receiver.leave(group, interface: loopback)
    #expect(reason { try sender.setMulticastHops(256) } == .invalidArgument)
    try sender.setMulticastsToSelf(false)
    #expect(try sender.multicastsToSelf == false)
  }

  @Test func `A deadline ends a wait, not before its time; an interruption is told where it was asked for`()
    async throws
  {
    try await onThread {
      let receiver = try UDP.Socket(at: anyPort)
      let deadline = Deadline.after(.milliseconds(20))
      var bytes: [UInt8] = []
      #expect(try receiver.receive(atMost: 9, appendingTo: &bytes, patience: .until(deadline)) == .timedOut)
      #expect(deadline.hasPassed)
      let nagging = Nagging()
      defer { nagging.end() }
      let later = Deadline.after(.milliseconds(20))
      #expect(try receiver.receive(atMost: 9, appendingTo: &bytes, patience: .until(later)) == .timedOut)
      #expect(later.hasPassed)
      for patience in [Patience.forever, .atMost(.seconds(60))] {
        #expect(
          reason {
            _ = try receiver.receive(atMost: 1, appendingTo: &bytes, patience: patience, interruption: .report)
          } == .interrupted)
      }
    }
  }

  private func arrival(
    _ socket: borrowing UDP.Socket, _ limit: Int, _ bytes: inout [UInt8], peeking: Bool = false
  ) throws -> UDP.Arrival? {
    let result = try socket.receive(
      atMost: limit, appendingTo: &bytes, peeking: peeking, patience: .atMost(.seconds(60)))
    guard case .received(let arrival) = result else { return nil }
    return arrival
  }

  @Test func `What is refused of multicast is named as the version has it`() throws {
    #expect(try refusals(of: UDP.Socket(.v4)) == ["setsockopt IP_MULTICAST_IF", "setsockopt IP_MULTICAST_TTL"])
    #expect(try refusals(of: UDP.Socket(.v6)) == ["setsockopt IPV6_MULTICAST_IF", "setsockopt IPV6_MULTICAST_HOPS"])

    func refusals(of socket: borrowing UDP.Socket) -> [String] {
      var calls: [String] = []
      do throws(IPCError) { try socket.setMulticastInterface(987_654) } catch { calls.append(error.call) }
      do throws(IPCError) { try socket.setMulticastHops(256) } catch { calls.append(error.call) }
      return calls
    }
  }

  // ipv6(7): IPV6_V6ONLY restricts the socket to IPv6.
  @Test func `IPv4 is reached by IPv6, unless that is switched off`() throws {
    let receiver = try UDP.Socket(at: anyPort)
    let mapped = try #require(SocketAddress("[::ffff:127.0.0.1]:\(receiver.address.port)"))
    let only = try UDP.Socket(.v6)
    try only.setIPv6Only(true)
    #expect(try only.isIPv6Only)
    #expect(reason { try only.connect(to: mapped) } == .networkUnreachable)
    let both = try UDP.Socket(.v6)
    try both.setIPv6Only(false)
    #expect(try !both.isIPv6Only)
    try both.connect(to: mapped)
    #expect(try both.peerAddress == mapped)
    #expect(reason { _ = try receiver.isIPv6Only } == .notSupportedOnSocket)
  }

  // socket(7): SO_REUSEPORT, which each of them must have asked for before it is bound.
  @Test func `Sockets share a port when all of them ask for it`() throws {
    let first = try UDP.Socket(.v4)
    try first.setSharesPort(true)
    #expect(try first.sharesPort && !first.reusesAddress)
    try first.bind(to: anyPort)
    let second = try UDP.Socket(.v4)
    #expect(reason { try second.bind(to: first.address) } == .addressInUse)
    try second.setSharesPort(true)
    try second.bind(to: first.address)
    #expect(try second.address == first.address)
  }
}
