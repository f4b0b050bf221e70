import Foundation
import FoundationXML
import Testing

@testable import Harness

@Suite("Benchmark reports") struct BenchmarkReportTests {
  private let document: BenchmarkDocument

  init() throws {
    var document = SyntheticRounds.document(try SyntheticRounds(loss: 5_000).results())
    document.programs = [
      ProgramResult(
        name: "futex", title: "A futex", kind: .limit, time: Estimate(2_000, low: 1_900, high: 2_100),
        messagesPerSecond: 500_000, bytesPerSecond: nil, histogram: nil)
    ]
    document.comparisons = [
      ProgramComparison(
        benchmark: "ring/sleeping", mode: .pingPong, size: 64, placement: .twoCores, pairing: "c>c", program: "futex",
        ratio: Estimate(1.23, low: 1.2, high: 1.3), bound: 1.1, reason: "A <reason>.")
    ]
    self.document = document
  }

  @Test("in JSON match the schema, and can be read back") func json() throws {
    let text = try document.report(.json, style: Style())
    #expect(try JSONSchema("docs/benchmark.schema.json").problems(in: text) == [])
    let file = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(text.utf8).write(to: file)
    let copy = try BenchmarkDocument(reading: file.path)
    #expect(copy.results.map(\.name) == document.results.map(\.name))
    #expect(copy.results.first?["swift>swift"]?.ratio == document.results.first?["swift>swift"]?.ratio)
  }

  @Test("that are not JSON in this format are rejected", arguments: ["", "{}", #"{"format": 1}"#])
  func malformed(text: String) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(text.utf8).write(to: file)
    #expect(throws: RunError.self) { try BenchmarkDocument(reading: file.path) }
    #expect(throws: RunError.self) { try BenchmarkDocument(reading: "/no/such/file") }
  }

  @Test("in HTML are well-formed and self-contained") func html() throws {
    let text = try document.report(.html, style: Style())
    #expect(text.hasPrefix("<!DOCTYPE html>\n"))
    let body = text.dropFirst("<!DOCTYPE html>\n".count)
    let parser = XMLParser(data: Data(body.utf8))
    #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") in line \(parser.lineNumber)")
    #expect(!text.contains("http"))
    #expect(text.contains("a &lt;note&gt;"))
    #expect(text.contains("<svg"))
    #expect(text.contains("1.50"))
    #expect(text.contains("more than 1.10: A &lt;reason&gt;."))
  }

  @Test("in Markdown and on a console contain every measurement", arguments: [BenchmarkFormat.markdown, .console])
  func text(format: BenchmarkFormat) throws {
    let text = try document.report(format, style: Style())
    for part in [
      "pipe/pipe", "10.0 µs", "1.50 (1.", "swift>swift", "A futex", "Limits of the machine", "1.23 (1.20",
      "more than 1.10",
    ] {
      #expect(text.contains(part), "\(format) lacks \(part)")
    }
  }

  @Test("move labels apart") func labels() {
    let moved = ThroughputChart.spread([10, 12, 300], distance: 15, within: 0...300)
    #expect(moved == [10, 25, 300])
    #expect(ThroughputChart.spread([299, 300, 298], distance: 15, within: 0...300) == [285, 300, 270])
  }

  @Test("color a ratio by its distance from 1") func colours() {
    #expect(BenchmarkHTML.colour(1) == "rgb(255,255,255)")
    #expect(BenchmarkHTML.colour(1.25) == BenchmarkHTML.colour(9))
    #expect(BenchmarkHTML.colour(0.8) == "rgb(107,174,214)")
  }
}
