import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SpliceTests {
  @Test func `Bytes move between pipes, and tee leaves them`() throws {
    let first = try AnonymousPipe()
    let second = try AnonymousPipe()
    let (source, target) = (first.reader.descriptor, second.writer.descriptor)
    #expect(reason { _ = try Splice.move(from: source, to: target, maxLength: 9, nonBlocking: true) } == .wouldBlock)
    try first.writer.writeAll("abcdef".utf8.span)
    #expect(try Splice.duplicate(from: source, to: target, maxLength: 2) == 2)
    #expect(try Splice.move(from: source, to: target, maxLength: 4) == 4)
    var bytes: [UInt8] = []
    #expect(try second.reader.read(maxLength: 99, appendingTo: &bytes) == 6)
    #expect(bytes == Array("ababcd".utf8))
    #expect(reason { _ = try Splice.move(from: source, at: 0, to: target, maxLength: 1) } == .illegalSeek)
  }

  @Test func `A file is sent from an offset`() throws {
    let pipe = try AnonymousPipe()
    let memory = try scratchMemory(10)
    let mapping = try memory.map(at: 0, count: 10)
    try mapping.copy("0123456789".utf8.span)
    let (file, target) = (memory.descriptor, pipe.writer.descriptor)
    #expect(try Splice.send(from: file, at: 7, to: target, maxLength: 99) == 3)
    #expect(try Splice.move(from: file, at: 2, to: target, maxLength: 2) == 2)
    #expect(try Splice.send(from: file, at: 10, to: target, maxLength: 99) == 0)
    var bytes: [UInt8] = []
    #expect(try pipe.reader.read(maxLength: 99, appendingTo: &bytes) == 5)
    #expect(bytes == Array("78923".utf8))
  }

  /// Runs in a separate process with the default disposition, so a signal that is not consumed kills the process.
  @Test func `A socket that closes during a transfer raises no signal`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let count = 1 << 20
      let memory = try scratchMemory(count)
      let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
      let writer = pair.first
      let reading = pair.second.release()
      Thread {
        // The socket has no room for the whole file, so the transfer cannot end before the socket is closed.
        var arrived: Int32 = 0
        until { unsafe ioctl(reading.rawValue, UInt(FIONREAD), &arrived) == -1 || arrived > 65536 }
        try? reading.close()
      }.start()
      let sent = try Splice.send(from: memory.descriptor, at: 0, to: writer.descriptor, maxLength: count)
      guard sent > 0, sent < count else { exit(1) }
    }
  }

  @Test func `A pipe without readers is reported, and raises no signal`() throws {
    let pipe = try AnonymousPipe()
    let memory = try scratchMemory(10)
    let (file, target) = (memory.descriptor, pipe.writer.descriptor)
    try pipe.reader.close()
    #expect(reason { _ = try Splice.send(from: file, at: 0, to: target, maxLength: 9) } == .brokenPipe)
    #expect(reason { _ = try Splice.move(from: file, at: 0, to: target, maxLength: 9) } == .brokenPipe)
  }
}
