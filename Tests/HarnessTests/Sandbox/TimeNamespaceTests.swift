import Foundation
import SystemPackage
import Testing

@testable import Harness

private let unshare = "/usr/bin/unshare --user --map-current-user --time --boottime 100000"

private var entersTimeNamespaces: Bool {
  get throws {
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = [
      "-c", #"there=$(\#(unshare) readlink /proc/self/ns/time) && [ "$there" != "$(readlink /proc/self/ns/time)" ]"#,
    ]
    shell.standardError = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    return shell.terminationStatus == 0
  }
}

/// In a separate time namespace, the start times that a peer reads in `/proc` differ from the start times that
/// processes outside the namespace have recorded.
@Suite(
  "In another time namespace",
  .enabled("requires root, and Linux 6.2 or later, where execve(2) enters a time namespace") {
    try entersTimeNamespaces
  })
struct TimeNamespaceTests {
  @Test("no peer takes over one end of a ring from a live owner", arguments: ["c", "swift"])
  func ring(_ elsewhere: String) throws {
    let programs = [
      "c": Checkout.root.appending("build/bin/c-peer").string, "swift": try CommandRun.program("swift-peer"),
    ]
    let file = FileManager.default.temporaryDirectory.appending(path: "peers-\(UUID().uuidString).yaml")
    // If a program was built with coverage, it would leave its profile in the sandbox.
    let unmeasured = "/usr/bin/env LLVM_PROFILE_FILE=/dev/null"
    let peers = programs.map {
      "\($0): {replaces: true, peer: \(unmeasured) \($0 == elsewhere ? unshare + " " : "")\($1)}\n"
    }.joined()
    try Data(peers.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let run = try CommandRun(
      root: Checkout.root, command: ["run", "--pairs", "c:swift", "--pairs", "swift:c", "ring/one-of-each"],
      ["--peers", file.path])
    #expect(try run.end() == 0, "\(run.lines.joined(separator: "\n"))")
    #expect(run.lines.contains("2 passed, 0 failed"))
  }
}
