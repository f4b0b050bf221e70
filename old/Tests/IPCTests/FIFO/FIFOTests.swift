import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct FIFOTests {
  @Test func `What one process writes, another one reads`() async throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    try fifo.make(permissions: [.ownerReadWrite])
    async let read = onThread {
      var bytes: [UInt8] = []
      let reader = try fifo.openForReading()
      try reader.readToEnd(appendingTo: &bytes)
      return bytes
    }
    try await onThread {
      let writer = try fifo.openForWriting()
      try writer.writeAll("hello".utf8.span)
      try writer.close()
    }
    #expect(try await read == Array("hello".utf8))
    try fifo.unlink()
    #expect(reason { _ = try fifo.status() } == .noSuchFileOrDirectory)
  }

  @Test func `Nobody reads is a result, and so is a deadline`() async throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    try fifo.make(permissions: [.ownerReadWrite])
    try await onThread {
      let opened1 = try fifo.openForWriting(patience: .none) != nil
      #expect(!opened1)
      let deadline = Deadline.after(.milliseconds(20))
      let opened2 = try fifo.openForWriting(patience: .until(deadline)) != nil
      #expect(!opened2)
      let opened3 = try fifo.openForReading(patience: .until(deadline)) != nil
      #expect(!opened3)
      #expect(deadline.hasPassed)
    }
  }

  @Test func `What was opened is read and written without waiting, whoever may open it now`() async {
    // In a process of its own, which gives up the right to open everything.
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      let fifo = FIFO(scratch.path.appending("fifo"))
      try fifo.make(permissions: [.ownerReadWrite])
      guard let reader = try fifo.openForReading(patience: .none),
        let writer = try fifo.openForWriting(patience: .none)
      else { exit(1) }
      guard unsafe chmod(fifo.path.string, 0) == 0 else { exit(2) }
      let before = geteuid()
      guard before != 0 || seteuid(65534) == 0 else { exit(3) }
      var bytes: [UInt8] = []
      let nothing = try reader.read(atMost: 9, appendingTo: &bytes, patience: .none)
      let written = try writer.write([7].span, patience: .none)
      let something = try reader.read(atMost: 9, appendingTo: &bytes, patience: .atMost(.seconds(60)))
      guard seteuid(before) == 0 else { exit(4) }
      guard nothing == .wouldBlock(after: 0), written == .wrote(1), something == .read(1) else { exit(5) }
      guard try !reader.isNonBlocking, try !writer.isNonBlocking else { exit(6) }
    }
  }

  @Test func `Packets stay packets when they are written without waiting`() throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    try fifo.make(permissions: [.ownerReadWrite])
    guard let reader = try fifo.openForReading(patience: .none),
      let writer = try fifo.openForWriting(patience: .none)
    else {
      Issue.record("opened at once")
      return
    }
    // 0o40000 is O_DIRECT, which glibc's import does not show.
    try #require(fcntl(writer.descriptor.rawValue, F_SETFL, 0o40000) == 0)
    for byte in [UInt8(1), 2] { #expect(try writer.write([byte].span, patience: .none) == .wrote(1)) }
    var bytes: [UInt8] = []
    #expect(try reader.read(atMost: 9, appendingTo: &bytes, patience: .none) == .read(1))
    #expect(bytes == [1])
  }

  @Test func `A reader without patience opens whether anybody writes or not`() throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    try fifo.make(permissions: [.ownerReadWrite])
    guard let reader = try fifo.openForReading(patience: .none) else {
      Issue.record("opened at once")
      return
    }
    #expect(try !reader.isNonBlocking)
    var bytes: [UInt8] = []
    #expect(try reader.read(atMost: 1, appendingTo: &bytes) == .endOfFile(after: 0))
    guard let writer = try fifo.openForWriting(patience: .none, nonBlocking: true) else {
      Issue.record("somebody reads")
      return
    }
    #expect(try writer.isNonBlocking)
    #expect(try reader.read(atMost: 1, appendingTo: &bytes, patience: .none) == .wouldBlock(after: 0))
    #expect(try reader.read(atMost: 1, appendingTo: &bytes, patience: .atMost(.milliseconds(5))) == .timedOut(after: 0))
    #expect(try writer.write([5].span, patience: .atMost(.seconds(9))) == .wrote(1))
    #expect(try reader.read(atMost: 1, appendingTo: &bytes, patience: .atMost(.seconds(9))) == .read(1))
    let much = [UInt8](repeating: 1, count: 100_000)
    #expect(try writer.writeAll(much.span, patience: .atMost(.milliseconds(5))) == .timedOut(after: 65536))
    try reader.close()
    try untilNobodyReads(writer.descriptor)
    #expect(try writer.write([5].span, patience: .none) == .nobodyReads(after: 0))
  }

  @Test func `A reader with a deadline learns of a writer that says nothing, and takes nothing`() async throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    try fifo.make(permissions: [.ownerReadWrite])
    async let opened = onThread { try fifo.openForReading(patience: .atMost(.seconds(60))) != nil }
    let silent = try await onThread { try fifo.openForWriting().release() }
    #expect(try await opened)
    try silent.close()

    let both = try fifo.openForBoth()
    try both.writeAll("x".utf8.span)
    guard let reader = try fifo.openForReading(patience: .atMost(.seconds(60))) else {
      Issue.record("there is a writer")
      return
    }
    #expect(try reader.bytesWaiting == 1)
  }

  @Test func `Both ends in one descriptor wait for nobody`() throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    try fifo.make(permissions: [.ownerReadWrite])
    let both = try fifo.openForBoth()
    #expect(try both.write([1, 2].span) == .wrote(2))
    var bytes: [UInt8] = []
    #expect(try both.readExactly(2, appendingTo: &bytes) == .read(2))
    #expect(try both.read(atMost: 1, appendingTo: &bytes, patience: .none) == .wouldBlock(after: 0))
  }

  @Test func `An open that a signal interrupts is an error where that was asked for`() async throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    try fifo.make(permissions: [.ownerReadWrite])
    try await onThread {
      let nagging = Nagging()
      defer { nagging.end() }
      #expect(reason { _ = try fifo.openForReading(interruption: .report) } == .interrupted)
      #expect(reason { _ = try fifo.openForWriting(interruption: .report) } == .interrupted)
      let soon = Patience.atMost(.milliseconds(20))
      let opened4 = try fifo.openForWriting(patience: soon) != nil
      #expect(!opened4)
      let opened5 = try fifo.openForReading(patience: soon) != nil
      #expect(!opened5)
    }
  }

  @Test(arguments: [Patience.forever, .atMost(.seconds(3600))])
  func `Two sides of a duplex channel open without waiting for each other for ever`(_ patience: Patience) async throws {
    let scratch = try Scratch()
    let (one, other) = (FIFO(scratch.path.appending("one")), FIFO(scratch.path.appending("other")))
    try one.make(permissions: [.ownerReadWrite])
    try other.make(permissions: [.ownerReadWrite])
    let speak: @Sendable (FIFO, FIFO, UInt8) throws -> [UInt8] = { incoming, outgoing, byte in
      guard let channel = try FIFO.Duplex(reading: incoming, writing: outgoing, patience: patience) else { return [] }
      try channel.writer.writeAll([byte].span)
      var answer: [UInt8] = []
      _ = try channel.reader.readExactly(1, appendingTo: &answer)
      return answer
    }
    async let first = onThread { try speak(one, other, 1) }
    async let second = onThread { try speak(other, one, 2) }
    #expect(try await first == [2])
    #expect(try await second == [1])
  }

  @Test func `A duplex channel whose other side does not come is not opened`() async throws {
    let scratch = try Scratch()
    let (one, other) = (FIFO(scratch.path.appending("one")), FIFO(scratch.path.appending("other")))
    try one.make(permissions: [.ownerReadWrite])
    try other.make(permissions: [.ownerReadWrite])
    try await onThread {
      let opened6 = try FIFO.Duplex(reading: one, writing: other, patience: .atMost(.milliseconds(10))) != nil
      #expect(!opened6)
    }
  }
}
