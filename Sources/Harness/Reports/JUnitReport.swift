/// The report in JUnit XML for the test views of GitLab, Jenkins and GitHub Actions, with a suite for each mechanism
/// and a case for each cell.
///
/// JUnit has no expected failures, so they are reported as skipped cases with a reason. Errors that concern the whole
/// run are in a separate suite. Without that suite, the file of a failed run could look like a success.
struct JUnitReport: Report {
  private var record = RunRecord()

  mutating func receive(_ event: Event) -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    let results = record.results
    let mechanisms = Matrix(results).mechanisms.map { mechanism in
      Suite(name: mechanism, cases: results.filter { $0.cell.mechanism == mechanism }.map(Case.init))
    }
    let suites = (mechanisms + [wholeRun(summary)]).filter { !$0.cases.isEmpty }
    let all = Suite(name: "ipc-interop", cases: suites.flatMap(\.cases))
    var xml = XMLWriter()
    xml.element("testsuites", all.attributes(seconds: summary.seconds)) { xml in
      for suite in suites {
        xml.element("testsuite", suite.attributes(seconds: suite.cases.reduce(0) { $0 + $1.seconds })) { xml in
          writeProperties(to: &xml)
          for test in suite.cases { test.write(to: &xml) }
        }
      }
    }
    return xml.text
  }

  private func wholeRun(_ summary: RunSummary) -> Suite {
    var problems = summary.problems
    if summary.interrupted { problems.append("the run was interrupted") }
    if summary.planned == 0 { problems.append("nothing was selected") }
    return Suite(
      name: "run",
      cases: problems.map { problem in
        Case(name: problem, suite: "run", seconds: 0, outcome: .error(type: "run", message: problem, text: ""))
      })
  }

  private func writeProperties(to xml: inout XMLWriter) {
    guard let run = record.description else { return }
    let facts =
      [("seed", String(run.seed)), ("isolation", run.isolation), ("kernel", run.kernel)]
      + run.implementations.sorted { $0.key < $1.key }.map { ("implementation.\($0.key)", $0.value) }
      + run.notes.map { ("note", $0) }
    xml.element("properties") { xml in
      for (name, value) in facts { xml.element("property", [("name", name), ("value", value)]) }
    }
  }

  private struct Suite {
    let name: String
    let cases: [Case]

    func attributes(seconds: Double) -> XMLWriter.Attributes {
      [
        ("name", name), ("tests", String(cases.count)),
        ("failures", String(cases.count { if case .failure = $0.outcome { true } else { false } })),
        ("errors", String(cases.count { if case .error = $0.outcome { true } else { false } })),
        ("skipped", String(cases.count { if case .skipped = $0.outcome { true } else { false } })),
        ("time", decimal(seconds, places: 3)),
      ]
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
      /// A peer failed the test.
      case failure(type: String, message: String, text: String)
      /// The cell ended without a result about the peers.
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
      let message = result.outcome.reason ?? result.expectation ?? result.verdictInWords
      lazy var text = FailureDescription(result: result).body.joined(separator: "\n")
      let outcome: Outcome =
        switch (result.verdict, result.isExpected) {
        case (.passed, true): .passed
        case (_, true):
          .skipped(
            message:
              "\(result.verdictInWords): \(result.expectation ?? result.outcome.reason ?? "no reason given")")
        case (.passed, false), (.failed, false), (.leaked, false):
          .failure(type: result.verdict.rawValue, message: message, text: text)
        case (.broken, false), (.timedOut, false), (.crashed, false), (.notRun, false):
          .error(type: result.verdict.rawValue, message: message, text: text)
        }
      self.init(
        name: result.cell.id, suite: result.cell.mechanism, seconds: result.outcome.seconds, outcome: outcome)
    }

    func write(to xml: inout XMLWriter) {
      let attributes: XMLWriter.Attributes = [
        ("name", name), ("classname", suite), ("time", decimal(seconds, places: 3)),
      ]
      switch outcome {
      case .passed: xml.element("testcase", attributes)
      case .failure(let type, let message, let text):
        xml.element("testcase", attributes) {
          $0.element("failure", [("type", type), ("message", message)], text: text)
        }
      case .error(let type, let message, let text):
        xml.element("testcase", attributes) {
          $0.element("error", [("type", type), ("message", message)], text: text)
        }
      case .skipped(let message):
        xml.element("testcase", attributes) { $0.element("skipped", [("message", message)]) }
      }
    }
  }
}
