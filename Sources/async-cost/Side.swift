internal import IPC
internal import IPCAsync
internal import SystemPackage

/// What carries the bytes.
enum Transport: String, CaseIterable, Sendable {
  case pipe
  case socket = "Unix stream"
  case eventFD = "eventfd"

  /// The descriptors of two sides that are connected: what each reads, and what it writes.
  func connect() throws -> (first: Ends, second: Ends) {
    switch self {
    case .pipe:
      let there = try AnonymousPipe()
      let back = try AnonymousPipe()
      let (thereReader, thereWriter) = (there.reader.release(), there.writer.release())
      return (Ends(back.reader.release(), thereWriter), Ends(thereReader, back.writer.release()))
    case .socket:
      let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
      let (first, second) = (pair.first.release(), pair.second.release())
      return (Ends(first, try first.duplicate()), Ends(second, try second.duplicate()))
    case .eventFD:
      // Non-blocking, because otherwise an asynchronous write changes the flag twice.
      let there = try EventFD(nonBlocking: true).release()
      let back = try EventFD(nonBlocking: true).release()
      return (Ends(back, there), Ends(try there.duplicate(), try back.duplicate()))
    }
  }
}

/// The descriptors of one side.
struct Ends: Sendable {
  let reading: FileDescriptor
  let writing: FileDescriptor

  init(_ reading: FileDescriptor, _ writing: FileDescriptor) {
    self.reading = reading
    self.writing = writing
  }

  func openSide(_ transport: Transport) throws(IPCError) -> Side {
    switch transport {
    case .pipe: .pipes(try PipeReader(adopting: reading), try PipeWriter(adopting: writing))
    case .socket: .sockets(try UnixSocket.Stream(adopting: reading), try UnixSocket.Stream(adopting: writing))
    case .eventFD: .counters(try EventFD(adopting: reading), try EventFD(adopting: writing))
    }
  }
}

/// One side of a conversation.
enum Side: ~Copyable, Sendable {
  case pipes(PipeReader, PipeWriter)
  case sockets(UnixSocket.Stream, UnixSocket.Stream)
  case counters(EventFD, EventFD)

  func send() throws(IPCError) {
    let byte: [1 of UInt8] = [1]
    switch self {
    case .pipes(_, let writer): try writer.writeAll(byte.span)
    case .sockets(_, let socket): try socket.writeAll(byte.span)
    case .counters(_, let counter): try counter.write(1)
    }
  }

  func receive(into bytes: inout [UInt8]) throws(IPCError) {
    bytes.removeAll(keepingCapacity: true)
    switch self {
    case .pipes(let reader, _): _ = try reader.read(maxLength: 16, appendingTo: &bytes)
    case .sockets(let socket, _): _ = try socket.read(maxLength: 16, appendingTo: &bytes)
    case .counters(let counter, _): _ = try counter.read()
    }
  }

  func send() async throws {
    let byte: [1 of UInt8] = [1]
    switch self {
    case .pipes(_, let writer): try await writer.writeAll(byte.span)
    case .sockets(_, let socket): try await socket.writeAll(byte.span)
    case .counters(_, let counter): try await counter.write(1)
    }
  }

  func receive(into bytes: inout [UInt8]) async throws {
    bytes.removeAll(keepingCapacity: true)
    switch self {
    case .pipes(let reader, _): _ = try await reader.read(maxLength: 16, appendingTo: &bytes)
    case .sockets(let socket, _): _ = try await socket.read(maxLength: 16, appendingTo: &bytes)
    case .counters(let counter, _): _ = try await counter.read()
    }
  }
}
