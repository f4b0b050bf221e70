import PeerProtocol

/// The events that the recorder reported for one role, in order.
struct RoleTrace: Sendable {
  let role: String
  let language: String
  /// The role's first process.
  let pid: Int
  let events: [TraceEvent]
  /// The reasons why the events do not show all of the role's actions.
  let gaps: [String]
  /// Whether the role transferred more bytes than the recorder keeps.
  let isCut: Bool

  /// Parses the lines that the recorder wrote.
  ///
  /// With `isPartial`, the role may still be running.
  ///
  /// - Throws: ``RecordingError`` if the lines are malformed or incomplete, for example because the role killed its
  ///   tracer.
  init(
    role: String, language: String, pid: Int, lines: [String], isPartial: Bool = false
  ) throws(RecordingError) {
    (self.role, self.language, self.pid) = (role, language, pid)
    var events: [TraceEvent] = []
    var gaps: [String] = []
    var isComplete = false
    var isCut = false
    for line in lines {
      let event: TraceEvent
      do throws(ProtocolError) { event = TraceEvent(try Request(parsing: line)) } catch {
        throw RecordingError("the recorder of \(role) wrote a line that is not an event: \(error)")
      }
      switch event.kind {
      case "end": isComplete = true
      case "limit": isCut = true
      case "unseen":
        let what = "\(role) uses \(event.fields["what"] ?? "a call") whose bytes are not recorded"
        if !gaps.contains(what) { gaps.append(what) }
      default: events.append(event)
      }
    }
    guard isComplete || isPartial else { throw RecordingError("the recorder of \(role) ended before the role did") }
    self.events = events
    self.gaps = gaps
    self.isCut = isCut
  }
}

/// One line from the recorder: an event in a process, with the fields described in `c-peers/wire-recorder`.
struct TraceEvent: Sendable {
  let kind: String
  let fields: Fields

  init(_ request: Request) { (kind, fields) = (request.operation, request.fields) }

  var id: String { fields["id"] ?? "" }
  var bytes: [UInt8] { fields[bytes: "bytes"] ?? [] }
  func number(_ key: String) -> Int? { fields[key].flatMap { Int($0) } }
  func octal(_ key: String) -> Int? { fields[key].flatMap { Int($0, radix: 8) } }
  var pid: Int { number("pid") ?? 0 }
}

/// The reason why a cell could not be recorded.
struct RecordingError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
