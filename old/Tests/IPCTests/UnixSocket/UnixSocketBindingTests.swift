import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketBindingTests {
  @Test(arguments: [0o600, 0o660, 0o666, 0o777, 0o200] as [mode_t])
  func `A path has exactly the permissions asked for`(_ permissions: mode_t) throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let listener = try UnixSocket.StreamListener(at: address, permissions: FilePermissions(rawValue: permissions))
    let mode = try #require(status(of: address)).st_mode
    #expect(mode == S_IFSOCK | permissions)
    #expect(try listener.isListening == true)
  }

  @Test func `The umask takes only where it is obeyed, and stays as it is`() async {
    // In a process of its own: the umask is everybody's.
    await #expect(processExitsWith: .success) {
      umask(0o077)
      let scratch = try Scratch()
      let address = try scratch.socket
      try UnixSocket.Datagram().bind(to: address, permissions: FilePermissions(rawValue: 0o666), umask: .obeyed)
      #expect(status(of: address)?.st_mode == S_IFSOCK | 0o600)
      try address.unlink()
      try UnixSocket.Datagram().bind(to: address, permissions: FilePermissions(rawValue: 0o666))
      #expect(status(of: address)?.st_mode == S_IFSOCK | 0o666)
      #expect(umask(0) == 0o077)
    }
  }

  @Test func `A path stays until it is unlinked, and its socket outlives it`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let listener = try UnixSocket.StreamListener(at: address)
    let early = try UnixSocket.Stream()
    #expect(try early.connect(to: address) == .connected)
    try address.unlink()
    #expect(status(of: address) == nil)
    #expect(reason { _ = try UnixSocket.Stream().connect(to: address) } == .noSuchFileOrDirectory)
    #expect(try listener.accepted().write([1].span) == .wrote(1))
    #expect(reason { try address.unlink() } == .noSuchFileOrDirectory)
  }

  @Test func `A socket has one name`() throws {
    let socket = try UnixSocket.Stream()
    try socket.bind(to: freshName())
    #expect(reason { try socket.bind(to: freshName()) } == .invalidArgument)
  }

  @Test func `A path whose socket is dead is replaced where that was asked for`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    try leaveStale(address)
    #expect(try UnixSocket.Stream().connect(to: address) == .refused)
    #expect(reason { try UnixSocket.StreamListener(at: address).close() } == .addressInUse)
    let listener = try UnixSocket.StreamListener(at: address, stale: .replaced)
    #expect(try UnixSocket.Stream().connect(to: address) == .connected)
    #expect(try listener.accepted().peerAddress.isUnnamed == true)
  }

  @Test func `A path whose socket lives is not replaced`() throws {
    let scratch = try Scratch()
    let addresses = try ["listener", "bound", "datagrams"].map {
      try UnixSocket.Address(path: scratch.path.appending($0))
    }
    let listener = try UnixSocket.StreamListener(at: addresses[0])
    let bound = try UnixSocket.Stream()
    try bound.bind(to: addresses[1])
    let datagrams = try UnixSocket.Datagram()
    try datagrams.bind(to: addresses[2])
    for address in addresses {
      #expect(reason { _ = try UnixSocket.StreamListener(at: address, stale: .replaced) } == .addressInUse)
      #expect(reason { try UnixSocket.Datagram().bind(to: address, stale: .replaced) } == .addressInUse)
    }
    #expect(try UnixSocket.Stream().connect(to: addresses[0]) == .connected)
    // To ask whether it lives is no connection.
    #expect(try listener.accepted().peerAddress.isUnnamed == true)
    switch try listener.accept(patience: .none) {
    case .wouldBlock: break
    case .accepted: Issue.record("somebody else connected")
    case .timedOut: Issue.record("somebody else connected")
    }
    #expect(try bound.address == addresses[1])
    #expect(try UnixSocket.Datagram().send([1].span, to: addresses[2]) == .sent)
    #expect(try datagrams.received() == [1])
  }

  @Test func `A path whose socket lives and hears only another is not replaced`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let owner = try UnixSocket.Datagram()
    let other = try UnixSocket.Datagram()
    try owner.bind(to: address)
    try other.bind(to: freshName())
    #expect(try owner.connect(to: other.address) == .connected)
    #expect(reason { try UnixSocket.Datagram().bind(to: address, stale: .replaced) } == .addressInUse)
    #expect(status(of: address) != nil)
  }

  @Test func `Who locks the directory keeps nobody waiting for ever`() async throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    try leaveStale(address)
    let directory = try FileDescriptor.open(scratch.path, .readOnly, options: .directory)
    defer { try? directory.close() }
    try #require(flock(directory.rawValue, LOCK_EX) == 0)
    let path = scratch.path
    let refusal = try await onThread {
      do throws(IPCError) {
        try UnixSocket.Datagram().bind(to: address, stale: .replaced)
        return nil as IPCError?
      } catch {
        return error
      }
    }
    #expect(refusal == IPCError(call: "flock", errno: .wouldBlock, object: .path(path)))
    #expect(status(of: address) != nil)
    try #require(flock(directory.rawValue, LOCK_UN) == 0)
    try UnixSocket.Datagram().bind(to: address, stale: .replaced)
  }

  @Test func `Of those who come at once to a dead path one gets it`() async throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    try leaveStale(address)
    async let first = onThread { try come() }
    async let second = onThread { try come() }
    let winners = try await [first, second].compactMap(\.self)
    #expect(winners.count == 1)
    #expect(try UnixSocket.Stream().connect(to: address) == .connected)
    for winner in winners { try winner.close() }

    @Sendable func come() throws -> FileDescriptor? {
      do {
        return try UnixSocket.StreamListener(at: address, stale: .replaced).release()
      } catch let error where error.errno == .addressInUse {
        return nil
      }
    }
  }

  @Test func `What is no socket stays`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let path = try #require(address.path)
    try FileDescriptor.open(path, .writeOnly, options: [.create], permissions: .ownerReadWrite).close()
    for stale in [UnixSocket.StalePath.kept, .replaced] {
      #expect(reason { _ = try UnixSocket.StreamListener(at: address, stale: stale) } == .addressInUse)
    }
    #expect(reason { try address.unlink() } == .addressInUse)
    #expect(try UnixSocket.Stream().connect(to: address) == .refused)
    #expect(status(of: address)?.st_mode == S_IFREG | 0o600)
  }

  @Test func `A symbolic link to a dead socket stays`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let target = try UnixSocket.Address(path: scratch.path.appending("target"))
    try leaveStale(target)
    try #require(unsafe symlink("target", address.description) == 0)
    #expect(reason { _ = try UnixSocket.StreamListener(at: address, stale: .replaced) } == .addressInUse)
    #expect(status(of: address).map { $0.st_mode & S_IFMT } == S_IFLNK)
    #expect(status(of: target) != nil)
  }

  @Test func `A directory that is not there is an error that names the path`() throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("none/socket")
    let address = try UnixSocket.Address(path: path)
    #expect {
      try UnixSocket.Datagram().bind(to: address, stale: .replaced)
    } throws: {
      $0 as? IPCError == IPCError(call: "bind", errno: .noSuchFileOrDirectory, object: .path(path))
    }
  }
}
