internal import ArgumentParser
internal import Dispatch
internal import IPC
internal import IPCAsync
internal import SwiftExamples
internal import SystemPackage

/// The options common to all clients.
struct ClientOptions: ParsableArguments {
  @Option(help: "The socket path.")
  var path: String?

  @Option(help: "The number of seconds to wait in total.")
  var timeout: Seconds?

  @Option(help: "The number of messages to wait for, not counting replies.")
  var events: UInt32 = 0

  @Option(help: "The number of connections that send the request; with more than one, replies are only counted.")
  var connections = Limit(1)

  @Option(name: .customLong("repeat"), help: "The number of times that each connection sends the request.")
  var repetitions = Count(1)

  @Argument(help: "The request type. Without it, each line of standard input is a request.")
  var type: String?

  @Argument(help: "The payload, or KEY=VALUE members of an object. A value that is not JSON is a string.")
  var payload: [String] = []

  func validate() throws {
    if type == nil, connections.value > 1 || repetitions.value > 1 {
      throw ValidationError("--connections and --repeat need a type")
    }
    _ = try JSON(words: payload)
  }
}

extension ClientOptions {
  /// Called for each message before the message is printed; returns whether to print it.
  typealias Received = @ServiceActor @Sendable (Conversation, Message<JSON>, consuming OwnedDescriptor?) throws -> Bool

  /// Handles a request in the client itself.
  ///
  /// Returns the result to print, or nil if the server must handle the request.
  ///
  /// - Throws: ``Refusal`` if the client cannot handle the request; its reason is printed.
  typealias Local = @ServiceActor @Sendable (_ type: String, _ payload: JSON) throws -> JSON?

  /// Sends requests, and prints the messages that arrive.
  func run(
    at path: String, _ received: @escaping Received = { _, _, _ in true }, local: @escaping Local = { _, _ in nil }
  ) throws {
    var options = self
    options.path = options.path ?? path
    try runBlocking { [options] executor in
      let timeout = Timeout(options.timeout)
      if options.connections.value > 1 || options.repetitions.value > 1 {
        try await Flood(options, timeout).run()
      } else {
        try await Conversation(options, timeout, try options.connect(timeout), local, received).run()
      }
    }
  }

  func connect(_ timeout: Timeout) throws -> SharedSocket {
    let socket = try UnixSocket.Stream()
    try socket.connect(to: UnixSocket.Address(path: FilePath(path ?? "")), timeout: timeout)
    return SharedSocket(socket)
  }
}

/// The reason why a client cannot handle a request itself.
struct Refusal: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// A connection whose messages are printed.
@ServiceActor
final class Conversation {
  private let options: ClientOptions
  private let timeout: Timeout
  private let connection: Connection
  private let local: ClientOptions.Local
  private let received: ClientOptions.Received
  private var eventsLeft: UInt32
  private var isInteractive: Bool
  private var hasFailed = false

  init(
    _ options: ClientOptions, _ timeout: Timeout, _ socket: SharedSocket, _ local: @escaping ClientOptions.Local,
    _ received: @escaping ClientOptions.Received
  ) {
    (self.options, self.timeout, self.local, self.received) = (options, timeout, local, received)
    connection = Connection(socket, timeout)
    eventsLeft = options.events
    isInteractive = options.type == nil
  }

  private var isOver: Bool { !isInteractive && eventsLeft == 0 && connection.answered == connection.sent }

  /// Queues a request behind those that are already waiting to be sent.
  func send(_ type: String, _ payload: JSON) throws { try connection.enqueue(type, payload) }

  private func request(_ type: String, _ payload: JSON) throws {
    do {
      guard let result = try local(type, payload) else { return try send(type, payload) }
      say("\(type) \(result.text)")
    } catch let refusal as Refusal {
      say("refused \(JSON.string(refusal.reason).text)")
      hasFailed = true
    }
  }

  func run() async throws {
    if let type = options.type { try request(type, JSON(words: options.payload)) }
    try await withThrowingTaskGroup { group in
      group.addTask { try await self.receive() }
      group.addTask { try await self.sendLines() }
      // Either task can end the conversation.
      while !isOver, try await group.next() != nil {}
      group.cancelAll()
      while let result = await group.nextResult() {
        if case .failure(let error) = result, !(error is CancellationError) { throw error }
      }
    }
    if hasFailed { throw ExitCode.failure }
  }

  private func sendLines() async throws {
    try await connection.flush()
    if !isInteractive { return }
    for await line in standardInputLines() {
      var words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      let type = words.removeFirst()
      if type.isEmpty { continue }
      // If the payload does not consist of KEY=VALUE members, it is a single value.
      if let first = words.first, JSON.member(first) == nil { words = [words.joined(separator: " ")] }
      try request(type, JSON(words: words))
      try await connection.flush()
    }
    isInteractive = false
  }

  private func receive() async throws {
    if isOver { return }
    let isConnected = try await connection.receive { message in
      if message.isReply { hasFailed = hasFailed || message.type == "error" } else if eventsLeft > 0 { eventsLeft -= 1 }
      if try received(self, message, connection.takeDescriptor()) { say("\(message.type) \(message.payload.text)") }
      try await connection.flush()
      return !isOver
    }
    if !isConnected {
      report("client", "'\(options.path ?? "")' closed the connection")
      throw ExitCode.failure
    }
  }
}

/// Many connections whose replies are counted.
private struct Flood {
  let options: ClientOptions
  let timeout: Timeout

  init(_ options: ClientOptions, _ timeout: Timeout) { (self.options, self.timeout) = (options, timeout) }

  func run() async throws {
    let sockets = try (0..<options.connections.value).map { _ in try options.connect(timeout) }
    var replies = 0
    try await withThrowingTaskGroup { group in
      for socket in sockets { group.addTask { try await self.run(socket) } }
      for try await count in group { replies += count }
    }
    say("\(options.connections.value) connections: \(replies) replies")
    if replies < options.connections.value * Int(options.repetitions.value) { throw ExitCode.failure }
  }

  /// Sends all requests as soon as the socket accepts them, and returns the number of `ok` replies.
  @ServiceActor private func run(_ socket: SharedSocket) async throws -> Int {
    let connection = Connection(socket, timeout)
    let payload = try JSON(words: options.payload)
    async let sending: Void = sendAll(payload, to: connection)
    var replies = 0
    var count = 0
    _ = try await connection.receive { message in
      count += message.isReply ? 1 : 0
      replies += message.type == "ok" ? 1 : 0
      return count < options.repetitions.value
    }
    try await sending
    return replies
  }

  @ServiceActor private func sendAll(_ payload: JSON, to connection: Connection) async throws {
    for _ in 0..<options.repetitions.value {
      try connection.enqueue(options.type ?? "", payload)
      try await connection.flush()
    }
  }
}

/// Returns the lines of standard input.
///
/// A separate thread reads them, because standard input can be any kind of file.
private func standardInputLines() -> AsyncStream<String> {
  let (lines, continuation) = AsyncStream.makeStream(of: String.self)
  DispatchQueue.global().async {
    while let line = readLine() { continuation.yield(line) }
    continuation.finish()
  }
  return lines
}
