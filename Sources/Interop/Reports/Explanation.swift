/// A result that was not expected, told so that the reader can mend it without opening the harness.
struct Explanation {
  let result: CellResult
  var style = Style()

  /// Values and lines longer than this lose their middle; the JSON report has them whole.
  private static let longestValue = 1200
  private static let longestLine = 300
  /// Of a transcript, its end says what happened.
  private static let transcriptLines = 20
  private static let labelWidth = 12

  var lines: [String] {
    let words = "-- \(result.verdictInWords): \(result.cell.id.harmless) "
    let rule = words + String(repeating: "-", count: max(0, style.width - words.count))
    return [style.painted(rule, .bad)] + body + [""]
  }

  /// Without the heading, for reports that have one of their own.
  var body: [String] {
    let cell = result.cell
    let evidence = result.evidence ?? Evidence()
    var lines = cell.title.harmless.wrapped(to: style.width - 2).map { style.painted("  \($0)", .heading) }
    lines += value("reason", result.reason)
    lines += value("expected", result.expectation)
    lines += value("demanded", evidence.demanded)
    lines += value("by", "\(cell.spec) (\(cell.level))")
    lines += value("step", evidence.step)
    lines += value("at", evidence.location ?? cell.location)
    lines += value("asked", evidence.asked)
    lines += value("answered", evidence.answered)
    lines += value("differs", evidence.firstDifference.map { "first at byte \($0)" })
    for (index, object) in evidence.leftBehind.enumerated() {
      lines += value(index == 0 ? "left behind" : "", object)
    }
    lines += value("took", "\(duration(result.seconds)), isolation \(result.isolation)")
    for transcript in evidence.transcripts { lines += told(transcript) }
    // On one line, however long: it is there to be copied.
    lines += ["", "  " + style.painted("again".padded(to: Self.labelWidth), .faint) + result.rerun.harmless]
    return lines
  }

  private func value(_ label: String, _ text: String?) -> [String] {
    guard let text, !text.isEmpty else { return [] }
    return text.harmless.shortened(to: Self.longestValue)
      .wrapped(to: style.width - 2 - Self.labelWidth)
      .enumerated().map { index, line in
        let margin = (index == 0 ? label : "").padded(to: Self.labelWidth)
        return "  " + style.painted(margin, .faint) + line
      }
  }

  private func told(_ transcript: Evidence.Transcript) -> [String] {
    // The first line says what it was doing, the others are the kernel's stack.
    let state = transcript.state?.harmlessLines ?? []
    let role = "\(transcript.role.harmless) (\(transcript.language.harmless))"
    let heading = ([role] + state.prefix(1)).joined(separator: ": ")
    return [""] + heading.wrapped(to: style.width - 2).map { "  " + style.painted($0, .heading) }
      + last(Array(state.dropFirst()), mark: "stack | ")
      + last(transcript.lines.isEmpty ? ["(nothing was asked)"] : transcript.lines.map(\.harmless), mark: "")
      + last(transcript.standardError.harmlessLines, mark: "standard error | ")
  }

  private func last(_ lines: [String], mark: String) -> [String] {
    let omitted = lines.count - Self.transcriptLines
    let note = omitted > 0 ? ["    \(mark)... \(counted(omitted, "line")) before"] : []
    return note
      + lines.suffix(Self.transcriptLines).flatMap { line in
        line.shortened(to: Self.longestLine)
          .wrapped(to: max(20, style.width - 6 - mark.count))
          .enumerated().map { index, part in "    \(mark)\(index == 0 ? "" : "  ")\(part)" }
      }
  }
}
