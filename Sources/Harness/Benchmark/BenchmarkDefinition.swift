/// A benchmark: how its objects are opened, and which messages are sent.
public struct BenchmarkDefinition: Sendable {
  /// The script that opens the objects, for one row of parameters.
  let setUp: Scenario
  /// The steps that remove the objects.
  let tearDown: [Step]
  /// The role that sends first and takes the measurements.
  let active: Measured
  /// The role that sends back or receives.
  let passive: Measured
  /// The lengths of the messages.
  let sizes: [Int]
  let modes: [BenchmarkMode]
  /// The common claims for one byte in µs, and for many bytes in GB/s.
  let claims: Claims
  /// Whether both processes spin, so that each needs a processor.
  let spins: Bool

  /// The name, such as `pipe/pipe`.
  public var id: String { setUp.id }
  /// The mechanism: the part of the id before the `/`.
  public var mechanism: String { setUp.mechanism }

  /// A role, and its request without the number of messages.
  struct Measured: Sendable {
    let role: String
    let request: RequestTemplate
  }

  struct Claims: Sendable {
    var oneByte: ClosedRange<Double>?
    var bulk: ClosedRange<Double>?
  }
}

/// How messages follow each other.
public enum BenchmarkMode: String, Sendable, CaseIterable, Codable {
  /// One message at a time, sent when the previous one came back.
  case pingPong = "ping-pong"
  /// One message at a time, sent at fixed times; the latency counts from these times.
  case paced
  /// As many messages as possible in one direction.
  case flood
}

/// The processors on which the two processes run.
public enum BenchmarkPlacement: String, Sendable, CaseIterable, Codable {
  case twoCores = "two cores"
  case oneCore = "one core"
}
