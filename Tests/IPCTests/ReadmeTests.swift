import Foundation
import Testing

@Suite struct ReadmeTests {
  @Test func `The README contains the example that the tests compile`() throws {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let readme = try String(
      contentsOf: tests.deletingLastPathComponent().deletingLastPathComponent().appending(path: "README.md"),
      encoding: .utf8)
    let source = try String(contentsOf: tests.appending(path: "ReadmeExample.swift"), encoding: .utf8)
    let parts = source.split(separator: "// README: begin\n", maxSplits: 1)
    let example = try #require(parts.last?.split(separator: "    // README: end", maxSplits: 1).first)
    let lines = example.split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(4) }
    #expect(readme.contains(lines.joined(separator: "\n").trimmingCharacters(in: .newlines)))
  }
}
