import Foundation

@testable import Interop

/// The files that people write. Whatever they hold, each loads, or is refused with the place of what is wrong.
extension FuzzTarget {
  static let scenarios = FuzzTarget(name: "scenarios") { input in
    do {
      let (scenarios, _) = try ScenarioLoader.load(
        [ScenarioLoader.Source(file: "test.yaml", bytes: Data(input))], vocabulary: vocabulary)
      try demand(!scenarios.isEmpty, "no scenario, and no mistake either")
      for scenario in scenarios {
        try demand(scenario.id.hasPrefix("test/"), "the id '\(scenario.id)'")
        try demand(!scenario.steps.isEmpty, "'\(scenario.id)' has no step")
      }
    } catch let error as LoadErrors {
      try check(error, lines: input)
    }
  }

  static let operations = FuzzTarget(name: "operations") { input in
    do {
      _ = try ScenarioLoader.load([], vocabulary: ScenarioLoader.Source(file: "operations.yaml", bytes: Data(input)))
    } catch let error as LoadErrors {
      try check(error, lines: input)
    }
  }

  static let transcripts = FuzzTarget(name: "transcripts") { input in
    let source = ScenarioLoader.Source(file: "test.txt", bytes: Data(input))
    do {
      let (scenarios, _) = try ScenarioLoader.load([], transcripts: [source], vocabulary: vocabulary)
      for case .transcript(_, let asked, let answered) in scenarios.flatMap(\.steps).map(\.action) {
        _ = Matching.isAsRecorded(asked, answered)
        let isItself = Matching.isAsRecorded(answered, answered)
        try demand(isItself || answered.contains("*"), "'\(answered)' is not as it was recorded")
      }
    } catch let error as LoadErrors {
      try check(error, lines: input)
    }
  }

  static let pitfalls = FuzzTarget(name: "pitfalls") { input in
    do {
      _ = try PitfallLoader.load(file: "pitfalls.yaml", bytes: Data(input), known: ["pipe/eof", "pipe/short-read"])
    } catch let error as LoadErrors {
      try check(error, lines: input)
    }
  }

  static let mutants = FuzzTarget(name: "mutants") { input in
    let source = ScenarioLoader.Source(file: "mutants.yaml", bytes: Data(input))
    do {
      _ = try MutantLoader.load(source, scenarios: [], languages: ["c", "swift"])
    } catch let error as LoadErrors {
      try check(error, lines: input)
    }
  }

  static let peers = FuzzTarget(name: "peers") { input in
    do throws(PeerListError) {
      for peer in try PeerList.parse(Data(input), file: "peers.yaml", root: "/root") {
        for command in [peer.peer, peer.examples].compactMap(\.self) {
          try? demand(command.first?.hasPrefix("/") == true, "\(command)")
        }
      }
    } catch {
      try demand(error.description.hasPrefix("peers.yaml:"), "no place: \(error)")
    }
  }

  static let expectations = FuzzTarget(name: "expectations") { input in
    do throws(ExpectationsError) {
      let list = try Expectations.parse(Data(input), file: "expectations.yaml")
      _ = list.judge("pipe/eof[c>swift]", .failed, reason: "EPIPE")
      _ = list.complaints(cells: ["pipe/eof[c>swift]"], today: "2027-01-01")
    } catch {
      try demand(error.description.hasPrefix("expectations.yaml:"), "no place: \(error)")
    }
  }

  /// A few operations: of all of them a fuzzer would learn the names and nothing else.
  private static let vocabulary = ScenarioLoader.Source(
    file: "operations.yaml",
    bytes: Data(
      """
      pid: {}
      pipe2: {takes: [reader, writer, flags], opens: [reader, writer]}
      read: {takes: [handle, count, pattern], sleeps: [read]}
      write: {takes: [handle, buf, count, pattern], sleeps: [write]}
      close: {takes: [handle], closes: handle}
      """.utf8))

  /// A mistake is told with a line that the file has.
  private static func check(_ error: LoadErrors, lines input: [UInt8]) throws {
    try demand(!error.mistakes.isEmpty, "refused without a mistake")
    // A line end of YAML may have up to three bytes, and none of them need be a newline.
    for mistake in error.mistakes where mistake.location.file != "operations.yaml" || !input.isEmpty {
      let (line, column) = (mistake.location.line, mistake.location.column)
      try demand(line >= 1 && line <= input.count + 2 && column >= 0, "a mistake at \(line):\(column)")
      try demand(!mistake.message.isEmpty, "a mistake without a word")
    }
  }
}
