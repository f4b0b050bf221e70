import Foundation
import IPC
import SystemPackage
import Testing

/// Tests for memory objects whose names other processes create and remove concurrently.
@Suite struct MemoryObjectRaceTests {
  /// Creates files at `path` directly, as another process would, while a thread runs `create` and `remove`.
  ///
  /// The permissions of these files must not change.
  private static func expectPermissionsStay(
    at path: String, create: @escaping @Sendable () throws -> Void, remove: @escaping @Sendable () throws -> Void
  ) throws {
    try whileRacing {
      try? create()
      try? remove()
    } _: {
      var created = 0
      while created < 3000 {
        let file = unsafe open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard file != -1 else { continue }
        created += 1
        var status = stat()
        for _ in 0..<20 where status.st_mode & 0o077 == 0 { try #require(unsafe fstat(file, &status) == 0) }
        #expect(status.st_mode & 0o777 == 0o600)
        close(file)
        if status.st_mode & 0o777 != 0o600 { break }
        _ = unsafe unlink(path)
      }
    }
  }

  @Test(.timeLimit(.minutes(1))) func `The permissions of another process's shared memory do not change`() async {
    await #expect(processExitsWith: .success) {
      umask(0o077)
      try withMemoryName { name in
        try Self.expectPermissionsStay(at: "/dev/shm/\(name.description.dropFirst())") {
          try POSIXSharedMemory.create(name, permissions: FilePermissions(rawValue: 0o666)).close()
        } remove: {
          try POSIXSharedMemory.unlink(name)
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(1))) func `The permissions of another process's file do not change`() async {
    await #expect(processExitsWith: .success) {
      umask(0o077)
      let scratch = try Scratch()
      let path = scratch.path.appending("file")
      try Self.expectPermissionsStay(at: path.string) {
        try MappedFile.create(path, permissions: FilePermissions(rawValue: 0o666)).close()
      } remove: {
        try MappedFile.unlink(path)
      }
    }
  }

  @Test(.timeLimit(.minutes(1))) func `createOrOpen succeeds while another process removes the name`() throws {
    try withMemoryName { name in
      try whileRacing {
        try? POSIXSharedMemory.unlink(name)
      } _: {
        for _ in 0..<1000 { try POSIXSharedMemory.createOrOpen(name, size: 16).close() }
      }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `createOrOpen succeeds while another process creates and removes the name`() throws {
    try withMemoryName { name in
      try whileRacing {
        try? POSIXSharedMemory.create(name).close()
        try? POSIXSharedMemory.unlink(name)
      } _: {
        for _ in 0..<1000 { try POSIXSharedMemory.createOrOpen(name, size: 16).close() }
      }
    }
  }
}
