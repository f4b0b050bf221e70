import Testing

@testable import Harness

/// Programs that attack the recorder or the recording.
@Suite("The recorder of a hostile program", .serialized)
struct HostileRecordingTests {
  private func record(_ defect: String, expecting status: String = "exit 0") async throws -> RecordingRunner.Result {
    let scenario = """
        - id: hostile
          title: A hostile program ends.
          needs: [private-sandbox]
          programs: {program: hostile}
          steps:
            - start: program
            - wait: program -> \(status)
      """
    return try await onThread {
      try TextbookTests.withProject(defect: defect, port: ["/bin/true"], scenarios: scenario) { file in
        try RecordingRunner(file.configuration, scenarios: file.scenarios, runs: 1).record()
      }
    }
  }

  @Test("survives calls with wild lengths and addresses")
  func wildCalls() async throws {
    let result = try await record("wild-calls")
    #expect(result.failures == [])
    let messages = result.recordings.flatMap(\.objects).flatMap(\.parts).flatMap(\.messages)
    #expect(messages.contains { $0.content == RecordedBytes(Array("done".utf8)) })
    let values = (0..<256).map { "\($0)=32767" }.joined(separator: ",")
    #expect(messages.contains { $0.operation == "set \(values)" })
  }

  @Test("keeps its descriptor from the program")
  func forgedLines() async throws {
    let result = try await record("forged-lines")
    #expect(result.failures == [])
    #expect(result.recordings.map(\.objects) == [[]])
  }

  @Test("cannot be reached by the program")
  func reachedTracer() async throws { #expect(try await record("reach-tracer").failures == []) }

  @Test("writes odd names and bytes so that they can be read back")
  func oddNames() async throws {
    let result = try await record("odd-names")
    #expect(result.failures == [])
    let read = try RecordingFileTests.load(result.text)
    #expect(read.map(\.scenario) == ["hostile"])
    #expect(read.first?.objects.map(\.kind) == [.fifo, .messageQueue, .messageQueue, .sharedMemory])
    #expect(!result.text.contains("\u{1b}"))
  }

  @Test("reports that it was killed, and does not save a partial recording")
  func killedTracer() async throws {
    let result = try await record("kill-tracer", expecting: "killed SIGKILL")
    #expect(result.recordings.isEmpty)
    #expect(result.failures.first?.contains("the recorder of program ended before the role did") == true)
  }
}
