import Foundation
import PeerProtocol
import Testing

@testable import Harness

@Suite("A recordings file")
struct RecordingFileTests {
  static func load(_ text: String) throws(FixtureErrors) -> [CellRecording] {
    try DiagnosticLog.collect {
      RecordingLoader.load(FixtureFile(file: "x.recording.yaml", bytes: Data(text.utf8)), log: $0)
    }
  }

  static var sample: CellRecording {
    var queue = RecordedObject(kind: .messageQueue, name: "{mq}")
    queue.creation = RecordedObject.Creation(
      role: "server", mode: 0o620, isExclusive: true, limits: [.maxmsg: 8, .msgsize: 16])
    queue.remover = "server"
    queue.tolerance.order = true
    var message = RecordedMessage(content: RecordedBytes(Array("it's {here}\n\0".utf8)), priority: 3)
    message.content.ignored = [4..<6]
    let long = [UInt8](repeating: 7, count: 5000)
    queue.parts = [
      RecordedObject.Part(
        role: "client",
        messages: [
          message, RecordedMessage(content: RecordedBytes([0, 1, 2, 3, 4])),
          RecordedMessage(content: RecordedBytes(pieces: [.digest(count: 5000, Digest(long))])),
          RecordedMessage(content: RecordedBytes([])),
        ], closesOnExec: true),
      RecordedObject.Part(role: "server", received: [RecordedMessage(content: RecordedBytes([9]), priority: 1)]),
    ]
    var signals = RecordedObject(kind: .signals, name: "client")
    signals.parts = [
      RecordedObject.Part(role: "server", messages: [RecordedMessage(operation: "SIGUSR1 value=1")])
    ]
    var segment = RecordedObject(kind: .segment, name: "5678")
    segment.parts = [
      RecordedObject.Part(
        role: "server",
        messages: [
          RecordedMessage(content: RecordedBytes([1]), type: .number(2), offset: 8, passed: ["pipe", "file '/x'"]),
          RecordedMessage(content: RecordedBytes([2]), type: .process(variable: "client.child-1.pid")),
        ])
    ]
    return CellRecording(scenario: "jobs[count=3]", objects: [queue, signals, segment])
  }

  @Test("is read as it was written")
  func roundTrip() throws {
    #expect(try Self.load(RecordingWriter.text([Self.sample])) == [Self.sample])
  }

  @Test(
    "reports errors with their location",
    arguments: [
      ("objects: [{fifo: /x, sent: {a: [{text: '\\q'}]}}]", "'\\q' does not stand for bytes"),
      ("objects: [{fifo: /x, sent: {a: [{hex: '0'}]}}]", "does not stand for bytes"),
      ("objects: [{fifo: /x, sent: {a: [{text: x, any: [3]}]}}]", "a range is OFFSET..LENGTH"),
      ("objects: [{fifo: /x, sent: {a: [{text: x, hex: '00'}]}}]", "a message must have one of"),
      ("objects: [{fifo: /x, pipe: y}]", "an object must have one key with its kind"),
      ("objects: [{sysv-msg: '1', sent: {a: [{text: x, type: '*'}]}}]", "'*' is not a type; use a number"),
      ("objects: [{fifa: /x}]", "did you mean 'fifo'?"),
      ("objects: [{fifo: /x, created: {by: a, mode: '9'}}]", "a mode is octal"),
      ("objects: [{fifo: /x, may-differ: [colour]}]", "is not something that may differ"),
      ("object: []", "has no key 'object'"),
    ])
  func errors(text: String, error: String) throws {
    let errors = try #require(throws: FixtureErrors.self) { try Self.load("- {scenario: x, \(text)}") }
    #expect(errors.description.contains(error))
  }

  @Test("keeps names on their line, without escape sequences")
  func names() throws {
    let name = "/tmp/'\n- scenario: x\u{1b}[31m"
    let text = RecordingWriter.text([
      CellRecording(scenario: "x", objects: [RecordedObject(kind: .fifo, name: name)])
    ])
    #expect(try Self.load(text).count == 1)
    #expect(!text.contains("\u{1b}"))
  }
}
