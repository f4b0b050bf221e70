import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("Files that other users cannot read", .serialized)
struct FileAccessTests {
  /// Creates a file in two nested directories with the given modes, and passes the paths to `body`.
  private func withFile(
    _ outer: Int, _ inner: Int, _ mode: Int, _ body: (_ outer: String, _ inner: String, _ file: String) throws -> Void
  ) throws {
    let files = FileManager.default
    let folder = "/tmp/access-\(UUID().uuidString)"
    let (place, file) = ("\(folder)/inner", "\(folder)/inner/peer.py")
    try files.createDirectory(atPath: place, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: folder) }
    try Data("x".utf8).write(to: URL(fileURLWithPath: file))
    for (path, mode) in [(folder, outer), (place, inner), (file, mode)] {
      try files.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
    try body(folder, place, file)
  }

  @Test("are reported with the first path component that denies access, and with a remedy") func obstacles() throws {
    try withFile(0o700, 0o700, 0o600) { outer, _, file in
      #expect(FileAccess.obstacle(["/", file]) == "\(outer) has mode 700: chmod o+x \(outer)")
    }
    try withFile(0o711, 0o750, 0o644) { _, inner, file in
      #expect(FileAccess.obstacle([file]) == "\(inner) has mode 750: chmod o+x \(inner)")
      #expect(FileAccess.obstacle([inner]) == "\(inner) has mode 750: chmod o+rx \(inner)")
    }
    try withFile(0o711, 0o711, 0o700) { _, _, file in
      #expect(FileAccess.obstacle([file]) == "\(file) has mode 700: chmod o+r \(file)")
    }
    try withFile(0o711, 0o711, 0o644) { _, _, file in #expect(FileAccess.obstacle([file]) == nil) }
  }

  @Test("are named in the header of a run", .enabled(if: geteuid() == 0, "only root changes the user of peers"))
  func header() async throws {
    try await onThread {
      let root = try CommandRun.checkout(cells: 1)
      defer { try? FileManager.default.removeItem(atPath: root.string) }
      try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: root.string)
      let run = try CommandRun(root: root)
      #expect(try run.end() == 0, "\(run.lines)")
      let text = run.lines.map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
      #expect(text.contains("no other user can run them: "), "\(text)")
      #expect(text.replacing(" ", with: "").contains("hasmode700:chmodo+rx\(root.string)"), "\(text)")
    }
  }
}
