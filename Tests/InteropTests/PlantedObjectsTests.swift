import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Interop

/// Objects that somebody makes before a cell does, under the very names that it will use.
@Suite("What is planted", .serialized)
struct PlantedObjectsTests {
  private func names() -> CellNames {
    CellNames()
  }

  private func sandbox(_ isolation: Isolation, _ names: CellNames, roles: Int = 0) throws -> Sandbox {
    try Sandbox(
      Sandbox.Settings(
        warden: Checkout.warden, surroundings: Surroundings(isolation: isolation), kept: Checkout.root.string),
      names: names,
      roles: roles)
  }

  /// Makes one of each under the names of a cell, lends the identifiers of the System V ones, and removes them.
  private func withPlanted(_ names: CellNames, _ body: (_ segment: Int32, _ files: [String]) throws -> Void) throws {
    let segment = shmget(names.firstKey + 3, 4096, IPC_CREAT | IPC_EXCL | 0o666)
    try #require(segment != -1)
    defer { shmctl(segment, IPC_RMID, nil) }
    let files = ["/dev/shm/\(names.token)-shm", "/dev/shm/sem.\(names.token)-shm"]
    defer { for file in files { unsafe _ = unlink(file) } }
    try #require(unsafe symlink("/etc/passwd", files[0]) == 0)
    try Data("planted".utf8).write(to: URL(fileURLWithPath: files[1]))
    if geteuid() == 0 { for file in files { try #require(unsafe lchown(file, 65534, 65534) == 0) } }
    try body(segment, files)
  }

  private func exists(_ file: String) -> Bool {
    var status = stat()
    return unsafe lstat(file, &status) == 0
  }

  @Test("is not seen in a private sandbox, and outlives it") func privateSandbox() async throws {
    try await onThread {
      let names = names()
      try withPlanted(names) { segment, files in
        do {
          let sandbox = try sandbox(.private, names)
          #expect(try sandbox.census().objects.isEmpty)
        }
        var status = shmid_ds()
        #expect(unsafe shmctl(segment, IPC_STAT, &status) == 0)
        #expect(files.allSatisfy(exists))
      }
    }
  }

  @Test("breaks a cell without a sandbox before it begins, and outlives it", arguments: [true, false])
  func sharedMachine(isKey: Bool) async throws {
    try await onThread {
      let names = names()
      try withPlanted(names) { segment, files in
        // Only the one or only the other bears a name of the cell.
        var attacked = names
        if isKey { attacked = CellNames(token: "ipc-interop-\(UUID())", firstKey: names.firstKey) }
        if !isKey { attacked = CellNames(token: names.token, firstKey: names.firstKey + 64) }
        #expect { _ = try sandbox(.shared, attacked) } throws: {
          "\($0)".contains("File exists")
        }
        var status = shmid_ds()
        #expect(unsafe shmctl(segment, IPC_STAT, &status) == 0)
        #expect(files.allSatisfy(exists))
      }
    }
  }

  @Test("under names that are not the cell's is neither counted nor removed") func strangers() async throws {
    try await onThread {
      try withPlanted(names()) { segment, files in
        do {
          let sandbox = try sandbox(.shared, names())
          #expect(sandbox.scratch.hasPrefix("/tmp/ipc-interop."))
        }
        var status = shmid_ds()
        #expect(unsafe shmctl(segment, IPC_STAT, &status) == 0)
        #expect(files.allSatisfy(exists))
      }
    }
  }

  @Test("as a link in the scratch directory is removed itself, and what it leads to stays")
  func linkInScratch() async throws {
    try await onThread {
      let target = FileManager.default.temporaryDirectory.appending(path: "kept-\(UUID())")
      try FileManager.default.createDirectory(at: target, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(at: target) }
      try Data("kept".utf8).write(to: target.appending(path: "file"))
      var scratch = ""
      do {
        let sandbox = try sandbox(.shared, names())
        scratch = sandbox.scratch
        try #require(unsafe symlink(target.path, "\(scratch)/link") == 0)
      }
      #expect(!exists(scratch))
      #expect(exists(target.appending(path: "file").path))
    }
  }

  @Test("as the name of a process does not tell what it is doing") func misleadingName() async throws {
    try await onThread {
      let sandbox = try sandbox(.private, names(), roles: 1)
      let script = #"printf 'State:\tT' >/proc/$$/comm; echo; read -r line"#
      let pid = try sandbox.spawn(role: 0, command: ["/bin/sh", "-c", script], inheriting: [], asAnotherUser: false)
      while !sandbox.streams[0].output.hasLine { try sandbox.wait(.seconds(10)) }
      var look = try sandbox.look(at: pid)
      while !look.isWaitingForInput { look = try sandbox.look(at: pid) }
      #expect(look.state == "S")
    }
  }
}
