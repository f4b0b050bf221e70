import PeerProtocol

/// Writes recordings as human-readable, editable YAML.
struct RecordingWriter {
  private var lines: [String] = []

  /// Returns the text of a file that contains the recordings.
  static func text(_ recordings: [CellRecording]) -> String {
    var writer = RecordingWriter()
    writer.lines = [
      "# What the programs did on the wire, as `ipc-interop record` wrote it. `ipc-interop check` compares every other",
      "# pairing with it. Edit it to accept a difference: 'any: [OFFSET..LENGTH]' for bytes, {any} for a text, and",
      "# 'may-differ: [order, roles, count]' for an object. docs/recording.md describes all keys.",
    ]
    for recording in recordings { writer.write(recording) }
    return writer.lines.joined(separator: "\n") + "\n"
  }

  private mutating func write(_ recording: CellRecording) {
    lines += ["", "- scenario: \(Self.quoted(recording.scenario))"]
    lines.append(recording.objects.isEmpty ? "  objects: []" : "  objects:")
    for object in recording.objects { write(object) }
  }

  private mutating func write(_ object: RecordedObject) {
    lines.append("    - \(object.kind.rawValue): \(Self.quoted(object.name))")
    if let creation = object.creation {
      var facts = ["by: \(creation.role)"]
      if let mode = creation.mode { facts.append("mode: \(String(mode, radix: 8))") }
      if creation.isExclusive { facts.append("exclusive: true") }
      for limit in RecordedObject.Creation.Limit.allCases {
        if let value = creation.limits[limit] { facts.append("\(limit.rawValue): \(value)") }
      }
      lines.append("      created: {\(facts.joined(separator: ", "))}")
    }
    if let remover = object.remover { lines.append("      removed-by: \(remover)") }
    let closing = object.parts.filter { $0.closesOnExec == true }.map(\.role)
    if !closing.isEmpty { lines.append("      close-on-exec: [\(closing.joined(separator: ", "))]") }
    let tolerance = object.tolerance.names
    if !tolerance.isEmpty { lines.append("      may-differ: [\(tolerance.joined(separator: ", "))]") }
    write("sent", object.parts.map { ($0.role, $0.messages) })
    write("received", object.parts.map { ($0.role, $0.received) })
  }

  private mutating func write(_ key: String, _ lists: [(role: String, messages: [RecordedMessage])]) {
    let lists = lists.filter { !$0.messages.isEmpty }
    if !lists.isEmpty { lines.append("      \(key):") }
    for (role, messages) in lists {
      lines.append("        \(role):")
      for message in messages { lines.append("          - \(Self.text(of: message))") }
    }
  }

  private static func text(of message: RecordedMessage) -> String {
    var facts: [String] = []
    if let operation = message.operation { facts.append("operation: \(quoted(operation))") }
    if let digest = message.content.digest {
      facts += ["length: \(digest.count)", "digest: '\(digest.digest)'"]
    } else if message.operation == nil {
      facts.append(
        message.content.isText
          ? "text: \(quoted(message.content.text))" : "hex: \(quoted(message.content.hexadecimal))")
    }
    if let offset = message.offset { facts.append("offset: \(offset)") }
    if let priority = message.priority { facts.append("priority: \(priority)") }
    switch message.type {
    case .number(let number)?: facts.append("type: \(number)")
    case .process?: facts.append("type: \(quoted(message.type?.text ?? ""))")
    case nil: break
    }
    if !message.passed.isEmpty { facts.append("passes: [\(message.passed.map(quoted).joined(separator: ", "))]") }
    if !message.content.ignored.isEmpty {
      let ranges = message.content.ignored.map { "\($0.lowerBound)..\($0.count)" }
      facts.append("any: [\(ranges.joined(separator: ", "))]")
    }
    return facts.count == 1 ? facts[0] : "{\(facts.joined(separator: ", "))}"
  }

  /// Returns text as a single-quoted YAML scalar, with `?` in place of each character that is unsafe to display.
  private static func quoted(_ text: String) -> String {
    let safe = text.unicodeScalars.map { $0.isUnsafeToDisplay ? "?" : String($0) }.joined()
    return "'\(safe.replacing("'", with: "''"))'"
  }
}

extension RecordedObject.Tolerance {
  /// The words for tolerated differences in a recording.
  enum Name: String, CaseIterable { case order, roles, count }

  fileprivate var names: [String] {
    [(order, Name.order), (roles, .roles), (count, .count)].filter(\.0).map(\.1.rawValue)
  }
}
