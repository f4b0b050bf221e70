/// A benchmark: how its objects are opened, and which messages it sends.
public struct BenchmarkDefinition: Sendable {
  /// The script that opens the objects, for one row of parameters.
  let setUp: Scenario
  /// The steps that remove the objects.
  let tearDown: [Step]
  /// The role that sends the first message and measures the time.
  let active: Measured
  /// The role that echoes the messages, or only receives them.
  let passive: Measured
  /// The lengths of the messages.
  let sizes: [Int]
  let modes: [BenchmarkMode]
  /// The performance that is commonly claimed: the latency for one byte in µs, and the throughput in GB/s.
  let claims: Claims
  /// Whether both processes spin, in which case each needs its own processor.
  let spins: Bool

  /// The name, such as `pipe/pipe`.
  public var id: String { setUp.id }
  /// The mechanism: the part of the id before the `/`.
  public var mechanism: String { setUp.mechanism }

  /// A role and its request, without the number of messages.
  struct Measured: Sendable {
    let role: String
    let request: RequestTemplate
  }

  struct Claims: Sendable {
    var oneByte: ClosedRange<Double>?
    var bulk: ClosedRange<Double>?
  }
}

/// How the messages are paced.
public enum BenchmarkMode: String, Sendable, CaseIterable, Codable {
  /// One message at a time, sent once the previous message has been echoed.
  case pingPong = "ping-pong"
  /// One message at a time, sent on a fixed schedule; latency is measured from the scheduled time.
  case paced
  /// As many messages as possible in one direction.
  case flood
}

/// The processors that the two processes run on.
public enum BenchmarkPlacement: String, Sendable, CaseIterable, Codable {
  case twoCores = "two cores"
  case oneCore = "one core"
}
