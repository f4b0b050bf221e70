import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import Harness

/// The programs in `Tests/Textbook`, recorded in C and compared with ports.
@Suite("A port of a textbook program", .serialized)
struct TextbookTests {
  /// Returns the scenarios in `Tests/Textbook/interop.yaml`, without its languages.
  static func scenarios() throws -> String {
    let text = try String(
      contentsOfFile: Checkout.root.appending("Tests/Textbook/interop.yaml").string, encoding: .utf8)
    return String(try #require(text.split(separator: "\nscenarios:\n").last))
  }

  /// Writes `interop.yaml` for the C programs, which run with `defect`, and for a port, and passes the project to
  /// `body`.
  static func withProject<Result>(
    defect: String = "none", port: [String], scenarios: String? = nil, _ body: (ProjectFile) throws -> Result
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "textbook-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let texts = try scenarios ?? Self.scenarios()
    let path = folder.appending(path: "interop.yaml").path
    try Data(
      """
      languages:
        c: {programs: '\(Checkout.root.appending("build/tests/textbook").string) --defect \(defect) {program}'}
        port: {programs: '\(port.joined(separator: " ")) {program}'}
      scenarios:
      \(texts)
      """.utf8
    ).write(to: URL(fileURLWithPath: path))
    return try body(try ProjectFile(at: path, as: "interop.yaml", Installation(root: Checkout.root.string)))
  }

  private static func port(_ language: String, _ defect: String) throws -> [String] {
    let program =
      language == "c"
      ? Checkout.root.appending("build/tests/textbook").string : try CommandRun.program("textbook-ports")
    return [program] + (defect.isEmpty ? [] : ["--defect", defect])
  }

  private static let recorded = Result {
    try withProject(port: try port("c", "")) { file in
      try RecordingRunner(file.configuration, scenarios: file.scenarios, runs: 3).record()
    }
  }

  /// Runs some cells of the recorded scenarios.
  static func check(
    _ port: [String], _ recordings: [CellRecording], filter: String? = nil, scenarios: String? = nil
  ) async throws -> [CellResult] {
    try await onThread {
      try withProject(port: port, scenarios: scenarios) { file in
        var configuration = file.configuration
        configuration.recordings = recordings
        configuration.selection.filters = filter.map { [$0] } ?? []
        let results = Mutex<[CellResult]>([])
        _ = try Runner(configuration, scenarios: file.scenarios, expectations: .none).run { event in
          if case .cellEnded(let result) = event { results.withLock { $0.append(result) } }
        }
        return results.withLock { $0 }
      }
    }
  }

  @Test("is recorded completely")
  func recording() throws {
    let result = try Self.recorded.get()
    #expect(result.failures == [])
    #expect(result.notes == [])
    #expect(result.recordings.map(\.scenario) == ["jobs", "logger", "ring", "daemon", "worker", "packets", "faults"])
    // The file still has the same meaning, although it omits descriptors that stay open across execve(2).
    let values = CellValues([], names: CellNames(), scratch: "/tmp")
    for (read, written) in zip(try RecordingFileTests.load(result.text), result.recordings) {
      #expect(read.objects.map(\.name) == written.objects.map(\.name))
      if read.scenario == "worker" { continue }  // the process ID has no value here
      let differences = RecordingComparison(expected: read, actual: written, values: values).differences()
      #expect(differences == [], "\(read.scenario)")
    }
  }

  @Test("without a defect matches the recording in every mixture", arguments: ["c", "swift"])
  func correct(language: String) async throws {
    // Only one program in each pair has a Swift port.
    let scenarios =
      language == "c"
      ? nil
      : try Self.scenarios()
        .replacing("- id: daemon", with: "- id: daemon\n    pin: {daemon: c, client: c}")
        .replacing("- id: jobs", with: "- id: jobs\n    pin: {server: c}")
        .replacing("- id: logger", with: "- id: logger\n    pin: {logger: c}")
        .replacing("- id: ring", with: "- id: ring\n    pin: {producer: c}")
        .replacing("- id: faults", with: "- id: faults\n    pin: {server: c, client: c}")
        .replacing("- id: packets", with: "- id: packets\n    pin: {receiver: c, sender: c}")
        .replacing("- id: worker", with: "- id: worker\n    pin: {worker: c}")
    let results = try await Self.check(
      try Self.port(language, ""), try Self.recorded.get().recordings, scenarios: scenarios)
    #expect(results.count == (language == "c" ? 28 : 11))
    for result in results { #expect(result.verdict == .passed, "\(result.cell.id): \(result.outcome.reason ?? "")") }
  }

  @Test("that reads a stream in different chunks matches the recording")
  func portions() async throws {
    let results = try await Self.check(
      try Self.port("c", "portions"), try Self.recorded.get().recordings, filter: "logger[port>c]")
    #expect(results.map(\.verdict) == [.passed], "\(results.map(\.outcome.reason))")
  }

  @Test("that sends signals with other system calls matches the recording")
  func signalCalls() async throws {
    let results = try await Self.check(
      try Self.port("c", "other-calls"), try Self.recorded.get().recordings, filter: "worker[c>port]")
    #expect(results.map(\.verdict) == [.passed], "\(results.map(\.outcome.reason))")
  }

  @Test(
    "is not compared with a recording that the C programs themselves differ from", arguments: ["logger", "logger[port"])
  func outdated(filter: String) async throws {
    var recordings = try Self.recorded.get().recordings
    let index = try #require(recordings.firstIndex { $0.scenario == "logger" })
    recordings[index].objects[0].creation?.mode = 0o600
    let results = try await Self.check(try Self.port("c", ""), recordings, filter: filter)
    let difference =
      "logger (c): the FIFO /tmp/log.fifo has mode 622, the recording has 600; "
      + "if the programs of the first language are right, record them again"
    #expect(results.count == (filter == "logger" ? 4 : 2))
    for result in results {
      let isControl = result.cell.id == "logger[c>c]"
      #expect(result.verdict == (isControl ? .failed : .broken), "\(result.cell.id)")
      #expect(
        result.outcome.reason
          == (isControl ? difference : "the control cell failed: \(difference)"))
    }
  }

  struct Defect: Sendable, CustomTestStringConvertible {
    let language: String
    let name: String
    /// The scenario, and the languages of its roles.
    let cell: String
    let explanation: String
    var testDescription: String { "\(name) (\(language))" }
  }

  static let defects = [
    (
      "swift", "nul", "logger[c>port]",
      "has 33 bytes, the recording has 36: 3 NULs are missing, and 3 lengths are smaller by 1"
    ),
    ("swift", "byte-order", "logger[c>port]", "the 32-bit integer at offset 0 has the other byte order"),
    (
      "swift", "priority", "jobs[c>port]",
      "client (port): message 1 to the queue /jobs has priority 0, the recording has 3"
    ),
    ("swift", "padding", "jobs[c>port]", "this looks like the padding of a C structure"),
    (
      "swift", "order", "jobs[c>port]",
      "client (port): the messages to the queue /jobs are in a different order, from number 1 on"
    ),
    (
      "swift", "extra", "jobs[c>port]",
      "client (port): message 3 to the queue /jobs is extra, the recording does not have it"
    ),
    (
      "swift", "keeps-segment", "ring[c>port]",
      "consumer (port): the segment 24065 is not removed; in the recording, consumer"
    ),
    ("swift", "no-undo", "ring[c>port]", "operation 2 on the semaphore set 24065 is 2:-1, the recording has 2:-1/undo"),
    ("swift", "value", "worker[c>port]", "worker is SIGUSR1 value=41, the recording has SIGUSR1 value=42"),
    (
      "c", "umask", "jobs[port>c]",
      "server (port): the queue /done has mode 600, the recording has 620: changed by umask 22"
    ),
    (
      "c", "keeps-memory", "jobs[port>c]",
      "server (port): the shared memory /results is not removed; in the recording, server"
    ),
    ("c", "mode", "logger[port>c]", "logger (port): the FIFO /tmp/log.fifo has mode 666, the recording has 622"),
    ("c", "cloexec", "logger[c>port]", "client (port): opens the FIFO /tmp/log.fifo without O_CLOEXEC"),
    ("c", "store-order", "ring[port>c]", "the 32-bit integer at offset 0 has the other byte order"),
    ("c", "cloexec", "daemon[port>c]", "daemon (port): opens the socket /tmp/daemon.sock without O_CLOEXEC"),
    (
      "c", "umask", "daemon[port>c]",
      "daemon (port): the socket /tmp/daemon.sock has mode 755, the recording has 660: changed by umask 22"
    ),
    ("c", "keeps-socket", "daemon[port>c]", "daemon (port): the socket /tmp/daemon.sock is not removed"),
    ("c", "no-descriptor", "daemon[port>c]", "passes no descriptor, the recording has memfd"),
    (
      "c", "newline", "daemon[c>port]",
      "client (port): stream 1 to the socket /tmp/daemon.sock has 6 bytes, the recording has 5"
    ),
    (
      "c", "short-buffer", "packets[port>c]",
      "receiver (port): message 2 from the socket /tmp/packets.sock has 4 bytes, the recording has 6: the last 2 bytes"
    ),
    (
      "c", "short-buffer", "packets[port>c]",
      "receiver (port): message 2 from the System V queue 24066 has 4 bytes, the recording has 6: the last 2 bytes"
    ),
    (
      "c", "stops", "logger[port>c]",
      "logger (port): stream 1 from the FIFO /tmp/log.fifo has 12 bytes, the recording has 36: the last 24 bytes"
    ),
    ("c", "signal", "worker[c>port]", "is SIGUSR1 value=7, the recording has SIGRTMIN+1 value=7"),
  ].map { Defect(language: $0.0, name: $0.1, cell: $0.2, explanation: $0.3) }

  @Test("with a defect is detected, and the defect is named", arguments: defects)
  func found(defect: Defect) async throws {
    let results = try await Self.check(
      try Self.port(defect.language, defect.name), try Self.recorded.get().recordings, filter: defect.cell)
    let result = try #require(results.first)
    let differences = result.outcome.evidence?.differences.compactMap(\.recording?.reason) ?? []
    let explanations = differences + [result.outcome.reason ?? ""]
    #expect(result.verdict != .passed)
    #expect(explanations.contains { $0.contains(defect.explanation) }, "\(explanations)")
  }
}
