import Foundation
import IPC
import IPCAsync
import SystemPackage
import Testing

extension EndpointKind {
  func pair() throws -> Endpoint {
    switch self {
    case .packetReceive, .packetSend: try packets()
    case .datagramReceive, .datagramSendTo: try datagrams()
    default: try streams()
    }
  }

  private func streams() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let (receiver, sender) = (Shared(pair.first), Shared(pair.second))
    if self == .streamRead {
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await receiver.handle.read(maxLength: 1, appendingTo: &bytes, timeout: $0)
        #expect(value == 1)
      } provide: {
        try unsafe sender.handle.tryWrite(oneByte.span.bytes) == 1
      }
    }
    let sent = Shared(try EventFD())
    return Endpoint {
      let received = try await receiver.handle.receiveDescriptor(timeout: $0)
      #expect(received.descriptor != sent.handle.descriptor)
    } provide: {
      try succeeds { () throws(IPCError) in try sender.handle.send(sent.handle, timeout: .immediate) }
    }
  }

  private func packets() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let (receiver, sender) = (Shared(pair.first), Shared(pair.second))
    if self == .packetReceive {
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await receiver.handle.receive(maxLength: 8, appendingTo: &bytes, timeout: $0)?.length
        #expect(value == 1)
      } provide: {
        try sender.handle.trySend(oneByte.span)
      }
    }
    // The kernel reports a socket as writable as long as at most a quarter of its buffer is used. Therefore, a single
    // packet must fill the buffer.
    try sender.handle.setSendBufferSize(32_768)
    let packet = [UInt8](repeating: 1, count: try sender.handle.sendBufferSize - 512)
    while try sender.handle.trySend(packet.span) {}
    return Endpoint {
      try await sender.handle.send(packet.span, timeout: $0)
    } provide: {
      var bytes: [UInt8] = []
      return try succeeds { () throws(IPCError) in
        _ = try receiver.handle.receive(maxLength: packet.count, appendingTo: &bytes, timeout: .immediate)
      }
    }
  }

  private func datagrams() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    let address = try UnixSocket.Address(abstract: Array("ipc-async-\(UUID())".utf8))
    let receiver = Shared(try UnixSocket.Datagram())
    let sender = Shared(try UnixSocket.Datagram())
    try receiver.handle.bind(to: address)
    if self == .datagramReceive {
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await receiver.handle.receive(maxLength: 8, appendingTo: &bytes, timeout: $0).length
        #expect(value == 1)
      } provide: {
        try sender.handle.trySend(oneByte.span, to: address)
      }
    }
    while try sender.handle.trySend(oneByte.span, to: address) {}
    return Endpoint {
      try await sender.handle.send(oneByte.span, to: address, timeout: $0)
    } provide: {
      var bytes: [UInt8] = []
      return try succeeds { () throws(IPCError) in
        try receiver.handle.receive(maxLength: 8, appendingTo: &bytes, timeout: .immediate)
      }
    }
  }

  func address() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    switch self {
    case .unixAccept:
      let address = try UnixSocket.Address(abstract: Array("ipc-async-\(UUID())".utf8))
      let listener = Shared(try UnixSocket.StreamListener(at: address))
      return Endpoint {
        _ = try await listener.handle.accept(timeout: $0)
      } provide: {
        let client = try UnixSocket.Stream()
        try client.connect(to: address, timeout: .immediate)
        return true
      }
    case .tcpAccept:
      let listener = Shared(try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0)))
      let address = try listener.handle.address
      return Endpoint {
        _ = try await listener.handle.accept(timeout: $0)
      } provide: {
        let client = try TCP.Stream(.v4)
        try client.connect(to: address)
        return true
      }
    default:
      let receiver = Shared(try UDP.Socket(at: SocketAddress(.loopback(.v4), port: 0)))
      let address = try SocketAddress(.loopback(.v4), port: receiver.handle.address.port)
      let sender = Shared(try UDP.Socket(.v4))
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await receiver.handle.receive(maxLength: 8, appendingTo: &bytes, timeout: $0).length
        #expect(value == 1)
      } provide: {
        try sender.handle.trySend(oneByte.span, to: address)
      }
    }
  }
}
