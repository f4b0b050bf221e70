import Foundation
import SystemPackage
import Testing

@testable import Harness

/// A process that runs the command in a temporary checkout with few scenarios.
final class CommandRun {
  let process = Process()
  /// The command's standard output and standard error.
  ///
  /// They end when the command and all its sandbox inits have exited.
  private let said: LineSource
  private(set) var lines: [String] = []

  /// Runs the command in a shell; the script `shell` executes it as `"$@"`.
  init(
    root: FilePath, shell: String = #"exec "$@""#, command: [String] = ["run", "--pairs", "c:c", "fifo/wait"],
    _ arguments: [String] = []
  ) throws {
    let pipe = Foundation.Pipe()
    // The pipe is small, so a run blocks after about ninety cells unless the test reads its output.
    let setCapacity: Int32 = 1031  // F_SETPIPE_SZ
    _ = fcntl(pipe.fileHandleForReading.fileDescriptor, setCapacity, 4096)
    let reader = dup(pipe.fileHandleForReading.fileDescriptor)
    said = LineSource(OwnedDescriptor(FileDescriptor(rawValue: reader)))
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments =
      ["-c", shell, "sh", try Self.command] + command + ["--root", root.string] + arguments
    // In the command, ThreadSanitizer would report races that do not exist, because only this program is linked with
    // `Sanitizers`.
    process.environment = Self.environment
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
  }

  /// The path of the command: the release build whose path `make unit` passes, or else the debug build beside the
  /// tests.
  static var command: String {
    get throws { try ProcessInfo.processInfo.environment["IPC_INTEROP_COMMAND"] ?? program("ipc-interop") }
  }

  /// The environment of the tests without the variables of CI services, because the services would receive a report
  /// from each run.
  private static let environment: [String: String] = {
    let services = ["GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "XML_OUTPUT_FILE", "TESTBRIDGE_TEST_ONLY"]
    var environment = ProcessInfo.processInfo.environment.filter { name, _ in
      !services.contains(name) && !name.hasPrefix("TEST_")
    }
    environment["TSAN_OPTIONS"] = "report_bugs=0"
    return environment
  }()

  /// Returns the path of a program that was built with the tests.
  static func program(_ name: String) throws -> String {
    let tests = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
    return FilePath(tests).removingLastComponent().appending(name).string
  }

  /// Waits until `count` lines have arrived, or until the output ends.
  func read(_ count: Int = .max) throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while lines.count < count {
      if let line = said.nextLine() ?? said.takeRest() {
        lines.append(line)
      } else if said.isEnded {
        return
      } else {
        try #require(ContinuousClock.now < deadline, "a process still holds standard error")
        waitForInput([said], timeout: deadline - .now)
      }
    }
  }

  /// Reads the rest of the output, and returns the exit status or the negated signal number.
  func end() throws -> Int32 {
    try read()
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  /// Creates a checkout with `cells` cells.
  ///
  /// Each of them blocks in a call, and removes its objects in its last step.
  static func checkout(cells: Int) throws -> FilePath {
    let folder = FileManager.default.temporaryDirectory.appending(path: "checkout-\(UUID().uuidString)")
    let scenarios = folder.appending(path: "fixtures/scenarios")
    try FileManager.default.createDirectory(at: scenarios, withIntermediateDirectories: true)
    try FileManager.default.createDirectory(
      at: folder.appending(path: "fixtures/vectors"), withIntermediateDirectories: true)
    for (name, target) in [
      ("fixtures/operations.yaml", "fixtures/operations.yaml"),
      ("fixtures/peers.yaml", "fixtures/peers.yaml"), ("fixtures/vectors/fifos.txt", "fixtures/vectors/fifos.txt"),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.appending(path: name).path, withDestinationPath: Checkout.root.appending(target).string)
    }
    // Use copies instead of links, because the targets of links are not visible in a sandbox with a private /tmp.
    let programs = folder.appending(path: "build/bin")
    try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
    for name in ["sandbox-init", "c-peer"] {
      try Self.shell(
        #"cp "$1" "$2""#, Checkout.root.appending("build/bin/\(name)").string, programs.appending(path: name).path)
    }
    let cells = (1...cells).map(String.init).joined(separator: ", ")
    try Data(
      """
      - id: fifo/wait
        title: A reader waits for a writer.
        spec: mkfifo(3)
        level: must
        roles: [reader, writer]
        with: {count: [\(cells)]}
        steps:
          - reader: mkfifo path={fifo} mode=600
          - reader: open handle=f path={fifo} oflag=O_RDONLY -> blocks
          - writer: open handle=f path={fifo} oflag=O_WRONLY
          - reader: -> ok
          - writer: write handle=f pattern=1 count={count}
          - reader: read handle=f pattern=1 count={count} -> return={count}
          - reader: unlink path={fifo}
      """.utf8
    ).write(to: scenarios.appending(path: "fifo.yaml"))
    try Data(
      "- {id: examples/one, title: T., spec: getpid(2), level: must, roles: [a], steps: [{a: pid}]}\n".utf8
    ).write(to: folder.appending(path: "fixtures/examples.yaml"))
    try Data("- group: g\n  pitfalls:\n    - requirement: r\n      scenarios: [fifo/wait]\n".utf8)
      .write(to: folder.appending(path: "fixtures/pitfalls.yaml"))
    return FilePath(folder.path)
  }

  /// Writes a program from a separate process.
  ///
  /// If this process wrote the file, a child that is forked in the meantime would hold the file open for writing.
  /// Executing the file would then fail with ETXTBSY.
  static func writeProgram(_ text: String, to path: String) throws {
    try shell(#"printf '%s' "$1" >"$2" && chmod 755 "$2""#, text, path)
  }

  private static func shell(_ script: String, _ arguments: String...) throws {
    let process = try Process.run(URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", script, "sh"] + arguments)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  /// Adds a fault-injection script and the table of calls to a checkout.
  static func addInjectionScript(to root: FilePath, _ script: String) throws {
    let folder = root.appending("fixtures/fault-injection").string
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(script.utf8).write(to: URL(fileURLWithPath: "\(folder)/fifo.yaml"))
    let table = SystemCallTable.file
    try FileManager.default.createSymbolicLink(
      atPath: root.appending(table).string, withDestinationPath: Checkout.root.appending(table).string)
  }
}
