import Foundation

/// A run in the JSON report format, from which any other report can be generated.
public struct SavedRun: Sendable, Codable {
  /// The format version, incremented by every incompatible change.
  private static let currentFormat = 3

  private let format: Int
  /// The facts that were known before the first cell; nil if the run ended earlier.
  public let run: RunDescription?
  /// The results, in plan order.
  public let results: [CellResult]
  /// The run's overall result.
  public let summary: RunSummary

  init(run: RunDescription?, results: [CellResult], summary: RunSummary) {
    format = Self.currentFormat
    self.run = run
    self.results = results
    self.summary = summary
  }

  /// Reads a JSON report.
  ///
  /// - Throws: ``RunError`` if the file cannot be read or is not a report of this version.
  public init(contentsOf path: String) throws(RunError) {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path)) } catch {
      throw RunError("\(path) cannot be read: \(error.localizedDescription)", status: .usage)
    }
    do {
      let found = try JSONDecoder().decode(Version.self, from: data).format
      guard found == Self.currentFormat else {
        throw RunError(
          "\(path) has format \(found), but this version reads format \(Self.currentFormat); run the suite again",
          status: .usage)
      }
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch let error as RunError {
      throw error
    } catch {
      throw RunError(
        "\(path) is not a report of 'ipc-interop run --format json': \(Self.reason(error))", status: .usage)
    }
  }

  private struct Version: Decodable { let format: Int }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    func place(_ context: DecodingError.Context, _ last: [any CodingKey] = []) -> String {
      let path = (context.codingPath + last).map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
      return path.isEmpty ? "" : String(path.trimmingPrefix(".")) + ": "
    }
    return switch error {
    case .keyNotFound(let key, let context): "\(place(context, [key]))is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(place(context))\(context.debugDescription)"
    @unknown default: "\(error)"
    }
  }

  /// The events from which a report on the run is generated.
  public var events: [Event] {
    (run.map { [.runStarted($0)] } ?? []) + results.map(Event.cellEnded) + [.runEnded(summary)]
  }

  /// The ids of the cells that failed.
  public var failedCells: Set<String> { Set(results.filter(\.isFailure).map(\.cell.id)) }

  /// Returns the error for a rerun of the failed cells if no cell failed; nil if there are failed cells.
  ///
  /// The error has the run's exit status, because a run without failed cells can be red: it may have been interrupted or
  /// have run too few cells, for example.
  public func nothingToRerun(in file: String) -> RunError? {
    guard failedCells.isEmpty else { return nil }
    guard summary.exitStatus != .asExpected else {
      return RunError("no cell failed in \(file): nothing to run", status: .asExpected)
    }
    return RunError(
      "no cell failed in \(file), but that run ended with status \(summary.exitStatus.rawValue)"
        + (problem.map { " (\($0))" } ?? "") + "; run again without --rerun-failed",
      status: summary.exitStatus)
  }

  /// Returns a note for a rerun of the failed cells: a problem with the whole run, which the rerun does not repeat.
  public func rerunNotes(in file: String) -> [String] {
    problem.map { ["only the failed cells of \(file) run again, but that run also has a problem: \($0)"] } ?? []
  }

  private var problem: String? {
    summary.problems.first ?? (summary.interrupted ? "the run was interrupted" : nil)
  }
}

// MARK: - Merging

extension SavedRun {
  /// Merges the reports from all parts of a plan.
  ///
  /// - Throws: ``RunError`` if a part is missing, is given twice, or belongs to another plan or other peers.
  public init(merging parts: [(file: String, run: SavedRun)]) throws(RunError) {
    let slices = try Self.orderedSlices(parts)
    var results: [CellResult] = []
    // Each of n parts has every nth group of cells. Taking one group from each part in turn therefore restores the
    // order.
    var rest = slices.map { Self.groups(of: $0.results)[...] }
    while rest.contains(where: { !$0.isEmpty }) {
      for index in rest.indices { results += rest[index].popFirst() ?? [] }
    }
    let ended = Set(results.map(\.cell.id))
    let planned = results.map(\.cell.id) + slices.flatMap { $0.run?.plan.filter { !ended.contains($0) } ?? [] }
    let summaries = slices.map(\.summary)
    self.init(
      run: slices.first?.run.map { first in
        RunDescription(
          merging: slices.compactMap(\.run), first: first, scenarios: Set(results.map(\.cell.scenario)).count,
          plan: planned)
      },
      results: results,
      summary: RunSummary(
        results, planned: planned, problems: summaries.flatMap(\.problems).withoutDuplicates, rules: RunSummary.Rules(),
        seconds: summaries.map(\.seconds).max() ?? 0, interrupted: summaries.contains(where: \.interrupted)))
  }

  private static func orderedSlices(_ parts: [(file: String, run: SavedRun)]) throws(RunError) -> [SavedRun] {
    func refused(_ reason: String) -> RunError { RunError("the reports cannot be merged: \(reason)", status: .usage) }
    var found: [Int: (file: String, run: SavedRun)] = [:]
    guard let first = parts.first else { throw refused("there are none") }
    var implementations: [String: (version: String, file: String)] = [:]
    for part in parts {
      guard let slice = part.run.run?.partition else {
        throw refused("\(part.file) has no part of a plan; it was run without --partition")
      }
      guard Partition(number: slice.number, of: slice.count) != nil else {
        throw refused("\(part.file) has part \(slice.number) of \(slice.count), which cannot exist")
      }
      let reference = first.run.run
      guard slice.plan == reference?.partition?.plan, slice.count == reference?.partition?.count else {
        throw refused("\(part.file) and \(first.file) are parts of different plans")
      }
      for (peer, version) in (part.run.run?.implementations ?? [:]).sorted(by: { $0.key < $1.key }) {
        // The report of a part lists only the peers that its cells use.
        let other = implementations[peer] ?? (version, part.file)
        guard other.version == version else {
          throw refused("'\(peer)' is \(version) in \(part.file), but \(other.version) in \(other.file)")
        }
        implementations[peer] = other
      }
      if let other = found.updateValue(part, forKey: slice.number) {
        throw refused("\(other.file) and \(part.file) both have part \(slice.number)")
      }
    }
    let count = first.run.run?.partition?.count ?? 0
    let missing = (1...count).filter { found[$0] == nil }
    guard missing.isEmpty else {
      let numbers = missing.prefix(10).map(String.init).joined(separator: ", ")
      throw refused("\(missing.count) of \(count) parts are missing: \(numbers)")
    }
    return (1...count).compactMap { found[$0]?.run }
  }

  /// Groups the results by scenario and row of parameters.
  private static func groups(of results: [CellResult]) -> [[CellResult]] {
    var groups: [[CellResult]] = []
    for result in results {
      if let last = groups.last?.last?.cell, last.scenario == result.cell.scenario,
        last.parameters == result.cell.parameters
      {
        groups[groups.count - 1].append(result)
      } else {
        groups.append([result])
      }
    }
    return groups
  }
}

extension RunDescription {
  fileprivate init(merging parts: [RunDescription], first: RunDescription, scenarios: Int, plan: [String]) {
    self = first
    self.plan = plan
    cells = plan.count
    self.scenarios = scenarios
    kernel = parts.map(\.kernel).withoutDuplicates.joined(separator: ", ")
    isolation = parts.map(\.isolation).withoutDuplicates.joined(separator: ", ")
    implementations = parts.reduce(into: [:]) { $0.merge($1.implementations) { first, _ in first } }
    platforms = parts.compactMap(\.platforms).reduce(into: nil) {
      $0 = ($0 ?? [:]).merging($1) { first, _ in first }
    }
    // The report of a part lists no incompatibilities if all of its peers have the same ABI.
    incompatibilities = parts.lazy.compactMap(\.incompatibilities).first
    notes = parts.flatMap(\.notes).withoutDuplicates
    partition = nil
  }
}
