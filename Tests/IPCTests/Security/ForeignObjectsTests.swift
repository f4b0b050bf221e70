import Glibc
import IPC
import SystemPackage
import Testing

/// Objects of another user that exist already and that all users may use.
///
/// A program that asks to *create* an object never gets one of these. A program that asks to create or open one learns
/// that it is not new, and can check its owner.
@Suite(.enabled(if: geteuid() == 0, "it needs root, to create objects of another user"))
struct ForeignQueuesTests {
  private static let otherUser = UserID(rawValue: 65534)
  private static let all: FilePermissions = [.ownerReadWrite, .groupReadWrite, .otherReadWrite]

  @Test func `A POSIX message queue`() throws {
    try withQueueName { name in
      let planted = try POSIXMessageQueue.Duplex.create(name, permissions: Self.all)
      try #require(fchown(planted.descriptor.rawValue, Self.otherUser.rawValue, 65534) == 0)
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
