import PeerProtocol

/// The part of a plan that one of several machines runs: `slice:2/5` is every fifth group of cells, starting with the
/// second.
///
/// A control cell is always in the same part as the cells that depend on it. ``SavedRun/init(merging:)`` merges the
/// reports of all parts.
public struct Partition: Sendable, Hashable {
  /// The number of this part, from 1.
  public let number: Int
  /// The number of parts.
  public let count: Int

  /// The maximum number of parts.
  public static let maximumCount = 10_000

  /// Creates a part; nil unless `number` is from 1 to `count`.
  public init?(number: Int, of count: Int) {
    guard (1...Self.maximumCount).contains(count), (1...count).contains(number) else { return nil }
    self.number = number
    self.count = count
  }

  /// The beginning of a part's text.
  public static let prefix = "slice:"

  /// Parses `slice:NUMBER/COUNT`; nil if the text has a different format.
  public init?(_ text: String) {
    let numbers = text.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false).map {
      Int($0)
    }
    guard text.hasPrefix(Self.prefix), numbers.count == 2, let number = numbers[0], let count = numbers[1] else {
      return nil
    }
    self.init(number: number, of: count)
  }
}

/// The environment variables with which a CI service selects the part of the plan that a job runs.
public struct CIPartition: Sendable {
  let number: String
  let count: String
  /// The number that the service gives the first part: 0 or 1.
  let first: Int

  /// The variables in Bazel's test protocol.
  public static let bazel = CIPartition(number: "TEST_SHARD_INDEX", count: "TEST_TOTAL_SHARDS", first: 0)

  /// All known services.
  public static let all: [CIPartition] = [
    .bazel, CIPartition(number: "CI_NODE_INDEX", count: "CI_NODE_TOTAL", first: 1),  // GitLab
    CIPartition(number: "BUILDKITE_PARALLEL_JOB", count: "BUILDKITE_PARALLEL_JOB_COUNT", first: 0),
    CIPartition(number: "CIRCLE_NODE_INDEX", count: "CIRCLE_NODE_TOTAL", first: 0),
  ]
}

extension Partition {
  /// Reads the part from the variables of the first service that sets them; nil if no service sets its variables.
  ///
  /// - Throws: ``RunError`` if the variables do not specify a valid part.
  public init?(_ environment: [String: String], services: [CIPartition]) throws(RunError) {
    for service in services {
      // If a job has only one part, GitLab sets only the count.
      guard let number = environment[service.number], let count = environment[service.count] else { continue }
      guard let index = Int(number), let total = Int(count), index < .max,
        let partition = Partition(number: index - service.first + 1, of: total)
      else {
        throw RunError(
          "\(service.number)=\(number) with \(service.count)=\(count) is not a part of a plan", status: .usage)
      }
      self = partition
      return
    }
    return nil
  }
}

/// The part of a plan that was run, as stated in its report.
public struct PlanSlice: Sendable, Hashable, Codable {
  /// The number of the part, from 1.
  public let number: Int
  /// The number of parts.
  public let count: Int
  /// A digest of all cell ids in all parts, which distinguishes parts of different plans.
  public let plan: String
}

extension Plan {
  /// Returns one part of the plan, and its description for the report.
  func part(_ partition: Partition) -> (plan: Plan, slice: PlanSlice) {
    let names = Array(cells.map(\.id).joined(separator: "\n").utf8)
    let digest = unsafe Digest(of: names.span.bytes).description
    let groups = groups.enumerated().filter { $0.offset % partition.count == partition.number - 1 }.map(\.element)
    return (Plan(groups: groups), PlanSlice(number: partition.number, count: partition.count, plan: digest))
  }
}
