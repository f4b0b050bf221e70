import Foundation
import Testing

/// Compares text with the snapshot of that name, and reports the first line that differs.
///
/// If the environment variable `UPDATE_SNAPSHOTS` is set, replaces the snapshot instead. Review the difference before
/// you commit it.
func expectSnapshot(_ text: String, _ name: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
  let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Snapshots")
  let file = folder.appending(path: name)
  if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
    try text.write(to: file, atomically: true, encoding: .utf8)
  }
  let kept = try String(contentsOf: file, encoding: .utf8)
  guard kept != text else { return }
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  let keptLines = kept.split(separator: "\n", omittingEmptySubsequences: false)
  let line = zip(lines, keptLines).enumerated().first { $1.0 != $1.1 }?.offset ?? min(lines.count, keptLines.count)
  func at(_ lines: [Substring]) -> Substring { line < lines.count ? lines[line] : "(end)" }
  Issue.record(
    "\(name):\(line + 1)\nkept: \(at(keptLines))\nnow:  \(at(lines))", sourceLocation: sourceLocation)
}
