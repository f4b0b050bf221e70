/// The description of an unexpected result, with everything that a reader who does not know the harness needs to fix
/// the peer.
struct FailureDescription {
  let result: CellResult
  var style = Style()
  /// The defect of the mutant in the cell; nil outside of a self-test.
  var defect: String?

  /// The maximum length of a value.
  ///
  /// Longer values are shortened in the middle; the JSON report contains the full values.
  private static let maximumValue = 1200
  private static let maximumLine = 300
  /// The number of messages shown before the failure, which is usually at the end of the transcript.
  private static let transcriptLines = 20
  /// The number of messages shown after the first response that differs from a golden transcript.
  private static let linesAfterDifference = 6
  private static let labelWidth = 12
  /// The maximum number of further differences from a golden transcript that are shown.
  private static let maximumDifferences = 20

  var lines: [String] {
    let words = "-- \(result.verdictInWords): \(result.cell.id.escapedForDisplay) "
    let rule = words + String(repeating: "-", count: max(0, style.width - words.count))
    return [style.painted(rule, .bad)] + body + [""]
  }

  /// The description without the heading, for reports that have their own heading.
  var body: [String] {
    let cell = result.cell
    let evidence = result.outcome.evidence ?? Evidence()
    var lines = cell.title.escapedForDisplay.wrapped(to: style.width - 2).map { style.painted("  \($0)", .heading) }
    lines += value("reason", result.outcome.reason)
    lines += value("injected", cell.injection?.description)
    lines += value("defect", defect)
    // The note on a mutant that is caught is its defect.
    if defect == nil || result.expectation != defect { lines += value("expectation", result.expectation) }
    lines += value("expected", evidence.expected)
    lines += value("by", "\(cell.spec) (\(cell.level.rawValue))")
    lines += value("step", evidence.step)
    lines += value("at", "\(evidence.location ?? cell.location)")
    lines += value("request", evidence.request?.text)
    lines += value("response", evidence.response?.text)
    let exchanges = evidence.differences.compactMap(\.transcript).filter { $0.location != evidence.location }
    for difference in exchanges.prefix(Self.maximumDifferences) {
      lines += value("also", "\(difference.mechanism ?? "-"), \(difference.location)")
      for (mark, text) in [(">", difference.request.text), ("<", difference.response.text)] {
        lines += value("", "\(mark) \(text)")
      }
      lines += value("", "expected \(difference.expected)")
    }
    lines += value("differs", evidence.firstDifference.map { "first at byte \($0)" })
    let differences = evidence.differences.compactMap(\.recording)
    for (index, difference) in differences.enumerated() {
      // If there is only one difference, the reason has already described it.
      if differences.count > 1 { lines += value(index == 0 ? "differences" : "", difference.reason) }
      lines += value("recorded", difference.recorded)
      if let actual = difference.actual { lines += value(actual.label, actual.bytes) }
    }
    for (index, object) in evidence.leftBehind.enumerated() {
      lines += value(index == 0 ? "left behind" : "", object.description)
    }
    let more = evidence.leftBehindCount - evidence.leftBehind.count
    if more > 0 { lines += value("", "and \(more) more") }
    lines += value("took", "\(duration(result.outcome.seconds)), isolation \(result.isolation.rawValue)")
    for transcript in evidence.transcripts { lines += describe(transcript, evidence) }
    // Keep the command on one line, because readers copy it.
    let again = style.painted("again".padded(to: Self.labelWidth), .faint)
    return lines + ["", "  " + again + result.rerun.escapedForDisplay]
  }

  private func value(_ label: String, _ text: String?) -> [String] {
    guard let text, !text.isEmpty else { return [] }
    return text.escapedForDisplay.shortened(to: Self.maximumValue)
      .wrapped(to: style.width - 2 - Self.labelWidth)
      .enumerated().map { index, line in
        let margin = (index == 0 ? label : "").padded(to: Self.labelWidth)
        return "  " + style.painted(margin, .faint) + line
      }
  }

  private func describe(_ transcript: Evidence.Transcript, _ evidence: Evidence) -> [String] {
    // The first line is the process state, and the other lines are the kernel stack of the process.
    let state = transcript.state?.linesEscapedForDisplay ?? []
    let role = "\(transcript.role.escapedForDisplay) (\(transcript.language.escapedForDisplay))"
    let heading = ([role] + state.prefix(1)).joined(separator: ": ")
    let messages = transcript.messages.map(\.message.directedText.escapedForDisplay)
    return [""] + heading.wrapped(to: style.width - 2).map { "  " + style.painted($0, .heading) }
      + last(Array(state.dropFirst()), mark: "stack | ")
      + last(
        messages, mark: "",
        end: Self.difference(in: transcript, evidence).map { $0 + 1 + Self.linesAfterDifference })
      + last(transcript.standardError.flatMap(\.linesEscapedForDisplay), mark: "standard error | ")
  }

  /// Returns the index of the first response that differs from a golden transcript; nil if no response differs.
  private static func difference(in transcript: Evidence.Transcript, _ evidence: Evidence) -> Int? {
    guard let first = evidence.differences.first?.transcript else { return nil }
    let messages = transcript.messages.map(\.message)
    return messages.indices.dropFirst().first { index in
      messages[index - 1].text == first.request.text && messages[index].text == first.response.text
    }
  }

  /// Returns the last lines before `end`, with notes that state how many lines before and after them are omitted.
  private func last(_ lines: [String], mark: String, end: Int? = nil) -> [String] {
    let end = min(end ?? lines.count, lines.count)
    let start = max(0, end - Self.transcriptLines)
    func note(_ count: Int, _ place: String) -> [String] {
      count > 0 ? ["    \(mark)... \(counted(count, "line")) \(place)"] : []
    }
    return note(start, "before")
      + lines[start..<end].flatMap { line in
        line.shortened(to: Self.maximumLine)
          .wrapped(to: max(20, style.width - 6 - mark.count))
          .enumerated().map { index, part in "    \(mark)\(index == 0 ? "" : "  ")\(part)" }
      } + note(lines.count - end, "after")
  }
}
