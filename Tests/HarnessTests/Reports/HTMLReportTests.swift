import Foundation
import FoundationXML
import Testing

@testable import Harness

@Suite("The HTML report") struct HTMLReportTests {
  @Test("has elements that are closed, and ids that are unique", arguments: RecordedRun.allCases)
  func isWellFormed(run: RecordedRun) throws {
    let page = try Self.page(run.events)
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    try Self.checkLinks(of: page)
  }

  @Test("has one id for a cell that was repeated") func repeated() throws {
    try Self.checkLinks(of: try Self.page(RecordedRun.failures(1).dropLast() + RecordedRun.failures(1).dropFirst()))
  }

  private static func checkLinks(of page: String) throws {
    let reader = PageReader()
    let parser = XMLParser(data: Data(withoutScript(page).utf8))
    parser.delegate = reader
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(Set(reader.ids).count == reader.ids.count)
    #expect(reader.targets.filter { !$0.contains("=") }.allSatisfy(reader.ids.contains))
  }

  /// A non-void element needs an end tag, because browsers ignore the slash in `<td/>`.
  @Test("has no empty-element tags except those of void elements") func endTags() throws {
    let page = Self.withoutScript(try Self.page(RecordedRun.full.events))
    let names = Set(page.matches(of: #/<(\w+)[^>]*/>/#).map { String($0.1) })
    #expect(names.isSubset(of: ["meta", "input"]))
  }

  @Test("loads nothing from elsewhere", arguments: RecordedRun.allCases)
  func loadsNothing(run: RecordedRun) throws {
    let page = try Self.page(run.events)
    #expect(!page.contains("http:") && !page.contains("https:") && !page.contains("src=") && !page.contains("url("))
  }

  @Test("shows what has changed since an earlier run, with links to the failures") func changes() throws {
    let now = SavedRun(events: RecordedRun.failures(2))
    let before = SavedRun(events: RecordedRun.failures(1))
    let page = try RunComparison(of: now, with: before).text(.html, of: now, style: Style())
    #expect(page.contains("1 new failure, 0 fixed, 1 still failing, 1 added"))
    #expect(page.components(separatedBy: "<em>new</em>").count == 2)
    try Self.checkLinks(of: page)
    let fewer = try RunComparison(of: before, with: now).text(.html, of: before, style: Style())
    #expect(fewer.contains("<li>pipe/case-2[c&gt;swift]</li>"))
    try Self.checkLinks(of: fewer)
    #expect(page.contains(##"<a href="#cell-pipe-2fcase-2d2-5bc-3eswift-5d">pipe/case-2[c&gt;swift]</a>"##))
  }

  @Test("has a row of the timeline for each message, ordered by time") func timeline() throws {
    let page = try Self.page(RecordedRun.full.events)
    let times = page.matches(of: #/<td class="number">([0-9]+\.[0-9])</td>/#).compactMap { Double($0.1) }
    #expect(times.count == 62)
    #expect(times == times.sorted())
  }

  @Test("marks only the unexpected field") func marks() throws {
    let page = try Self.page(RecordedRun.full.events)
    #expect(page.contains("<code>ok return=5 <mark>msg=first</mark> msg_prio=1</code>"))
    #expect(page.contains("<code>0: <mark>66</mark> <mark>69</mark> <mark>72</mark>"))
    // The golden transcript has `ok`, so every word in the error response differs.
    #expect(page.contains("<code><mark>error</mark> <mark>errno=EBADF</mark></code>"))
  }

  @Test(
    "marks the kind of a response, or its error, if no field was compared",
    arguments: [
      ("ok fd=3", "error errno=EMFILE call=pipe2", "<code><mark>error</mark> errno=EMFILE call=pipe2</code>"),
      ("error EPIPE", "error errno=EBADF call=write", "<code>error <mark>errno=EBADF</mark> call=write</code>"),
      ("error EPIPE", "ok return=5", "<code><mark>ok</mark> return=5</code>"),
    ])
  func marksOfKinds(expected: String, actual: String, cell: String) throws {
    let page = try Self.page(
      RecordedRun.failures(1, evidence: Evidence(expected: expected, response: .line(actual))))
    #expect(page.contains(cell))
    #expect(page.components(separatedBy: "<mark>").count == 2)
  }

  @Test("marks the bytes of an output that differ") func marksOfBytes() throws {
    let difference = try #require(ByteDifference(expected: Array("abc".utf8), actual: Array("abd".utf8)))
    var evidence = Evidence(expected: difference.expectedText, response: .line(difference.actualText))
    evidence.firstDifference = difference.offset
    let page = try Self.page(RecordedRun.failures(1, evidence: evidence))
    #expect(page.contains("61 62 <mark>64</mark> "))
    #expect(page.contains("<mark>|abd|</mark>"))
    #expect(!page.contains("<mark></mark>"))
  }

  @Test("has no table without rows", arguments: RecordedRun.allCases) func tables(run: RecordedRun) throws {
    for page in [try Self.page(run.events), try Self.page(RecordedRun.failures(3))] {
      #expect(!page.contains(#/<tbody>\s*</tbody>/#))
    }
  }

  @Test("lists expected failures with the reason why they are expected") func expectedFailures() throws {
    let page = try Self.page(RecordedRun.full.events)
    #expect(page.contains("<td>kernel bug 4711, review by 2027-01-01</td>"))
  }

  @Test("lists the names of failures that do not fit on the page") func manyFailures() throws {
    let page = try Self.page(RecordedRun.failures(310))
    #expect(page.components(separatedBy: "<article").count == 301)
    #expect(page.contains("And 10 more"))
    #expect(page.contains(#"<th scope="row">pipe/case-310[c&gt;swift]</th>"#))
  }

  @Test("shows the costs on a tab of the same page") func costs() throws {
    let document = SyntheticRounds.document(try SyntheticRounds(loss: 5_000).results())
    let page = SavedRun(events: RecordedRun.full.events).htmlReport(costs: document)
    #expect(page.contains(##"<a href="#costs">Costs</a>"##) && page.contains(#"<div id="costs">"#))
    #expect(page.components(separatedBy: "<head>").count == 2)
    #expect(page.contains("<svg"))
    let parser = XMLParser(data: Data(Self.withoutScript(page).utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(try !Self.page(RecordedRun.full.events).contains(##"href="#costs""##))
  }

  private static func page(_ events: [Event]) throws -> String {
    var report = ReportFormat.html.makeReport(style: Style())
    return try events.map { try report.receive($0) }.joined()
  }

  private static func withoutScript(_ page: String) -> String {
    page.replacing("<!DOCTYPE html>", with: "").replacing(#/(?s)<(script|style)>.*?</\1>/#, with: "")
  }
}

private final class PageReader: NSObject, XMLParserDelegate {
  private(set) var ids: [String] = []
  private(set) var targets: [String] = []

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String] = [:]
  ) {
    if let id = attributes["id"] { ids.append(id) }
    if let target = attributes["href"] { targets.append(String(target.dropFirst())) }
  }
}
