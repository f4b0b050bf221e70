import Foundation
import FoundationXML
import Testing

@testable import Harness

struct ReportsTests {
  @Test(arguments: ReportFormat.allCases, RecordedRun.allCases)
  func `every report of every run equals its snapshot`(format: ReportFormat, run: RecordedRun) throws {
    try expectSnapshot(text(of: run.events, format), "\(run)-\(format).txt")
  }

  @Test(arguments: RecordedRun.allCases)
  func `with verbose, each cell has its line`(run: RecordedRun) throws {
    try expectSnapshot(text(of: run.events, .console, Style(width: 80, verbose: true)), "\(run)-console-verbose.txt")
  }

  /// The snapshot has one line for each write, with visible escape characters and carriage returns.
  @Test(arguments: RecordedRun.allCases)
  func `on a terminal, the status line stays at the bottom`(run: RecordedRun) throws {
    var report = ReportFormat.console.makeReport(style: Style(isTerminal: true, colour: true))
    let written = try run.events.map { try report.receive($0) }
    let visible = written.joined(separator: "<written>\n").replacing("\u{1B}", with: "<esc>")
      .replacing("\r", with: "<cr>")
    try expectSnapshot(visible, "\(run)-console-terminal.txt")
  }

  @Test(arguments: ReportFormat.allCases, RecordedRun.allCases)
  func `output of a peer cannot affect a terminal or parser`(format: ReportFormat, run: RecordedRun) throws {
    let treacherous = try text(of: run.events, format).unicodeScalars.filter { $0.isUnsafeToDisplay && $0 != "\n" }
    #expect(treacherous.isEmpty)
  }

  /// This must be true for every width if the report wraps lines, because a line may wrap before any word.
  @Test(arguments: ReportFormat.allCases)
  func `output of a peer cannot command a CI service`(format: ReportFormat) throws {
    func reports(_ width: Int) throws -> [String] {
      try [Style(width: width), Style(isTerminal: true, width: width, verbose: true)].map { style in
        try text(of: RecordedRun.hostile.events, format, style)
      }
    }
    let wraps = try reports(40) != reports(120)
    for report in try (wraps ? Array(40...120) : [40]).flatMap(reports) {
      let lines = report.split { $0.isNewline || $0 == "\r" }
      var commands = lines.filter { line in
        line.unicodeScalars.drop { $0.properties.isWhitespace }.starts(with: "::".unicodeScalars)
          || ["##[", "##vso[", "##teamcity["].contains(where: line.contains)
      }
      // In this format, each line begins with one of the report's own commands, followed by text from peers.
      if format == .github { commands.removeAll { $0.hasPrefix("::error file=") || $0.hasPrefix("::notice title=") } }
      #expect(commands == [])
    }
  }

  @Test func `GitHub gets the first failures at the lines of their scenarios`() throws {
    let lines = try text(of: RecordedRun.failures(12), .github).split(separator: "\n")
    #expect(lines.count == 11)
    #expect(
      lines.first
        == "::error file=fixtures/scenarios/pipe.yaml,line=1,col=3,title=failed%3A pipe/case-1[c>swift]::errno is EINVAL"
    )
    #expect(lines.last == "::notice title=ipc-interop%3A not all as expected::0 passed, 12 failed, 0 not run")
    let escaped = try text(of: RecordedRun.hostile.events, .github)
    #expect(escaped.matches(of: #/%(..)/#).allSatisfy { ["25", "2C", "3A"].contains($0.1) })
  }

  @Test func `GitHub gets paths relative to its workspace`() throws {
    let workspace = FileManager.default.temporaryDirectory.appending(path: "workspace-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: workspace) }
    let checkout = workspace.appending(path: "checkout/fixtures/scenarios")
    try FileManager.default.createDirectory(at: checkout, withIntermediateDirectories: true)
    try Data().write(to: checkout.appending(path: "pipe.yaml"))
    let link = workspace.appending(path: "link")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: workspace)
    let file = "fixtures/scenarios/pipe.yaml"
    let inside = "checkout/\(file)"
    let directories = [workspace.path, workspace.appending(path: "checkout").path]
    func path(_ file: String, _ variable: String?) -> String {
      let environment = variable.map { ["GITHUB_WORKSPACE": $0] } ?? [:]
      return WorkspacePaths(environment, directories: directories).path(of: file)
    }
    #expect(path(file, workspace.path) == inside)
    #expect(path(file, link.path) == inside)
    #expect(path("../checkout/\(file)", "\(workspace.path)/checkout") == file)
    #expect(path("\(workspace.path)/\(inside)", "\(workspace.path)/") == inside)
    // Outside of the workspace, without one, and for a file that does not exist, the path is that of the report.
    for variable in [nil, "", "/nonexistent", "\(workspace.path)/check"] { #expect(path(file, variable) == file) }
    #expect(path("fixtures/gone.yaml", workspace.path) == "fixtures/gone.yaml")
    var report = ReportFormat.github.makeReport(
      style: Style(), paths: WorkspacePaths(["GITHUB_WORKSPACE": workspace.path], directories: directories))
    let text = try RecordedRun.failures(1).map { try report.receive($0) }.joined()
    #expect(text.hasPrefix("::error file=\(inside),line=1"), "\(text)")
  }

  @Test func `a Markdown report is smaller than a code host allows`() throws {
    var evidence = Evidence()
    evidence.transcripts = (1...9).map { role in
      let line = TimedMessage(.line(String(repeating: "<&> ", count: 60)), seconds: 0)
      return .init(
        role: "role-\(role)", language: "c", messages: Array(repeating: line, count: 20), standardError: [], state: nil)
    }
    let markdown = try text(of: RecordedRun.failures(50, evidence: evidence), .markdown)
    #expect(markdown.utf8.count < 1 << 20)
    #expect(markdown.contains("which the JSON report explains."))
  }

  @Test(arguments: RecordedRun.allCases)
  func `each line of JSON lines is an object`(run: RecordedRun) throws {
    let lines = try text(of: run.events, .jsonLines).split(separator: "\n")
    let names = try lines.map { line in
      (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["event"] as? String
    }
    let ended = run.events.count { if case .cellEnded = $0 { true } else { false } }
    #expect(names == ["run-started"] + Array(repeating: "cell-ended", count: ended) + ["run-ended"])
  }

  @Test(arguments: ReportFormat.allCases.filter { $0 == .json || $0 == .junit || $0 == .markdown })
  func `reports written at the end do not depend on the order in which cells ended`(format: ReportFormat) throws {
    let events = RecordedRun.full.events
    let shuffled = [events[0]] + events.dropFirst().dropLast().reversed() + [events[events.count - 1]]
    #expect(try text(of: events, format) == text(of: shuffled, format))
  }

  @Test(arguments: RecordedRun.allCases)
  func `the last line of the console counts each cell once`(run: RecordedRun) throws {
    let last = try text(of: run.events, .console).split(separator: "\n").last
    let expected =
      switch run {
      case .full: "2 passed, 5 failed, 2 skipped, 2 known failures, 1 unexpectedly passed"
      case .empty: "0 passed, 0 failed"
      case .interrupted: "1 passed, 0 failed, 2 skipped"
      case .hostile: "0 passed, 1 failed"
      }
    #expect(last.map(String.init) == expected)
  }

  @Test(arguments: [60, 80, 100])
  func `lines of the console fit its width, except for lines to copy`(width: Int) throws {
    let lines = try text(of: RecordedRun.hostile.events + RecordedRun.full.events, .console, Style(width: width))
      .split(separator: "\n")
    // The last line has a fixed format, so that programs can parse it.
    let tooLong = lines.dropLast().filter { $0.count > width && !$0.contains("again ") }
    #expect(tooLong == [])
  }

  @Test func `a terminal shows the recording of scripts in a line that is erased`() throws {
    let cells = RecordedRun.full.events.compactMap { if case .cellStarted(let cell) = $0 { cell } else { nil } }
    let cell = try #require(cells.first)
    let begin = [Event.recording(cell, number: 3, of: 17)]
    #expect(try text(of: begin, .console, Style(isTerminal: true)) == "recording script 3 of 17: \(cell.id)")
    for format in ReportFormat.allCases { #expect(try text(of: begin, format) == "") }
  }

  @Test func `a summary of many failures is short, and counts the omitted ones`() throws {
    let events = RecordedRun.failures(60)
    let summary = try text(of: events, .console).split(separator: "Not as expected\n")[1].split(separator: "\n")
    #expect(summary.prefix(40).allSatisfy { $0.hasPrefix("  failed") })
    #expect(summary.dropFirst(40).prefix(2) == ["               errno is EINVAL", "  and 20 more"])
    let markdown = try text(of: events, .markdown)
    #expect(markdown.split(separator: "<details>").count == 51)
    #expect(markdown.contains("And 10 more, which the JSON report explains."))
  }

  @Test(arguments: RecordedRun.allCases)
  func `JUnit is XML and contains the messages`(run: RecordedRun) throws {
    let parser = XMLParser(data: Data(try text(of: run.events, .junit).utf8))
    let reader = JUnitReader()
    parser.delegate = reader
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(reader.suites == reader.counted)
    #expect(reader.cases >= run.events.count { if case .cellEnded = $0 { true } else { false } })
  }

  @Test(arguments: RecordedRun.allCases)
  func `JSON is valid and complete`(run: RecordedRun) throws {
    let object = try JSONSerialization.jsonObject(with: Data(try text(of: run.events, .json).utf8))
    let document = try #require(object as? [String: Any])
    #expect(Set(document.keys) == ["format", "run", "results", "summary"])
    #expect(document["format"] as? Int == 3)
    let results = try #require(document["results"] as? [[String: Any]])
    let ended = run.events.compactMap { if case .cellEnded(let result) = $0 { result } else { nil } }
    #expect(
      Set(results.map { ($0["outcome"] as? [String: Any])?["reason"] as? String }) == Set(ended.map(\.outcome.reason)))
    #expect((document["summary"] as? [String: Any])?["counts"] is [String: Int])
  }

  @Test(arguments: RecordedRun.allCases)
  func `TAP begins with a plan, and numbers its test points`(run: RecordedRun) throws {
    let lines = try text(of: run.events, .tap).split(separator: "\n")
    let ended = run.events.count { if case .cellEnded = $0 { true } else { false } }
    #expect(lines.prefix(2).map { $0.prefix(3) } == ["TAP", "1.."])
    let numbers = lines.compactMap { $0.firstMatch(of: #/^(?:not )?ok (\d+) - /#)?.1 }.map { Int($0) }
    #expect(numbers == Array(1...20).prefix(ended).map { $0 })
    // There is no test point for a problem with the run as a whole, so the report must bail out.
    #expect((lines.last?.hasPrefix("Bail out!") ?? false) == (run != .hostile))
  }

  private func text(of events: [Event], _ format: ReportFormat, _ style: Style = Style()) throws -> String {
    var report = format.makeReport(style: style)
    return try events.map { try report.receive($0) }.joined()
  }
}

/// Reads the numbers that a JUnit file states for its suites, and counts the cases in the suites.
private final class JUnitReader: NSObject, XMLParserDelegate {
  struct Counts: Equatable { var tests = 0, failures = 0, errors = 0, skipped = 0 }

  private(set) var suites: [Counts] = []
  private(set) var counted: [Counts] = []
  var cases: Int { counted.reduce(0) { $0 + $1.tests } }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String] = [:]
  ) {
    func number(_ key: String) -> Int { attributes[key].flatMap { Int($0) } ?? -1 }
    let last = counted.count - 1
    switch name {
    case "testsuite":
      suites.append(
        Counts(
          tests: number("tests"), failures: number("failures"), errors: number("errors"), skipped: number("skipped")))
      counted.append(Counts())
    case "testcase": counted[last].tests += 1
    case "failure": counted[last].failures += 1
    case "error": counted[last].errors += 1
    case "skipped": counted[last].skipped += 1
    default: break
    }
  }
}
