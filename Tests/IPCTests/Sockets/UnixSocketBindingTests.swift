import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketBindingTests {
  @Test(arguments: [0o600, 0o660, 0o666, 0o777, 0o200] as [mode_t])
  func `A path has exactly the requested permissions`(_ permissions: mode_t) throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let listener = try UnixSocket.StreamListener(at: address, permissions: FilePermissions(rawValue: permissions))
    let mode = try #require(status(of: address)).st_mode
    #expect(mode == S_IFSOCK | permissions)
    #expect(try listener.isListening == true)
  }

  @Test func `The umask applies only if requested, and is not changed`() async {
    // Runs in a child, because the umask applies to the whole process.
    await #expect(processExitsWith: .success) {
      umask(0o077)
      let scratch = try Scratch()
      let address = try scratch.socket
      try UnixSocket.Datagram().bind(to: address, permissions: FilePermissions(rawValue: 0o666), applyUmask: true)
      #expect(status(of: address)?.st_mode == S_IFSOCK | 0o600)
      try address.unlink()
      try UnixSocket.Datagram().bind(to: address, permissions: FilePermissions(rawValue: 0o666))
      #expect(status(of: address)?.st_mode == S_IFSOCK | 0o666)
      #expect(umask(0) == 0o077)
    }
  }

  @Test func `A path stays until it is unlinked; its socket stays open`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let listener = try UnixSocket.StreamListener(at: address)
    let early = try UnixSocket.Stream()
    try early.connect(to: address)
    try address.unlink()
    #expect(status(of: address) == nil)
    #expect(reason { _ = try UnixSocket.Stream().connect(to: address) } == .noSuchFileOrDirectory)
    #expect(try listener.accepted().write([1].span) == 1)
    #expect(reason { try address.unlink() } == .noSuchFileOrDirectory)
  }

  @Test func `A socket can be bound only once`() throws {
    let socket = try UnixSocket.Stream()
    try socket.bind(to: freshName())
    #expect(reason { try socket.bind(to: freshName()) } == .invalidArgument)
  }

  @Test func `A stale path is replaced if requested`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    try leaveStale(address)
    #expect(reason { try UnixSocket.Stream().connect(to: address) } == .connectionRefused)
    #expect(reason { try UnixSocket.StreamListener(at: address).close() } == .addressInUse)
    let listener = try UnixSocket.StreamListener(at: address, replaceStale: true)
    try UnixSocket.Stream().connect(to: address)
    #expect(try listener.accepted().peerAddress.isUnnamed == true)
  }

  @Test func `The path of an open socket is not replaced`() throws {
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
      #expect(reason { _ = try UnixSocket.StreamListener(at: address, replaceStale: true) } == .addressInUse)
      #expect(reason { try UnixSocket.Datagram().bind(to: address, replaceStale: true) } == .addressInUse)
    }
    try UnixSocket.Stream().connect(to: addresses[0])
    // The check whether the path is stale has not made a connection.
    #expect(try listener.accepted().peerAddress.isUnnamed == true)
    #expect(reason { _ = try listener.accept(timeout: .immediate) } == .wouldBlock)
    #expect(try bound.address == addresses[1])
    try UnixSocket.Datagram().send([1].span, to: addresses[2])
    #expect(try datagrams.received() == [1])
  }

  @Test func `The path of a socket that is connected to another one is not replaced`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let owner = try UnixSocket.Datagram()
    let other = try UnixSocket.Datagram()
    try owner.bind(to: address)
    try other.bind(to: freshName())
    try owner.connect(to: other.address)
    #expect(reason { try UnixSocket.Datagram().bind(to: address, replaceStale: true) } == .addressInUse)
    #expect(status(of: address) != nil)
  }

  @Test func `A locked directory fails after two seconds`() async throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    try leaveStale(address)
    let directory = try FileDescriptor.open(scratch.path, .readOnly, options: .directory)
    defer { try? directory.close() }
    try #require(flock(directory.rawValue, LOCK_EX) == 0)
    let path = scratch.path
    let refusal = try await onThread {
      do throws(IPCError) {
        try UnixSocket.Datagram().bind(to: address, replaceStale: true)
        return nil as IPCError?
      } catch {
        return error
      }
    }
    #expect(refusal == IPCError(.flock, .wouldBlock, on: .path(path)))
    #expect(status(of: address) != nil)
    try #require(flock(directory.rawValue, LOCK_UN) == 0)
    try UnixSocket.Datagram().bind(to: address, replaceStale: true)
  }

  @Test func `One of two processes that replace a stale path succeeds`() async throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    try leaveStale(address)
    async let first = onThread { try come() }
    async let second = onThread { try come() }
    let winners = try await [first, second].compactMap(\.self)
    #expect(winners.count == 1)
    try UnixSocket.Stream().connect(to: address)
    for winner in winners { try winner.close() }

    @Sendable func come() throws -> FileDescriptor? {
      do {
        return try UnixSocket.StreamListener(at: address, replaceStale: true).release()
      } catch let error where error.errno == .addressInUse {
        return nil
      }
    }
  }

  @Test func `A file that is not a socket is not replaced`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let path = try #require(address.path)
    try FileDescriptor.open(path, .writeOnly, options: [.create], permissions: .ownerReadWrite).close()
    for replaceStale in [false, true] {
      #expect(
        reason { _ = try UnixSocket.StreamListener(at: address, replaceStale: replaceStale) } == .addressInUse)
    }
    #expect(reason { try address.unlink() } == .addressInUse)
    #expect(reason { try UnixSocket.Stream().connect(to: address) } == .connectionRefused)
    #expect(status(of: address)?.st_mode == S_IFREG | 0o600)
  }

  @Test func `A symbolic link to a stale socket is not replaced`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let target = try UnixSocket.Address(path: scratch.path.appending("target"))
    try leaveStale(target)
    try #require(unsafe symlink("target", address.description) == 0)
    #expect(reason { _ = try UnixSocket.StreamListener(at: address, replaceStale: true) } == .addressInUse)
    #expect(status(of: address).map { $0.st_mode & S_IFMT } == S_IFLNK)
    #expect(status(of: target) != nil)
  }

  @Test func `The error for a missing directory has the path`() throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("none/socket")
    let address = try UnixSocket.Address(path: path)
    #expect {
      try UnixSocket.Datagram().bind(to: address, replaceStale: true)
    } throws: {
      $0 as? IPCError == IPCError(.bind, .noSuchFileOrDirectory, on: .unixAddress(address))
    }
  }
}
