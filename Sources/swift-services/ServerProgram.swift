internal import ArgumentParser
internal import Dispatch
internal import IPC
internal import IPCAsync
internal import SwiftExamples
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The options common to all servers.
struct ServerOptions: ParsableArguments {
  @Option(help: "The socket path.")
  var path: String?

  @Option(help: "The socket's permissions.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "The ID of a user who may use the service; may be repeated. By default, only the server's user.")
  var allow: [UInt32] = []

  @Option(help: "The maximum number of connected clients.")
  var maxClients = Limit(256)

  @Option(help: "The maximum number of bytes queued for a client that does not read.")
  var maxOutput = OutputLimit(4 << 20)

  @Option(help: "The number of seconds after which an idle client is disconnected.")
  var idle: Seconds?

  @Option(help: "The number of seconds that clients have to read their last messages.")
  var drain = Seconds(.seconds(5))
}

/// A maximum number.
struct Limit: ExpressibleByArgument {
  let value: Int

  init(_ value: Int) { self.value = value }

  init?(argument: String) {
    guard let value = Int(argument), 1...100_000 ~= value else { return nil }
    self.value = value
  }

  var defaultValueDescription: String { "\(value)" }
}

/// A limit in bytes, at least the size of the longest message.
struct OutputLimit: ExpressibleByArgument {
  let value: Int

  init(_ value: Int) { self.value = value }

  init?(argument: String) {
    guard let value = Int(argument), Message<JSON>.maximumLength + 4...1 << 30 ~= value else { return nil }
    self.value = value
  }

  var defaultValueDescription: String { "\(value)" }
}

extension ServerOptions {
  /// Serves until SIGTERM or SIGINT.
  ///
  /// Everything runs in the event loop's thread, as in the loop of the C program.
  ///
  /// - Parameters:
  ///   - path: The default socket path.
  ///   - descriptors: The number of descriptors that the service keeps open, if it passes descriptors to clients.
  ///   - service: Creates the service.
  /// - Throws: ``IPCError`` if the server cannot start or serve; any error thrown by `service`.
  func serve(
    at path: String, descriptors: Int = 0,
    _ service: @escaping @ServiceActor @Sendable (Clients) throws -> some Service
  ) throws {
    // All threads inherit this signal mask.
    SignalSet([.terminate, .interrupt]).block()
    try reserve(descriptors)
    var options = self
    options.path = options.path ?? path
    try runBlocking { [options] executor in
      let clients = Clients()
      try await Server(try await service(clients), clients, options, executor).run()
    }
  }

  /// Raises the descriptor limit if necessary.
  ///
  /// Each client needs one descriptor for the connection, and more for the descriptors that the server passes to it.
  private func reserve(_ descriptors: Int) throws {
    let each = descriptors > 0 ? 2 + Client.passedLimit : 2
    let needed = rlim_t(each * maxClients.value + descriptors + 64)
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    if limit.rlim_cur >= needed { return }
    limit.rlim_cur = needed
    guard limit.rlim_max >= needed, unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw ValidationError("--max-clients \(maxClients.value): only \(limit.rlim_max) descriptors are allowed")
    }
  }
}

/// Runs a task on the event loop, and waits for it to finish.
func runBlocking(_ body: @escaping @Sendable (EventLoopExecutor) async throws -> Void) throws {
  let executor = try EventLoopExecutor.shared()
  let result = Mutex<Result<Void, any Error>?>(nil)
  let done = DispatchSemaphore(value: 0)
  Task(executorPreference: executor) { @concurrent in
    do {
      try await body(executor)
      result.withLock { $0 = .success(()) }
    } catch {
      result.withLock { $0 = .failure(error) }
    }
    done.signal()
  }
  done.wait()
  try result.withLock { $0 }?.get()
}

/// Reports an error and exits immediately.
func endProcess(_ role: String, _ error: any Error) -> Never {
  report(role, "\(error)")
  _exit(1)
}
