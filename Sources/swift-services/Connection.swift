internal import FoundationEssentials
internal import IPC
internal import IPCAsync
internal import Synchronization
internal import SystemPackage

/// A client's connection to a server.
@ServiceActor
final class Connection {
  private(set) var sent = 0
  private(set) var answered = 0
  private let socket: SharedSocket
  private let timeout: Timeout
  private let incoming: DescriptorStream
  private var output: [Frame] = []
  private var isSending = false

  init(_ socket: SharedSocket, _ timeout: Timeout) {
    (self.socket, self.timeout) = (socket, timeout)
    incoming = DescriptorStream(socket)
  }

  func enqueue(_ type: String, _ payload: JSON) throws {
    sent += 1
    output.append(try Frame(id: "\(sent)", type: type, payload))
  }

  /// Sends the queued requests.
  ///
  /// If the server has closed the connection, the requests are discarded, so that the client can still receive the
  /// server's last messages.
  func flush() async throws {
    if isSending { return }
    isSending = true
    defer { isSending = false }
    while !output.isEmpty {
      do throws(IPCError) {
        try output[0].send(to: socket.socket)
        output.removeFirst()
        continue
      } catch {
        switch error.errno {
        case .wouldBlock: break
        case .brokenPipe, .connectionReset: return output.removeAll()
        default: throw error
        }
      }
      try await socket.wait(for: .writable, timeout: timeout)
    }
  }

  /// Receives messages while `body` returns true; returns false at end of file.
  func receive(_ body: (Message<JSON>) async throws -> Bool) async throws -> Bool {
    var channel = MessageChannel.Receiver(incoming)
    var bytes: [UInt8] = []
    while true {
      do {
        guard try await channel.receive(into: &bytes, timeout: timeout) != nil else { return false }
      } catch {
        if (error as? IPCError)?.errno == .connectionReset { return false }
        throw error
      }
      let message = try JSONDecoder().decode(Message<JSON>.self, from: Data(bytes))
      if message.isReply { answered += 1 }
      guard try await body(message) else { return true }
    }
  }

  /// Returns the descriptor that arrived with the last message.
  func takeDescriptor() -> OwnedDescriptor? { incoming.take() }
}

extension Message {
  /// Whether the message is a reply.
  var isReply: Bool { type == "ok" || type == "error" }
}

/// A socket that keeps any descriptor received with the bytes.
private final class DescriptorStream: ReadableDescriptor, Sendable {
  private let shared: SharedSocket
  private let received = Mutex<OwnedDescriptor?>(nil)

  init(_ shared: SharedSocket) { self.shared = shared }

  var descriptor: FileDescriptor { shared.descriptor }
  var transport: Transport { .socket }

  func take() -> OwnedDescriptor? { received.withLock { $0.take() } }

  func read(
    into bytes: inout OutputRawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    var ancillary = AncillaryData(maximumDescriptors: 1)
    let message = try shared.socket.receive(
      into: &bytes, ancillary: &ancillary, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    // The rest of the message arrives without the descriptor.
    if ancillary.descriptorCount > 0 { received.withLock { $0 = ancillary.takeDescriptor() } }
    return message?.length ?? 0
  }
}
