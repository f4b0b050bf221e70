import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SharedMemoryTests {
  @Test func `a new segment is zero, and what one attachment writes another reads`() throws {
    try withSegment { (segment) throws in
      let writer = try segment.attach()
      let reader = try segment.attachReadOnly()
      #expect(try reader.bytes(count: 100) == [UInt8](repeating: 0, count: 100))
      let bytes: [UInt8] = [1, 2, 3]
      try writer.write(bytes.span, at: 97)
      #expect(try reader.bytes(at: 96, count: 4) == [0, 1, 2, 3])
      let filled = try unsafe [UInt8](unsafeUninitializedCapacity: 4) { buffer, count in
        let memory = UnsafeMutableRawBufferPointer(buffer)
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        span.append(9)
        try reader.read(at: 97, into: &span)
        count = unsafe span.finalize(for: memory)
      }
      #expect(filled == [9, 1, 2, 3])
    }
  }

  @Test func `an attachment is for the same as any other memory`() {
    #expect(SystemVSharedMemory.ReadOnlyAttachment.self == SystemVSharedMemory.Attachment<IPC.ReadOnly>.self)
    #expect(SystemVSharedMemory.ReadWriteAttachment.self == SystemVSharedMemory.Attachment<IPC.ReadWrite>.self)
  }

  @Test(arguments: [
    (100, 1), (99, 2), (0, 101), (-1, 1), (-1, 0), (0, -1), (101, 0), (Int.max, 1), (1, Int.max), (Int.max, Int.max),
    (Int.min, 1), (Int.min, Int.min), (50, Int.max - 49),
  ])
  func `nothing beyond the segment is reached, whatever the numbers`(offset: Int, count: Int) throws {
    try withSegment { (segment) throws in
      let memory = try segment.attach()
      #expect(reason { _ = try memory.bytes(at: offset, count: count) } == .badAddress)
      guard 0...101 ~= count else { return }
      let bytes = [UInt8](repeating: 1, count: count)
      #expect(reason { try memory.write(bytes.span, at: offset) } == .badAddress)
      #expect(try memory.bytes(count: 100).allSatisfy { $0 == 0 })
    }
  }

  @Test(arguments: [(0, 0), (100, 0), (0, 100), (99, 1)])
  func `everything inside the segment is reached`(offset: Int, count: Int) throws {
    try withSegment { (segment) throws in
      #expect(try segment.attachReadOnly().bytes(at: offset, count: count).count == count)
    }
  }

  @Test func `creating is exclusive, opening creates nothing, and either is told apart`() throws {
    try withKey { (key) throws in
      #expect(reason { _ = try SystemVSharedMemory.open(key) } == .noSuchFileOrDirectory)
      let (segment, isNew) = try SystemVSharedMemory.createOrOpen(key, size: 100, permissions: .ownerReadWrite)
      #expect(isNew)
      #expect(reason { _ = try SystemVSharedMemory.create(key, size: 100, permissions: []) } == .fileExists)
      let (same, isNewAgain) = try SystemVSharedMemory.createOrOpen(key, size: 10, permissions: .ownerReadWrite)
      #expect(!isNewAgain)
      #expect(same == segment)
      #expect(try same.status().size == 100)
      #expect(reason { _ = try SystemVSharedMemory.open(key, minimumSize: 101) } == .invalidArgument)
    }
  }

  @Test(arguments: [0, -1, Int.min]) func `a size that no segment can have is refused`(size: Int) {
    #expect(
      reason { _ = try SystemVSharedMemory.create(.private, size: size, permissions: []) } == .invalidArgument)
  }

  @Test func `an attachment is given back when its owner goes, or earlier`() throws {
    try withSegment { (segment) throws in
      do {
        let first = try segment.attach()
        let second = try segment.attachReadOnly()
        #expect(try segment.status().attachments == 2)
        try first.detach()
        #expect(try segment.status().attachments == 1)
        #expect(second.size == 100)
      }
      #expect(try segment.status().attachments == 0)
    }
  }

  @Test func `a removed segment serves who is attached, and goes with the last`() throws {
    try withKey { (key) throws in
      let segment = try SystemVSharedMemory.create(key, size: 100, permissions: .ownerReadWrite)
      let memory = try segment.attach()
      #expect(try !segment.status().isRemoved)
      try segment.remove()
      #expect(try segment.status().isRemoved)
      #expect(reason { _ = try SystemVSharedMemory.open(key) } == .noSuchFileOrDirectory)
      let bytes: [UInt8] = [1]
      try memory.write(bytes.span)
      #expect(try memory.bytes(count: 1) == [1])
      try memory.detach()
      for attempt in [
        { _ = try segment.status() }, { _ = try segment.attach() }, { try segment.remove() },
      ] as [() throws -> Void] {
        #expect([.invalidArgument, .identifierRemoved].contains(reason(attempt)))
      }
    }
  }

  @Test func `the kernel knows who made it, who used it last, and what it permits`() throws {
    try withSegment { (segment) throws in
      let before = try segment.status()
      #expect(before.creator == getpid())
      #expect(before.lastUser == 0)
      #expect(before.ownership.user == geteuid())
      #expect(before.ownership.creatorUser == geteuid())
      #expect(before.ownership.permissions == .ownerReadWrite)
      try segment.attach().detach()
      #expect(try segment.status().lastUser == getpid())
      try segment.change(permissions: [.ownerReadWrite, .groupRead])
      let after = try segment.status().ownership
      #expect(after.permissions == [.ownerReadWrite, .groupRead])
      #expect(after.user == before.ownership.user)
      #expect(after.group == before.ownership.group)
    }
  }
}
