import Foundation
import IPC
import Synchronization
import SystemPackage
import Testing

@Suite struct BufferedWriterTests {
  /// Runs in a separate process with the default disposition, so a signal that is not suppressed kills the process.
  @Test func `Reporting unwritten bytes to a broken pipe raises no signal`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let pipe = try AnonymousPipe()
      try pipe.reader.close()
      // The testing library also writes to standard error.
      let standardError = dup(STDERR_FILENO)
      dup2(pipe.writer.descriptor.rawValue, STDERR_FILENO)
      do {
        var writer = BufferedWriter(pipe.writer)
        try writer.write([1].span)
      }
      dup2(standardError, STDERR_FILENO)
    }
  }

  @Test func `Small writes are collected, and large ones keep the order`() throws {
    var writer = BufferedWriter(ScriptedSink(pieces: [1000]), capacity: 8)
    try writer.write("12345".utf8.span)
    #expect(writer.unwritten == 5)
    try writer.write("67890".utf8.span)
    #expect(writer.unwritten == 5, "the first five were flushed")
    try writer.write("abcdefghij".utf8.span)
    #expect(writer.unwritten == 0, "more than the capacity is written directly")
    try writer.write("rest".utf8.span)
    #expect(try writer.flush() == 4)
    #expect(try writer.flush() == 0)
    var rest: [UInt8] = []
    let sink = writer.release(unwrittenTo: &rest)
    #expect(String(decoding: sink.bytes, as: UTF8.self) == "1234567890abcdefghijrest")
    #expect(rest.isEmpty)
  }

  @Test func `A flush that would block keeps the rest, and reports the number of written bytes`() throws {
    var writer = BufferedWriter(ScriptedSink(pieces: [4]), onUnwritten: { _ in })
    try writer.write("0123456789".utf8.span)
    // The scripted sink would block on every other immediate write.
    #expect(failure { try writer.flush(timeout: .immediate) }?.errno == .wouldBlock)
    let error = failure { try writer.flush(timeout: .immediate) }
    #expect(error?.transferred == 4)
    #expect(writer.unwritten == 6)
    try writer.write("!".utf8.span)
    try writer.flush()
    var rest: [UInt8] = []
    #expect(String(decoding: writer.release(unwrittenTo: &rest).bytes, as: UTF8.self) == "0123456789!")
  }

  @Test func `A failed write does not add its bytes to the buffer`() throws {
    var writer = BufferedWriter(ScriptedSink(pieces: [100]), capacity: 8, onUnwritten: { _ in })
    try writer.write("123456".utf8.span)
    let error = failure { try writer.write("789".utf8.span, timeout: .immediate) }
    #expect(error?.errno == .wouldBlock)
    #expect(error?.transferred == 0)
    #expect(writer.unwritten == 6)
    var rest: [UInt8] = []
    #expect(writer.release(unwrittenTo: &rest).bytes.isEmpty)
    #expect(rest == Array("123456".utf8))
  }

  @Test func `Destroying a writer reports unwritten bytes once, and writes nothing`() throws {
    let pipe = try AnonymousPipe()
    let reports = Reports()
    do {
      var writer = BufferedWriter(pipe.writer, onUnwritten: { reports.append($0) })
      try writer.write("lost".utf8.span)
    }
    #expect(reports.counts == [4])
    var bytes: [UInt8] = []
    #expect(try pipe.reader.readToEnd(appendingTo: &bytes) == 0)
  }

  @Test func `Closing and releasing report nothing, and closing flushes`() throws {
    let reports = Reports()
    let pipe = try AnonymousPipe()
    var writer = BufferedWriter(pipe.writer, onUnwritten: { reports.append($0) })
    try writer.write("kept".utf8.span)
    try writer.close()
    var bytes: [UInt8] = []
    #expect(try pipe.reader.readToEnd(appendingTo: &bytes) == 4)

    var released = BufferedWriter(ScriptedSink(pieces: [1]), onUnwritten: { reports.append($0) })
    try released.write("taken".utf8.span)
    _ = released.release(unwrittenTo: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "kepttaken")

    var flushed = BufferedWriter(ScriptedSink(pieces: [1]), onUnwritten: { reports.append($0) })
    try flushed.write("x".utf8.span)
    try flushed.flush()
    #expect(reports.counts.isEmpty)
  }

  @Test func `Closing without readers throws, and discards the bytes`() throws {
    let reports = Reports()
    let pipe = try AnonymousPipe()
    try pipe.reader.close()
    try waitUntilReadersAreGone(pipe.writer)
    var writer = BufferedWriter(pipe.writer, onUnwritten: { reports.append($0) })
    try writer.write("lost".utf8.span)
    #expect(reason { try writer.flush() } == .brokenPipe)
    #expect(writer.unwritten == 4)
    do {
      try writer.close()
      Issue.record("closing succeeded")
    } catch {
      #expect(error.errno == .brokenPipe)
    }
    #expect(reports.counts.isEmpty)
  }

  private final class Reports: Sendable {
    private let all = Mutex<[Int]>([])
    func append(_ count: Int) { all.withLock { $0.append(count) } }
    var counts: [Int] { all.withLock(\.self) }
  }
}
