import IPC
import IPCAsync
import NIOCore
import NIOPosix
import SystemPackage
import Testing

/// The recipes for SwiftNIO in `NIOAndDispatch.md`.
@Suite struct NIOTests {
  /// A channel that collects bytes until end of file.
  typealias Channel = NIOAsyncChannel<ByteBuffer, ByteBuffer>

  @Test func `NIO takes over the ends of two pipes`() async throws {
    let incoming = try AnonymousPipe()
    let outgoing = try AnonymousPipe()
    let (input, output) = (incoming.reader.release().rawValue, outgoing.writer.release().rawValue)
    let channel = try await NIOPipeBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .takingOwnershipOfDescriptors(input: input, output: output) { channel in
        channel.eventLoop.makeCompletedFuture { try Channel(wrappingChannelSynchronously: channel) }
      }
    let serving = Task { try await Self.echo(channel) }
    let message: [UInt8] = Array("Hello".utf8)
    try await incoming.writer.writeAll(message.span)
    try incoming.writer.close()
    var reply: [UInt8] = []
    try await outgoing.reader.readToEnd(appendingTo: &reply)
    try await serving.value
    #expect(reply == message)
  }

  @Test func `NIO takes over a connection that the library has accepted and checked`() async throws {
    let address = try UnixSocket.Address(abstract: Array("ipc-adoption-\(UInt64.random(in: .min ... .max))".utf8))
    let listener = try UnixSocket.StreamListener(at: address)
    let client = try UnixSocket.Stream()
    try await client.connect(to: address)
    let accepted = try await listener.accept()
    #expect(try accepted.peerCredentials.user == .effective)
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .withConnectedSocket(accepted.release().rawValue) { channel in
        channel.eventLoop.makeCompletedFuture { try Channel(wrappingChannelSynchronously: channel) }
      }
    let serving = Task { try await Self.echo(channel) }
    let message: [UInt8] = Array("Hello".utf8)
    try await client.writeAll(message.span)
    try client.shutDown(.sending)
    var reply: [UInt8] = []
    try await client.readToEnd(appendingTo: &reply)
    try await serving.value
    #expect(reply == message)
  }

  private static func echo(_ channel: Channel) async throws {
    try await channel.executeThenClose { inbound, outbound in
      for try await bytes in inbound { try await outbound.write(bytes) }
    }
  }
}
