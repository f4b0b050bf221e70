internal import IPC
internal import SwiftExamples
internal import SystemPackage

/// A server's queues, and the messages delivered to its clients.
@ServiceActor
final class Queues {
  private(set) var byName: [String: Queue] = [:]
  private(set) var names: [String] = []
  private let limits: QueueLimits
  private var log: QueueLog?
  private var items: [Int: Item] = [:]
  /// The waiting messages that can expire, in order of expiry.
  private var expiring = Sorted(Item.expiresBefore)
  private var consumers: [Int: Consumer] = [:]
  /// All deliveries in deadline order, including some that have ended.
  private var deliveries: ArraySlice<Delivery> = []
  private var lastNumber = 0
  private var totalBytes = 0

  private struct Consumer {
    var subscriptions: [Subscription] = []
    var deliveries: [Int: Delivery] = [:]
  }

  init(_ limits: QueueLimits, log path: FilePath?) throws {
    self.limits = limits
    guard let path else { return }
    let log = try QueueLog(path) { replay($0) }
    try log.rewrite(records)
    self.log = log
  }

  // Requests

  func create(_ name: Name) throws(ServiceError) {
    let name = name.description
    if name.hasSuffix(".dead") { throw ServiceError(.invalidPayload, "the queue cannot be created") }
    if byName[name] != nil { throw ServiceError(.exists, "the queue cannot be created") }
    if names.count / 2 >= limits.maxQueues.value { throw ServiceError(.limit, "the queue cannot be created") }
    add(name)
    log?.append(Record(create: name))
  }

  /// Publishes a message and returns its number.
  func publish(_ payload: JSON, _ priority: Priority, expires: Int64?, to queue: Queue) throws(ServiceError) -> Int {
    let item = Item(lastNumber + 1, payload, priority, expires: expires, in: queue)
    // Reserve room for the other members of a `delivery` message.
    if item.size > Message<JSON>.maximumLength - 1024 {
      throw ServiceError(.tooLarge, "the message cannot be published")
    }
    if queue.waiting.count + queue.delivered >= limits.maxLength || totalBytes + item.size > limits.maxBytes {
      throw ServiceError(.limit, "the message cannot be published")
    }
    lastNumber += 1
    add(item)
    queue.published += 1
    log?.append(Record(publishing: item))
    return item.number
  }

  /// Subscribes a client, or changes its credit: the maximum number of unacknowledged messages.
  func subscribe(_ client: Client, to queue: Queue, credit: Int) {
    if let existing = consumers[client.number]?.subscriptions.first(where: { $0.queue === queue }) {
      existing.credit = credit
      return
    }
    let subscription = Subscription(queue, client, credit: credit)
    consumers[client.number, default: Consumer()].subscriptions.append(subscription)
    queue.subscriptions.append(subscription)
  }

  func acknowledge(_ number: Int, of client: Client) throws(ServiceError) -> Reply {
    let item = try endDelivery(number, of: client)
    item.queue.delivered -= 1
    item.queue.acknowledged += 1
    remove(item)
    return .done
  }

  func reject(_ number: Int, of client: Client) throws(ServiceError) -> Reply {
    putBack(try endDelivery(number, of: client))
    return .done
  }

  private func endDelivery(_ number: Int, of client: Client) throws(ServiceError) -> Item {
    let delivery = consumers[client.number]?.deliveries.removeValue(forKey: number)
    delivery?.subscription.used -= 1
    guard let delivery, let item = delivery.item else {
      throw ServiceError(.notFound, "this client does not have the message")
    }
    delivery.item = nil
    return item
  }

  /// Returns a disconnected client's messages to their queues.
  func forget(_ client: Client) {
    guard let consumer = consumers.removeValue(forKey: client.number) else { return }
    for delivery in consumer.deliveries.values {
      if let item = delivery.item { putBack(item) }
      delivery.item = nil
    }
    for subscription in consumer.subscriptions { subscription.queue.subscriptions.removeAll { $0 === subscription } }
  }

  // Messages

  private func add(_ name: String) {
    let dead = Queue(name + ".dead")
    byName[name] = Queue(name, dead: dead)
    byName[dead.name] = dead
    names += [name, dead.name]
  }

  private func add(_ item: Item) {
    items[item.number] = item
    totalBytes += item.size
    put(item)
  }

  private func put(_ item: Item) {
    item.isWaiting = true
    item.queue.waiting.insert(item)
    if item.expires != nil { expiring.insert(item) }
  }

  private func take(_ item: Item) {
    item.isWaiting = false
    item.queue.waiting.remove(item)
    if item.expires != nil { expiring.remove(item) }
  }

  private func drop(_ item: Item) {
    if item.isWaiting { take(item) }
    items[item.number] = nil
    totalBytes -= item.size
  }

  private func remove(_ item: Item) {
    log?.append(Record(remove: item.number))
    drop(item)
  }

  private func move(_ item: Item, to dead: Queue) {
    item.queue.died += 1
    if item.isWaiting { take(item) }
    (item.queue, item.attempts, item.expires) = (dead, 0, nil)
    put(item)
  }

  /// Returns a message to its queue, or moves it to the dead letters after too many attempts.
  private func putBack(_ item: Item) {
    item.queue.delivered -= 1
    if let dead = item.queue.dead, item.attempts > limits.retries {
      log?.append(Record(dead: item.number))
      move(item, to: dead)
    } else {
      item.queue.redelivered += 1
      put(item)
    }
  }

  // Time and delivery

  /// Removes expired messages, returns overdue messages to their queues, and delivers messages to clients that have
  /// credit.
  func tick() -> SuspendingClock.Instant? {
    let (now, today) = (SuspendingClock.now, Int64.millisecondsNow)
    while let item = expiring.first, let expires = item.expires, expires <= today {
      item.queue.expired += 1
      remove(item)
    }
    while let delivery = deliveries.first, delivery.item == nil || delivery.deadline <= now {
      // The overdue delivery still uses credit, so the client receives no additional message until it responds.
      if let item = delivery.item { putBack(item) }
      delivery.item = nil
      deliveries.removeFirst()
    }
    deliverAll()
    let expiry = expiring.first?.expires.map { now + .milliseconds($0 - today) }
    return [expiry, deliveries.first?.deadline].compactMap { $0 }.min()
  }

  private func deliverAll() {
    for name in names {
      guard let queue = byName[name] else { continue }
      while let item = queue.waiting.first, let subscription = nextSubscription(of: queue) {
        deliver(item, to: subscription)
      }
    }
  }

  /// Makes all changes durable.
  func commit() throws {
    try log?.commit()
    if let log, log.isLarge { try log.rewrite(records) }
  }

  /// Returns the longest-waiting subscription with credit, and moves it to the end of the list.
  private func nextSubscription(of queue: Queue) -> Subscription? {
    let index = queue.subscriptions.firstIndex { $0.used < $0.credit && $0.client.mayNotify }
    guard let index else { return nil }
    let subscription = queue.subscriptions.remove(at: index)
    queue.subscriptions.append(subscription)
    return subscription
  }

  private struct Delivered: Encodable {
    let queue: String
    let message: Int
    let payload: JSON
    let priority: String
    let attempt: Int
  }

  private func deliver(_ item: Item, to subscription: Subscription) {
    // A client that missed this message's deadline may receive the message again. The message uses credit only once.
    if let late = consumers[subscription.client.number]?.deliveries[item.number] { late.subscription.used -= 1 }
    take(item)
    item.attempts += 1
    item.queue.delivered += 1
    subscription.used += 1
    let delivery = Delivery(item, subscription, deadline: .now + limits.late.duration)
    deliveries.append(delivery)
    consumers[subscription.client.number]?.deliveries[item.number] = delivery
    let event = Delivered(
      queue: item.queue.name, message: item.number, payload: item.payload, priority: item.priority.name,
      attempt: item.attempts)
    // The message cannot be too large, because the size of published messages is limited.
    try? subscription.client.notify("delivery", event)
  }

  // Records

  private func replay(_ record: Record) {
    if let name = record.create, byName[name] == nil { add(name) }
    if let number = record.publish, number > 0, let queue = byName[record.queue ?? ""], items[number] == nil {
      let priority = Priority(rawValue: record.priority ?? 1) ?? .normal
      let expires = record.expires.flatMap { $0 > 0 ? $0 : nil }
      add(Item(number, record.payload ?? .null, priority, expires: expires, in: queue))
    }
    lastNumber = max(lastNumber, record.publish ?? 0, record.last ?? 0)
    if let item = record.remove.flatMap({ items[$0] }) { drop(item) }
    if let item = record.dead.flatMap({ items[$0] }), let dead = item.queue.dead { move(item, to: dead) }
  }

  /// Records that reproduce the complete state.
  private var records: [Record] {
    let created = names.filter { byName[$0]?.dead != nil }.map { Record(create: $0) }
    let published = items.values.sorted { $0.number < $1.number }.map { Record(publishing: $0) }
    // The last number is stored because a message's number is not reused, even after the message was removed.
    return created + published + [Record(last: lastNumber)]
  }
}
