import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct FIFOFileTests {
  @Test(arguments: [0o666, 0o600, 0o222, 0o777] as [CInterop.Mode])
  func `Permissions are as asked, whatever the umask`(_ bits: CInterop.Mode) async throws {
    // In a process of its own: the umask is everybody's.
    await #expect(processExitsWith: .success) { [bits] in
      umask(0o077)
      let scratch = try Scratch()
      let (exact, obeying) = (FIFO(scratch.path.appending("a")), FIFO(scratch.path.appending("b")))
      try exact.make(permissions: FilePermissions(rawValue: bits))
      try obeying.make(permissions: FilePermissions(rawValue: bits), umask: .obeyed)
      let seen = (try exact.status().permissions.rawValue, try obeying.status().permissions.rawValue)
      if seen != (bits, bits & 0o700) || umask(0) != 0o077 { fatal("\(seen)") }
    }
  }

  @Test func `What exists is told, and kept where it is a FIFO`() throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    #expect(try fifo.makeIfMissing(permissions: [.ownerReadWrite]))
    #expect(try !fifo.makeIfMissing(permissions: [.ownerReadWrite, .groupReadWrite]))
    #expect(try fifo.status().permissions == [.ownerReadWrite])
    #expect(try fifo.status().owner == geteuid())
    #expect(reason { try fifo.make(permissions: [.ownerReadWrite]) } == .fileExists)
  }

  enum Planted: CaseIterable { case file, directory, linkToFIFO, linkToFile, danglingLink, linkToDevice }

  @Test(arguments: Planted.allCases)
  func `What is no FIFO is refused by every call, and stays`(_ planted: Planted) throws {
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
    // To open it would wait, or take hold of the terminal.
    case .linkToDevice: unsafe symlink("/dev/tty", path)
    }
    #expect(reason { _ = try fifo.openForReading() } == .invalidArgument)
    #expect(reason { _ = try fifo.openForWriting() } == .invalidArgument)
    #expect(reason { _ = try fifo.openForWriting(patience: .none) } == .invalidArgument)
    #expect(reason { _ = try fifo.openForBoth() } == .invalidArgument)
    #expect(reason { _ = try fifo.makeIfMissing(permissions: [.ownerReadWrite]) } == .fileExists)
    #expect(reason { try fifo.unlink() } == .invalidArgument)
    var status = stat()
    #expect(unsafe lstat(path, &status) == 0)
    if planted == .directory { unsafe rmdir(path) }
  }

  @Test func `A missing directory is an error that names the path`() {
    let fifo = FIFO("/nonexistent/fifo")
    do throws(IPCError) {
      try fifo.make(permissions: [.ownerReadWrite])
      Issue.record("there is no such directory")
    } catch {
      #expect(error.description == "mkfifo '/nonexistent/fifo': No such file or directory (ENOENT)")
    }
  }

  @Test func `Another user's FIFO is refused`() async {
    guard geteuid() == 0 else { return }
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      unsafe chmod(scratch.path.string, 0o755)
      let fifo = FIFO(scratch.path.appending("fifo"))
      try fifo.make(permissions: [.ownerReadWrite])
      seteuid(65534)
      let refused = reason { _ = try fifo.openForReading() }
      seteuid(0)
      if refused != .permissionDenied { fatal("\(String(describing: refused))") }
    }
  }
}

/// Ends a process that a test runs in.
private func fatal(_ message: String) -> Never { fatalError(message) }
