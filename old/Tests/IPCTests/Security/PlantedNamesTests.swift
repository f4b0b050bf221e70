import Foundation
import IPC
import SystemPackage
import Testing

/// What another user can leave under a name before this program comes to use it, where anybody may write: `/tmp`,
/// `/dev/shm`. It is refused, and stays what it is; it is never followed, and nobody waits for it.
@Suite struct PlantedNamesTests {
  enum Planted: CaseIterable { case link, danglingLink, fifo, directory, socket }

  /// Leaves something at `path`; what a link leads to is a file of 8 bytes.
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

  /// Plants below a folder that is everybody's, and removes it on every path.
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
    #expect(try contents(of: target) == "precious")
  }

  private func contents(of path: FilePath) throws -> String {
    try String(contentsOfFile: path.string, encoding: .utf8)
  }

  @Test(.timeLimit(.minutes(1)), arguments: Planted.allCases)
  func `at the path of a file to map`(_ planted: Planted) async throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("planted")
    try await withPlanted(planted, at: path) {
      try await onThread {
        #expect(reason { _ = try MemoryObject<ReadOnly>(opening: path) } != nil)
        #expect(reason { _ = try MemoryObject<ReadWrite>(opening: path) } != nil)
        #expect(
          reason { _ = try MemoryObject<ReadWrite>(creating: path, permissions: [.ownerReadWrite]) } == .fileExists)
      }
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: Planted.allCases)
  func `under the name of shared memory`(_ planted: Planted) async throws {
    let name = "ipc-planted-\(UInt64.random(in: .min ... .max))"
    let memory = try POSIXSharedMemory.Name(validating: "/\(name)")
    try await withPlanted(planted, at: FilePath("/dev/shm/\(name)")) {
      try await onThread {
        #expect(reason { _ = try MemoryObject<ReadOnly>(opening: memory) } != nil)
        #expect(reason { _ = try MemoryObject<ReadWrite>(opening: memory) } != nil)
        #expect(
          reason { _ = try MemoryObject<ReadWrite>(creating: memory, permissions: [.ownerReadWrite]) } == .fileExists)
        #expect(
          reason { _ = try MemoryObject<ReadWrite>(creatingOrOpening: memory, permissions: [.ownerReadWrite]) } != nil)
      }
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: Planted.allCases)
  func `under the name of a semaphore`(_ planted: Planted) async throws {
    let name = "ipc-planted-\(UInt64.random(in: .min ... .max))"
    let semaphore = try POSIXSemaphore.Name(validating: "/\(name)")
    try await withPlanted(planted, at: FilePath("/dev/shm/sem.\(name)")) {
      try await onThread {
        #expect(reason { _ = try POSIXSemaphore(opening: semaphore) } != nil)
        #expect(
          reason { _ = try POSIXSemaphore(creating: semaphore, value: 1, permissions: [.ownerReadWrite]) }
            == .fileExists)
        #expect(
          reason { _ = try POSIXSemaphore(creatingOrOpening: semaphore, value: 1, permissions: [.ownerReadWrite]) }
            != nil)
      }
    }
  }

  @Test func `A file that is too short for a semaphore is refused, not stumbled over`() throws {
    let name = "ipc-planted-\(UInt64.random(in: .min ... .max))"
    let path = FilePath("/dev/shm/sem.\(name)")
    try FileDescriptor.open(path, .writeOnly, options: [.create], permissions: [.ownerReadWrite]).close()
    defer { _ = unsafe unlink(path.string) }
    #expect(reason { try POSIXSemaphore(opening: POSIXSemaphore.Name(validating: "/\(name)")).post() } != nil)
  }

  @Test(arguments: Planted.allCases)
  func `at the path of a socket`(_ planted: Planted) async throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("planted")
    let address = try UnixSocket.Address(path: path)
    // A socket that nobody serves is what may be replaced.
    let replacing: UnixSocket.StalePath = planted == .socket ? .kept : .replaced
    try await withPlanted(planted, at: path) {
      #expect(reason { try UnixSocket.Stream().bind(to: address, stale: replacing) } == .addressInUse)
      if planted != .socket { #expect(reason { try address.unlink() } == .addressInUse) }
    }
  }

  @Test func `at the path of a FIFO that is opened by who made none`() throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("planted")
    try plant(.link, at: path, target: scratch.path.appending("target"))
    #expect(reason { _ = try FIFO(path).openForWriting(patience: .none) } == .invalidArgument)
    #expect(try contents(of: scratch.path.appending("target")) == "precious")
  }
}
