import Foundation
import SystemPackage
import Testing

@testable import Harness

/// A user's project in a temporary directory, with shell scripts as programs.
final class TestProject: Sendable {
  let folder: URL
  var path: String { folder.path }

  init(_ name: String = "project") throws {
    folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appending(path: "my \(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ text: String, to name: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func addScript(_ name: String, _ script: String) throws {
    try CommandRun.writeProgram("#!/bin/sh\n\(script)\n", to: folder.appending(path: name).path)
  }

  /// Runs the command in the project directory; `"$@"` is the command with its arguments.
  func run(
    _ command: [String], in directory: String = ".", root: FilePath = Checkout.root, _ options: [String] = []
  ) throws -> (status: Int32, text: String) {
    let run = try CommandRun(
      root: root, shell: #"cd "\#(path)/\#(directory)" && exec "$@""#, command: command, options)
    let status = try run.end()
    return (status, run.lines.joined(separator: "\n"))
  }

  /// Runs another command line in the project directory, in which `"$1"` is the command.
  func shell(_ script: String) throws -> (status: Int32, text: String) {
    let run = try CommandRun(root: Checkout.root, shell: #"cd "\#(path)" && \#(script)"#, command: [])
    let status = try run.end()
    return (status, run.lines.joined(separator: "\n"))
  }
}
