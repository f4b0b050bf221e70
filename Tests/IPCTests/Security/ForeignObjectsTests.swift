import Glibc
import IPC
import SystemPackage
import Testing

/// Tests for existing objects that belong to another user, and that all users may access.
///
/// A program that opens such an object shares the object with that user.
///
/// `create` never returns such an object. `createOrOpen` reports that the object is not new, so that the program can
/// check the owner.
@Suite(.enabled(if: geteuid() == 0, "needs root, to create objects of another user"))
struct ForeignObjectsTests {
  private static let otherUser = UserID(rawValue: 65534)
  private static let all: FilePermissions = [.ownerReadWrite, .groupReadWrite, .otherReadWrite]

  private func giveAway(_ path: String) throws {
    try #require(unsafe chown(path, Self.otherUser.rawValue, Self.otherUser.rawValue) == 0)
  }

  private func giveAway(_ object: borrowing some DescriptorRepresentable & ~Copyable) throws {
    try #require(fchown(object.descriptor.rawValue, Self.otherUser.rawValue, Self.otherUser.rawValue) == 0)
  }

  @Test func `Shared memory`() throws {
    try withMemoryName { name in
      try giveAway(try POSIXSharedMemory.create(name, permissions: Self.all))
      #expect(reason { _ = try POSIXSharedMemory.create(name) } == .fileExists)
      let opened = try POSIXSharedMemory.createOrOpen(name)
      let isNew = opened.isNew
      #expect(!isNew)
      #expect(try opened.status().user == Self.otherUser)
    }
  }

  @Test func `A mapped file`() throws {
    let scratch = try Scratch()
    let file = scratch.path.appending("file")
    try giveAway(try MappedFile.create(file, permissions: Self.all))
    #expect(reason { _ = try MappedFile.create(file) } == .fileExists)
    #expect(try MappedFile.open(file).status().user == Self.otherUser)
  }

  @Test func `A semaphore`() throws {
    try withSemaphoreName { name in
      let planted = try POSIXSemaphore.create(name, value: 1, permissions: Self.all)
      try giveAway("/dev/shm/sem.\(name.description.dropFirst())")
      #expect(reason { _ = try POSIXSemaphore.create(name, value: 1) } == .fileExists)
      let isNew = try POSIXSemaphore.createOrOpen(name, value: 1).isNew
      #expect(!isNew)
      _ = planted
    }
  }

  @Test func `A FIFO`() throws {
    let scratch = try Scratch()
    let fifo = FIFO(scratch.path.appending("fifo"))
    try fifo.create(permissions: Self.all)
    try giveAway(fifo.path.string)
    #expect(reason { try fifo.create() } == .fileExists)
    #expect(try !fifo.createIfMissing())
    #expect(try fifo.status().user == Self.otherUser)
  }

  @Test func `A POSIX message queue`() throws {
    try withQueueName { name in
      try giveAway(try POSIXMessageQueue.Duplex.create(name, permissions: Self.all))
      #expect(reason { _ = try POSIXMessageQueue.Duplex.create(name) } == .fileExists)
      let opened = try POSIXMessageQueue.Duplex.createOrOpen(name)
      #expect(opened.isNew == false)
      var status = stat()
      try #require(unsafe fstat(opened.descriptor.rawValue, &status) == 0)
      #expect(status.st_uid == Self.otherUser.rawValue)
    }
  }

  @Test func `System V objects`() throws {
    try withKey { key in
      let segment = try SystemVSharedMemory.create(key, size: 100, permissions: Self.all)
      try segment.change(user: Self.otherUser)
      #expect(reason { _ = try SystemVSharedMemory.create(key, size: 100) } == .fileExists)
      let shared = try SystemVSharedMemory.createOrOpen(key, size: 100)
      #expect(!shared.isNew)
      #expect(try shared.status().ownership.user == Self.otherUser)

      let set = try SystemVSemaphores.create(key, count: 1, permissions: Self.all)
      try set.change(user: Self.otherUser)
      #expect(reason { _ = try SystemVSemaphores.create(key, count: 1) } == .fileExists)
      #expect(try SystemVSemaphores.open(key).status().ownership.user == Self.otherUser)

      let queue = try SystemVMessageQueue.create(key, permissions: Self.all)
      try queue.change(user: Self.otherUser)
      #expect(reason { _ = try SystemVMessageQueue.create(key) } == .fileExists)
      #expect(try SystemVMessageQueue.open(key).status().ownership.user == Self.otherUser)
    }
  }
}
