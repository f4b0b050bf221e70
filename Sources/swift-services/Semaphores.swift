internal import IPC
internal import SwiftExamples
internal import SystemPackage

/// A server's semaphores, and the permits that its clients hold.
@ServiceActor
final class Semaphores {
  private(set) var byName: [String: Semaphore] = [:]
  private(set) var names: [String] = []
  private let limits: SemaphoreLimits
  private var holders: [Int: Holder] = [:]
  /// All waiting requests, including those that wait indefinitely.
  private var waiting = Sorted(Waiter.expiresBefore)
  private var lastNumber = 0
  private var isStopped = false

  private struct Holder {
    var waiters: [Waiter] = []
    /// The number of permits held, by semaphore name.
    var permits: [String: Int] = [:]
  }

  init(_ limits: SemaphoreLimits) { self.limits = limits }

  // Semaphores

  func create(_ name: Name, permits: Int, maximum: Int) throws(ServiceError) {
    let name = name.description
    if byName[name] != nil { throw ServiceError(.exists, "there is already a semaphore of this name") }
    if names.count >= limits.maxSemaphores.value || maximum > limits.maxPermits { throw ServiceError.exceedsLimit }
    byName[name] = Semaphore(name, available: permits, maximum: maximum)
    names.append(name)
  }

  /// Removes a semaphore and its permits; requests waiting for it fail.
  func remove(_ semaphore: Semaphore) {
    for waiter in semaphore.line { fail(waiter, ServiceError(.removed, "the semaphore was removed")) }
    for number in holders.keys { holders[number]?.permits[semaphore.name] = nil }
    byName[semaphore.name] = nil
    names.removeAll { $0 == semaphore.name }
  }

  // Permits

  /// The payload of a reply to a request that has acquired permits.
  private struct Acquired: Encodable {
    let semaphore: String
    let permits: Int
    let waited: Int
  }

  private func grant(_ semaphore: Semaphore, _ permits: Int, to client: Client, waited: Int) -> Reply {
    holders[client.number, default: Holder()].permits[semaphore.name, default: 0] += permits
    semaphore.available -= permits
    semaphore.held += permits
    semaphore.acquired += permits
    semaphore.longest = max(semaphore.longest, waited)
    return Reply(Acquired(semaphore: semaphore.name, permits: permits, waited: waited))
  }

  /// Grants permits to waiting requests strictly in order.
  ///
  /// Otherwise, smaller requests could overtake a large one.
  private func advance(_ semaphore: Semaphore) {
    while let first = semaphore.first, first.permits <= semaphore.available {
      first.client.reply(to: first.id, grant(semaphore, first.permits, to: first.client, waited: first.waited))
      remove(first)
    }
  }

  private func advanceAll() {
    for name in names { if let semaphore = byName[name] { advance(semaphore) } }
  }

  /// Returns the reply, or nil to reply later.
  ///
  /// The timeout is in milliseconds. 0 means that the request does not wait, and nil means that there is no limit.
  func acquire(
    _ semaphore: Semaphore, _ permits: Int, timeout: Int?, for client: Client, id: String
  ) throws(ServiceError) -> Reply? {
    if isStopped { throw ServiceError(.stopped, "the server stops") }
    if permits > semaphore.maximum { throw ServiceError.exceedsLimit }
    if permits <= semaphore.available, semaphore.first == nil {
      return grant(semaphore, permits, to: client, waited: 0)
    }
    if timeout == 0 {
      semaphore.refused += 1
      throw ServiceError(.wouldBlock, "there are too few permits")
    }
    let waiters = holders[client.number]?.waiters.count ?? 0
    if waiters >= limits.maxWaiters.value { throw ServiceError.exceedsLimit }
    lastNumber += 1
    let waiter = Waiter(
      lastNumber, semaphore, client, id: id, permits: permits, timeout: timeout.map { .milliseconds($0) })
    semaphore.line.append(waiter)
    holders[client.number, default: Holder()].waiters.append(waiter)
    waiting.insert(waiter)
    return nil
  }

  /// Reclaims permits from a client.
  private func takeBack(_ permits: Int, of semaphore: Semaphore, from client: Client) throws(ServiceError) {
    guard let held = holders[client.number]?.permits[semaphore.name], held >= permits else {
      throw ServiceError(.notHeld, "this client has fewer permits")
    }
    holders[client.number]?.permits[semaphore.name] = held > permits ? held - permits : nil
    semaphore.held -= permits
  }

  func release(_ permits: Int, of semaphore: Semaphore, from client: Client) throws(ServiceError) {
    try takeBack(permits, of: semaphore, from: client)
    semaphore.available += permits
    semaphore.released += permits
    advance(semaphore)
  }

  func discard(_ permits: Int, of semaphore: Semaphore, from client: Client) throws(ServiceError) {
    try takeBack(permits, of: semaphore, from: client)
    semaphore.discarded += permits
  }

  func add(_ permits: Int, to semaphore: Semaphore) throws(ServiceError) {
    if permits > semaphore.maximum - semaphore.available - semaphore.held { throw ServiceError.exceedsLimit }
    semaphore.available += permits
    semaphore.added += permits
    advance(semaphore)
  }

  // Waiting requests

  private func remove(_ waiter: Waiter) {
    let semaphore = waiter.semaphore
    if let index = semaphore.line.firstIndex(where: { $0 === waiter }) { semaphore.line.remove(at: index) }
    holders[waiter.client.number]?.waiters.removeAll { $0 === waiter }
    waiting.remove(waiter)
  }

  private func fail(_ waiter: Waiter, _ error: ServiceError) {
    waiter.client.fail(waiter.id, error)
    remove(waiter)
  }

  /// Cancels a client's oldest waiting request with this ID.
  func cancel(_ id: String, of client: Client) throws(ServiceError) {
    guard let waiter = holders[client.number]?.waiters.first(where: { $0.id == id }) else {
      throw ServiceError(.notFound, "no request of this client with this ID waits")
    }
    fail(waiter, ServiceError(.canceled, "the client canceled the request"))
    advance(waiter.semaphore)
  }

  /// Returns a disconnected client's permits, and removes its waiting requests.
  func forget(_ client: Client) {
    guard let holder = holders[client.number] else { return }
    for waiter in holder.waiters { remove(waiter) }
    holders[client.number] = nil
    for (name, permits) in holder.permits {
      guard let semaphore = byName[name] else { continue }
      semaphore.held -= permits
      semaphore.available += permits
      semaphore.returned += permits
    }
    advanceAll()
  }

  /// Fails all waiting requests.
  ///
  /// From now on, clients cannot acquire permits.
  func stop() {
    isStopped = true
    while let waiter = waiting.first { fail(waiter, ServiceError(.stopped, "the server stops")) }
  }

  /// Fails the waiting requests whose deadline has passed.
  func tick() -> SuspendingClock.Instant? {
    let now = SuspendingClock.now
    while let waiter = waiting.first, let deadline = waiter.deadline, deadline <= now {
      waiter.semaphore.expired += 1
      fail(waiter, ServiceError(.timedOut, "the timeout has passed"))
      // The request behind the one that failed may need fewer permits, so it may be next to be served.
      advance(waiter.semaphore)
    }
    return waiting.first?.deadline
  }
}

extension ServiceError {
  fileprivate static let exceedsLimit = ServiceError(.limit, "the request exceeds a limit")
}
