import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Tests in which another user has created a file with the name of a report in a world-writable directory.
@Suite("A report", .serialized, .enabled(if: geteuid() == 0, "requires root, to create files of another user"))
struct PlantedOutputTests {
  enum Planted: CaseIterable { case link, danglingLink, fifo, file }

  /// Runs the command with an output path at which a file of another user already exists.
  ///
  /// Returns the exit status, the output, and the content of the file that belongs to this user and that the link
  /// points to.
  private func write(
    over planted: Planted, sticky: Bool, isListed: Bool
  ) throws -> (status: Int32, lines: [String], precious: String) {
    let folder = try CommandRun.checkout(cells: 2)
    defer { try? FileManager.default.removeItem(atPath: folder.string) }
    let everybodys = folder.appending("everybodys").string
    try FileManager.default.createDirectory(atPath: everybodys, withIntermediateDirectories: false)
    try #require(unsafe chmod(everybodys, sticky ? 0o1777 : 0o755) == 0)
    let (report, precious) = ("\(everybodys)/report", folder.appending("precious").string)
    try Data("precious".utf8).write(to: URL(fileURLWithPath: precious))
    switch planted {
    case .link: try #require(unsafe symlink(precious, report) == 0)
    case .danglingLink: try #require(unsafe symlink("\(precious)-2", report) == 0)
    case .fifo: try #require(unsafe mkfifo(report, 0o666) == 0)
    case .file: try Data("planted".utf8).write(to: URL(fileURLWithPath: report))
    }
    try #require(unsafe lchown(report, 65534, 65534) == 0)
    let run = try CommandRun(
      root: folder,
      ["--format", isListed ? "markdown" : "tap", "--output", report, isListed ? "--list" : "--fail-fast"])
    let status = try run.end()
    #expect(planted != .danglingLink || !sticky || !FileManager.default.fileExists(atPath: "\(precious)-2"))
    return (status, run.lines, try String(contentsOfFile: precious, encoding: .utf8))
  }

  @Test(
    "is not written to a file or link of another user", .timeLimit(.minutes(2)), arguments: Planted.allCases,
    [true, false])
  func planted(_ planted: Planted, isListed: Bool) async throws {
    try await onThread {
      let (status, lines, precious) = try write(over: planted, sticky: true, isListed: isListed)
      #expect(status == ExitStatus.brokenEnvironment.rawValue)
      #expect(lines.contains { $0.contains("it belongs to user 65534") })
      #expect(precious == "precious")
    }
  }

  @Test("is written if the existing file or link belongs to the user", arguments: [Planted.file, .link])
  func invited(_ planted: Planted) async throws {
    try await onThread {
      let (status, _, precious) = try write(over: planted, sticky: false, isListed: true)
      #expect(status == ExitStatus.asExpected.rawValue)
      #expect((precious == "precious") == (planted == .file))
    }
  }
}
