import PeerProtocol
import Testing

@testable import Harness

@Suite("A comparison with a recording")
struct RecordingComparisonTests {
  private static let values = CellValues([], names: CellNames(), scratch: "/tmp")

  private func explain(_ change: (inout CellRecording) -> Void, expected: CellRecording = Self.base) -> [String] {
    var actual = Self.base
    change(&actual)
    return RecordingComparison(expected: expected, actual: actual, values: Self.values).differences().map {
      $0.explanation(languages: ["client": "swift", "server": "c"])
    }
  }

  private static func message(_ text: String, priority: Int = 0) -> RecordedMessage {
    RecordedMessage(content: RecordedBytes(Array(text.utf8)), priority: priority)
  }

  private static var base: CellRecording {
    var queue = RecordedObject(kind: .messageQueue, name: "{mq}")
    queue.creation = RecordedObject.Creation(
      role: "server", mode: 0o620, isExclusive: true, limits: [.maxmsg: 8, .msgsize: 16])
    queue.remover = "server"
    queue.parts = [
      RecordedObject.Part(
        role: "client", messages: [message("one\0", priority: 1), message("two\0"), message("three\0")],
        closesOnExec: true)
    ]
    return CellRecording(scenario: "x", objects: [queue])
  }

  @Test("finds nothing between equal recordings")
  func equal() { #expect(explain { _ in } == []) }

  @Test("names a message")
  func messages() {
    #expect(
      explain { $0.objects[0].parts[0].messages[1] = Self.message("two") }
        == [
          "client (swift): message 2 to the queue {mq} has 3 bytes, the recording has 4: the terminating NUL is missing"
        ])
    #expect(
      explain { $0.objects[0].parts[0].messages[0].priority = 0 }
        == ["client (swift): message 1 to the queue {mq} has priority 0, the recording has 1"])
    #expect(
      explain { $0.objects[0].parts[0].messages.remove(at: 1) }
        == [#"client (swift): message 2 to the queue {mq} is missing: 'two\0'"#])
    #expect(
      explain { $0.objects[0].parts[0].messages.insert(Self.message("more"), at: 1) }
        == ["client (swift): message 2 to the queue {mq} is extra, the recording does not have it: 'more'"])
    #expect(
      explain { $0.objects[0].parts[0].messages.swapAt(1, 2) }
        == ["client (swift): the messages to the queue {mq} are in a different order, from number 2 on"])
  }

  @Test("shows the recorded and the sent bytes at the first difference")
  func bytes() throws {
    var (expected, actual) = (Self.base, Self.base)
    expected.objects[0].parts[0].messages = [
      RecordedMessage(content: RecordedBytes([5, 0, 0, 0] + Array("hello".utf8)))
    ]
    actual.objects[0].parts[0].messages = [
      RecordedMessage(content: RecordedBytes([5, 0, 0, 0, 0, 0, 0, 0] + Array("hello".utf8)))
    ]
    let found = RecordingComparison(expected: expected, actual: actual, values: Self.values).differences()
    let difference = ExplainedDifference(try #require(found.first), languages: [:])
    #expect(difference.reason.contains("the integer at offset 0 has 8 bytes instead of 4 (Int for UInt32?)"))
    #expect(difference.recorded == "0: 05 00 00 00 68 65 6c 6c 6f                       |....hello|")
    #expect(difference.sent == "0: 05 00 00 00 00 00 00 00 68 65 6c 6c 6f           |........hello|")
    #expect(difference.received == nil)
  }

  @Test("shows a pattern as it is in the recording, and bounds the text")
  func patterns() throws {
    let long = try #require(RecordedBytes(text: "{any}" + String(repeating: "x", count: 500)))
    let bytes = DifferingBytes(recorded: long, actual: RecordedBytes(Array("abc".utf8)), Self.values.value)
    #expect(bytes.recorded.hasPrefix("'{any}xxx") && bytes.recorded.count < 150)
    #expect(bytes.actual.hasPrefix("0: 61 62 63 "))
  }

  @Test("names the role that sent different bytes first")
  func echo() {
    var expected = Self.base
    expected.objects[0].parts.insert(RecordedObject.Part(role: "server", messages: [Self.message("ONE\0")]), at: 0)
    var actual = expected
    func sent(_ text: String, at time: Int) -> RecordedMessage {
      var message = Self.message(text, priority: 1)
      message.calls = [.init(offset: 0, time: time)]
      return message
    }
    func explained(server: Int, client: Int) -> [String] {
      actual.objects[0].parts[0].messages[0] = sent("ONE", at: server)
      actual.objects[0].parts[1].messages[0] = sent("one", at: client)
      return RecordingDifference.inOrder(
        RecordingComparison(expected: expected, actual: actual, values: Self.values).differences().filter {
          if case .message(_, .bytes) = $0.what { true } else { false }
        }
      ).map { String($0.explanation(languages: ["client": "swift", "server": "c"]).split(separator: " has ")[0]) }
    }
    expected.objects[0].parts[0].messages[0].priority = 1
    #expect(
      explained(server: 2, client: 1) == [
        "client (swift): message 1 to the queue {mq}", "server (c): message 1 to the queue {mq}",
      ])
    #expect(
      explained(server: 1, client: 2) == [
        "server (c): message 1 to the queue {mq}", "client (swift): message 1 to the queue {mq}",
      ])
  }

  @Test("finds the call that sent the first byte that differs")
  func calls() {
    var expected = Self.base.objects[0].parts[0].messages[0]
    expected.content = RecordedBytes(Array("greeting;answer".utf8))
    var object = RecordedObject(kind: .unixStream, name: "{path}")
    object.parts = [RecordedObject.Part(role: "server", messages: [expected])]
    var actual = object
    actual.parts[0].messages[0].content = RecordedBytes(Array("greeting;answEr".utf8))
    actual.parts[0].messages[0].calls = [.init(offset: 0, time: 10), .init(offset: 9, time: 20)]
    let differences = RecordingComparison(
      expected: CellRecording(scenario: "x", objects: [object]),
      actual: CellRecording(scenario: "x", objects: [actual]), values: Self.values
    ).differences()
    #expect(differences.map(\.time) == [20])
  }

  @Test("names a received message, unless it was sent with the same difference")
  func receptions() {
    var expected = Self.base
    expected.objects[0].parts.append(RecordedObject.Part(role: "server", received: [Self.message("one\0")]))
    func explain(_ received: String, sent: String = "one\0") -> [String] {
      self.explain(
        {
          $0.objects[0].parts[0].messages[0] = Self.message(sent, priority: 1)
          $0.objects[0].parts.append(RecordedObject.Part(role: "server", received: [Self.message(received)]))
        }, expected: expected)
    }
    #expect(explain("one\0") == [])
    #expect(
      explain("one") == [
        "server (c): message 1 from the queue {mq} has 3 bytes, the recording has 4: the terminating NUL is missing"
      ])
    #expect(
      explain("one", sent: "one") == [
        "client (swift): message 1 to the queue {mq} has 3 bytes, the recording has 4: the terminating NUL is missing"
      ])
    // If the recording contains no received messages, the comparison ignores received messages.
    #expect(
      self.explain { $0.objects[0].parts.append(RecordedObject.Part(role: "server", received: [Self.message("x")])) }
        == [])
  }

  @Test("names a creation, a removal and a descriptor")
  func objects() {
    #expect(
      explain {
        $0.objects[0].creation?.mode = 0o600
        $0.objects[0].creation?.requested = (0o620, 0o022)
      } == ["server (c): the queue {mq} has mode 600, the recording has 620: changed by umask 22"])
    // The mode of the other object differs because of a umask.
    var socket = RecordedObject(kind: .unixStream, name: "{path}")
    socket.creation = RecordedObject.Creation(role: "server", mode: 0o755, isExclusive: false, limits: [:])
    var unmasked = socket
    unmasked.creation?.mode = 0o777
    unmasked.creation?.requested = (0o777, 0)
    #expect(
      explain({ $0.objects = [unmasked] }, expected: CellRecording(scenario: "x", objects: [socket]))
        == ["server (c): the socket {path} has mode 777, the recording has 755"])
    #expect(
      explain { $0.objects[0].creation?.mode = 0o666 }
        == ["server (c): the queue {mq} has mode 666, the recording has 620"])
    #expect(
      explain { $0.objects[0].creation?.isExclusive = false }
        == ["server (c): creates the queue {mq} without O_EXCL, the recording has it"])
    #expect(
      explain { $0.objects[0].creation?.limits[.maxmsg] = 4 }
        == ["server (c): the queue {mq} has maxmsg 4, the recording has 8"])
    #expect(
      explain { $0.objects[0].remover = nil }
        == ["server (c): the queue {mq} is not removed; in the recording, server removes it"])
    #expect(
      explain { $0.objects[0].parts[0].closesOnExec = false } == [
        "client (swift): opens the queue {mq} without O_CLOEXEC, the recording has it: programs that it executes inherit it"
      ])
    #expect(
      explain { $0.objects[0].name = "/other" } == ["server (c): uses the queue /other, the recording has {mq}"])
    #expect(explain { $0.objects = [] } == ["server (c): does not use the queue {mq}, which the recording has"])
  }

  @Test("accepts the differences that the file allows")
  func tolerance() {
    var expected = Self.base
    expected.objects[0].tolerance = RecordedObject.Tolerance(order: true, roles: true, count: true)
    expected.objects[0].parts[0].messages[0].content.ignored = [0..<2]
    #expect(
      explain(
        {
          $0.objects[0].parts[0].messages = [Self.message("two\0"), Self.message("xxe\0", priority: 1)]
          $0.objects[0].creation?.role = "client"
          $0.objects[0].remover = "client"
        }, expected: expected) == [])
    #expect(
      explain({ $0.objects[0].parts[0].messages[2] = Self.message("thred\0") }, expected: expected) == [
        "client (swift): message 3 to the queue {mq} differs: byte 4 is 'd', the recording has 'e'"
      ])
  }

  @Test("accepts bytes that differ between runs, after they are merged")
  func merge() {
    var other = Self.base
    other.objects[0].parts[0].messages[0] = Self.message("ore\0", priority: 1)
    other.objects[0].parts[0].messages.swapAt(1, 2)
    var merge = RecordingMerge(Self.base)
    merge.add(other, values: Self.values)
    #expect(
      RecordingComparison(expected: merge.recording, actual: other, values: Self.values).differences() == [])
    #expect(
      RecordingComparison(expected: merge.recording, actual: Self.base, values: Self.values).differences() == [])
    #expect(!merge.notes.isEmpty)
  }

  /// Returns the recording of a server that replies to the process `client` with a message of this type.
  private func reply(
    to client: Int, type: Int
  ) throws -> (recording: CellRecording, values: CellValues) {
    let lines = [
      "get pid=900 id=queue type=msg key=5 create=1 mode=600",
      "send pid=900 id=queue type=\(type) bytes=ok",
    ]
    let traces = [
      try RoleTrace(role: "client", language: "c", pid: client, lines: [], isPartial: true),
      try RoleTrace(role: "server", language: "c", pid: 900, lines: lines, isPartial: true),
    ]
    let values = CellValues(traces, names: CellNames(), scratch: "/tmp")
    return (TraceDecoder.recording(of: "x", traces, values: values), values)
  }

  @Test("accepts a System V message whose type is the process ID of the client in each cell")
  func processTypes() throws {
    let first = try reply(to: 70004, type: 70004)
    #expect(first.recording.objects[0].parts.flatMap(\.messages).map(\.type) == [.process(variable: "client.pid")])
    func explain(_ other: (recording: CellRecording, values: CellValues)) -> [String] {
      RecordingComparison(expected: first.recording, actual: other.recording, values: other.values).differences().map {
        $0.explanation(languages: [:])
      }
    }
    #expect(explain(try reply(to: 70005, type: 70005)) == [])
    #expect(
      explain(try reply(to: 70005, type: 7))
        == ["server: message 1 to the System V queue 5 has type 7, the recording has {client.pid}"])
    #expect(
      explain(try reply(to: 70005, type: 900))
        == ["server: message 1 to the System V queue 5 has type {server.pid}, the recording has {client.pid}"])
  }

  @Test("accepts any message type after runs with different types are merged, or if the file has none")
  func anyType() throws {
    let (first, second) = (try reply(to: 70004, type: 3), try reply(to: 70004, type: 4))
    var merge = RecordingMerge(first.recording)
    merge.add(second.recording, values: second.values)
    #expect(merge.notes == ["the type of a message in the System V queue 5 differs from run to run"])
    #expect(merge.recording.objects[0].parts.flatMap(\.messages).map(\.type) == [nil])
    #expect(!merge.recording.objects[0].tolerance.count)
    let third = try reply(to: 70004, type: 5)
    #expect(
      RecordingComparison(expected: merge.recording, actual: third.recording, values: third.values).differences() == [])
  }

  @Test("finds a name that a program has extended, and ends the merge of unknown bytes") func extendedNames() throws {
    let (names, other) = (CellNames(), CellNames())
    let values = CellValues([], names: names, scratch: "/tmp/s")
    func recorded(_ text: String, _ values: CellValues = values) -> RecordedBytes { values.recorded(Array(text.utf8)) }
    #expect(recorded("/\(names.token)-mq7").text == "{mq}7")
    #expect(recorded("/\(names.token)-mq-2 /\(names.token)-shm").text == "{mq-2} {shm}")
    #expect(recorded("/tmp/s/\(names.token)-fifo.lock \(names.token)-abstract1").text == "{fifo}.lock {abstract}1")
    let there = CellValues([], names: other, scratch: "/tmp/s")
    let bytes = recorded("/\(names.token)-mq7")
    #expect(there.recorded(try #require(bytes.filled(there.value))) == bytes)
    // Bytes that have no value in this cell are never equal to a digest.
    func object(_ content: RecordedBytes) -> CellRecording {
      var queue = RecordedObject(kind: .messageQueue, name: "{mq}")
      queue.parts = [RecordedObject.Part(role: "client", messages: [RecordedMessage(content: content)])]
      return CellRecording(scenario: "x", objects: [queue])
    }
    let unknown = RecordedBytes(pieces: [.variable("nobody.pid", width: nil)])
    let digests = [[UInt8]](repeating: [1], count: 2).enumerated().map { index, bytes in
      RecordedBytes(pieces: [.digest(count: 3000, Digest(bytes + [UInt8(index)]))])
    }
    #expect(
      RecordingComparison(expected: object(digests[0]), actual: object(unknown), values: values).differences().count
        == 1)
    for (first, second) in [(unknown, unknown), (RecordedBytes([]), unknown), (digests[0], digests[1])] {
      var merge = RecordingMerge(object(first))
      merge.add(object(second), values: values)
      #expect(merge.recording.objects[0].parts[0].messages[0].content.isPattern)
    }
  }

  @Test("ignores a priority or an offset that differs from run to run, and rejects an operation") func varying() {
    func recording(_ message: RecordedMessage) -> CellRecording {
      var queue = RecordedObject(kind: .messageQueue, name: "{mq}")
      queue.parts = [RecordedObject.Part(role: "client", messages: [message])]
      return CellRecording(scenario: "x", objects: [queue])
    }
    func merge(_ first: RecordedMessage, _ second: RecordedMessage) -> RecordingMerge {
      var merge = RecordingMerge(recording(first))
      merge.add(recording(second), values: Self.values)
      return merge
    }
    func differences(_ merge: RecordingMerge, from message: RecordedMessage) -> [RecordingDifference] {
      RecordingComparison(expected: merge.recording, actual: recording(message), values: Self.values).differences()
    }
    let priorities = merge(Self.message("a", priority: 1), Self.message("a", priority: 2))
    #expect(differences(priorities, from: Self.message("a", priority: 3)) == [])
    #expect(priorities.notes == ["the priority of a message in the queue {mq} differs from run to run"])
    #expect(priorities.failures == [] && !priorities.recording.objects[0].tolerance.count)
    func store(_ offset: Int) -> RecordedMessage { RecordedMessage(content: RecordedBytes([1]), offset: offset) }
    let offsets = merge(store(0), store(8))
    #expect(differences(offsets, from: store(16)) == [] && offsets.failures == [] && offsets.notes.count == 1)
    let operations = merge(RecordedMessage(operation: "SIGUSR1"), RecordedMessage(operation: "SIGUSR2"))
    let descriptors = merge(RecordedMessage(passed: ["pipe"]), RecordedMessage(passed: []))
    for merge in [operations, descriptors] {
      #expect(merge.failures.count == 1)
      #expect(merge.failures.first?.contains("cannot be compared, because it differs from run to run") == true)
    }
  }

  @Test(
    "matches a pattern from the first to the last byte, and tries every place of a variable",
    arguments: [
      (#"{any}{client.pid}\n"#, "x 70001\n", true), (#"{any}{client.pid}\n"#, "x 70001\nGARBAGE\n", false),
      ("{any}{client.pid}!", "70001 70001!", true), ("{any}{client.pid}!", "70001 70001", false),
      ("a{any}", "a", true), ("a{any}", "ba", false), ("{any}a", "aa", true), ("{any}a", "ab", false),
      ("{any}a{any}b", "xaybzb", true), ("{any:2}{any}b", "b", false), ("{any:2}{any}b", "xyb", true),
      (String(repeating: "{any}a", count: 200), String(repeating: "a", count: 1000) + "b", false),
    ])
  func patternMatches(pattern: String, text: String, matches: Bool) throws {
    let bytes = try #require(RecordedBytes(text: pattern))
    #expect(bytes.matches(Array(text.utf8)) { $0 == "client.pid" ? "70001" : nil } == matches)
  }
}
