import Glibc
import IPC
import SystemPackage
import Testing

@Suite(.serialized) struct UnixSocketTimeoutTests {
  @Test func `An immediate timeout does not wait`() throws {
    let stream = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let datagram = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    var bytes: [UInt8] = []
    #expect(reason { _ = try stream.first.read(maxLength: 9, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    #expect(
      reason { _ = try datagram.first.receive(maxLength: 9, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    try fill(datagram.first)
    #expect(try stream.first.isNonBlocking == false)
    #expect(try datagram.second.received() == [1])
  }

  @Test func `A wait ends at its deadline, and not before`() async throws {
    try await onThread {
      let stream = try UnixSocket.Pair<UnixSocket.StreamStyle>()
      let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
      var bytes: [UInt8] = []
      expectTimeout { _ = try stream.first.read(maxLength: 9, appendingTo: &bytes, timeout: $0) }
      expectTimeout { _ = try packets.first.receive(maxLength: 9, appendingTo: &bytes, timeout: $0) }
      try fill(packets.first)
      expectTimeout { try packets.first.send([1].span, timeout: $0) }
    }
  }

  @Test func `Sending a datagram waits for room in the receiver`() async throws {
    try await onThread {
      let address = try freshName()
      let receiver = try UnixSocket.Datagram()
      try receiver.bind(to: address)
      let sender = try UnixSocket.Datagram()
      while try sender.trySend([1].span, to: address) {}
      expectTimeout { try sender.send([1].span, to: address, timeout: $0) }
      #expect(try sender.isNonBlocking == false)
      #expect(try receiver.received() == [1])
      try sender.send([1].span, to: address, timeout: .after(.seconds(-1)))
    }
  }

  @Test func `A full backlog makes connecting wait`() async throws {
    try await onThread {
      let address = try freshName()
      let listener = try UnixSocket.StreamListener(at: address, backlog: 0)
      let first = try UnixSocket.Stream()
      let second = try UnixSocket.Stream()
      try first.connect(to: address, timeout: .immediate)
      #expect(reason { try second.connect(to: address, timeout: .immediate) } == .wouldBlock)
      expectTimeout { try second.connect(to: address, timeout: $0) }
      #expect(try listener.accepted().isNonBlocking == false)
      try second.connect(to: address, timeout: .after(.seconds(3600)))
      #expect(try second.isNonBlocking == false)
    }
  }

  @Test func `Accepting waits until its deadline`() async throws {
    try await onThread {
      let listener = try UnixSocket.StreamListener(at: freshName())
      #expect(reason { _ = try listener.accept(timeout: .immediate) } == .wouldBlock)
      let isEmpty = try listener.tryAccept() == nil
      #expect(isEmpty)
      expectTimeout { _ = try listener.accept(timeout: $0) }
      #expect(try listener.isNonBlocking == false)
    }
  }

  @Test func `Accepting waits for a later connection`() async throws {
    let address = try freshName()
    let listening = try UnixSocket.StreamListener(at: address).release()
    async let sent: Void = onThread { try UnixSocket.StreamListener(adopting: listening).accepted().writeAll([7].span) }
    let stream = try UnixSocket.Stream()
    try stream.connect(to: address)
    try await sent
    var bytes: [UInt8] = []
    #expect(try stream.readToEnd(appendingTo: &bytes) == 1)
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600))])
  func `Without retryOnInterrupt, an interruption is an error`(_ timeout: Timeout) async throws {
    try await onThread {
      let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
      let listener = try UnixSocket.StreamListener(at: freshName())
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      #expect(
        reason {
          _ = try pair.first.receive(maxLength: 1, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: false)
        } == .interrupted)
      #expect(reason { _ = try listener.accept(timeout: timeout, retryOnInterrupt: false) } == .interrupted)
    }
  }

  @Test func `With retryOnInterrupt, an interruption does not move the deadline`() async throws {
    try await onThread {
      let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
      let listener = try UnixSocket.StreamListener(at: freshName())
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      expectTimeout { _ = try pair.first.receive(maxLength: 1, appendingTo: &bytes, timeout: $0) }
      expectTimeout { _ = try listener.accept(timeout: $0) }
    }
  }

  @Test func `SO_RCVTIMEO and SO_SNDTIMEO of a socket are kept, but not used`() async throws {
    try await onThread {
      let address = try freshName()
      let listener = try UnixSocket.StreamListener(at: address, backlog: 0)
      let first = try UnixSocket.Stream()
      let second = try UnixSocket.Stream()
      try setTimeouts(of: listener.descriptor)
      try setTimeouts(of: second.descriptor)
      expectTimeout { _ = try listener.accept(timeout: $0) }
      try first.connect(to: address)
      expectTimeout { try second.connect(to: address, timeout: $0) }
      expectTimeouts(of: listener.descriptor)
      expectTimeouts(of: second.descriptor)
    }
  }

  // A timeval consists of two longs. Which module exports its members depends on the import order.
  private static let timeout = (seconds: 5, microseconds: 0)

  private func setTimeouts(of descriptor: FileDescriptor) throws {
    var value = Self.timeout
    let size = socklen_t(MemoryLayout<timeval>.size)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      try #require(unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, option, &value, size) == 0)
    }
  }

  private func expectTimeouts(of descriptor: FileDescriptor) {
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      var value = (seconds: 0, microseconds: 0)
      var size = socklen_t(MemoryLayout<timeval>.size)
      #expect(unsafe getsockopt(descriptor.rawValue, SOL_SOCKET, option, &value, &size) == 0)
      #expect(value.seconds == Self.timeout.seconds)
    }
  }

  /// Sends until there is no room.
  private func fill<Style: UnixSocket.MessageStyle>(_ sender: borrowing UnixSocket.Socket<Style>) throws {
    while try sender.trySend([1].span) {}
  }
}
