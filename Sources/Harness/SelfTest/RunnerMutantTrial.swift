import Foundation

/// A run of the tests for one runner mutant, or a control run of such tests with no mutant enabled.
///
/// Each test is a cell. If a mutant is enabled, the cell passes if the test detects the defect. In a control run, the
/// cell passes if the test detects no defect.
struct RunnerMutantTrial: Sendable {
  /// The runner's mutant build.
  let program: RunnerProgram
  /// The mutant; nil if no mutant is enabled, in which case every test must pass.
  let mutant: RunnerMutant?
  /// The peer mutants to run; one process tests them all.
  let mutants: [String]
  let isShared: Bool
  let checks: [RunnerCheck]

  /// Creates a run of all tests for a mutant.
  init(_ mutant: RunnerMutant, _ program: RunnerProgram) {
    self.program = program
    self.mutant = mutant
    mutants = mutant.mutants
    isShared = mutant.isShared
    checks = mutant.checks
  }

  static let mechanism = "runner"

  /// Returns the id of the scenario to which a mutant's tests belong.
  static func scenario(of mutant: String) -> String { "\(mechanism)/\(mutant)" }

  /// Returns the runs for `mutants`, preceded by control runs with no mutant enabled.
  ///
  /// - Throws: ``RunError`` if the mutant build is missing.
  static func all(
    _ mutants: [RunnerMutant], _ configuration: RunConfiguration, _ capabilities: SandboxCapabilities
  ) throws(RunError) -> [RunnerMutantTrial] {
    if mutants.isEmpty { return [] }
    let path = "\(configuration.root)/build/mutants/ipc-interop"
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw RunError("the runner with mutants does not exist: \(path); build it with 'make mutants'")
    }
    let program = RunnerProgram(
      path: path, root: configuration.root, options: ["--root", configuration.root, "--jobs", "2"],
      isolation: capabilities.isolation, timeout: .seconds(120 * max(1, configuration.timeoutMultiplier)),
      hangTimeout: .seconds(20 * max(1, configuration.timeoutMultiplier)),
      rerun: { name in configuration.rerun("self-test \(name ?? mutants[0].name)") })
    return controls(mutants, program) + mutants.map { RunnerMutantTrial($0, program) }
  }

  /// Returns control runs: the tests for `mutants`, performed by the mutant build with no mutant enabled.
  static func controls(_ mutants: [RunnerMutant], _ program: RunnerProgram) -> [RunnerMutantTrial] {
    let checks = Dictionary(mutants.flatMap(\.checks).map { ($0.name, $0) }) { first, _ in first }
    let together = [false, true].map { isShared in
      RunnerMutantTrial(
        program: program, mutants: Set(mutants.filter { $0.isShared == isShared }.flatMap(\.mutants)).sorted(),
        isShared: isShared, checks: [])
    }.filter { !$0.mutants.isEmpty }
    let alone = checks.values.sorted { $0.name < $1.name }.map {
      RunnerMutantTrial(program: program, mutants: [], isShared: false, checks: [$0])
    }
    return together + alone
  }

  private init(program: RunnerProgram, mutants: [String], isShared: Bool, checks: [RunnerCheck]) {
    self.program = program
    mutant = nil
    self.mutants = mutants
    self.isShared = isShared
    self.checks = checks
  }

  var cells: [Cell] { tests.map(\.cell) }

  func run(_ runner: CellRunner) {
    for test in tests { runner.emit(.cellStarted(test.cell)) }
    let report = mutants.isEmpty ? nil : program.report(on: mutants, mutant: mutant, isShared: isShared)
    for test in tests {
      let outcome =
        switch test.kind {
        case .mutants(let names): outcome(names, report)
        case .check(let check): outcome(check)
        }
      runner.emit(
        .cellEnded(
          CellResult(
            cell: test.cell, outcome: outcome, isExpected: outcome.verdict == .passed || outcome.verdict == .notRun,
            expectation: nil, isolation: program.isolation, rerun: program.rerun(mutant?.name))))
    }
  }

  private enum Kind {
    case mutants([String])
    case check(RunnerCheck)
  }

  private var tests: [(cell: Cell, kind: Kind)] {
    let byMutants = mutant == nil ? (mutants.isEmpty ? [] : [mutants]) : mutants.map { [$0] }
    return byMutants.map { names in
      (cell(names.count == 1 ? names[0] : "mutants of peers, \(isShared ? "shared" : "private")"), .mutants(names))
    } + checks.map { (cell("check \($0.name)"), .check($0)) }
  }

  private func cell(_ test: String) -> Cell {
    let name = mutant?.name ?? "without-mutant"
    return Cell(
      id: "\(Self.scenario(of: name))[\(test)]", scenario: Self.scenario(of: name), mechanism: Self.mechanism,
      title: mutant?.wrong ?? "The second build of the runner works.", spec: "", level: .must, pairing: [],
      parameters: [:], location: mutant?.location ?? SourceLocation(file: RunnerMutantLoader.file, line: 1, column: 1))
  }

  private func outcome(_ check: RunnerCheck) -> CellOutcome {
    do throws(RunError) {
      let problem = check.problem(
        try program.run(check.command, mutants: check.with + (mutant.map { [$0.name] } ?? [])))
      switch (mutant, problem) {
      case (nil, let problem?): return CellOutcome(.failed, problem)
      case (.some, nil): return CellOutcome(.failed, "the check does not notice the defect")
      default: return .passed
      }
    } catch {
      return CellOutcome(.broken, error.description)
    }
  }

  private func outcome(_ names: [String], _ report: Result<RunnerProgram.Report, RunError>?) -> CellOutcome {
    switch report {
    case .success(let report):
      let cells = report.results.filter { names.contains(where: $0.isPlayed) }
      if !cells.isEmpty, cells.allSatisfy({ $0.outcome.verdict == .notRun }) {
        return CellOutcome(.notRun, cells[0].outcome.reason ?? "")
      }
      guard let mutant else {
        let wrong = report.results.first { !$0.isExpected }
        return wrong.map { CellOutcome(.failed, "\($0.cell.id): \($0.outcome.reason ?? "the mutant survives")") }
          ?? .passed
      }
      // A runner that rejects every response does not count as a detection, because its control cells also fail.
      if let control = report.results.first(where: { $0.isControl && !$0.isExpected }), mutant.verdict == .passed {
        return CellOutcome(
          .failed, "a build without a mutant fails \(control.cell.id): \(control.outcome.reason ?? "")")
      }
      if cells.contains(where: { !$0.isExpected && $0.outcome.verdict == mutant.verdict }) { return .passed }
      return CellOutcome(.failed, "the runner with the defect still catches \(names.joined(separator: ", "))")
    case .failure(let error) where error.status == .interrupted && mutant?.verdict == .timedOut: return .passed
    case .failure(let error): return CellOutcome(.broken, error.description)
    case nil: return CellOutcome(.broken, "no report was requested")
    }
  }
}

/// The runner's mutant build, as a program.
struct RunnerProgram: Sendable {
  let path: String
  let root: String
  /// The options passed to every command.
  let options: [String]
  let isolation: Isolation
  /// The time limit for a command.
  ///
  /// ``hangTimeout`` is the limit for a command that is expected to hang.
  let timeout: Duration
  let hangTimeout: Duration
  /// Returns the command that reruns a mutant's tests.
  let rerun: @Sendable (String?) -> String

  /// Runs a command with runner mutants enabled.
  func run(_ command: [String], mutants: [String], timeout: Duration? = nil) throws(RunError) -> ProgramRun {
    try ProgramRun(
      [path] + command + options, in: root, environment: [RunnerMutant.variable: mutants.joined(separator: ",")],
      timeout: timeout ?? self.timeout)
  }

  /// Runs a self-test with the named peer mutants, and returns the results.
  ///
  /// If the process exceeds its time limit, the error has the status ``ExitStatus/interrupted``.
  func report(on names: [String], mutant: RunnerMutant?, isShared: Bool) -> Result<Report, RunError> {
    do throws(RunError) {
      let command = ["self-test"] + names + ["--format", "json", "--isolation", isShared ? "none" : "auto"]
      let result = try run(
        command, mutants: mutant.map { [$0.name] } ?? [],
        timeout: mutant?.verdict == .timedOut ? hangTimeout : nil)
      if result.status == nil { throw RunError("the self-test did not end", status: .interrupted) }
      guard let report = try? JSONDecoder().decode(Report.self, from: Data(result.output.utf8)) else {
        throw RunError("the self-test ended with status \(result.status ?? -1): \(result.output.prefix(500))")
      }
      return .success(report)
    } catch {
      return .failure(error)
    }
  }

  /// The parts of the JSON report that the tests need.
  struct Report: Decodable {
    let results: [Entry]

    struct Entry: Decodable {
      let cell: PlayedCell
      let outcome: Outcome
      let isExpected: Bool

      /// Returns whether a mutant plays a role in the cell.
      func isPlayed(by name: String) -> Bool { cell.pairing.contains { $0.language == name } }
      var isControl: Bool { cell.pairing.contains { $0.language.hasSuffix("-without-mutant") } }
    }

    struct PlayedCell: Decodable {
      let id: String
      let pairing: [Assignment]
    }

    struct Assignment: Decodable { let language: String }

    struct Outcome: Decodable {
      let verdict: Verdict
      let reason: String?
    }
  }
}
