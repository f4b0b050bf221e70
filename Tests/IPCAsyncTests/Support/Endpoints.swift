import Foundation
import IPC
import IPCAsync
import SystemPackage
import Testing

/// A waiting call, and a function that lets exactly one such call complete.
struct Endpoint: Sendable {
  /// Waits for one message, one connection, free space, or one increment of a counter.
  let wait: @Sendable (Timeout) async throws -> Void
  /// Produces one such event without waiting; returns false if there is no room for the event.
  let provide: @Sendable () throws -> Bool
  /// Removes named objects.
  let cleanUp: @Sendable () -> Void

  init(
    wait: @escaping @Sendable (Timeout) async throws -> Void, provide: @escaping @Sendable () throws -> Bool,
    cleanUp: @escaping @Sendable () -> Void = {}
  ) {
    self.wait = wait
    self.provide = provide
    self.cleanUp = cleanUp
  }
}

/// The kinds of endpoints with which tests run.
enum EndpointKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case pipeRead, pipeWrite, fifoRead, bufferedLine, channelReceive
  case streamRead, packetReceive, packetSend, datagramReceive, datagramSendTo, descriptorReceive, unixAccept
  case tcpAccept, udpReceive
  case messageQueueReceive, messageQueueSend
  case eventFDRead, eventFDWrite, anyDescriptor
  case semaphore, systemVSemaphore, systemVReceive, systemVSend
  case recordReceive, byteRingRead, ringChannelReceive, sharedQueueReceive, sharedQueueSend, selection

  var testDescription: String { rawValue }

  /// Whether a thread must wait for the object because it has no descriptor.
  var needsThread: Bool {
    switch self {
    case .semaphore, .systemVSemaphore, .systemVReceive, .systemVSend, .recordReceive, .byteRingRead,
      .ringChannelReceive, .sharedQueueReceive, .sharedQueueSend, .selection:
      true
    default: false
    }
  }

  func withEndpoint(_ body: (Endpoint) async throws -> Void) async throws {
    let endpoint = try make()
    defer { endpoint.cleanUp() }
    try await body(endpoint)
  }

  /// Creates an endpoint on which a call must wait.
  func make() throws -> Endpoint {
    switch self {
    case .pipeRead, .pipeWrite, .fifoRead, .bufferedLine, .channelReceive: try stream()
    case .streamRead, .packetReceive, .packetSend, .datagramReceive, .datagramSendTo, .descriptorReceive: try pair()
    case .unixAccept, .tcpAccept, .udpReceive: try address()
    case .messageQueueReceive, .messageQueueSend: try messageQueue()
    case .eventFDRead, .eventFDWrite, .anyDescriptor: try eventFD()
    case .semaphore, .systemVSemaphore, .systemVReceive, .systemVSend: try systemV()
    case .recordReceive, .byteRingRead, .ringChannelReceive: try ring()
    case .sharedQueueReceive, .sharedQueueSend, .selection: try sharedQueue()
    }
  }
}

/// Shares a noncopyable handle whose calls can change it.
///
/// No test makes two calls of the same kind at the same time.
final class Shared<Handle: ~Copyable>: @unchecked Sendable {
  var handle: Handle
  init(_ handle: consuming Handle) { self.handle = handle }
}

/// Whether a nonblocking call succeeds.
func succeeds(_ call: () throws(IPCError) -> Void) throws(IPCError) -> Bool {
  do throws(IPCError) {
    try call()
    return true
  } catch {
    if error.errno == .wouldBlock { return false }
    throw error
  }
}

extension EndpointKind {
  private func stream() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    let onePage = [UInt8](repeating: 7, count: 4096)
    if self == .fifoRead { return try fifo() }
    let pipe = try AnonymousPipe()
    switch self {
    case .pipeWrite:
      // Each write fills a page, so one read makes room for one write.
      while try unsafe pipe.writer.tryWrite(onePage.span.bytes) != nil {}
      let (reader, writer) = (Shared(pipe.reader), Shared(pipe.writer))
      return Endpoint {
        try await writer.handle.writeAtomically(onePage.span, timeout: $0)
      } provide: {
        var bytes: [UInt8] = []
        return try succeeds { () throws(IPCError) in
          _ = try reader.handle.read(maxLength: 4096, appendingTo: &bytes, timeout: .immediate)
        }
      }
    case .bufferedLine:
      let (reader, writer) = (Shared(BufferedReader(pipe.reader)), Shared(pipe.writer))
      return Endpoint {
        let value = try await reader.handle.readLine(timeout: $0)
        #expect(value == "x")
      } provide: {
        try writer.handle.write(Array("x\n".utf8).span, timeout: .immediate) == 2
      }
    case .channelReceive:
      let (receiver, sender) = (
        Shared(MessageChannel.Receiver(pipe.reader)), Shared(MessageChannel.Sender(pipe.writer))
      )
      return Endpoint {
        var message: [UInt8] = []
        let value = try await receiver.handle.receive(into: &message, timeout: $0)
        #expect(value == 1)
      } provide: {
        try unsafe sender.handle.trySend(oneByte.span.bytes)
      }
    default:
      let (reader, writer) = (Shared(pipe.reader), Shared(pipe.writer))
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await reader.handle.read(maxLength: 1, appendingTo: &bytes, timeout: $0)
        #expect(value == 1)
      } provide: {
        try writer.handle.write(oneByte.span, timeout: .immediate) == 1
      }
    }
  }

  private func fifo() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    let path = FilePath(NSTemporaryDirectory()).appending("ipc-async-\(UUID())")
    let fifo = FIFO(path)
    try fifo.create()
    let both = Shared(try fifo.openForReadingAndWriting())
    return Endpoint {
      var bytes: [UInt8] = []
      let value = try await both.handle.read(maxLength: 1, appendingTo: &bytes, timeout: $0)
      #expect(value == 1)
    } provide: {
      try both.handle.write(oneByte.span, timeout: .immediate) == 1
    } cleanUp: {
      try? fifo.unlink()
    }
  }

  private func eventFD() throws -> Endpoint {
    let counter = Shared(try EventFD(value: 0, semaphore: true, nonBlocking: true))
    switch self {
    case .eventFDWrite:
      try counter.handle.write(EventFD.maximumValue, timeout: .immediate)
      return Endpoint {
        try await counter.handle.write(1, timeout: $0)
      } provide: {
        try counter.handle.tryRead() != nil
      }
    case .anyDescriptor:
      return Endpoint {
        try await counter.handle.wait(for: .readable, timeout: $0)
        let value = try await counter.handle.read(timeout: .immediate)
        #expect(value == 1)
      } provide: {
        try counter.handle.tryWrite(1)
      }
    default:
      return Endpoint {
        let value = try await counter.handle.read(timeout: $0)
        #expect(value == 1)
      } provide: {
        try counter.handle.tryWrite(1)
      }
    }
  }

  private func messageQueue() throws -> Endpoint {
    let oneByte: [UInt8] = [7]
    let name = POSIXName("/ipc-async-\(UUID())")
    let queue = Shared(
      try POSIXMessageQueue.Duplex.create(name, attributes: .init(maximumMessages: 4, maximumMessageSize: 16)))
    let cleanUp: @Sendable () -> Void = { try? POSIXMessageQueue.unlink(name) }
    if self == .messageQueueReceive {
      return Endpoint {
        var bytes: [UInt8] = []
        let value = try await queue.handle.receive(appendingTo: &bytes, timeout: $0).length
        #expect(value == 1)
      } provide: {
        try queue.handle.trySend(oneByte.span)
      } cleanUp: {
        cleanUp()
      }
    }
    while try queue.handle.trySend(oneByte.span) {}
    return Endpoint {
      try await queue.handle.send(oneByte.span, timeout: $0)
    } provide: {
      var bytes: [UInt8] = []
      return try queue.handle.tryReceive(appendingTo: &bytes) != nil
    } cleanUp: {
      cleanUp()
    }
  }
}
