internal import FoundationEssentials
internal import IPC
internal import SwiftExamples
internal import SystemPackage

/// The actor that isolates a server's service and client table.
@globalActor actor ServiceActor {
  static let shared = ServiceActor()
}

/// A client connected to a server.
@ServiceActor
final class Client {
  /// The client's number, from 1; numbers are never reused.
  nonisolated let number: Int
  nonisolated let credentials: UnixSocket.Credentials
  nonisolated let connection: SharedSocket
  var lastActivity = SuspendingClock.now

  /// The number of bytes queued for sending.
  private(set) var queued = 0
  private var output: [Frame] = []
  /// The number of descriptors queued for sending.
  private var descriptors = 0
  /// The number of descriptors that have been passed since the client's receive queue was last empty.
  var passed = 0
  /// Whether the connection is ending, in which case the server queues no more messages.
  private(set) var isEnding = false
  private(set) var isBroken = false
  /// Whether a task waits for room in the socket's send buffer.
  var isWaitedFor = false
  private let maximumOutput: Int
  /// The task that waits until output has been sent.
  private var waiting: CheckedContinuation<Void, Never>?
  private var lastEvent = 0

  init(_ number: Int, _ socket: consuming UnixSocket.Stream, maximumOutput: Int) throws(IPCError) {
    credentials = try socket.peerCredentials
    connection = SharedSocket(socket)
    (self.number, self.maximumOutput) = (number, maximumOutput)
  }

  // Messages

  /// Replies to a request.
  ///
  /// If a service returned nil from `handle`, it calls this method later.
  func reply(to id: String, _ reply: Reply) {
    if reply.descriptor != nil { passed += 1 }
    do throws(ServiceError) {
      enqueue(try Frame(id: id, type: "ok", reply.payload, reply.descriptor))
    } catch {
      fail(id, error)
    }
  }

  func fail(_ id: String, _ error: ServiceError) {
    if let frame = try? Frame(id: id, type: "error", error) { enqueue(frame) }
  }

  /// Sends a message that is not a reply.
  ///
  /// - Throws: `ServiceError` with `.tooLarge`.
  func notify(_ type: String, _ payload: some Encodable) throws(ServiceError) {
    lastEvent += 1
    enqueue(try Frame(id: "event-\(lastEvent)", type: type, payload))
  }

  private func enqueue(_ frame: Frame) {
    if isEnding || isBroken { return }
    output.append(frame)
    queued += frame.bytes.count
    descriptors += frame.waitingDescriptors
    // Only messages from other clients can exceed the limit. The server stops reading a client's requests before the
    // replies to them exceed it.
    if queued > maximumOutput {
      say("client \(number): does not read")
      abort()
    }
  }

  // Output

  /// Whether the server may read more requests; false while the client does not read the replies to its earlier
  /// requests.
  private var mayRequest: Bool { mayNotify || isBroken }

  /// Whether the client has read enough for the server to send more messages of any length.
  ///
  /// This is false while a descriptor is queued, so the server queues at most one descriptor.
  var mayNotify: Bool { queued < maximumOutput / 4 && descriptors == 0 && !isEnding && !isBroken }

  /// Sends as much output as the socket accepts.
  func sendOutput() {
    var count = 0
    do throws(IPCError) {
      while count < output.count, !isBroken {
        try sendFrame(count)
        count += 1
      }
    } catch {
      if error.errno != .wouldBlock { abort() }
    }
    output.removeFirst(count)
    if queued == 0 || mayRequest || isBroken { resume() }
  }

  private func sendFrame(_ index: Int) throws(IPCError) {
    let (sent, descriptors) = (output[index].sent, output[index].waitingDescriptors)
    defer {
      queued -= output[index].sent - sent
      self.descriptors -= descriptors - output[index].waitingDescriptors
    }
    try output[index].send(to: connection.socket)
  }

  /// Shuts down the connection without sending the remaining output.
  func abort() {
    isBroken = true
    try? connection.socket.shutDown(.both)
    resume()
  }

  /// Resumes the client's task.
  func resume() {
    waiting?.resume()
    waiting = nil
  }

  /// Waits until the client has read enough of the replies sent to it.
  func waitUntilItReads() async {
    while !mayRequest, !Task.isCancelled { await withCheckedContinuation { waiting = $0 } }
  }

  /// Waits until the output has been sent or the connection breaks.
  func end() async {
    isEnding = true
    while queued > 0, !isBroken { await withCheckedContinuation { waiting = $0 } }
    try? connection.socket.shutDown(.both)
  }
}

/// A reply from a service.
struct Reply {
  let payload: any Encodable
  /// A descriptor to pass to the client with the reply.
  var descriptor: SharedDescriptor?

  init(_ payload: any Encodable, descriptor: SharedDescriptor? = nil) {
    (self.payload, self.descriptor) = (payload, descriptor)
  }

  /// A reply without a payload.
  static var done: Reply { Reply(JSON.null) }
}

/// A descriptor that several replies can pass to clients.
final class SharedDescriptor: Sendable {
  let owned: OwnedDescriptor
  init(_ owned: consuming OwnedDescriptor) { self.owned = owned }
}

/// A socket shared by a reader and a writer.
final class SharedSocket: Sendable {
  let socket: UnixSocket.Stream
  init(_ socket: consuming UnixSocket.Stream) { self.socket = socket }
}

extension SharedSocket: ReadableDescriptor, WritableDescriptor {
  var descriptor: FileDescriptor { socket.descriptor }
  var transport: Transport { .socket }
}

/// A length-prefixed message.
struct Frame {
  let bytes: [UInt8]
  private(set) var sent = 0
  private let descriptor: SharedDescriptor?

  init(id: String, type: String, _ payload: some Encodable, _ descriptor: SharedDescriptor? = nil) throws(ServiceError)
  {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let body: Data
    do {
      body = try encoder.encode(Message(id: id, type: type, payload: payload))
    } catch {
      throw ServiceError(.failed, "the reply cannot be encoded")
    }
    guard body.count <= Message<JSON>.maximumLength else {
      throw ServiceError(.tooLarge, "the reply exceeds 1 MiB")
    }
    self.init(body: body, descriptor)
  }

  init(body: some Collection<UInt8>, _ descriptor: SharedDescriptor? = nil) {
    bytes = (0..<4).map { UInt8(truncatingIfNeeded: body.count >> (8 * $0)) } + body
    self.descriptor = descriptor
  }

  /// The number of descriptors not yet sent: 1 or 0.
  var waitingDescriptors: Int { descriptor != nil && sent == 0 ? 1 : 0 }

  /// Sends the remaining bytes; the descriptor accompanies the first byte.
  mutating func send(to socket: borrowing UnixSocket.Stream) throws(IPCError) {
    let bytes = bytes
    let rest = bytes.span.extracting(droppingFirst: sent)
    do throws(IPCError) {
      if sent == 0, let descriptor {
        let descriptors: [1 of FileDescriptor] = [descriptor.owned.descriptor]
        try socket.send(rest, descriptors: descriptors.span, timeout: .immediate)
      } else {
        try socket.writeAll(rest, timeout: .immediate)
      }
      sent = bytes.count
    } catch {
      sent += error.transferred
      throw error
    }
  }
}
