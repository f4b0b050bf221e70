import Synchronization
import SystemPackage
import Testing

@testable import Harness

/// Tests that inject faults into the system calls of the server in `Tests/Textbook/faults.c`.
@Suite("Faults in programs' system calls", .serialized)
struct ProgramInjectionTests {
  /// Returns the scenarios with requirements for the server.
  private static func scenarios(demands: String) throws -> String {
    try TextbookTests.scenarios().replacing("- id: faults", with: "- id: faults\n    faults: {server: [\(demands)]}")
  }

  /// Runs the server, with a defect, in the fault-injection cells whose names contain `filter`, and returns the
  /// results.
  private static func inject(
    _ defect: String, _ filter: String, scenarios: String? = nil
  ) async throws -> [CellResult] {
    try await onThread {
      try TextbookTests.withProject(defect: defect, port: ["/bin/true"], scenarios: scenarios) { file in
        var configuration = file.configuration
        configuration.isolation = .required
        configuration.selection = Selection(filters: [filter], pairs: [["c"]])
        if defect == "hangs" { configuration.timeoutMultiplier = 0.1 }
        var runner = Runner(configuration, scenarios: file.scenarios, expectations: .none)
        runner.injection = .programs(try ProgramInjectionRunner(configuration, scenarios: file.scenarios))
        let results = Mutex<[CellResult]>([])
        _ = try runner.run { event in
          if case .cellEnded(let result) = event { results.withLock { $0.append(result) } }
        }
        return results.withLock { $0 }
      }
    }
  }

  @Test("pass if the server cleans up and continues after a signal") func correct() async throws {
    let results = try await Self.inject("none", "faults[c>c")
    #expect(results.count == 13)
    for result in results { #expect(result.verdict == .passed, "\(result.cell.id): \(result.outcome.reason ?? "")") }
    let ids = Set(results.map(\.cell.id))
    // The server creates two queues, so creating the second one can fail while the first exists.
    #expect(ids.contains("faults[c>c,server:mq_open.2,ENOSPC]"))
    // The client only opens the queues.
    #expect(!ids.contains { $0.contains("client:mq_open") && $0.contains("ENOSPC") })
    // Faults are injected only into the first two and the last of six receive calls. The client has no signal handler,
    // so no signal interrupts it.
    #expect(
      ids.filter { $0.contains("mq_timedreceive") }.map { $0.dropFirst(18) }.sorted() == [
        "mq_timedreceive.1,EINTR]", "mq_timedreceive.2,EINTR]", "mq_timedreceive.6,EINTR]",
      ])
  }

  @Test("are selected by a filter that names only a fault") func filterOfFault() async throws {
    let results = try await Self.inject("none", "mq_timedreceive.2,EINTR]")
    #expect(results.map(\.cell.id) == ["faults[c>c,server:mq_timedreceive.2,EINTR]"])
  }

  struct Defect: Sendable, CustomTestStringConvertible {
    let name: String
    let fault: String
    let verdict: Verdict
    let reason: String
    var testDescription: String { name }
  }

  static let defects = [
    Defect(
      name: "eintr", fault: "server:mq_timedreceive.2,EINTR", verdict: .crashed,
      reason: "server (c): mq_timedreceive number 2 failed with EINTR, which must not change the result: "),
    Defect(
      name: "leaks", fault: "server:mq_open.2,EMFILE", verdict: .leaked,
      reason: "server (c): mq_open number 2 failed with EMFILE, and it left behind: mq /orders"),
    Defect(
      name: "hangs", fault: "server:mq_open.1,ENOSPC", verdict: .timedOut,
      reason: "server (c): mq_open number 1 failed with ENOSPC; then server (c) did not end within "),
    Defect(
      name: "crashes", fault: "server:mq_open.1,EMFILE", verdict: .crashed,
      reason: "server (c): mq_open number 1 failed with EMFILE; then it was killed by SIGABRT"),
    Defect(
      name: "status", fault: "server:mq_open.1,EMFILE", verdict: .failed,
      reason: "server (c): mq_open number 1 failed with EMFILE, and its exit status is 0, although "),
    Defect(
      name: "silent", fault: "server:mq_open.1,EMFILE", verdict: .failed,
      reason: "server (c): mq_open number 1 failed with EMFILE, and it exits with 1 without a message"),
  ]

  @Test("reveal a defect that shows only after a failure", arguments: defects) func found(defect: Defect) async throws {
    let results = try await Self.inject(defect.name, "faults[c>c,\(defect.fault)]")
    #expect(results.map(\.verdict) == [defect.verdict])
    let outcome = try #require(results.first?.outcome)
    #expect(outcome.reason?.hasPrefix(defect.reason) == true, "\(outcome.reason ?? "")")
    guard case .line(let call)? = outcome.evidence?.request else { return #expect(Bool(false), "no call") }
    #expect(call.hasSuffix("(INJECTED)"))
  }

  @Test("check only the demands in the file", arguments: defects) func demands(defect: Defect) async throws {
    let demand: FaultDemand =
      switch defect.name {
      case "eintr": .restart
      case "leaks": .cleanup
      case "hangs": .ends
      case "crashes": .noCrash
      case "status": .status
      default: .message
      }
    let others = FaultDemand.allCases.filter { $0 != demand }.map(\.rawValue).joined(separator: ", ")
    let results = try await Self.inject(
      defect.name, "faults[c>c,\(defect.fault)]", scenarios: Self.scenarios(demands: others))
    #expect(results.map(\.verdict) == [.passed], "\(results.map(\.outcome.reason))")
  }

  @Test("are listed without running them, and summarized by call; a program that cannot get one is reported")
  func summary() async throws {
    try await onThread {
      try TextbookTests.withProject(port: ["/bin/true"]) { file in
        let project = FilePath(file.configuration.projects[0])
        func check(_ options: String...) throws -> (status: Int32, lines: [String]) {
          let run = try CommandRun(
            root: Checkout.root, command: ["check", "\(project)/interop.yaml", "--fault-injection", "--pairs", "c"],
            options)
          return (try run.end(), run.lines)
        }
        let cell = "faults[c>c,server:mq_open.2,ENOSPC]"
        let list = try check("--list", "--verbose", cell)
        #expect(list.status == 0 && list.lines.contains("    \(cell)"), "\(list.lines)")
        #expect(!list.lines.contains { $0.contains("recording") || $0.contains("EMFILE") })
        let run = try check(cell)
        #expect(run.status == 0, "\(run.lines)")
        let row = run.lines.first { $0.hasPrefix("server: mq_open") }
        #expect(row?.split(separator: " ") == ["server:", "mq_open", "1"], "\(run.lines)")
      }
    }
  }

  @Test("cannot be injected into a program without IPC calls, as the header states")
  func withoutCalls() async throws {
    try await onThread {
      let project = try TestProject()
      try project.write(
        """
        languages: {c: '/bin/{program}'}
        scenarios:
          - id: test
            title: A title.
            programs: {server: 'true'}
            steps: [start: server, wait: server -> exit 0]

        """, to: "interop.yaml")
      let run = try project.run(["check"], ["--fault-injection"])
      let text = run.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(text.contains("note: no call of server can fail in test[c,recording]"), "\(run.text)")
    }
  }

  @Test("are not injected into a role without demands") func excluded() async throws {
    let results = try await Self.inject("none", "faults[c>c", scenarios: Self.scenarios(demands: ""))
    #expect(results.count == 3)
    #expect(results.allSatisfy { !$0.cell.id.contains("server:") })
  }
}
