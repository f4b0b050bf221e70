import Foundation
import FoundationXML
import Testing

@testable import Harness

@Suite("The HTML report") struct HTMLReportTests {
  @Test("has elements that are closed, and ids that are unique", arguments: RecordedRun.allCases)
  func isWellFormed(run: RecordedRun) throws {
    let page = try Self.page(run.events)
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    let reader = PageReader()
    let parser = XMLParser(data: Data(Self.withoutScript(page).utf8))
    parser.delegate = reader
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(Set(reader.ids).count == reader.ids.count)
    #expect(reader.targets.filter { $0.hasPrefix("cell-") }.allSatisfy(reader.ids.contains))
  }

  /// An element that is not void needs an end tag, because a browser ignores the slash of `<td/>`.
  @Test("has no empty-element tags except those of void elements") func endTags() throws {
    let page = Self.withoutScript(try Self.page(RecordedRun.full.events))
    let names = Set(page.matches(of: #/<(\w+)[^>]*/>/#).map { String($0.1) })
    #expect(names.isSubset(of: ["meta", "input"]))
  }

  @Test("loads nothing from other places", arguments: RecordedRun.allCases)
  func loadsNothing(run: RecordedRun) throws {
    let page = try Self.page(run.events)
    #expect(!page.contains("http:") && !page.contains("https:") && !page.contains("src=") && !page.contains("url("))
  }

  @Test("shows what has changed since an earlier run, with links to the failures") func changes() throws {
    let now = SavedRun(events: RecordedRun.failures(2))
    let before = SavedRun(events: RecordedRun.failures(1))
    let page = try RunComparison(of: now, with: before).text(.html, of: now, style: Style())
    #expect(page.contains("1 new failure, 0 fixed, 1 still failing, 1 added"))
    #expect(page.contains(##"<a href="#cell-pipe-2fcase-2d2-5bc-3eswift-5d">pipe/case-2[c&gt;swift]</a>"##))
  }

  @Test("has a row of the timeline for each message, ordered by time") func timeline() throws {
    let page = try Self.page(RecordedRun.full.events)
    let times = page.matches(of: #/<td class="number">([0-9]+\.[0-9])</td>/#).compactMap { Double($0.1) }
    #expect(times.count == 62)
    #expect(times == times.sorted())
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
