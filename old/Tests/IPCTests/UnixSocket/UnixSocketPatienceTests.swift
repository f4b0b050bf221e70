import Glibc
import IPC
import SystemPackage
import Testing

@Suite(.serialized) struct UnixSocketPatienceTests {
  static let short = Duration.milliseconds(20)

  @Test func `Without patience, nothing waits`() throws {
    let stream = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let datagram = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    var bytes: [UInt8] = []
    #expect(try stream.first.read(atMost: 9, appendingTo: &bytes, patience: .none) == .wouldBlock(after: 0))
    #expect(try datagram.first.receive(atMost: 9, appendingTo: &bytes, patience: .none) == .wouldBlock)
    try fill(datagram.first)
    #expect(try stream.first.isNonBlocking == false)
    #expect(try datagram.second.received() == [1])
  }

  @Test func `A deadline ends a wait, not before its time`() async throws {
    try await onThread {
      let stream = try UnixSocket.Pair<UnixSocket.StreamStyle>()
      let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
      var bytes: [UInt8] = []
      try expectTimeOut { try stream.first.read(atMost: 9, appendingTo: &bytes, patience: $0) == .timedOut(after: 0) }
      try expectTimeOut { try packets.first.receive(atMost: 9, appendingTo: &bytes, patience: $0) == .timedOut }
      try fill(packets.first)
      try expectTimeOut { try packets.first.send([1].span, patience: $0) == .timedOut }
    }
  }

  @Test func `A datagram waits for room with whom it is sent to`() async throws {
    try await onThread {
      let address = try freshName()
      let receiver = try UnixSocket.Datagram()
      try receiver.bind(to: address)
      let sender = try UnixSocket.Datagram()
      while try sender.send([1].span, to: address, patience: .none) == .sent {}
      try expectTimeOut { try sender.send([1].span, to: address, patience: $0) == .timedOut }
      #expect(try sender.isNonBlocking == false)
      #expect(try receiver.received() == [1])
      #expect(try sender.send([1].span, to: address, patience: .atMost(.seconds(-1))) == .sent)
    }
  }

  @Test func `A listener has room for so many who wait`() async throws {
    try await onThread {
      let address = try freshName()
      let listener = try UnixSocket.StreamListener(at: address, backlog: 0)
      let first = try UnixSocket.Stream()
      let second = try UnixSocket.Stream()
      #expect(try first.connect(to: address, patience: .none) == .connected)
      #expect(try second.connect(to: address, patience: .none) == .wouldBlock)
      try expectTimeOut { try second.connect(to: address, patience: $0) == .timedOut }
      #expect(try listener.accepted().isNonBlocking == false)
      #expect(try second.connect(to: address, patience: .atMost(.seconds(60))) == .connected)
      #expect(try second.isNonBlocking == false)
    }
  }

  @Test func `Accepting waits as long as it was told`() async throws {
    try await onThread {
      let listener = try UnixSocket.StreamListener(at: freshName())
      switch try listener.accept(patience: .none) {
      case .wouldBlock: break
      case .accepted: Issue.record("nobody connected, and nobody waited")
      case .timedOut: Issue.record("nobody connected, and nobody waited")
      }
      try expectTimeOut {
        switch try listener.accept(patience: $0) {
        case .timedOut: true
        case .accepted: false
        case .wouldBlock: false
        }
      }
      #expect(try listener.isNonBlocking == false)
    }
  }

  @Test func `Accepting waits for who connects later`() async throws {
    let address = try freshName()
    let listening = try UnixSocket.StreamListener(at: address).release()
    async let sent = onThread { try UnixSocket.StreamListener(adopting: listening).accepted().writeAll([7].span) }
    let stream = try UnixSocket.Stream()
    #expect(try stream.connect(to: address) == .connected)
    #expect(try await sent == .wrote(1))
    var bytes: [UInt8] = []
    #expect(try stream.readToEnd(appendingTo: &bytes) == .endOfFile(after: 1))
  }

  @Test(arguments: [Patience.forever, .atMost(.seconds(3600))])
  func `An interruption that was asked for is an error`(_ patience: Patience) async throws {
    try await onThread {
      let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
      let listener = try UnixSocket.StreamListener(at: freshName())
      let nagging = Nagging()
      defer { nagging.end() }
      var bytes: [UInt8] = []
      #expect(
        reason {
          _ = try pair.first.receive(atMost: 1, appendingTo: &bytes, patience: patience, interruption: .report)
        } == .interrupted)
      #expect(reason { _ = try listener.accept(patience: patience, interruption: .report) } == .interrupted)
    }
  }

  @Test func `An interruption that was not asked for changes nothing`() async throws {
    try await onThread {
      let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
      let listener = try UnixSocket.StreamListener(at: freshName())
      let nagging = Nagging()
      defer { nagging.end() }
      var bytes: [UInt8] = []
      try expectTimeOut { try pair.first.receive(atMost: 1, appendingTo: &bytes, patience: $0) == .timedOut }
      try expectTimeOut {
        switch try listener.accept(patience: $0) {
        case .timedOut: true
        case .accepted: false
        case .wouldBlock: false
        }
      }
    }
  }

  @Test func `A time-out that somebody set on a socket stays, and is not waited for`() async throws {
    try await onThread {
      let address = try freshName()
      let listener = try UnixSocket.StreamListener(at: address, backlog: 0)
      let first = try UnixSocket.Stream()
      let second = try UnixSocket.Stream()
      try setTimeouts(of: listener.descriptor)
      try setTimeouts(of: second.descriptor)
      try expectTimeOut {
        switch try listener.accept(patience: $0) {
        case .timedOut: true
        case .accepted: false
        case .wouldBlock: false
        }
      }
      #expect(try first.connect(to: address) == .connected)
      try expectTimeOut { try second.connect(to: address, patience: $0) == .timedOut }
      expectTimeouts(of: listener.descriptor)
      expectTimeouts(of: second.descriptor)
    }
  }

  private static let timeout = timeval(tv_sec: 5, tv_usec: 0)

  private func setTimeouts(of descriptor: FileDescriptor) throws {
    var value = Self.timeout
    let size = socklen_t(MemoryLayout<timeval>.size)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      try #require(unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, option, &value, size) == 0)
    }
  }

  private func expectTimeouts(of descriptor: FileDescriptor) {
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      var value = timeval()
      var size = socklen_t(MemoryLayout<timeval>.size)
      #expect(unsafe getsockopt(descriptor.rawValue, SOL_SOCKET, option, &value, &size) == 0)
      #expect(value.tv_sec == Self.timeout.tv_sec)
    }
  }

  private func expectTimeOut(_ body: (Patience) throws -> Bool) throws {
    let deadline = Deadline.after(Self.short)
    #expect(try body(.until(deadline)))
    #expect(deadline.hasPassed)
  }

  /// Sends until there is no room.
  private func fill<Style: UnixSocket.Messages>(_ sender: borrowing UnixSocket.End<Style>) throws {
    while true {
      switch try sender.send([1].span, patience: .none) {
      case .sent: continue
      case let result: return #expect(result == .wouldBlock)
      }
    }
  }
}
