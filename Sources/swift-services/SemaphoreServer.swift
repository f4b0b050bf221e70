internal import ArgumentParser
internal import IPC
internal import SwiftExamples

/// Grants permits from named semaphores to clients.
struct SemaphoreServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "semaphore_server", abstract: "Grants permits from named semaphores to clients.")

  @OptionGroup var options: ServerOptions
  @OptionGroup var limits: SemaphoreLimits

  func run() throws {
    try options.serve(at: "/tmp/semaphore_server") { [limits] _ in SemaphoreService(Semaphores(limits)) }
  }
}

/// A semaphore server's limits.
struct SemaphoreLimits: ParsableArguments {
  @Option(help: "The maximum number of semaphores.")
  var maxSemaphores = Limit(64)

  @Option(help: "The maximum number of waiting requests per client.")
  var maxWaiters = Limit(100)

  @Option(help: "The maximum number of permits per semaphore.")
  var maxPermits = 1_000_000

  func validate() throws {
    guard 1...Int(Int32.max) ~= maxPermits else {
      throw ValidationError("--max-permits \(maxPermits): an integer from 1 to \(Int32.max) expected")
    }
  }
}

@ServiceActor
private final class SemaphoreService: Service {
  static let name = "Semaphore Server"

  private let semaphores: Semaphores

  init(_ semaphores: Semaphores) { self.semaphores = semaphores }

  func handle(_ request: Request, from client: Client) throws -> Reply? {
    switch request.type {
    case "create": try create(request.payload())
    case "acquire": return try acquire(request, from: client, timeout: request.payload(as: Waiting.self).milliseconds())
    case "try": return try acquire(request, from: client, timeout: 0)
    case "cancel": try semaphores.cancel(request.payload(as: Canceled.self).request, of: client)
    case "release":
      let (semaphore, permits) = try permits(of: request)
      try semaphores.release(permits, of: semaphore, from: client)
    case "discard":
      let (semaphore, permits) = try permits(of: request)
      try semaphores.discard(permits, of: semaphore, from: client)
    case "add":
      let (semaphore, permits) = try permits(of: request)
      try semaphores.add(permits, to: semaphore)
    case "remove": semaphores.remove(try find(request.payload(as: Named.self).semaphore))
    case "statistics": return Reply(try find(request.payload(as: Named.self).semaphore).statistics)
    case "list": return Reply(semaphores.names)
    default: throw ServiceError.unknownType
    }
    return .done
  }

  func disconnected(_ client: Client) { semaphores.forget(client) }
  func tick() -> SuspendingClock.Instant? { semaphores.tick() }
  func stopping() { semaphores.stop() }

  private struct Named: Decodable { let semaphore: String }
  private struct Canceled: Decodable { let request: String }

  private struct Created: Decodable {
    let semaphore: Name
    let permits: Int?
    let maximum: Int?
  }

  private struct Permits: Decodable {
    let semaphore: String
    let permits: Int?
  }

  private struct Waiting: Decodable {
    let timeout: Int?

    /// Returns the timeout in milliseconds, or nil to wait indefinitely.
    func milliseconds() throws(ServiceError) -> Int? {
      guard let timeout else { return nil }
      return try checked(timeout, "timeout", 0...Int(UInt32.max))
    }
  }

  private func find(_ name: String) throws(ServiceError) -> Semaphore {
    guard let semaphore = semaphores.byName[name] else {
      throw ServiceError(.notFound, "there is no semaphore of this name")
    }
    return semaphore
  }

  /// Returns the semaphore named in a request, and the number of permits, which defaults to 1.
  private func permits(of request: Request) throws -> (Semaphore, Int) {
    let wanted: Permits = try request.payload()
    let permits = try checked(wanted.permits ?? 1, "permits", 1...Int(Int32.max))
    return (try find(wanted.semaphore), permits)
  }

  private func create(_ request: Created) throws {
    let permits = try checked(request.permits ?? 1, "permits", 0...Int(Int32.max))
    let least = max(permits, 1)
    let maximum = try checked(request.maximum ?? least, "maximum", least...Int(Int32.max))
    try semaphores.create(request.semaphore, permits: permits, maximum: maximum)
  }

  private func acquire(_ request: Request, from client: Client, timeout: Int?) throws -> Reply? {
    let (semaphore, permits) = try permits(of: request)
    return try semaphores.acquire(semaphore, permits, timeout: timeout, for: client, id: request.id)
  }
}

private func checked(_ value: Int, _ key: String, _ range: ClosedRange<Int>) throws(ServiceError) -> Int {
  guard range ~= value else {
    throw ServiceError(
      .invalidPayload, "'\(key)' is an integer from \(range.lowerBound) to \(range.upperBound)")
  }
  return value
}
