import Foundation
import PeerProtocol

@testable import Harness

/// Targets for the fixture files. A file with any content must either be loaded or be rejected with the location of the
/// error.
extension FuzzTarget {
  static let scenarios = FuzzTarget(name: "scenarios") { input in
    do {
      let (scenarios, _) = try DiagnosticLog.collect {
        ScenarioLoader.load([FixtureFile(file: "test.yaml", bytes: Data(input))], operations: operationsFile, log: $0)
      }
      try demand(!scenarios.isEmpty, "neither a scenario nor an error")
      for scenario in scenarios {
        try demand(scenario.id.hasPrefix("test/"), "the id '\(scenario.id)'")
        try demand(!scenario.steps.isEmpty, "'\(scenario.id)' has no step")
      }
    } catch let error as FixtureErrors {
      try check(error, lines: input)
    }
  }

  static let operations = FuzzTarget(name: "operations") { input in
    do {
      _ = try DiagnosticLog.collect {
        ScenarioLoader.load([], operations: FixtureFile(file: "operations.yaml", bytes: Data(input)), log: $0)
      }
    } catch let error as FixtureErrors {
      try check(error, lines: input)
    }
  }

  static let transcripts = FuzzTarget(name: "transcripts") { input in
    let source = FixtureFile(file: "test.txt", bytes: Data(input))
    do {
      let (scenarios, _) = try DiagnosticLog.collect {
        ScenarioLoader.load([], transcripts: [source], operations: operationsFile, log: $0)
      }
      for case .transcript(_, _, let recorded) in scenarios.flatMap(\.steps).map(\.action) {
        guard let response = try? Response(parsing: recorded), response.description == recorded else { continue }
        let isItself = ResponseCheck.matches(response, recorded: recorded)
        try demand(isItself || recorded.contains("*"), "'\(recorded)' does not match itself")
      }
    } catch let error as FixtureErrors {
      try check(error, lines: input)
    }
  }

  static let pitfalls = FuzzTarget(name: "pitfalls") { input in
    do {
      _ = try DiagnosticLog.collect {
        PitfallGroup.parse(
          FixtureFile(file: "pitfalls.yaml", bytes: Data(input)), known: ["pipe/eof", "pipe/short-read"], log: $0)
      }
    } catch let error as FixtureErrors {
      try check(error, lines: input)
    }
  }

  static let mutants = FuzzTarget(name: "mutants") { input in
    let source = FixtureFile(file: "mutants.yaml", bytes: Data(input))
    do {
      _ = try DiagnosticLog.collect {
        MutantLoader.parse(source, scenarios: [], languages: ["c", "swift"], log: $0)
      }
    } catch let error as FixtureErrors {
      try check(error, lines: input)
    }
  }

  static let peers = FuzzTarget(name: "peers") { input in
    do throws(FixtureErrors) {
      let source = FixtureFile(file: "peers.yaml", bytes: Data(input))
      for entry in try DiagnosticLog.collect({ PeerList.parse(source, Installation(root: "/root"), log: $0) }) {
        for command in [entry.peer.peer, entry.peer.programs].compactMap(\.self) {
          try? demand(command.first?.hasPrefix("/") == true, "\(command)")
        }
      }
    } catch {
      try demand(error.description.hasPrefix("peers.yaml:"), "no location: \(error)")
    }
  }

  static let expectations = FuzzTarget(name: "expectations") { input in
    do throws(FixtureErrors) {
      let source = FixtureFile(file: "expectations.yaml", bytes: Data(input))
      let list = try DiagnosticLog.collect { Expectations.parse(source, log: $0) }
      _ = list.assess("pipe/eof[c>swift]", CellOutcome(verdict: .failed, reason: "EPIPE", evidence: nil))
      _ = list.problems(cells: ["pipe/eof[c>swift]"], today: "2027-01-01")
    } catch {
      try demand(error.description.hasPrefix("expectations.yaml:"), "no location: \(error)")
    }
  }

  /// A short list of operations.
  ///
  /// With a long list, a fuzzer would spend its time on operation names.
  private static let operationsFile = FixtureFile(
    file: "operations.yaml",
    bytes: Data(
      """
      pid: {}
      pipe2: {takes: [reader, writer, flags], opens: [reader, writer]}
      read: {takes: [handle, count, pattern], sleeps: [read]}
      write: {takes: [handle, buf, count, pattern], sleeps: [write]}
      close: {takes: [handle], closes: handle}
      """.utf8))

  /// Checks that each error has a line number in the file.
  private static func check(_ error: FixtureErrors, lines input: [UInt8]) throws {
    try demand(!error.diagnostics.isEmpty, "rejected without an error")
    // YAML has line breaks other than newlines, so the number of lines is limited only by the number of bytes.
    for mistake in error.diagnostics where mistake.location.file != "operations.yaml" || !input.isEmpty {
      let (line, column) = (mistake.location.line, mistake.location.column)
      try demand(line >= 1 && line <= input.count + 2 && column >= 0, "an error at \(line):\(column)")
      try demand(!mistake.message.isEmpty, "an empty error message")
    }
  }
}
