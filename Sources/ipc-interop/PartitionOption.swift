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

  static var defaultCompletionKind: CompletionKind { .list(["auto", Partition.prefix]) }

  /// Returns the part to run; nil for the whole plan.
  ///
  /// Bazel starts sharded tests without `--partition`, so its variables are always used.
  static func partition(_ option: Self?, _ environment: [String: String]) throws(RunError) -> Partition? {
    switch option {
    case .part(let partition): partition
    case .automatic: try Partition(environment, services: CIPartition.all)
    case nil: try Partition(environment, services: [.bazel])
    }
  }
}
