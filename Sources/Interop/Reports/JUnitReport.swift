/// The XML that the test views of GitLab, Jenkins and GitHub's actions read: a suite for each mechanism, a case for
/// each cell.
///
/// It has no word for an expected failure, which is therefore a skipped case, with its reason. What is wrong with the
/// run as a whole is a suite of its own, so that a reader who has only this file sees no success where there is none.
struct JUnitReport: Report {
  private var record = RunRecord()

  mutating func receive(_ event: Event) -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    let results = record.results
    let mechanisms = Matrix(results).mechanisms.map { mechanism in
      Suite(name: mechanism, cases: results.filter { $0.cell.mechanism == mechanism }.map(Case.init))
    }
    let suites = mechanisms + [wholeRun(summary)].filter { !$0.cases.isEmpty }
    let all = Suite(name: "ipc-interop", cases: suites.flatMap(\.cases))
    var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#]
    lines.append("<testsuites\(all.attributes(seconds: summary.seconds))>")
    for suite in suites {
      lines.append("  <testsuite\(suite.attributes(seconds: suite.cases.reduce(0) { $0 + $1.seconds }))>")
      lines += properties + suite.cases.flatMap(\.lines) + ["  </testsuite>"]
    }
    return (lines + ["</testsuites>", ""]).joined(separator: "\n")
  }

  private func wholeRun(_ summary: RunSummary) -> Suite {
    var complaints = summary.complaints
    if summary.interrupted { complaints.append("the run was interrupted") }
    if summary.planned == 0 { complaints.append("nothing was selected") }
    return Suite(
      name: "run",
      cases: complaints.map { complaint in
        Case(name: complaint, suite: "run", seconds: 0, outcome: .error(type: "run", message: complaint, text: ""))
      })
  }

  private var properties: [String] {
    guard let run = record.description else { return [] }
    let facts =
      [("seed", String(run.seed)), ("isolation", run.isolation), ("kernel", run.kernel)]
      + run.implementations.sorted { $0.key < $1.key }.map { ("implementation.\($0.key)", $0.value) }
      + run.notes.map { ("note", $0) }
    return ["    <properties>"]
      + facts.map { "      <property\(attribute("name", $0))\(attribute("value", $1))/>" }
      + ["    </properties>"]
  }

  private struct Suite {
    let name: String
    let cases: [Case]

    func attributes(seconds: Double) -> String {
      attribute("name", name) + attribute("tests", String(cases.count))
        + attribute("failures", String(cases.count { if case .failure = $0.outcome { true } else { false } }))
        + attribute("errors", String(cases.count { if case .error = $0.outcome { true } else { false } }))
        + attribute("skipped", String(cases.count { if case .skipped = $0.outcome { true } else { false } }))
        + attribute("time", decimal(seconds, places: 3))
    }
  }
}

extension JUnitReport {
  private struct Case {
    let name: String
    let suite: String
    let seconds: Double
    let outcome: Outcome

    enum Outcome {
      case passed
      /// The peers are at fault.
      case failure(type: String, message: String, text: String)
      /// It ended before anything could be said of them.
      case error(type: String, message: String, text: String)
      case skipped(message: String)
    }

    init(name: String, suite: String, seconds: Double, outcome: Outcome) {
      self.name = name
      self.suite = suite
      self.seconds = seconds
      self.outcome = outcome
    }

    init(_ result: CellResult) {
      let message = result.reason ?? result.expectation ?? result.verdictInWords
      lazy var text = Explanation(result: result).body.joined(separator: "\n")
      let outcome: Outcome =
        switch (result.verdict, result.isExpected) {
        case (.passed, true): .passed
        case (_, true):
          .skipped(message: "\(result.verdictInWords): \(result.expectation ?? result.reason ?? "no reason given")")
        case (.passed, false), (.failed, false), (.unsupported, false), (.leaked, false):
          .failure(type: result.verdict.rawValue, message: message, text: text)
        case (.broken, false), (.timedOut, false), (.crashed, false), (.notRun, false):
          .error(type: result.verdict.rawValue, message: message, text: text)
        }
      self.init(name: result.cell.id, suite: result.cell.mechanism, seconds: result.seconds, outcome: outcome)
    }

    var lines: [String] {
      let start =
        "    <testcase" + attribute("name", name) + attribute("classname", suite)
        + attribute("time", decimal(seconds, places: 3))
      switch outcome {
      case .passed: return [start + "/>"]
      case .failure(let type, let message, let text):
        return [start + ">", element("failure", type, message, text), "    </testcase>"]
      case .error(let type, let message, let text):
        return [start + ">", element("error", type, message, text), "    </testcase>"]
      case .skipped(let message):
        return [start + ">", "      <skipped\(attribute("message", message))/>", "    </testcase>"]
      }
    }

    private func element(_ name: String, _ type: String, _ message: String, _ text: String) -> String {
      "      <\(name)\(attribute("type", type))\(attribute("message", message))>\(text.escapedForXML)</\(name)>"
    }
  }
}

private func attribute(_ name: String, _ value: String) -> String { #" \#(name)="\#(value.harmless.escapedForXML)""# }
