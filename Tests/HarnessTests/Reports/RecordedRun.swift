import PeerProtocol

@testable import Harness

/// Fixed sequences of events, in the form in which the runner would report them.
enum RecordedRun: String, CaseIterable {
  /// Cells with every verdict, expected and unexpected, which do not end in the planned order.
  case full
  /// A run in which no cell is selected.
  case empty
  /// A run that ends before all cells have run.
  case interrupted
  /// A run with a peer whose output could break the format of the reports.
  case hostile

  var events: [Event] {
    switch self {
    case .full:
      Self.run(
        Self.allVerdicts, problems: ["fixtures/expectations.yaml:12:3: no cell matches `sysv-shm/gone`"],
        notes: ["the swift peer announces what fixtures/operations.yaml does not have: mq_peek"],
        capabilities: CapabilitySummary(
          language: "swift",
          mechanisms: [
            .init(mechanism: "pipe", present: ["pipe2", "read"], missing: []),
            .init(mechanism: "sysv-shm", present: ["shmget"], missing: ["shmat", "shmdt"]),
            .init(mechanism: "ring", present: [], missing: ["ring_make"]),
          ], without: ["shmctl:cmd:IPC_SET"]),
        platforms: ["c": "glibc x86-64", "swift": "musl x86-64"],
        incompatibilities: [
          .init(
            id: "musl-unlink", works: .withCare, why: "kernel bug 4711, review by 2027-01-01", advice: "Keep the name."),
          .init(id: "packets", works: .never, why: "the library has no packets yet", advice: "Use a socket."),
          .init(id: "not-met", works: .never, why: "no cell met this", advice: "Do nothing."),
        ])
    case .empty: Self.run([], exitStatus: .nothingSelected)
    case .interrupted: Self.cutShort
    case .hostile:
      Self.run(
        [Self.treacherous], notes: [Self.treacherous.outcome.reason ?? ""],
        implementations: ["c": Self.commands, "swift": Self.treacherous.outcome.reason ?? ""])
    }
  }

  /// Returns the events of a run in which `count` cells fail for the same reason.
  static func failures(_ count: Int, evidence: Evidence? = nil) -> [Event] {
    run(
      (1...count).map {
        result("pipe/case-\($0)", $0, ["c", "swift"], .failed, reason: "errno is EINVAL", evidence: evidence)
      })
  }

  private static let allVerdicts: [CellResult] = [
    result("pipe/delivery", 1, ["c", "c"], .passed, seconds: 0.0124),
    result("pipe/delivery", 2, ["c", "swift"], .passed, seconds: 0.0131),
    result(
      "pipe/delivery", 3, ["swift", "c"], .passed, isExpected: false, expectation: "pipe.yaml expects failed: #12"),
    result(
      "pipe/packets", 4, ["c"], .failed, reason: "the peer has no O_DIRECT", isExpected: true,
      expectation: "the library has no packets yet"),
    result("pipe/records", 5, ["c", "swift", "swift", "c"], .broken, reason: "no tearing seen with 65536 bytes"),
    failed,
    result("posix-mq/late", 7, ["swift", "swift"], .timedOut, reason: "no answer to mq_receive in 2 s", seconds: 2.1),
    result("posix-mq/notify", 8, ["swift", "c"], .crashed, reason: "receiver (c) killed SIGSEGV"),
    result(
      "posix-mq/unlink", 9, ["c", "swift"], .failed, reason: "errno is EINVAL", isExpected: true,
      expectation: "kernel bug 4711, review by 2027-01-01"),
    leaked,
    missing,
    result(
      "sysv-shm/other-user", 12, ["c", "swift"], .notRun, reason: "needs another-user: the harness is not root",
      isExpected: true, seconds: 0),
  ]

  private static func request(_ line: String) -> Message { (try? .request(Request(parsing: line))) ?? .line(line) }
  private static func response(_ line: String) -> Message { (try? .response(Response(parsing: line))) ?? .line(line) }

  /// Returns the messages with times 0.1 ms apart.
  private static func timed(from start: Double, _ messages: [Message]) -> [TimedMessage] {
    messages.enumerated().map { TimedMessage($1, seconds: start + 0.0001 * Double($0)) }
  }

  private static let elsewhere = SourceLocation(file: "fixtures/vectors/pipes.txt", line: 9, column: 1)

  private static let failed = result(
    "posix-mq/priority-order", 6, ["c", "swift"], .failed, reason: "msg=first, expected msg=urgent",
    evidence: {
      var evidence = Evidence(
        expected: "ok msg=urgent msg_prio=9", request: request("mq_receive handle=default"),
        response: response("ok return=5 msg=first msg_prio=1"))
      evidence.step = "receiver: mq_receive -> msg=urgent msg_prio=9"
      evidence.location = SourceLocation(file: "fixtures/scenarios/posix-mq.yaml", line: 14, column: 7)
      evidence.mismatches = [
        FieldMismatch(field: "msg", relation: "=", expected: "urgent", actual: "first", isPayload: true)
      ]
      evidence.firstDifference = 0
      evidence.differences = [
        .transcript(
          TranscriptDifference(
            mechanism: "pipe", reason: "role-1 (c): the response to 'close' differs from the golden transcript",
            step: Step(action: .endInput(role: "role-1"), text: "> close", location: elsewhere), location: elsewhere,
            expected: "ok", request: request("close"), response: response("error errno=EBADF")))
      ]
      evidence.transcripts = [
        .init(
          role: "sender", language: "c",
          messages: timed(
            from: 0,
            (1...30).flatMap { [request("mq_send msg=number-\($0) msg_prio=1"), response("ok")] } + [
              request(
                "mq_open handle=default name=/ipc-interop-4242-0006-mq oflag=O_CREAT|O_EXCL|O_WRONLY mode=600 "
                  + "mq_maxmsg=8 mq_msgsize=64")
            ]),
          standardError: [], state: "asleep in mq_timedsend\n[<0>] wq_sleep+0x1\n[<0>] do_mq_timedsend+0x2\n"),
        .init(
          role: "receiver", language: "swift",
          messages: timed(
            from: 0.002, [request("mq_receive handle=default"), response("ok return=5 msg=first msg_prio=1")]),
          standardError: ["swift-peer: a warning", "swift-peer: and another"], state: nil),
      ]
      return evidence
    }())

  private static let missing: CellResult = {
    let cell = result("sysv-shm/owner", 11, ["swift", "swift"], .notRun)
    return CellResult(
      cell: cell.cell, outcome: CellOutcome(missing: MissingCapability(language: "swift", name: "shmctl cmd=IPC_SET")),
      isExpected: true, expectation: nil, isolation: .private, rerun: cell.rerun)
  }()

  private static let leaked = result(
    "sysv-sem/undo", 10, ["c", "swift"], .leaked, reason: "2 objects were left behind",
    evidence: {
      var evidence = Evidence()
      evidence.add(
        leftBehind: [
          KernelObject(kind: .semaphores, key: 0x162e, id: 3, attributes: "mode=600 nsems=1"),
          KernelObject(kind: .file, name: "scratch/lock", attributes: "mode=644", owner: "sender"),
        ])
      return evidence
    }())

  /// CI service commands.
  ///
  /// GitHub and Gitea execute them at the start of a line or after spaces, and Azure executes them anywhere in a line.
  static let commands =
    "::error::e ##[error]e ##vso[task.complete]e ##teamcity[buildProblem] , ::stop-commands::x\u{A0}::add-mask::e"

  private static let treacherous: CellResult = {
    let text =
      commands
      + "\u{1B}[2J\u{9B}31m ]]> </pre></details> <script> & \" ' \\ ``` | # TODO \u{0}\u{7}\u{7F}\u{202E}\u{FFFF}\u{FEFF}"
    let lines =
      "\(text)\r\n\(commands)\n}, {\"verdict\": \"passed\"}\n<testcase name=\"forged\"/>\nok 7 - forged\nBail out!\n...\n99 passed, 0 failed\n"
    var evidence = Evidence(
      expected: text, request: .rawRequest(text), response: .line(lines + String(repeating: "x", count: 1500)))
    evidence.step = text
    evidence.transcripts = [
      .init(role: text, language: text, messages: timed(from: 0, [.line(lines)]), standardError: [lines], state: text)
    ]
    evidence.add(leftBehind: [KernelObject(kind: .file, name: text)])
    return result("pipe/hostile", 1, ["swift", "c"], .failed, reason: lines, evidence: evidence)
  }()

  private static let cutShort: [Event] = run(
    [
      result("pipe/delivery", 1, ["c", "c"], .passed, seconds: 0.0124),
      result("pipe/delivery", 2, ["c", "swift"], .notRun, reason: "the run ended before its turn", seconds: 0),
    ], planned: 3, problems: ["1 of 3 planned cells were not run"], exitStatus: .interrupted, interrupted: true)

  /// Returns the events of a run whose cells end in pairs.
  ///
  /// In each pair, the second cell ends first, as can happen with two jobs.
  private static func run(
    _ results: [CellResult], planned: Int? = nil, problems: [String] = [], exitStatus: ExitStatus = .failures,
    interrupted: Bool = false, notes: [String] = [],
    implementations: [String: String] = ["c": "gcc-12.2.0", "swift": "swift-6.3"],
    capabilities: CapabilitySummary? = nil, platforms: [String: String]? = nil,
    incompatibilities: [Incompatibility.Summary]? = nil
  ) -> [Event] {
    let planned = planned ?? results.count
    var description = RunDescription(
      cells: results.map(\.cell)
        + (results.first.map { Array(repeating: $0.cell, count: planned - results.count) } ?? []),
      jobs: 2, seed: 18_446_744_073_709_551_615, isolation: "private",
      implementations: implementations, kernel: "Linux 6.18.5",
      plan: results.map(\.cell.id), notes: notes,
      capabilities: capabilities)
    description.platforms = platforms
    description.incompatibilities = incompatibilities
    var events: [Event] = [.runStarted(description)]
    for start in stride(from: 0, to: results.count, by: 2) {
      let pair = results[start..<min(start + 2, results.count)]
      events += pair.filter { $0.verdict != .notRun }.map { .cellStarted($0.cell) }
      events.append(.timePassed(seconds: Double(start)))
      events += pair.reversed().map { .cellEnded($0) }
    }
    events.append(
      .runEnded(
        RunSummary(
          planned: planned, counts: Dictionary(grouping: results, by: \.verdict).mapValues(\.count),
          unexpected: results.count { !$0.isExpected }, problems: problems, seconds: 75.2, exitStatus: exitStatus,
          interrupted: interrupted)))
    return events
  }

  private static func result(
    _ scenario: String, _ line: Int, _ languages: [String], _ verdict: Verdict, reason: String? = nil,
    isExpected: Bool? = nil, expectation: String? = nil, seconds: Double = 0.02, evidence: Evidence? = nil
  ) -> CellResult {
    let mechanism = String(scenario.prefix { $0 != "/" })
    let id = "\(scenario)[\(languages.joined(separator: ">"))]"
    return CellResult(
      cell: Cell(
        id: id, scenario: scenario, mechanism: mechanism, title: "What \(scenario) is about.",
        spec: "POSIX.1-2024 \(mechanism)", level: .must,
        pairing: languages.enumerated().map { .init(role: "role-\($0 + 1)", language: $1) }, parameters: [:],
        location: SourceLocation(file: "fixtures/scenarios/\(mechanism).yaml", line: line, column: 3)),
      outcome: CellOutcome(verdict: verdict, reason: reason, evidence: evidence, seconds: seconds),
      isExpected: isExpected ?? (verdict == .passed), expectation: expectation, isolation: .private,
      rerun: "ipc-interop run '\(id)' --seed 7")
  }
}
