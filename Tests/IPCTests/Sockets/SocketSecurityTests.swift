import Foundation
import IPC
import SystemPackage
import Testing

/// Tests for attacks on a socket path by another user or process.
@Suite struct SocketSecurityTests {
  enum Planted: CaseIterable { case link, danglingLink, fifo, directory, socket }

  @Test(arguments: Planted.allCases)
  func `A planted file at the path is refused and not changed`(_ planted: Planted) throws {
    let scratch = try Scratch()
    let (path, target) = (scratch.path.appending("planted"), scratch.path.appending("target"))
    let file = try FileDescriptor.open(target, .writeOnly, options: [.create], permissions: [.ownerReadWrite])
    _ = try file.closeAfter { try file.writeAll("precious".utf8) }
    switch planted {
    case .link: try #require(unsafe symlink(target.string, path.string) == 0)
    case .danglingLink: try #require(unsafe symlink("/nonexistent", path.string) == 0)
    case .fifo: try #require(unsafe mkfifo(path.string, 0o666) == 0)
    case .directory: try #require(unsafe mkdir(path.string, 0o777) == 0)
    case .socket: try #require(unsafe mknod(path.string, S_IFSOCK | 0o666, 0) == 0)
    }
    defer { _ = unsafe remove(path.string) }
    let address = try UnixSocket.Address(path: path)
    let before = try #require(status(of: address))
    // Replacing a stale socket is allowed.
    let replaceStale = planted != .socket
    #expect(reason { try UnixSocket.Stream().bind(to: address, replaceStale: replaceStale) } == .addressInUse)
    if planted != .socket { #expect(reason { try address.unlink() } == .addressInUse) }
    let after = try #require(status(of: address))
    #expect(after.st_ino == before.st_ino && after.st_mode == before.st_mode)
    #expect(try String(contentsOfFile: target.string, encoding: .utf8) == "precious")
  }

  @Test func `A failed bind does not change or remove the socket of another process`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let first = try UnixSocket.StreamListener(at: address, permissions: .ownerReadWrite)
    let before = try #require(status(of: address))
    #expect(
      reason {
        _ = try UnixSocket.StreamListener(at: address, permissions: [.ownerReadWrite, .groupReadWrite])
      } == .addressInUse)
    let after = try #require(status(of: address))
    #expect(after.st_ino == before.st_ino && after.st_mode == before.st_mode)
    try UnixSocket.Stream().connect(to: address)
    try first.accepted().close()
  }

  @Test(.enabled(if: geteuid() == 0, "creating a socket of another user requires root"))
  func `The socket of another user is not replaced`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let server = try UnixSocket.StreamListener(at: address)
    try #require(unsafe chown(address.description, 65534, 65534) == 0)
    #expect(reason { try UnixSocket.Stream().bind(to: address, replaceStale: true) } == .addressInUse)
    try server.close()
  }

  @Test(arguments: [0, 0o077] as [mode_t])
  func `A path never has permissions other than those requested, not even briefly`(_ mask: mode_t) async {
    // Runs in a child, because the umask applies to the whole process.
    await #expect(processExitsWith: .success) { [mask] in
      umask(mask)
      let scratch = try Scratch()
      let address = try scratch.socket
      let observer = PermissionsObserver(address.description)
      // Repeat until the observing thread has seen the path often enough. How many rounds this takes depends on the
      // machine.
      while observer.sightings < 200 {
        try UnixSocket.Stream().bind(to: address, permissions: [.ownerReadWrite, .groupReadWrite])
        try address.unlink()
      }
      #expect(observer.end() == [0o660])
      #expect(umask(0) == mask)
    }
  }
}
