import PeerProtocol

/// The recorded actions of the programs in a finished cell.
struct RecordedCell {
  let recording: CellRecording
  let values: CellValues
  /// The language that plays each role.
  let languages: [String: String]
  /// The reasons why the recording is incomplete.
  let gaps: [String]
  /// A role that transferred more bytes than the recorder keeps; nil if no role did.
  let cut: String?

  /// Returns why a cell can neither be recorded nor compared if ``cut`` is not nil.
  static func reason(ofCut role: String) -> String { "\(role) transfers more than 8 MiB; use a smaller scenario" }

  /// Whether a step failed, in which case the programs did not run to completion.
  private let isPartial: Bool

  /// Decodes the events from a cell that has ended.
  init(_ cell: CellRun, names: CellNames) throws(CellOutcome) {
    var traces: [RoleTrace] = []
    for role in cell.client.roles where !role.isPeer {
      try cell.client.waitForEndOfTrace(of: role)
      guard let pid = role.pid else { continue }
      do throws(RecordingError) {
        traces.append(try RoleTrace(role: role.name, language: role.language, pid: pid, lines: role.traceLines))
      } catch {
        throw CellOutcome(.broken, error.description)
      }
    }
    self.init(cell, traces, names, isPartial: false)
  }

  /// Decodes the events from a cell with a failed step, up to that step; nil if they cannot be decoded.
  init?(failed cell: CellRun, names: CellNames) {
    var traces: [RoleTrace] = []
    for role in cell.client.roles where !role.isPeer {
      cell.client.takeTraceAtRest(of: role)
      guard let pid = role.pid else { continue }
      do throws(RecordingError) {
        traces.append(
          try RoleTrace(role: role.name, language: role.language, pid: pid, lines: role.traceLines, isPartial: true))
      } catch { return nil }
    }
    self.init(cell, traces, names, isPartial: true)
  }

  private init(_ cell: CellRun, _ traces: [RoleTrace], _ names: CellNames, isPartial: Bool) {
    self.isPartial = isPartial
    values = CellValues(traces, names: names, scratch: cell.client.sandbox.scratch)
    recording = TraceDecoder.recording(of: cell.scenario.recordingID, traces, values: values)
    languages = Dictionary(cell.client.roles.map { ($0.name, $0.language) }) { first, _ in first }
    gaps = traces.flatMap(\.gaps)
    cut = traces.first(where: \.isCut)?.role
  }

  /// Compares the cell with a recording, and explains each difference.
  ///
  /// Differences in languages other than the reference come first, in the order in which the data was sent, because
  /// they may cause the other differences.
  func differences(from expected: CellRecording, reference: String) -> [ExplainedDifference] {
    let found = RecordingComparison(expected: expected, actual: recording, values: values).differences()
      .filter { !isPartial || !$0.isMissing }
    func isOfPort(_ difference: RecordingDifference) -> Bool {
      difference.role.map { languages[$0] != reference } ?? false
    }
    let ordered = RecordingDifference.inOrder(found)
    return (ordered.filter(isOfPort) + ordered.filter { !isOfPort($0) }).map {
      ExplainedDifference($0, languages: languages)
    }
  }
}

extension Scenario {
  /// The scenario id with the parameters, as in a recording.
  var recordingID: String {
    parameters.isEmpty ? id : "\(id)[\(parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ","))]"
  }
}

extension PeerClient {
  /// Reads a role's events after another role has failed.
  ///
  /// The role's next action may explain the failure. Therefore, this method waits until the role sleeps or its trace
  /// ends, but for no longer than a second.
  func takeTraceAtRest(of role: RoleProcess) {
    guard let trace = streams(of: role).trace, let pid = role.pid else { return }
    var limit = limit(.seconds(1))
    while !trace.isEnded, !hasPassed(&limit) {
      // When a process is asleep in a call, the recorder has already reported all earlier calls.
      if let state = try? sandbox.processState(of: pid), state.isAsleep, state.systemCall != nil { break }
      guard (try? sandbox.wait(.milliseconds(5))) != nil else { break }
    }
    try? sandbox.wait(.zero)
    takeTrace(of: role)
  }

  /// Waits until the recorder has reported that all of a role's processes have exited, and reads the role's events.
  func waitForEndOfTrace(of role: RoleProcess) throws(CellOutcome) {
    guard let trace = streams(of: role).trace else { return }
    try wait(for: role, to: "end under the recorder") { trace.isEnded ? () : nil }
    if trace.isFlooded { throw CellOutcome(.broken, "\(role.description) does more than can be recorded") }
    takeTrace(of: role)
  }
}
