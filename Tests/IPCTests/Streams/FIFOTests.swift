import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct FIFOTests {
  @Test func `A process reads what another one writes`() async throws {
    let scratch = try Scratch()
    let fifo = try scratch.fifo()
    async let read = onThread {
      var bytes: [UInt8] = []
      try fifo.openForReading().readToEnd(appendingTo: &bytes)
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

  @Test func `Opening without a peer fails immediately or at the deadline`() async throws {
    let scratch = try Scratch()
    let fifo = try scratch.fifo()
    try await onThread {
      #expect(reason { _ = try fifo.openForWriting(timeout: .immediate) } == .noSuchAddressOrDevice)
      let timeout = Timeout.after(.milliseconds(20))
      #expect(reason { _ = try fifo.openForWriting(timeout: timeout) } == .timedOut)
      #expect(reason { _ = try fifo.openForReading(timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
    }
  }

  @Test func `An open FIFO is read and written without waiting even if it could not be opened again`() async {
    // Runs in a separate process, which drops its privilege to open any file.
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      let fifo = try scratch.fifo()
      let reader = try fifo.openForReading(timeout: .immediate)
      let writer = try fifo.openForWriting(timeout: .immediate)
      guard unsafe chmod(fifo.path.string, 0) == 0 else { exit(2) }
      let before = geteuid()
      guard before != 0 || seteuid(65534) == 0 else { exit(3) }
      var bytes: [UInt8] = []
      let nothing = reason { _ = try reader.read(maxLength: 9, appendingTo: &bytes, timeout: .immediate) }
      let written = try writer.write([7].span, timeout: .immediate)
      let read = try reader.read(maxLength: 9, appendingTo: &bytes, timeout: .after(.seconds(3600)))
      guard seteuid(before) == 0 else { exit(4) }
      guard nothing == .wouldBlock, written == 1, read == 1 else { exit(5) }
      guard try !reader.isNonBlocking, try !writer.isNonBlocking else { exit(6) }
    }
  }

  @Test func `Packets stay packets when they are written without waiting`() throws {
    let scratch = try Scratch()
    let fifo = try scratch.fifo()
    let reader = try fifo.openForReading(timeout: .immediate)
    let writer = try fifo.openForWriting(timeout: .immediate)
    // 0o40000 is O_DIRECT, which Swift does not import from glibc.
    try #require(fcntl(writer.descriptor.rawValue, F_SETFL, 0o40000) == 0)
    for byte in [UInt8(1), 2] { #expect(try writer.write([byte].span, timeout: .immediate) == 1) }
    var bytes: [UInt8] = []
    #expect(try reader.read(maxLength: 9, appendingTo: &bytes, timeout: .immediate) == 1)
    #expect(bytes == [1])
  }

  @Test func `A reader that does not wait opens a FIFO whether or not there is a writer`() throws {
    let scratch = try Scratch()
    let fifo = try scratch.fifo()
    let reader = try fifo.openForReading(timeout: .immediate)
    #expect(try !reader.isNonBlocking)
    var bytes: [UInt8] = []
    #expect(try reader.read(maxLength: 1, appendingTo: &bytes) == 0)
    let writer = try fifo.openForWriting(timeout: .immediate, nonBlocking: true)
    #expect(try writer.isNonBlocking)
    #expect(reason { _ = try reader.read(maxLength: 1, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    let soon = Timeout.after(.milliseconds(5))
    #expect(reason { _ = try reader.read(maxLength: 1, appendingTo: &bytes, timeout: soon) } == .timedOut)
    #expect(try writer.write([5].span, timeout: .after(.seconds(3600))) == 1)
    #expect(try reader.read(maxLength: 1, appendingTo: &bytes, timeout: .after(.seconds(3600))) == 1)
    let error = failure {
      try writer.writeAll([UInt8](repeating: 1, count: 100_000).span, timeout: .after(.milliseconds(5)))
    }
    #expect(error?.errno == .timedOut)
    #expect(error?.transferred == 65536)
  }

  @Test func `A FIFO without readers is a broken pipe`() throws {
    let scratch = try Scratch()
    let fifo = try scratch.fifo()
    let reader = try fifo.openForReading(timeout: .immediate)
    let writer = try fifo.openForWriting(timeout: .immediate)
    try reader.close()
    try waitUntilReadersAreGone(writer)
    for timeout in [Timeout.immediate, .never, .after(.seconds(3600))] {
      #expect(reason { _ = try writer.write([5].span, timeout: timeout) } == .brokenPipe)
    }
  }

  @Test func `A reader with a deadline detects a writer that writes nothing, and consumes nothing`() async throws {
    let scratch = try Scratch()
    let fifo = try scratch.fifo()
    async let opened = onThread { try fifo.openForReading(timeout: .after(.seconds(3600))).release() }
    let silent = try await onThread { try fifo.openForWriting().release() }
    try await opened.close()
    try silent.close()

    let both = try fifo.openForReadingAndWriting()
    try both.writeAll("x".utf8.span)
    let reader = try fifo.openForReading(timeout: .after(.seconds(3600)))
    #expect(try reader.bytesAvailable == 1)
  }

  @Test func `A descriptor of both ends does not wait for a peer`() throws {
    let scratch = try Scratch()
    let both = try scratch.fifo().openForReadingAndWriting()
    #expect(try both.write([1, 2].span) == 2)
    var bytes: [UInt8] = []
    #expect(try both.readExactly(2, appendingTo: &bytes) == 2)
    #expect(reason { _ = try both.read(maxLength: 1, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
  }

  @Test func `An interrupted open is an error if it must not be retried`() async throws {
    let scratch = try Scratch()
    let fifo = try scratch.fifo()
    try await onThread {
      let interruptions = Interruptions()
      defer { interruptions.end() }
      #expect(reason { _ = try fifo.openForReading(retryOnInterrupt: false) } == .interrupted)
      #expect(reason { _ = try fifo.openForWriting(retryOnInterrupt: false) } == .interrupted)
      let soon = Timeout.after(.milliseconds(20))
      #expect(reason { _ = try fifo.openForWriting(timeout: soon) } == .timedOut)
      #expect(reason { _ = try fifo.openForReading(timeout: soon) } == .timedOut)
    }
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600))])
  func `Two sides of a duplex connection open without a deadlock`(_ timeout: Timeout) async throws {
    let scratch = try Scratch()
    let (one, other) = (try scratch.fifo("one"), try scratch.fifo("other"))
    let exchange: @Sendable (FIFO, FIFO, UInt8) throws -> [UInt8] = { incoming, outgoing, byte in
      let duplex = try FIFO.openDuplex(reading: incoming, writing: outgoing, timeout: timeout)
      try duplex.writer.writeAll([byte].span)
      var reply: [UInt8] = []
      _ = try duplex.reader.readExactly(1, appendingTo: &reply)
      return reply
    }
    async let first = onThread { try exchange(one, other, 1) }
    async let second = onThread { try exchange(other, one, 2) }
    #expect(try await first == [2])
    #expect(try await second == [1])
  }

  @Test(arguments: [0, 1])
  func `A peer may have closed its end before a duplex connection is open`(_ count: Int) async throws {
    let scratch = try Scratch()
    let (one, other) = (try scratch.fifo("one"), try scratch.fifo("other"))
    let sent = [UInt8](repeating: 7, count: count)
    async let peer: Int = onThread {
      let writer = try one.openForWriting()
      if count > 0 { try writer.writeAll(sent.span) }
      try writer.close()
      var bytes: [UInt8] = []
      return try other.openForReading().readToEnd(appendingTo: &bytes)
    }
    try await onThread {
      let isOpen = ends {
        let duplex = try FIFO.openDuplex(reading: one, writing: other)
        var bytes: [UInt8] = []
        try duplex.reader.readToEnd(appendingTo: &bytes)
        #expect(bytes == sent)
      }
      #expect(isOpen)
      // If the call still waits, this is the writer that it waits for.
      if !isOpen { _ = try one.openForReadingAndWriting() }
    }
    #expect(try await peer == 0)
  }

  @Test func `A duplex connection without a peer times out`() async throws {
    let scratch = try Scratch()
    let (one, other) = (try scratch.fifo("one"), try scratch.fifo("other"))
    try await onThread {
      let error = reason {
        _ = try FIFO.openDuplex(reading: one, writing: other, timeout: .after(.milliseconds(10)))
      }
      #expect(error == .timedOut)
    }
  }
}

@Suite struct FIFOCreationTests {
  @Test(arguments: [0o666, 0o600, 0o222, 0o777] as [CInterop.Mode])
  func `Permissions are as requested, and the umask is applied only on request`(_ bits: CInterop.Mode) async throws {
    // Runs in a separate process, because the umask applies to the whole process.
    await #expect(processExitsWith: .success) { [bits] in
      umask(0o077)
      let scratch = try Scratch()
      let (exact, masked) = (FIFO(scratch.path.appending("a")), FIFO(scratch.path.appending("b")))
      try exact.create(permissions: FilePermissions(rawValue: bits))
      try masked.create(permissions: FilePermissions(rawValue: bits), applyUmask: true)
      let seen = (try exact.status().permissions.rawValue, try masked.status().permissions.rawValue)
      if seen != (bits, bits & 0o700) { fatalError("\(seen)") }
      if umask(0) != 0o077 { fatalError("the umask has changed") }
    }
  }

  @Test func `A new FIFO has its permissions from the start, without a later call`() async throws {
    await #expect(processExitsWith: .success) {
      umask(0o077)
      let scratch = try Scratch()
      let events = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
      let mask = UInt32(IN_CREATE | IN_ATTRIB | IN_MOVED_TO | IN_DELETE)
      guard unsafe inotify_add_watch(events, scratch.path.string, mask) != -1 else { exit(1) }
      try FIFO(scratch.path.appending("fifo")).create(permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = unsafe read(events, &buffer, buffer.count)
      // An event has a 16-byte header and a name padded to 16 bytes.
      guard count == 32 else { fatalError("\(count) bytes of events, 32 expected") }
    }
  }

  @Test func `Many threads create FIFOs with exact permissions concurrently`() async throws {
    await #expect(processExitsWith: .success) {
      umask(0o077)
      let scratch = try Scratch()
      let path = scratch.path
      let threads = (0..<4).map { number in
        Thread {
          for round in 0..<50 {
            let fifo = FIFO(path.appending("\(number)-\(round)"))
            do {
              try fifo.create(permissions: [.ownerReadWrite, .otherRead])
              guard try fifo.status().permissions == [.ownerReadWrite, .otherRead] else { exit(1) }
              try fifo.unlink()
            } catch {
              exit(2)
            }
          }
        }
      }
      for thread in threads { thread.start() }
      until { threads.allSatisfy(\.isFinished) }
    }
  }

  @Test func `An existing FIFO is kept with its permissions`() throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    #expect(try fifo.createIfMissing())
    #expect(try !fifo.createIfMissing(permissions: [.ownerReadWrite, .groupReadWrite]))
    #expect(try fifo.status().permissions == [.ownerReadWrite])
    #expect(try fifo.status().user == .effective)
    #expect(reason { try fifo.create() } == .fileExists)
  }

  @Test func `createIfMissing never fails while another process creates and removes the FIFO`() async throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    let failures = try await racing {
      _ = try? fifo.create()
      try? fifo.unlink()
    } _: {
      (0..<3000).compactMap { _ in reason { try fifo.createIfMissing() } }
    }
    #expect(failures.isEmpty)
  }

  enum Planted: CaseIterable { case file, directory, linkToFIFO, linkToFile, danglingLink, linkToDevice }

  @Test(arguments: Planted.allCases)
  func `A path that is not a FIFO is refused by every call, and stays`(_ planted: Planted) throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("planted").string
    let fifo = FIFO(scratch.path.appending("planted"))
    switch planted {
    case .file: unsafe close(creat(path, 0o600))
    case .directory: unsafe mkdir(path, 0o700)
    case .linkToFIFO:
      unsafe mkfifo(scratch.path.appending("fifo").string, 0o600)
      unsafe symlink("fifo", path)
    case .linkToFile: unsafe symlink("/etc/passwd", path)
    case .danglingLink: unsafe symlink("/nonexistent", path)
    // Opening a terminal could block, or make it the controlling terminal.
    case .linkToDevice: unsafe symlink("/dev/tty", path)
    }
    #expect(reason { _ = try fifo.openForReading() } == .invalidArgument)
    #expect(reason { _ = try fifo.openForWriting() } == .invalidArgument)
    #expect(reason { _ = try fifo.openForWriting(timeout: .immediate) } == .invalidArgument)
    #expect(reason { _ = try fifo.openForReadingAndWriting() } == .invalidArgument)
    #expect(reason { try fifo.createIfMissing() } == .fileExists)
    #expect(reason { try fifo.unlink() } == .invalidArgument)
    var status = stat()
    #expect(unsafe lstat(path, &status) == 0)
    if planted == .directory { unsafe rmdir(path) }
  }

  @Test func `An error names the path`() {
    let error = failure { try FIFO("/nonexistent/fifo").create() }
    #expect(error?.description == "mkfifo '/nonexistent/fifo': No such file or directory (ENOENT)")
  }

  @Test(.enabled(if: geteuid() == 0)) func `A FIFO of another user is refused`() async {
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      unsafe chmod(scratch.path.string, 0o755)
      let fifo = try scratch.fifo()
      seteuid(65534)
      let refused = reason { _ = try fifo.openForReading() }
      seteuid(0)
      if refused != .permissionDenied { fatalError("\(String(describing: refused))") }
    }
  }
}

extension Scratch {
  /// Creates a FIFO in the directory.
  func fifo(_ name: String = "fifo") throws -> FIFO {
    let fifo = FIFO(path.appending(name))
    try fifo.create()
    return fifo
  }
}
