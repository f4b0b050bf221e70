import PeerProtocol

/// Two peers in a sandbox that have opened their objects and exchange messages on request.
final class BenchmarkSession {
  private let definition: BenchmarkDefinition
  private let cell: CellRun
  private let registry: OperationRegistry

  /// The messages to send: their pace, length and number.
  struct Load {
    let mode: BenchmarkMode
    let size: Int
    var count: Int
    var warmup: Int
    /// The nanoseconds between two messages in paced mode.
    var interval = 0
  }

  /// The measurements of one load.
  struct Measurement {
    /// The number of messages or round trips after the warm-up.
    private(set) var count: Int
    /// The total time for these messages or round trips, in nanoseconds.
    private(set) var elapsed: Double
    /// The times of round trips; empty in flood mode.
    private(set) var latency: LatencyHistogram
    /// The times of round trips, measured from the actual send; empty unless the mode is paced.
    private(set) var service: LatencyHistogram

    /// The nanoseconds per message.
    var mean: Double { elapsed / Double(max(count, 1)) }

    mutating func add(_ other: Measurement) {
      count += other.count
      elapsed += other.elapsed
      latency.add(other.latency)
      service.add(other.service)
    }
  }

  /// Starts the peers, each on its own processor, and opens the objects.
  init(
    _ definition: BenchmarkDefinition, pairing: Pairing, peers: PeerList, processors: [Int], context: CellContext
  ) throws(CellOutcome) {
    self.definition = definition
    registry = context.registry
    var languages: [String: PeerDescription] = [:]
    for (role, language) in zip(definition.setUp.roles, pairing.languages) { languages[role.name] = peers[language] }
    cell = try CellRun(definition.setUp, languages: languages, names: CellNames(), context: context)
    for (role, processor) in zip(cell.client.roles, processors) { role.processor = processor }
    for step in definition.setUp.steps {
      do throws(CellOutcome) { try cell.interpreter.perform(step) } catch { throw cell.explained(error, at: step) }
    }
  }

  /// Sends messages, and returns the measurements that the peers report.
  func measure(_ load: Load) throws(CellOutcome) -> Measurement {
    let isFlood = load.mode == .flood
    let (active, passive) = (definition.active, definition.passive)
    // In flood mode, only the receiver knows when the last message has arrived, so the receiver measures the time.
    var first = load
    if isFlood { first.count += load.warmup }
    var second = load
    if !isFlood { second.count += load.warmup }
    try send(passive, isFlood ? "bench_receive" : "bench_pong", second)
    try send(active, isFlood ? "bench_send" : "bench_ping", first)
    let sent = try response(active)
    let received = try response(passive)
    let result = isFlood ? received : sent
    let wrong = result["wrong"] ?? ""
    guard wrong == "0" else {
      throw CellOutcome(.failed, "\(definition.id): \(wrong) of \(load.count) messages arrived changed")
    }
    return Measurement(
      count: load.count, elapsed: try number("elapsed", result), latency: try histogram("latency", result),
      service: try histogram("service", result))
  }

  /// Removes the objects, stops the peers, and checks that nothing is left behind.
  func finish() throws(CellOutcome) {
    for step in definition.tearDown { try cell.interpreter.perform(step) }
    try cell.finish()
  }

  private func send(
    _ measured: BenchmarkDefinition.Measured, _ operation: String, _ load: Load
  ) throws(CellOutcome) {
    let role = try cell.interpreter.started(measured.role)
    let takes = registry[operation]?.takes ?? []
    var fields = Fields()
    for entry in try cell.interpreter.filled(measured.request).fields.entries where takes.contains(entry.key) {
      fields.append(entry.key, bytes: entry.value)
    }
    fields.append("size", load.size)
    fields.append("count", load.count)
    if takes.contains("warmup"), load.warmup > 0 { fields.append("warmup", load.warmup) }
    if takes.contains("interval"), load.interval > 0 { fields.append("interval", load.interval) }
    try cell.client.send(Request(operation, fields), to: role)
  }

  private func response(_ measured: BenchmarkDefinition.Measured) throws(CellOutcome) -> Fields {
    let role = try cell.client.role(measured.role)
    let exchange = try cell.client.response(of: role)
    guard case .ok(let fields) = exchange.response else {
      throw CellOutcome(
        .failed, "\(definition.id): \(role.description) responded '\(exchange.response)'",
        request: .request(exchange.request), response: .response(exchange.response))
    }
    return fields
  }

  private func number(_ key: String, _ fields: Fields) throws(CellOutcome) -> Double {
    guard let number = fields[key].flatMap({ UInt64($0) }) else {
      throw CellOutcome(.failed, "\(definition.id): the response has no number '\(key)'")
    }
    return Double(number)
  }

  private func histogram(_ key: String, _ fields: Fields) throws(CellOutcome) -> LatencyHistogram {
    do throws(ProtocolError) { return try LatencyHistogram(parsing: fields[key] ?? "") } catch {
      throw CellOutcome(.failed, "\(definition.id): \(key): \(error)")
    }
  }
}
