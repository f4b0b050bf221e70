import PeerProtocol

/// What the programs of a finished cell did.
struct RecordedCell {
  let recording: CellRecording
  let values: CellValues
  /// The languages of the roles.
  let languages: [String: String]
  /// The reasons why the recording does not show everything.
  let gaps: [String]
  /// A role that transferred more bytes than are recorded; nil if no role did.
  let cut: String?

  /// Decodes the events of a cell that has ended.
  init(_ cell: CellRun, names: CellNames) throws(CellOutcome) {
    var traces: [RoleTrace] = []
    for role in cell.client.roles where !role.isPeer {
      guard let pid = role.pid else { continue }
      try cell.client.waitForEndOfTrace(of: role)
      do throws(RecordingError) {
        traces.append(try RoleTrace(role: role.name, language: role.language, pid: pid, lines: role.traceLines))
      } catch {
        throw CellOutcome(.broken, error.description)
      }
    }
    values = CellValues(traces, names: names, scratch: cell.client.sandbox.scratch)
    recording = TraceDecoder.recording(of: cell.scenario.recordingID, traces, values: values)
    languages = Dictionary(cell.client.roles.map { ($0.name, $0.language) }) { first, _ in first }
    gaps = traces.flatMap(\.gaps)
    cut = traces.first(where: \.isCut)?.role
  }

  /// Compares the cell with a recording, and returns the outcome that names the differences; nil if there are none.
  func difference(from expected: CellRecording) -> CellOutcome? {
    let differences = RecordingComparison(expected: expected, actual: recording, values: values).differences()
    let explanations = differences.map { $0.explanation(languages: languages) }
    guard let first = explanations.first else { return nil }
    let more = explanations.count > 1 ? " (and \(explanations.count - 1) more)" : ""
    return CellOutcome(
      .failed, first + more, expected: "what the recording has",
      response: .line(explanations.prefix(Self.maximumShown).joined(separator: "\n")))
  }

  /// The maximum number of differences in a report.
  private static let maximumShown = 50
}

extension Scenario {
  /// The id of the scenario with its parameters, by which a recording names it.
  var recordingID: String {
    parameters.isEmpty ? id : "\(id)[\(parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ","))]"
  }
}

extension PeerClient {
  /// Waits until the recorder traces the process of a role, before which its calls are not seen.
  func waitForRecorder(of role: RoleProcess) throws(CellOutcome) {
    guard let trace = streams(of: role).trace else { return }
    try wait(for: role, to: "start below the recorder") { () throws(CellOutcome) -> Void? in
      // The recorder first names itself, when it traces the process.
      if let line = trace.firstLine, let event = try? Request(parsing: line), event.operation == "tracer" {
        role.tracer = event.fields["pid"].flatMap { Int($0) }
        return ()
      }
      guard trace.isEnded else { return nil }
      drain(role)
      throw CellOutcome(.broken, "the recorder cannot trace \(role.description)\(role.lastErrorLine)")
    }
  }

  /// Waits until the recorder has reported the end of all processes of a role, and takes its events.
  func waitForEndOfTrace(of role: RoleProcess) throws(CellOutcome) {
    guard let trace = streams(of: role).trace else { return }
    try wait(for: role, to: "end below the recorder") { trace.isEnded ? () : nil }
    if trace.isFlooded { throw CellOutcome(.broken, "\(role.description) does more than can be recorded") }
    while let line = trace.nextLine() { role.traceLines.append(line) }
  }
}
