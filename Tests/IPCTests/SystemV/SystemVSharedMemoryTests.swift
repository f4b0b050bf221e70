import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SystemVSharedMemoryTests {
  @Test func `A new segment is zero, and one attachment reads the bytes that another one wrote`() throws {
    try withSegment { (segment) throws in
      let writer = try segment.attach()
      let reader = try segment.attachReadOnly()
      #expect(try reader.copyBytes(count: 100) == [UInt8](repeating: 0, count: 100))
      let bytes: [UInt8] = [1, 2, 3]
      try writer.copy(bytes.span, at: 97)
      #expect(try reader.copyBytes(at: 96, count: 4) == [0, 1, 2, 3])
      let filled = try unsafe [UInt8](unsafeUninitializedCapacity: 4) { buffer, count in
        let memory = UnsafeMutableRawBufferPointer(buffer)
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        span.append(9)
        try reader.copy(at: 97, into: &span)
        count = unsafe span.finalize(for: memory)
      }
      #expect(filled == [9, 1, 2, 3])
    }
  }

  @Test func `An attachment has the same access types as other memory`() {
    #expect(SystemVSharedMemory.ReadOnlyAttachment.self == SystemVSharedMemory.Attachment<ReadOnlyAccess>.self)
    #expect(SystemVSharedMemory.ReadWriteAttachment.self == SystemVSharedMemory.Attachment<ReadWriteAccess>.self)
  }

  @Test(arguments: [
    (100, 1), (99, 2), (0, 101), (-1, 1), (-1, 0), (0, -1), (101, 0), (Int.max, 1), (1, Int.max), (Int.max, Int.max),
    (Int.min, 1), (Int.min, Int.min), (50, Int.max - 49),
  ])
  func `An access outside the segment is refused`(offset: Int, count: Int) throws {
    try withSegment { (segment) throws in
      let memory = try segment.attach()
      #expect(reason { _ = try memory.copyBytes(at: offset, count: count) } == .badAddress)
      guard 0...101 ~= count else { return }
      let bytes = [UInt8](repeating: 1, count: count)
      #expect(reason { try memory.copy(bytes.span, at: offset) } == .badAddress)
      #expect(try memory.copyBytes(count: 100).allSatisfy { $0 == 0 })
    }
  }

  @Test(arguments: [(0, 0), (100, 0), (0, 100), (99, 1)])
  func `Every byte inside the segment can be read`(offset: Int, count: Int) throws {
    try withSegment { (segment) throws in
      #expect(try segment.attachReadOnly().copyBytes(at: offset, count: count).count == count)
    }
  }

  @Test func `Creating is exclusive, opening does not create, and isNew reports which happened`() throws {
    try withKey { (key) throws in
      #expect(reason { _ = try SystemVSharedMemory.open(key) } == .noSuchFileOrDirectory)
      let segment = try SystemVSharedMemory.createOrOpen(key, size: 100)
      #expect(segment.isNew)
      #expect(reason { _ = try SystemVSharedMemory.create(key, size: 100, permissions: []) } == .fileExists)
      let same = try SystemVSharedMemory.createOrOpen(key, size: 10)
      #expect(!same.isNew)
      #expect(same == segment)
      #expect(try same.status().size == 100)
      for attempt in [
        { _ = try SystemVSharedMemory.open(key, minimumSize: 101) },
        { _ = try SystemVSharedMemory.createOrOpen(key, size: 101) },
      ] as [() throws -> Void] {
        let error = failure(attempt)
        #expect(error?.errno == .invalidArgument)
        #expect(error?.description.contains("no more than an existing segment has") == true)
      }
    }
  }

  @Test(arguments: [0, -1, Int.min]) func `An impossible segment size is refused`(size: Int) {
    #expect(
      reason { _ = try SystemVSharedMemory.create(.private, size: size, permissions: []) } == .invalidArgument)
  }

  @Test func `A segment is detached explicitly or when its attachment is destroyed`() throws {
    try withSegment { (segment) throws in
      do {
        let first = try segment.attach()
        let second = try segment.attachReadOnly()
        #expect(try segment.status().attachmentCount == 2)
        try first.detach()
        #expect(try segment.status().attachmentCount == 1)
        #expect(second.size == 100)
      }
      #expect(try segment.status().attachmentCount == 0)
    }
  }

  @Test func `A removed segment stays for the processes that have it attached`() throws {
    try withKey { (key) throws in
      let segment = try SystemVSharedMemory.create(key, size: 100)
      let memory = try segment.attach()
      #expect(try !segment.status().isRemoved)
      try segment.remove()
      #expect(try segment.status().isRemoved)
      #expect(reason { _ = try SystemVSharedMemory.open(key) } == .noSuchFileOrDirectory)
      let bytes: [UInt8] = [1]
      try memory.copy(bytes.span)
      #expect(try memory.copyBytes(count: 1) == [1])
      try memory.detach()
      for attempt in [
        { _ = try segment.status() }, { _ = try segment.attach() }, { try segment.remove() },
      ] as [() throws -> Void] {
        #expect([.invalidArgument, .identifierRemoved].contains(reason(attempt)))
      }
    }
  }

  @Test func `The status has the creator, the last user and the permissions`() throws {
    try withSegment { (segment) throws in
      let before = try segment.status()
      #expect(before.creator == .current)
      #expect(before.lastUser == 0)
      #expect(before.ownership.user == .effective)
      #expect(before.ownership.creatorUser == .effective)
      #expect(before.ownership.permissions == .ownerReadWrite)
      try segment.attach().detach()
      #expect(try segment.status().lastUser == .current)
      try segment.change(permissions: [.ownerReadWrite, .groupRead])
      let after = try segment.status().ownership
      #expect(after.permissions == [.ownerReadWrite, .groupRead])
      #expect(after.user == before.ownership.user)
      #expect(after.group == before.ownership.group)
    }
  }

  @Test func `An attachment can be used in another thread`() async throws {
    let segment = try SystemVSharedMemory.create(.private, size: 100)
    let memory = Shared(try segment.attach())
    try segment.remove()
    try await onThread { try memory.attachment.copy([1, 2], at: 3) }
    #expect(try memory.attachment.copyBytes(at: 3, count: 2) == [1, 2])
  }

  @Test func `A segment of a killed creator is removed, after the last user has detached it`() async throws {
    try await withKey { (key) async throws in
      let number = key.rawValue
      await #expect(processExitsWith: .signal(SIGKILL)) { [number = number as Int32] in
        let segment = try SystemVSharedMemory.create(SystemVKey(rawValue: number), size: 100)
        let memory = try segment.attach()
        try memory.copy([1])
        #expect(try !segment.removeIfAbandoned())
        kill(getpid(), SIGKILL)
      }
      let segment = try SystemVSharedMemory.open(key)
      do {
        let memory = try segment.attachReadOnly()
        #expect(try !segment.removeIfAbandoned())
        #expect(try memory.copyBytes(count: 1) == [1])
        // Both recorded processes are dead, but this process has attached the segment.
        let identifier = segment.identifier
        await #expect(processExitsWith: .signal(SIGKILL)) { [identifier = identifier as Int32] in
          _ = try SystemVSharedMemory(identifier: identifier).attachReadOnly()
          kill(getpid(), SIGKILL)
        }
        #expect(try !segment.removeIfAbandoned())
        #expect(try memory.copyBytes(count: 1) == [1])
      }
      // No process has attached the segment, but this process, its last user, is alive.
      #expect(try !segment.removeIfAbandoned())
      let identifier = segment.identifier
      await #expect(processExitsWith: .signal(SIGKILL)) { [identifier = identifier as Int32] in
        _ = try SystemVSharedMemory(identifier: identifier).attachReadOnly()
        kill(getpid(), SIGKILL)
      }
      #expect(try segment.removeIfAbandoned())
      #expect(reason { _ = try SystemVSharedMemory.open(key) } == .noSuchFileOrDirectory)
      #expect(try !segment.removeIfAbandoned())
    }
  }

  @Test func `A segment whose creator is alive is not removed`() throws {
    try withSegment { (segment) throws in
      #expect(try !segment.removeIfAbandoned())
      #expect(try segment.status().size == 100)
    }
  }

  @Test func `createOrOpen never reports a segment that another process has just removed`() async throws {
    try await withKey { (key) async throws in
      let failures = try await racing {
        _ = try? SystemVSharedMemory.create(key, size: 1)
        try? SystemVSharedMemory.open(key).remove()
      } _: {
        (0..<5000).compactMap { _ in reason { _ = try SystemVSharedMemory.createOrOpen(key, size: 1) } }
      }
      #expect(failures.isEmpty)
    }
  }
}

/// Shares an attachment between threads.
private final class Shared: Sendable {
  let attachment: SystemVSharedMemory.ReadWriteAttachment
  init(_ attachment: consuming SystemVSharedMemory.ReadWriteAttachment) { self.attachment = attachment }
}
