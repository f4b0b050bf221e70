import Foundation
import IPC
import SystemPackage
import Testing

/// Tests for files and links that another user has created in `/tmp` or `/dev/shm`, which are world-writable.
///
/// The library must reject them, and must not change them. It must never follow a link, and no call may block.
@Suite struct PlantedNamesTests {
  enum Planted: CaseIterable { case link, danglingLink, fifo, directory, socket }

  /// Plants a file at `path`; the target of a link is an 8-byte file.
  private func plant(_ planted: Planted, at path: FilePath, target: FilePath) throws {
    let file = try FileDescriptor.open(target, .writeOnly, options: [.create], permissions: [.ownerReadWrite])
    _ = try file.closeAfter { try file.writeAll("precious".utf8) }
    switch planted {
    case .link: try #require(unsafe symlink(target.string, path.string) == 0)
    case .danglingLink: try #require(unsafe symlink("/nonexistent", path.string) == 0)
    case .fifo: try #require(unsafe mkfifo(path.string, 0o666) == 0)
    case .directory: try #require(unsafe mkdir(path.string, 0o777) == 0)
    case .socket: try #require(unsafe mknod(path.string, S_IFSOCK | 0o666, 0) == 0)
    }
  }

  /// Plants a file at `path`, and checks after `body` that the file and the target of a link have not changed.
  private func withPlanted(
    _ planted: Planted, at path: FilePath, _ body: () async throws -> Void
  ) async throws {
    let scratch = try Scratch()
    let target = scratch.path.appending("target")
    defer { _ = unsafe remove(path.string) }
    try plant(planted, at: path, target: target)
    var before = stat()
    try #require(unsafe lstat(path.string, &before) == 0)
    try await body()
    var after = stat()
    #expect(unsafe lstat(path.string, &after) == 0)
    #expect(after.st_ino == before.st_ino && after.st_mode == before.st_mode)
    #expect(try String(contentsOfFile: target.string, encoding: .utf8) == "precious")
  }

  @Test(.timeLimit(.minutes(1)), arguments: Planted.allCases)
  func `At the path of a file to map`(_ planted: Planted) async throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("planted")
    try await withPlanted(planted, at: path) {
      try await onThread {
        #expect(reason { _ = try MappedFile.open(path, access: .readOnly) } != nil)
        #expect(reason { _ = try MappedFile.open(path) } != nil)
        #expect(reason { _ = try MappedFile.create(path) } == .fileExists)
      }
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: Planted.allCases)
  func `Under the name of shared memory`(_ planted: Planted) async throws {
    let name = "ipc-planted-\(UInt64.random(in: .min ... .max))"
    let memory = POSIXName("/\(name)")
    try await withPlanted(planted, at: FilePath("/dev/shm/\(name)")) {
      try await onThread {
        #expect(reason { _ = try POSIXSharedMemory.open(memory, access: .readOnly) } != nil)
        #expect(reason { _ = try POSIXSharedMemory.open(memory) } != nil)
        #expect(reason { _ = try POSIXSharedMemory.create(memory) } == .fileExists)
        #expect(reason { _ = try POSIXSharedMemory.createOrOpen(memory) } != nil)
        #expect(reason { try POSIXSharedMemory.unlinkIfAbandoned(memory) } != nil)
      }
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: Planted.allCases)
  func `Under the name of a semaphore`(_ planted: Planted) async throws {
    let name = "ipc-planted-\(UInt64.random(in: .min ... .max))"
    let semaphore = POSIXName("/\(name)")
    try await withPlanted(planted, at: FilePath("/dev/shm/sem.\(name)")) {
      try await onThread {
        #expect(reason { _ = try POSIXSemaphore.open(semaphore) } != nil)
        #expect(reason { _ = try POSIXSemaphore.create(semaphore, value: 1) } == .fileExists)
        #expect(reason { _ = try POSIXSemaphore.createOrOpen(semaphore, value: 1) } != nil)
      }
    }
  }
}
