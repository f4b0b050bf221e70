import Glibc
import IPC
import SystemPackage
import Testing

/// Memory and semaphores of another user that exist first, and are open to all users: a program that opens them shares
/// them.
///
/// `create` never returns one. `createOrOpen` reports that it is not new, and its owner can be checked.
@Suite(.enabled(if: geteuid() == 0, "needs root, to create objects of another user"))
struct ForeignMemoryTests {
  private static let nobody = UserID(rawValue: 65534)
  private static let all: FilePermissions = [.ownerReadWrite, .groupReadWrite, .otherReadWrite]

  @Test func `Shared memory of another user`() throws {
    try withMemoryName { name in
      let planted = try POSIXSharedMemory.create(name, permissions: Self.all)
      try #require(fchown(planted.descriptor.rawValue, Self.nobody.rawValue, Self.nobody.rawValue) == 0)
      #expect(reason { _ = try POSIXSharedMemory.create(name) } == .fileExists)
      let opened = try POSIXSharedMemory.createOrOpen(name)
      let isNew = opened.isNew
      #expect(!isNew)
      #expect(try opened.status().user == Self.nobody)
    }
  }

  @Test func `A semaphore of another user`() throws {
    try withSemaphoreName { name in
      let planted = try POSIXSemaphore.create(name, value: 1, permissions: Self.all)
      let path = "/dev/shm/sem.\(name.description.dropFirst())"
      try #require(unsafe chown(path, Self.nobody.rawValue, Self.nobody.rawValue) == 0)
      #expect(reason { _ = try POSIXSemaphore.create(name, value: 1) } == .fileExists)
      let isNew = try POSIXSemaphore.createOrOpen(name, value: 1).isNew
      #expect(!isNew)
      _ = planted
    }
  }

  @Test func `A mapped file of another user`() throws {
    let scratch = try Scratch()
    let file = scratch.path.appending("file")
    try MappedFile.create(file, permissions: Self.all).close()
    try #require(unsafe chown(file.string, Self.nobody.rawValue, Self.nobody.rawValue) == 0)
    #expect(reason { _ = try MappedFile.create(file) } == .fileExists)
    #expect(try MappedFile.open(file).status().user == Self.nobody)
  }
}
