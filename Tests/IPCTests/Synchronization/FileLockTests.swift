import Foundation
import IPC
import SystemPackage
import Testing

@Suite("A file lock")
struct FileLockTests {
  /// Runs `body` with two open file descriptions for a new file, which is removed afterwards.
  private static func withFile(_ body: (FileDescriptor, FileDescriptor) throws -> Void) throws {
    let path = FilePath(NSTemporaryDirectory()).appending("file-lock-\(UUID().uuidString)")
    let first = try FileDescriptor.open(
      path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    try first.closeAfter {
      let second = try FileDescriptor.open(path, .readWrite, options: .closeOnExec)
      try second.closeAfter { try body(first, second) }
    }
  }

  @Test("on a range excludes other descriptions only from its bytes")
  func ranges() throws {
    try Self.withFile { first, second in
      try RecordLock.lock(first, .exclusive, range: FileRange(start: 10, count: 5))
      #expect(try !RecordLock.tryLock(second, .shared, range: FileRange(start: 14, count: 1)))
      #expect(try RecordLock.tryLock(second, .exclusive, range: FileRange(start: 15)))
      #expect(try RecordLock.tryLock(second, .exclusive, range: FileRange(start: 0, count: 10)))
      try RecordLock.unlock(first, range: FileRange(start: 12, count: 3))
      #expect(try RecordLock.tryLock(second, .exclusive, range: FileRange(start: 12, count: 3)))
      #expect(try !RecordLock.tryLock(second, .exclusive, range: FileRange(start: 11, count: 1)))
    }
  }

  @Test("that is shared allows others, and is converted")
  func shared() throws {
    try Self.withFile { first, second in
      #expect(try RecordLock.tryLock(first, .shared))
      #expect(try RecordLock.tryLock(second, .shared))
      #expect(try !RecordLock.tryLock(first, .exclusive))
      try RecordLock.unlock(second)
      #expect(try RecordLock.tryLock(first, .exclusive))
      #expect(try !RecordLock.tryLock(second, .shared))
    }
  }

  @Test("owned by a process conflicts with one owned by a description, and is reported with the process")
  func owners() throws {
    try Self.withFile { first, second in
      let range = FileRange(start: 3, count: 4)
      try RecordLock.lock(first, .exclusive, range: range, owner: .process)
      // The process does not conflict with itself.
      #expect(try RecordLock.tryLock(second, .exclusive, range: range, owner: .process))
      let conflict = try #require(try RecordLock.conflict(on: second, with: .shared))
      #expect(conflict.mode == .exclusive)
      #expect(conflict.range == range)
      #expect(conflict.process?.rawValue == getpid())
      #expect(try RecordLock.conflict(on: second, with: .shared, range: FileRange(start: 7)) == nil)
      try RecordLock.unlock(first, owner: .process)
      try RecordLock.lock(first, .shared)
      let other = try #require(try RecordLock.conflict(on: second, with: .exclusive, owner: .process))
      #expect(other.mode == .shared)
      #expect(other.range == .wholeFile)
      #expect(other.process == nil)
    }
  }

  @Test("that conflicts makes a wait time out, immediately or later")
  func timeouts() throws {
    try Self.withFile { first, second in
      try RecordLock.lock(first, .exclusive)
      for owner in [RecordLock.Owner.openFileDescription, .process] {
        let error = #expect(throws: IPCError.self) {
          try RecordLock.lock(second, .shared, owner: owner, timeout: .after(.milliseconds(5)))
        }
        #expect(error?.errno == .timedOut)
        let now = #expect(throws: IPCError.self) {
          try RecordLock.lock(second, .shared, owner: owner, timeout: .immediate)
        }
        #expect(now?.errno == .wouldBlock)
      }
      try WholeFileLock.lock(first, .exclusive)
      let error = #expect(throws: IPCError.self) {
        try WholeFileLock.lock(second, .shared, timeout: .after(.milliseconds(5)))
      }
      #expect(error?.errno == .timedOut)
      #expect(error?.call == .flock)
    }
  }

  @Test("is released after a body that succeeds or throws")
  func bodies() throws {
    struct Stop: Error {}
    try Self.withFile { first, second in
      let value = try RecordLock.withLock(on: first, .exclusive) { try RecordLock.tryLock(second, .shared) }
      #expect(!value)
      #expect(throws: Stop.self) { try RecordLock.withLock(on: first, .exclusive) { throw Stop() } }
      #expect(try RecordLock.tryLock(second, .exclusive))
    }
  }

  @Test("on a whole file is independent of locks on ranges")
  func wholeFile() throws {
    try Self.withFile { first, second in
      try RecordLock.lock(first, .exclusive)
      #expect(try WholeFileLock.tryLock(second, .exclusive))
      #expect(try !WholeFileLock.tryLock(first, .shared))
      #expect(try WholeFileLock.tryLock(second, .shared))
      #expect(try WholeFileLock.tryLock(first, .shared))
      try WholeFileLock.unlock(second)
      #expect(try WholeFileLock.tryLock(first, .exclusive))
    }
  }

  @Test("is refused for an invalid range or the wrong access mode")
  func refused() throws {
    try Self.withFile { first, _ in
      for range in [FileRange(start: -1, count: 1), FileRange(start: 0, count: -1), FileRange(start: 5, count: 0)] {
        let error = #expect(throws: IPCError.self) { try RecordLock.lock(first, .shared, range: range) }
        #expect(error?.errno == .invalidArgument)
      }
      let null = try FileDescriptor.open(FilePath("/dev/null"), .readOnly)
      try null.closeAfter {
        let error = #expect(throws: IPCError.self) { try RecordLock.lock(null, .exclusive) }
        #expect(error?.errno == .badFileDescriptor)
        #expect(error?.description.contains("Open the file for writing") == true)
      }
    }
  }
}
