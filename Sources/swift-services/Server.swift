internal import IPC
internal import IPCAsync
internal import SwiftExamples
internal import SystemPackage

/// The part of a server that differs between services.
///
/// The server sends replies only after it has handled all requests that are ready, and `commit` has returned.
@ServiceActor
protocol Service: AnyObject, Sendable {
  /// The service's name in the output.
  static var name: String { get }

  /// Replies to a request, or returns nil to reply later.
  func handle(_ request: Request, from client: Client) throws -> Reply?

  /// Releases everything held by a disconnected client.
  func disconnected(_ client: Client)

  /// Performs the actions that are due before replies are sent, and returns the time at which to call it again.
  func tick() -> SuspendingClock.Instant?

  /// Makes changes durable; if this fails, the server exits.
  func commit() throws

  /// Replies to the requests that are still waiting when the server stops.
  func stopping()
}

extension Service {
  func disconnected(_ client: Client) {}
  func tick() -> SuspendingClock.Instant? { nil }
  func commit() throws {}
  func stopping() {}
}

/// A server's clients, by number.
@ServiceActor
final class Clients: Sendable {
  private(set) var byNumber: [Int: Client] = [:]

  nonisolated init() {}

  /// The clients in the order in which they connected.
  var all: [Client] { byNumber.values.sorted { $0.number < $1.number } }

  func add(_ client: Client) { byNumber[client.number] = client }
  func remove(_ client: Client) { byNumber[client.number] = nil }
}

/// Serves clients until a signal arrives.
@ServiceActor
final class Server<Served: Service> {
  private let service: Served
  private let options: ServerOptions
  private let clients: Clients
  private let executor: EventLoopExecutor
  private let timer: TimerFD
  private var nextTick: SuspendingClock.Instant?
  private var isFlushScheduled = false
  private var lastNumber = 0
  private let path: FilePath
  /// The file that this server created at the path.
  private var created: FileStatus?

  init(_ service: Served, _ clients: Clients, _ options: ServerOptions, _ executor: EventLoopExecutor) throws {
    (self.service, self.clients, self.options, self.executor) = (service, clients, options, executor)
    timer = try TimerFD()
    path = FilePath(options.path ?? "")
  }

  func run() async throws {
    defer { removePath() }
    try await withThrowingTaskGroup { group in
      group.addTask { try await self.acceptClients() }
      group.addTask { try await self.keepTime() }
      group.addTask { _ = try await SignalFD([.terminate, .interrupt]).read() }
      try await group.next()
      // Another server can start before the last client of this one has disconnected.
      removePath()
      service.stopping()
      group.cancelAll()
      for client in clients.all { client.resume() }
      try? await group.waitForAll()
    }
    say("\(Served.name): stopped.")
  }

  private func acceptClients() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      let listener = try UnixSocket.StreamListener(
        at: UnixSocket.Address(path: path), permissions: options.mode.permissions, replaceStale: true)
      created = try LocatedFile(path).status
      say("\(Served.name): listening at '\(path)'.")
      while !Task.isCancelled {
        guard let socket = try await accept(listener) else { break }
        guard let client = try? admit(socket) else { continue }
        group.addTask { await self.serve(client) }
      }
      // Close the listener before the clients disconnect.
      try listener.close()
    }
  }

  /// Removes the path, unless it now belongs to another server.
  private func removePath() {
    if let created { LocatedFile.unlink(path, ifSameAs: created) }
    created = nil
  }

  /// Accepts a connection; returns nil if the server is stopping.
  private func accept(_ listener: borrowing UnixSocket.StreamListener) async throws -> UnixSocket.Stream? {
    while true {
      do {
        return try await listener.accept()
      } catch {
        if error is CancellationError { return nil }
        // Even if the process may open enough descriptors, the system can run out of descriptors or memory. In that
        // case, continue to serve the connected clients.
        guard let error = error as? IPCError, Self.shortages.contains(error.errno) else { throw error }
        report(Served.name, error)
        guard (try? await Task.sleep(for: .seconds(1))) != nil else { return nil }
      }
    }
  }

  private static var shortages: [Errno] { [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .noBufferSpace] }

  /// Admits and returns a new client, or refuses it and returns nil.
  private func admit(_ socket: consuming UnixSocket.Stream) throws -> Client? {
    lastNumber += 1
    let client = try Client(lastNumber, socket, maximumOutput: options.maxOutput.value)
    if let refusal = refusal(of: client) {
      client.fail("-", refusal)
      client.sendOutput()
      return nil
    }
    clients.add(client)
    return client
  }

  private func refusal(of client: Client) -> ServiceError? {
    let user = client.credentials.user
    if options.allow.isEmpty ? user != .effective : !options.allow.contains(user.rawValue) {
      return ServiceError(.notPermitted, "user \(user.rawValue) may not use this service")
    }
    guard clients.byNumber.count < options.maxClients.value else {
      return ServiceError(.limit, "there are already \(options.maxClients.value) clients")
    }
    return nil
  }

  // Clients

  private func serve(_ client: Client) async {
    var channel = MessageChannel.Receiver(client.connection)
    var bytes: [UInt8] = []
    do {
      while true {
        await client.waitUntilItReads()
        let timeout = options.idle.map { Timeout.after($0.duration) } ?? .never
        guard !client.isBroken, try await channel.receive(into: &bytes, timeout: timeout) != nil else { break }
        handle(bytes, from: client)
      }
    } catch {
      switch (error as? IPCError)?.errno {
      case nil:
        handleLast(&channel, from: client)
        try? client.notify("closing", ["reason": "shutdown"])
      case .timedOut?: try? client.notify("closing", ["reason": "idle"])
      case .messageTooLong?: client.fail("-", ServiceError(.tooLarge, "a message has at most 1048576 bytes"))
      default: break
      }
    }
    scheduleFlush()
    let limit = Task(executorPreference: executor) { await self.abort(client, after: self.options.drain.duration) }
    await client.end()
    limit.cancel()
    clients.remove(client)
    service.disconnected(client)
    scheduleFlush()
  }

  private func abort(_ client: Client, after duration: Duration) async {
    if (try? await Task.sleep(for: duration)) != nil { client.abort() }
  }

  /// Handles requests that have arrived by the time the server stops.
  ///
  /// Their total length is limited, so that a client cannot delay the exit by sending more requests.
  private func handleLast(_ channel: inout MessageChannel.Receiver<SharedSocket>, from client: Client) {
    var bytes: [UInt8] = []
    var total = 0
    while total < Message<JSON>.maximumLength, client.mayNotify,
      case .ready(let length)? = try? channel.tryReceive(into: &bytes)
    {
      handle(bytes, from: client)
      total += length
    }
  }

  private func handle(_ bytes: [UInt8], from client: Client) {
    client.lastActivity = .now
    do {
      let request = try Request(bytes)
      do {
        if let reply = try service.handle(request, from: client) { client.reply(to: request.id, reply) }
      } catch {
        client.fail(request.id, error as? ServiceError ?? ServiceError(.failed, "\(error)"))
      }
    } catch {
      client.fail(error.code == .invalidMessage ? Request.id(of: bytes) : "-", error)
    }
    scheduleFlush()
  }

  // Output

  /// Schedules an output flush, to run after all requests that are ready have been handled.
  private func scheduleFlush() {
    if isFlushScheduled { return }
    isFlushScheduled = true
    Task(executorPreference: executor) { @ServiceActor in self.flush() }
  }

  private func flush() {
    isFlushScheduled = false
    updateTimer()
    do {
      try service.commit()
    } catch {
      // Exit without sending replies, because the effects of the requests are not durable.
      endProcess(Served.name, error)
    }
    for client in clients.byNumber.values where client.queued > 0 {
      let isBlocked = !client.mayNotify
      client.sendOutput()
      // The client can receive again, so the service may send it more messages.
      if isBlocked, client.mayNotify { scheduleFlush() }
      if client.queued > 0, !client.isBroken, !client.isWaitedFor { waitForRoom(client) }
    }
  }

  private func waitForRoom(_ client: Client) {
    client.isWaitedFor = true
    Task(executorPreference: executor) { await self.flush(whenWritable: client) }
  }

  private func flush(whenWritable client: Client) async {
    _ = try? await client.connection.wait(for: .writable)
    client.isWaitedFor = false
    flush()
  }

  // Time

  private func updateTimer() {
    let next = service.tick()
    if next == nextTick { return }
    nextTick = next
    if let next { try? timer.set(at: next) } else { try? timer.disarm() }
  }

  private func keepTime() async throws {
    while true {
      _ = try await timer.read()
      nextTick = nil
      flush()
    }
  }
}
