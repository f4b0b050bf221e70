import Foundation
import Sanitizers
import SystemPackage
import Testing

@testable import Harness

/// Tests for how much memory a reader needs for a flood of output.
@Suite("A flood of output") struct LineSourceTests {
  @Test(
    "uses memory of at most a few times its limit, for lines of any length",
    .disabled(if: is_sanitized(), "a sanitizer does not reuse freed memory"),
    arguments: ["x", "\n", "x\n", String(repeating: "x", count: 60) + "\n"])
  func memory(unit: String) async {
    // This runs in a separate process, in which no other test uses memory.
    await #expect(processExitsWith: .success) { [unit] in
      let limit = 1 << 22
      let ends = try FileDescriptor.pipe(options: .closeOnExec)
      let source = LineSource(OwnedDescriptor(ends.readEnd), limit: limit)
      let piece = Array(String(repeating: unit, count: 4096 / unit.utf8.count).utf8)
      let before = try mostMemory()
      while !source.isFlooded {
        _ = try ends.writeEnd.writeAll(piece)
        source.receive()
      }
      #expect(try mostMemory() - before < 4 * limit)
      #expect(source.isEnded)
      let first = source.nextLine() ?? source.takeRest()
      #expect(first?.hasPrefix(unit == "\n" ? "" : "x") == true)
    }
  }

  @Test("does not include lines that were requested and read", arguments: [false, true])
  func asked(isAsked: Bool) throws {
    let ends = try FileDescriptor.pipe(options: .closeOnExec)
    defer { try? ends.writeEnd.close() }
    let source = LineSource(OwnedDescriptor(ends.readEnd), limit: 100, countsUntakenOnly: isAsked)
    for _ in 0..<20 {
      try ends.writeEnd.writeAll("nine more\n".utf8)
      source.receive()
      if source.nextLine() == nil { break }
    }
    #expect(source.isFlooded == !isAsked)
    guard isAsked else { return }
    try ends.writeEnd.writeAll(String(repeating: "x", count: 101).utf8)
    source.receive()
    #expect(source.isFlooded)
  }
}

/// Returns the peak memory use of this process in bytes: `VmHWM` in `proc_pid_status(5)`.
private func mostMemory() throws -> Int {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
  return 1024 * (try #require(Int(line.split(separator: " ").dropLast().last ?? "")))
}
