/// The Test Anything Protocol, version 14, line by line as cells end.
///
/// The plan comes first, so a run that dies is short of points. What the protocol has no word for, such as a stale
/// expectation, is a `Bail out!` at the end: a reader must not take the run for a success.
struct TAPReport: Report {
  private var ended = 0

  mutating func receive(_ event: Event) -> String {
    let lines: [String] =
      switch event {
      case .runStarted(let run):
        ["TAP version 14", "1..\(run.cells)", "# seed \(run.seed), isolation \(run.isolation.harmless)"]
          + run.notes.map { "# note: \($0.harmless)" }
      case .recording, .cellStarted, .timePassed: []
      case .cellEnded(let result): point(result)
      case .runEnded(let summary): ending(summary)
      }
    return lines.map { $0 + "\n" }.joined()
  }

  private mutating func point(_ result: CellResult) -> [String] {
    ended += 1
    let description = "\(ended) - \(escaped(result.cell.id))"
    let why = escaped(result.expectation ?? result.reason ?? "")
    switch (result.verdict, result.isExpected) {
    case (.passed, true): return ["ok \(description)"]
    case (.notRun, _): return ["ok \(description) # SKIP \(escaped(result.reason ?? ""))"]
    case (_, true): return ["not ok \(description) # TODO \(result.verdict.rawValue): \(why)"]
    case (_, false): return ["not ok \(description)"] + diagnostic(result)
    }
  }

  private func ending(_ summary: RunSummary) -> [String] {
    var complaints = summary.complaints
    if summary.interrupted { complaints.insert("the run was interrupted", at: 0) }
    if summary.planned == 0 { complaints.insert("nothing was selected", at: 0) }
    return ["# exit status \(summary.exitStatus): \(summary.exitMeaning)"]
      + (complaints.isEmpty ? [] : ["Bail out! \(complaints.map(escaped).joined(separator: "; "))"])
  }

  /// `#` would begin a directive.
  private func escaped(_ text: String) -> String { text.harmless.withBackslash(before: ["\\", "#"]) }

  private func diagnostic(_ result: CellResult) -> [String] {
    let evidence = result.evidence ?? Evidence()
    var lines: [String] = []
    func value(_ key: String, _ text: String?) {
      if let text { lines.append("\(key): \(text.harmless.quoted)") }
    }
    func list(_ key: String, _ items: [String], indent: String = "") {
      guard !items.isEmpty else { return }
      lines.append("\(indent)\(key):")
      lines += items.map { "\(indent)  - \($0.quoted)" }
    }
    value("verdict", result.verdict.rawValue)
    value("title", result.cell.title)
    value("message", result.reason)
    value("expectation", result.expectation)
    value("demanded", evidence.demanded)
    value("spec", "\(result.cell.spec) (\(result.cell.level))")
    value("step", evidence.step)
    value("at", evidence.location ?? result.cell.location)
    value("asked", evidence.asked)
    value("answered", evidence.answered)
    value("first_difference", evidence.firstDifference)
    list("left_behind", evidence.leftBehind.map(\.harmless))
    if !evidence.transcripts.isEmpty { lines.append("transcripts:") }
    for transcript in evidence.transcripts {
      lines.append("  - role: \(transcript.role.harmless.quoted)")
      lines.append("    language: \(transcript.language.harmless.quoted)")
      list("state", transcript.state?.harmlessLines ?? [], indent: "    ")
      list("lines", transcript.lines.map(\.harmless), indent: "    ")
      list("standard_error", transcript.standardError.harmlessLines, indent: "    ")
    }
    value("rerun", result.rerun)
    return (["---"] + lines + ["..."]).map { "  \($0)" }
  }
}
