import Foundation
import PeerProtocol

@testable import Harness

/// Targets for recordings: the file that a user may edit, and the events that the recorder reports.
extension FuzzTarget {
  static let recordings = FuzzTarget(name: "recordings") { input in
    let source = FixtureFile(file: "x.recording.yaml", bytes: Data(input))
    var loaded: [CellRecording] = []
    do throws(FixtureErrors) {
      let recordings = try DiagnosticLog.collect { RecordingLoader.load(source, log: $0) }
      loaded = recordings
    } catch {
      try demand(error.description.hasPrefix("x.recording.yaml:"), "no location: \(error)")
    }
    try checkWritten(loaded)
    for recording in loaded { _ = differences(recording, recording) }
  }

  /// Decodes the events of two roles, separated by an empty line.
  static let events = FuzzTarget(name: "events") { input in
    let lines = String(decoding: input, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let parts = lines.split(separator: "", maxSplits: 1).map { $0.map(String.init) }
    var traces: [RoleTrace] = []
    for (number, lines) in parts.enumerated() {
      do throws(RecordingError) {
        traces.append(
          try RoleTrace(role: "role-\(number)", language: "c", pid: 1000 + number, lines: lines, isPartial: true))
      } catch { return }
    }
    let values = CellValues(traces, names: cellNames, scratch: "/tmp")
    let recording = TraceDecoder.recording(of: "events", traces, values: values)
    try checkWritten([recording])
    try demand(differences(recording, recording, values).isEmpty, "a recording differs from itself")
  }

  private static let cellNames = CellNames(token: "ipc-interop-0000000", firstKey: 0x1000)

  /// Checks that recordings can be written and read back.
  private static func checkWritten(_ recordings: [CellRecording]) throws {
    guard !recordings.isEmpty else { return }
    let source = FixtureFile(file: "written.yaml", bytes: Data(RecordingWriter.text(recordings).utf8))
    let read = try DiagnosticLog.collect { RecordingLoader.load(source, log: $0) }
    try demand(read.count == recordings.count, "\(recordings.count) were written, \(read.count) read")
    for (read, written) in zip(read, recordings) {
      try demand(read.objects.map(\.kind) == written.objects.map(\.kind), "other objects were read than written")
    }
  }

  private static func differences(
    _ expected: CellRecording, _ actual: CellRecording,
    _ values: CellValues = CellValues([], names: cellNames, scratch: "/tmp")
  ) -> [RecordingDifference] {
    RecordingComparison(expected: expected, actual: actual, values: values).differences()
  }
}
