import Yams

/// The report in version 14 of the Test Anything Protocol, with a line written as each cell ends.
///
/// The plan comes first, so a TAP consumer detects a run that ends early. The protocol cannot express some failures,
/// such as a stale expectation. If there are any, the report ends with `Bail out!`; otherwise the consumer would report
/// a success.
struct TAPReport: Report {
  private var ended = 0

  mutating func receive(_ event: Event) throws -> String {
    let lines: [String] =
      switch event {
      case .runStarted(let run):
        ["TAP version 14", "1..\(run.cells)", "# seed \(run.seed), isolation \(run.isolation.escapedForDisplay)"]
          + run.notes.map { "# note: \($0.escapedForDisplay)" }
      case .recording, .cellStarted, .timePassed: []
      case .cellEnded(let result): try point(result)
      case .runEnded(let summary): ending(summary)
      }
    return lines.map { $0 + "\n" }.joined()
  }

  private mutating func point(_ result: CellResult) throws -> [String] {
    ended += 1
    let description = "\(ended) - \(escaped(result.cell.id))"
    let reason = result.outcome.reason
    switch (result.verdict, result.isExpected) {
    case (.passed, true): return ["ok \(description)"]
    case (.notRun, _): return ["ok \(description) # SKIP \(escaped(reason ?? ""))"]
    case (_, true):
      let why = escaped(result.expectation ?? reason ?? "")
      return ["not ok \(description) # TODO \(result.verdict.rawValue): \(why)"]
    case (_, false): return ["not ok \(description)"] + (try diagnostic(result))
    }
  }

  private func ending(_ summary: RunSummary) -> [String] {
    var problems = summary.problems
    if summary.interrupted { problems.insert("the run was interrupted", at: 0) }
    if summary.planned == 0 { problems.insert("nothing was selected", at: 0) }
    return ["# exit status \(summary.exitStatus.rawValue): \(summary.meaning)"]
      + (problems.isEmpty ? [] : ["Bail out! \(problems.map(escaped).joined(separator: "; "))"])
  }

  /// Escapes text, because `#` would begin a directive.
  private func escaped(_ text: String) -> String { text.escapedForDisplay.withBackslash(before: ["\\", "#"]) }

  /// Returns the failure details as a YAML block, indented by two spaces as the protocol requires.
  private func diagnostic(_ result: CellResult) throws -> [String] {
    let evidence = result.outcome.evidence ?? Evidence()
    var block: [(Node, Node)] = []
    func add(_ key: String, _ value: String?) {
      if let value { block.append((Node(key), Self.text(value))) }
    }
    func add(_ key: String, _ items: [String]) {
      if !items.isEmpty { block.append((Node(key), Self.list(items))) }
    }
    add("verdict", result.verdict.rawValue)
    add("title", result.cell.title)
    add("message", result.outcome.reason)
    add("expectation", result.expectation)
    add("expected", evidence.expected)
    add("spec", "\(result.cell.spec) (\(result.cell.level.rawValue))")
    add("step", evidence.step)
    add("at", "\(evidence.location ?? result.cell.location)")
    add("request", evidence.request?.text)
    add("response", evidence.response?.text)
    add("first_difference", evidence.firstDifference.map(String.init))
    add("left_behind", evidence.leftBehind.map(\.description))
    if !evidence.transcripts.isEmpty {
      block.append((Node("transcripts"), Node(evidence.transcripts.map(Self.transcript))))
    }
    add("rerun", result.rerun)
    let yaml = try Yams.serialize(node: Node(block), width: -1, allowUnicode: true)
    return (["---"] + yaml.split(separator: "\n").map(String.init) + ["..."]).map { "  \($0)" }
  }

  private static func transcript(_ transcript: Evidence.Transcript) -> Node {
    var entries: [(Node, Node)] = [
      (Node("role"), text(transcript.role)), (Node("language"), text(transcript.language)),
    ]
    func add(_ key: String, _ items: [String]) {
      if !items.isEmpty { entries.append((Node(key), list(items))) }
    }
    add("state", transcript.state?.linesEscapedForDisplay ?? [])
    add("messages", transcript.messages.map(\.message.directedText))
    add("standard_error", transcript.standardError.flatMap(\.linesEscapedForDisplay))
    return Node(entries)
  }

  private static func list(_ items: [String]) -> Node { Node(items.map(text)) }

  /// Returns a quoted scalar, so that YAML parsers do not read the text as a number or as a different type.
  private static func text(_ text: String) -> Node {
    Node(text.escapedForDisplay, Tag(.str), .doubleQuoted)
  }
}
