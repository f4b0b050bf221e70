/// A message's priority; messages with a higher priority are delivered first.
enum Priority: Int, Comparable {
  case low, normal, high, critical

  init?(name: String) {
    guard let index = Self.names.firstIndex(of: name) else { return nil }
    self.init(rawValue: index)
  }

  var name: String { Self.names[rawValue] }

  private static let names = ["low", "normal", "high", "critical"]

  static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A message in a queue.
@ServiceActor
final class Item {
  let number: Int
  let priority: Priority
  let payload: JSON
  let size: Int
  /// The expiry time in milliseconds since 1970; nil means never.
  var expires: Int64?
  var attempts = 0
  var queue: Queue
  var isWaiting = false

  init(_ number: Int, _ payload: JSON, _ priority: Priority, expires: Int64?, in queue: Queue) {
    (self.number, self.payload, self.priority, self.expires, self.queue) = (number, payload, priority, expires, queue)
    size = payload.text.utf8.count
  }

  /// Whether `left` is delivered before `right`: within a priority, older messages come first, even when redelivered.
  static func isDeliveredBefore(_ left: Item, _ right: Item) -> Bool {
    (right.priority, left.number) < (left.priority, right.number)
  }

  static func expiresBefore(_ left: Item, _ right: Item) -> Bool {
    (left.expires ?? .max, left.number) < (right.expires ?? .max, right.number)
  }
}

/// A queue, its subscriptions, and its statistics.
@ServiceActor
final class Queue {
  let name: String
  /// The dead-letter queue, for messages delivered too many times; nil for a dead-letter queue itself.
  let dead: Queue?
  var waiting = Sorted(Item.isDeliveredBefore)
  /// The subscriptions, longest-waiting first.
  var subscriptions: [Subscription] = []
  var (delivered, published, acknowledged, redelivered, expired, died) = (0, 0, 0, 0, 0, 0)

  init(_ name: String, dead: Queue? = nil) { (self.name, self.dead) = (name, dead) }

  var statistics: [String: Int] {
    [
      "waiting": waiting.count, "delivered": delivered, "published": published, "acknowledged": acknowledged,
      "redelivered": redelivered, "expired": expired, "dead": died, "subscribers": subscriptions.count,
    ]
  }
}

/// A client's subscription to a queue, with its credit: the maximum number of unacknowledged messages.
@ServiceActor
final class Subscription {
  let queue: Queue
  let client: Client
  var credit: Int
  var used = 0

  init(_ queue: Queue, _ client: Client, credit: Int) {
    (self.queue, self.client, self.credit) = (queue, client, credit)
  }
}

/// A message delivered to a client and not yet acknowledged.
@ServiceActor
final class Delivery {
  /// The message; nil after the delivery has ended, or if the client missed the deadline and the message has returned
  /// to its queue.
  var item: Item?
  let subscription: Subscription
  let deadline: SuspendingClock.Instant

  init(_ item: Item, _ subscription: Subscription, deadline: SuspendingClock.Instant) {
    (self.item, self.subscription, self.deadline) = (item, subscription, deadline)
  }
}
