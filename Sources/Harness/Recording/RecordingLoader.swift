import Foundation
import PeerProtocol

/// Reads recordings, and reports the errors in all entries.
struct RecordingLoader {
  private typealias Value = FixtureDocument.Value
  private let log: DiagnosticLog

  /// Reads a project's recordings; returns none if the file does not exist.
  static func load(at path: String, as name: String, scenarios: [Scenario], log: DiagnosticLog) -> [CellRecording] {
    guard FileManager.default.fileExists(atPath: path), let source = FixtureFile(at: path, as: name, log: log) else {
      return []
    }
    let recordings = load(source, log: log)
    let known = scenarios.map(\.recordingID)
    for recording in recordings where !known.contains(recording.scenario) && !known.isEmpty {
      let id = abbreviated(recording.scenario)
      log.add(
        whole: name, "there is no scenario '\(id)' any more\(Suggestion.clause(for: id, among: known)); record again")
    }
    return recordings
  }

  /// Reads the recordings in a file.
  static func load(_ source: FixtureFile, log: DiagnosticLog) -> [CellRecording] {
    guard let document = FixtureDocument(source, log: log) else { return [] }
    let loader = RecordingLoader(log: log)
    return document.root.nonEmptyList("recordings").compactMap(loader.recording)
  }

  private func recording(_ value: FixtureDocument.Value) -> CellRecording? {
    guard
      let keys = value.map("a recording", keys: ["scenario", "objects"], required: ["scenario", "objects"]),
      let scenario = keys["scenario"]?.text("the id of a scenario")?.text
    else { return nil }
    let objects = keys["objects"]?.list("objects").compactMap(object) ?? []
    return CellRecording(scenario: scenario, objects: objects)
  }

  private func object(_ value: FixtureDocument.Value) -> RecordedObject? {
    let kinds = RecordedObject.Kind.allCases.map(\.rawValue)
    guard
      let keys = value.map(
        "an object", keys: kinds + ["created", "removed-by", "close-on-exec", "may-differ", "sent", "received"])
    else { return nil }
    let named = RecordedObject.Kind.allCases.filter { keys[$0.rawValue] != nil }
    guard named.count == 1, let kind = named.first, let name = keys[kind.rawValue]?.text("a name")?.text else {
      value.report("an object must have one key with its kind, such as 'fifo', and its name")
      return nil
    }
    var object = RecordedObject(kind: kind, name: name)
    object.creation = keys["created"].flatMap(creation)
    object.remover = keys["removed-by"]?.text("a role")?.text
    for entry in keys["sent"]?.map("'sent'") ?? [] {
      object.with(entry.key.text) { $0.messages = entry.value.list("messages").compactMap(message) }
    }
    for entry in keys["received"]?.map("'received'") ?? [] {
      object.with(entry.key.text) { $0.received = entry.value.list("messages").compactMap(message) }
    }
    for role in keys["close-on-exec"]?.texts("roles") ?? [] { object.with(role) { $0.closesOnExec = true } }
    for entry in keys["may-differ"]?.list("what may differ") ?? [] {
      switch entry.choice("something that may differ", RecordedObject.Tolerance.Name.self) {
      case .order: object.tolerance.order = true
      case .roles: object.tolerance.roles = true
      case .count: object.tolerance.count = true
      case nil: break
      }
    }
    return object
  }

  private func creation(_ value: FixtureDocument.Value) -> RecordedObject.Creation? {
    let limits = RecordedObject.Creation.Limit.allCases
    guard
      let keys = value.map(
        "'created'", keys: ["by", "mode", "exclusive"] + limits.map(\.rawValue), required: ["by"]),
      let role = keys["by"]?.text("a role")?.text
    else { return nil }
    var creation = RecordedObject.Creation(role: role)
    if let mode = keys["mode"], let text = mode.text("a mode")?.text {
      creation.mode = Int(text, radix: 8)
      if creation.mode.map({ $0 > 0o7777 }) ?? true { mode.report("a mode is octal, such as 640") }
    }
    creation.isExclusive = keys["exclusive"]?.boolean("'exclusive'") ?? false
    for limit in limits {
      creation.limits[limit] = keys[limit.rawValue]?.number("'\(limit.rawValue)'", in: 0...Int.max)
    }
    return creation
  }

  // MARK: - Messages

  private func message(_ value: FixtureDocument.Value) -> RecordedMessage? {
    guard
      let keys = value.map(
        "a message",
        keys: ["text", "hex", "length", "digest", "operation", "offset", "priority", "type", "passes", "any"])
    else { return nil }
    var message = RecordedMessage()
    let contents = ["text", "hex", "digest", "operation"].filter { keys[$0] != nil }
    if contents.count != 1 { value.report("a message must have one of 'text', 'hex', 'digest' and 'operation'") }
    if let text = keys["text"]?.text("a text", mayBeEmpty: true) {
      message.content =
        RecordedBytes(text: text.text) ?? malformed(text, #"use \0, \n, \t, \\, \{, \xHH or {name}"#)
    }
    if let text = keys["hex"]?.text("hexadecimal digits", mayBeEmpty: true) {
      message.content = RecordedBytes(hexadecimal: text.text) ?? malformed(text, "use pairs of hexadecimal digits")
    }
    if let text = keys["digest"]?.text("a digest") {
      let count = keys["length"]?.number("'length'", in: 0...Int.max) ?? 0
      if let digest = Digest(parsing: text.text) {
        message.content = RecordedBytes(pieces: [.digest(count: count, digest)])
      } else {
        log.add(text.location, "a digest has 16 hexadecimal digits")
      }
    }
    message.operation = keys["operation"]?.text("an operation")?.text
    message.offset = keys["offset"]?.number("'offset'", in: 0...Int.max)
    message.priority = keys["priority"]?.number("'priority'", in: 0...Int(UInt32.max))
    message.type = keys["type"].flatMap(type)
    message.passed = keys["passes"]?.texts("descriptors") ?? []
    message.content.ignored = (keys["any"]?.list("ranges") ?? []).compactMap(range)
    return message
  }

  private func type(_ value: FixtureDocument.Value) -> MessageType? {
    guard let source = value.text("a type") else { return nil }
    let type = MessageType(parsing: source.text)
    if type == nil {
      log.add(
        source.location,
        "'\(abbreviated(source.text))' is not a type; use a number, or a process ID such as '{client.pid}', "
          + "or leave out 'type' to accept any")
    }
    return type
  }

  private func malformed(_ text: SourceText, _ advice: String) -> RecordedBytes {
    log.add(text.location, "'\(abbreviated(text.text))' does not stand for bytes; \(advice)")
    return RecordedBytes([])
  }

  private func range(_ value: FixtureDocument.Value) -> Range<Int>? {
    guard let source = value.text("a range") else { return nil }
    let parts = source.text.split(separator: "..", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let offset = parts[0], let length = parts[1], offset >= 0, length > 0,
      offset < 1 << 40, length < 1 << 40
    else {
      log.add(source.location, "a range is OFFSET..LENGTH, such as 4..2, not '\(abbreviated(source.text))'")
      return nil
    }
    return offset..<offset + length
  }
}

extension RecordedObject {
  /// Changes a role's part of the object, adding the part if necessary.
  fileprivate mutating func with(_ role: String, _ change: (inout Part) -> Void) {
    if !parts.contains(where: { $0.role == role }) { parts.append(Part(role: role)) }
    for index in parts.indices where parts[index].role == role { change(&parts[index]) }
  }
}
