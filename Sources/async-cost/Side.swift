internal import IPC
internal import IPCAsync
internal import SystemPackage

/// One side's descriptors for reading and writing.
struct Ends: Sendable {
  let reading: FileDescriptor
  let writing: FileDescriptor

  init(_ reading: FileDescriptor, _ writing: FileDescriptor) {
    self.reading = reading
    self.writing = writing
  }
}

/// One side of a conversation.
protocol Side: ~Copyable, Sendable {
  static var name: String { get }
  /// Creates two connected sides and returns their descriptors.
  static func connect() throws -> (first: Ends, second: Ends)
  init(_ ends: Ends) throws(IPCError)
  func send() throws(IPCError)
  func receive(into bytes: inout [UInt8]) throws(IPCError)
  func sendInTask() async throws
  func receiveInTask(into bytes: inout [UInt8]) async throws
}

struct PipeSide: Side, ~Copyable {
  static let name = "pipe"
  let reader: PipeReader
  let writer: PipeWriter

  static func connect() throws -> (first: Ends, second: Ends) {
    let there = try AnonymousPipe()
    let back = try AnonymousPipe()
    let (thereReader, thereWriter) = (there.reader.release(), there.writer.release())
    return (Ends(back.reader.release(), thereWriter), Ends(thereReader, back.writer.release()))
  }

  init(_ ends: Ends) throws(IPCError) {
    let source = try PipeReader(adopting: ends.reading)
    let sink = try PipeWriter(adopting: ends.writing)
    reader = source
    writer = sink
  }

  func send() throws(IPCError) {
    let byte: [1 of UInt8] = [1]
    try writer.writeAll(byte.span)
  }

  func receive(into bytes: inout [UInt8]) throws(IPCError) {
    bytes.removeAll(keepingCapacity: true)
    _ = try reader.read(maxLength: 16, appendingTo: &bytes)
  }

  func sendInTask() async throws {
    let byte: [1 of UInt8] = [1]
    try await writer.writeAll(byte.span)
  }

  func receiveInTask(into bytes: inout [UInt8]) async throws {
    bytes.removeAll(keepingCapacity: true)
    _ = try await reader.read(maxLength: 16, appendingTo: &bytes)
  }
}

struct SocketSide: Side, ~Copyable {
  static let name = "Unix stream"
  let socket: UnixSocket.Stream

  static func connect() throws -> (first: Ends, second: Ends) {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let (first, second) = (pair.first.release(), pair.second.release())
    return (Ends(first, first), Ends(second, second))
  }

  init(_ ends: Ends) throws(IPCError) { socket = try UnixSocket.Stream(adopting: ends.reading) }

  func send() throws(IPCError) {
    let byte: [1 of UInt8] = [1]
    try socket.writeAll(byte.span)
  }

  func receive(into bytes: inout [UInt8]) throws(IPCError) {
    bytes.removeAll(keepingCapacity: true)
    _ = try socket.read(maxLength: 16, appendingTo: &bytes)
  }

  func sendInTask() async throws {
    let byte: [1 of UInt8] = [1]
    try await socket.writeAll(byte.span)
  }

  func receiveInTask(into bytes: inout [UInt8]) async throws {
    bytes.removeAll(keepingCapacity: true)
    _ = try await socket.read(maxLength: 16, appendingTo: &bytes)
  }
}

struct CounterSide: Side, ~Copyable {
  static let name = "eventfd"
  let incoming: EventFD
  let outgoing: EventFD

  static func connect() throws -> (first: Ends, second: Ends) {
    // Make the descriptors nonblocking. Otherwise, each asynchronous write would set and clear O_NONBLOCK.
    let there = try EventFD(nonBlocking: true).release()
    let back = try EventFD(nonBlocking: true).release()
    return (Ends(back, there), Ends(try there.duplicate(), try back.duplicate()))
  }

  init(_ ends: Ends) throws(IPCError) {
    let source = try EventFD(adopting: ends.reading)
    let sink = try EventFD(adopting: ends.writing)
    incoming = source
    outgoing = sink
  }

  func send() throws(IPCError) { try outgoing.write(1) }
  func receive(into bytes: inout [UInt8]) throws(IPCError) { _ = try incoming.read() }
  func sendInTask() async throws { try await outgoing.write(1) }
  func receiveInTask(into bytes: inout [UInt8]) async throws { _ = try await incoming.read() }
}
