import Foundation
import Testing

@Suite("The README's example")
struct ReadmeTests {
  @Test("compiles, for it is that of a file which does")
  func compiles() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let source = try String(
      contentsOf: root.appending(path: "Tests/IPCTests/ReadmeExample.swift"), encoding: .utf8)
    let parts = source.split(separator: "// README: begin\n", maxSplits: 1)
    let example = try #require(parts.last?.split(separator: "    // README: end", maxSplits: 1).first)
    let lines = example.split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(4) }
    #expect(readme.contains(lines.joined(separator: "\n").trimmingCharacters(in: .newlines)))
  }
}
