import Glibc
import IPC
import SystemPackage
import Testing

/// Objects of another user that are there first, and open to everybody, so that whoever takes them shares them.
///
/// Who asks to *create* never gets one. Who asks to create or open is told, and can ask whose it is.
@Suite(.enabled(if: geteuid() == 0, "it needs root, to make objects of another user"))
struct ForeignObjectsTests {
  private static let nobody: UInt32 = 65534
  private static let everybody: FilePermissions = [.ownerReadWrite, .groupReadWrite, .otherReadWrite]

  @Test func `Shared memory`() throws {
    try withMemoryName { name in
      let planted = try MemoryObject<ReadWrite>(creating: name, permissions: Self.everybody)
      try #require(fchown(planted.descriptor.rawValue, Self.nobody, Self.nobody) == 0)
      #expect(
        reason { _ = try MemoryObject<ReadWrite>(creating: name, permissions: [.ownerReadWrite]) } == .fileExists)
      let opened = try MemoryObject<ReadWrite>(creatingOrOpening: name, permissions: [.ownerReadWrite])
      let isNew = opened.isNew
      #expect(!isNew)
      #expect(owner(of: opened.descriptor) == Self.nobody)
    }
  }

  @Test func `A semaphore`() throws {
    let name = try POSIXSemaphore.Name(validating: "/ipc-foreign-\(UInt64.random(in: .min ... .max))")
    let planted = try POSIXSemaphore(creating: name, value: 1, permissions: Self.everybody)
    defer { try? name.unlink() }
    try #require(unsafe chown("/dev/shm/sem.\(name.description.dropFirst())", Self.nobody, Self.nobody) == 0)
    #expect(reason { _ = try POSIXSemaphore(creating: name, value: 1, permissions: [.ownerReadWrite]) } == .fileExists)
    _ = planted
  }

  @Test func `A FIFO, a mapped file and a socket`() throws {
    let scratch = try Scratch()
    let (fifo, file) = (FIFO(scratch.path.appending("fifo")), scratch.path.appending("file"))
    try fifo.make(permissions: Self.everybody)
    try #require(unsafe chown(fifo.path.string, Self.nobody, Self.nobody) == 0)
    #expect(reason { try fifo.make(permissions: [.ownerReadWrite]) } == .fileExists)
    #expect(try fifo.makeIfMissing(permissions: [.ownerReadWrite]) == false)
    #expect(try fifo.status().owner == Self.nobody)

    try MemoryObject<ReadWrite>(creating: file, permissions: Self.everybody).close()
    try #require(unsafe chown(file.string, Self.nobody, Self.nobody) == 0)
    #expect(reason { _ = try MemoryObject<ReadWrite>(creating: file, permissions: [.ownerReadWrite]) } == .fileExists)

    let server = try UnixSocket.StreamListener(at: try scratch.socket)
    try #require(unsafe chown(try scratch.socket.description, Self.nobody, Self.nobody) == 0)
    let address = try scratch.socket
    #expect(reason { try UnixSocket.Stream().bind(to: address, stale: .replaced) } == .addressInUse)
    try server.close()
  }

  private func owner(of descriptor: FileDescriptor) -> UInt32? {
    var status = stat()
    return unsafe fstat(descriptor.rawValue, &status) == 0 ? status.st_uid : nil
  }
}
