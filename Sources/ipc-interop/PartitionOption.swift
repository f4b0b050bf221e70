import ArgumentParser
import Harness

/// The value of `--partition`: a part, or `auto`.
enum PartitionOption: ExpressibleByArgument {
  case part(Partition)
  case automatic

  init?(argument: String) {
    if argument == "auto" {
      self = .automatic
    } else {
      guard let partition = Partition(argument) else { return nil }
      self = .part(partition)
    }
  }

  /// Returns the part to run; nil for the whole plan.
  func partition(_ environment: [String: String]) throws(RunError) -> Partition? {
    switch self {
    case .part(let partition): partition
    case .automatic: try Self.partition(environment)
    }
  }

  /// The variables in which CI services pass the part of a job, and the number of their first part.
  private static let services = [
    (number: "TEST_SHARD_INDEX", count: "TEST_TOTAL_SHARDS", first: 0),  // Bazel
    (number: "CI_NODE_INDEX", count: "CI_NODE_TOTAL", first: 1),  // GitLab
    (number: "BUILDKITE_PARALLEL_JOB", count: "BUILDKITE_PARALLEL_JOB_COUNT", first: 0),
    (number: "CIRCLE_NODE_INDEX", count: "CIRCLE_NODE_TOTAL", first: 0),
  ]

  private static func partition(_ environment: [String: String]) throws(RunError) -> Partition? {
    for service in services {
      // GitLab sets only the count if a job has one part.
      guard let count = environment[service.count], let number = environment[service.number] else { continue }
      guard let number = Int(number), let count = Int(count),
        let partition = Partition(number: number - service.first + 1, of: count)
      else {
        throw RunError(
          "\(service.number)=\(number) of \(service.count)=\(count) is not a part of a plan", status: .usage)
      }
      return partition
    }
    return nil
  }
}
