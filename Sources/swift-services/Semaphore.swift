/// A semaphore, the requests waiting for its permits, and its statistics.
@ServiceActor
final class Semaphore {
  let name: String
  let maximum: Int
  var available: Int
  var held = 0
  /// The waiting requests, in order of arrival.
  var line: [Waiter] = []
  var (acquired, released, added, discarded, returned, expired, refused) = (0, 0, 0, 0, 0, 0, 0)
  /// The longest wait, in milliseconds.
  var longest = 0

  init(_ name: String, available: Int, maximum: Int) {
    (self.name, self.available, self.maximum) = (name, available, maximum)
  }

  /// The next request to serve, except requests from clients to which the server no longer sends messages.
  var first: Waiter? { line.first { !$0.client.isEnding && !$0.client.isBroken } }

  var statistics: [String: Int] {
    [
      "available": available, "held": held, "maximum": maximum, "waiting": line.count, "acquired": acquired,
      "released": released, "added": added, "discarded": discarded, "returned": returned, "expired": expired,
      "refused": refused, "longest": longest,
    ]
  }
}

/// A request that waits for permits.
@ServiceActor
final class Waiter {
  let number: Int
  let semaphore: Semaphore
  let client: Client
  let id: String
  let permits: Int
  private let since: SuspendingClock.Instant
  /// The deadline; nil if the request waits indefinitely.
  let deadline: SuspendingClock.Instant?

  init(_ number: Int, _ semaphore: Semaphore, _ client: Client, id: String, permits: Int, timeout: Duration?) {
    (self.number, self.semaphore, self.client) = (number, semaphore, client)
    (self.id, self.permits) = (id, permits)
    let now = SuspendingClock.now
    since = now
    deadline = timeout.map { now + $0 }
  }

  /// The time that the request has waited, in milliseconds.
  var waited: Int { Int(since.duration(to: .now) / .milliseconds(1)) }

  /// Whether `left` expires before `right`.
  static func expiresBefore(_ left: Waiter, _ right: Waiter) -> Bool {
    switch (left.deadline, right.deadline) {
    case (let first?, let second?): (first, left.number) < (second, right.number)
    case (nil, nil): left.number < right.number
    case (let first, _): first != nil
    }
  }
}
