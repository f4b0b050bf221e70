import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct InotifyTests {
  /// Calls `body` with a new directory, and removes it afterwards.
  private static func withDirectory(_ body: (FilePath) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/ipc-tests-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(FilePath(path))
  }

  private struct Change: Equatable {
    let events: Inotify.Events
    let name: String
  }

  private static func read(_ changes: borrowing Inotify) throws -> [Change] {
    var read: [Change] = []
    let count = try changes.read(timeout: .immediate) { event, name in
      read.append(Change(events: event.events, name: String(decoding: name.indices.map { name[$0] }, as: UTF8.self)))
    }
    #expect(count == read.count)
    return read
  }

  @Test func `A directory reports names of different lengths in one read`() throws {
    try Self.withDirectory { directory in
      let changes = try Inotify()
      let watch = try changes.watch(directory, for: [.created, .closedAfterWriting, .deleted, .onlyDirectory])
      for name in ["a", "fifteen-letters", "sixteen--letters"] {
        let file = directory.appending(name)
        try FileDescriptor.open(file, .writeOnly, options: .create, permissions: .ownerReadWrite).close()
      }
      let read = try Self.read(changes)
      #expect(read.filter { $0.events == .created }.map(\.name) == ["a", "fifteen-letters", "sixteen--letters"])
      try changes.remove(watch)
      #expect(try Self.read(changes) == [Change(events: .watchEnded, name: "")])
      #expect(try changes.tryRead { _, _ in } == nil)
      #expect(reason { try changes.remove(watch) } == .invalidArgument)
    }
  }

  @Test func `A directory that disappears ends its watch`() throws {
    let changes = try Inotify(nonBlocking: true)
    try Self.withDirectory { try changes.watch($0, for: .deletedItself) }
    #expect(try Self.read(changes).map(\.events) == [.deletedItself, .watchEnded])
    #expect(reason { _ = try changes.read(timeout: .after(.milliseconds(5))) { _, _ in } } == .timedOut)
  }

  @Test func `The two events for a move have the same cookie`() throws {
    try Self.withDirectory { directory in
      let changes = try Inotify()
      try changes.watch(directory, for: [.created, .movedAway, .movedHere])
      let (old, new) = (directory.appending("old"), directory.appending("new"))
      try FileDescriptor.open(old, .writeOnly, options: .create, permissions: .ownerReadWrite).close()
      try FileManager.default.moveItem(atPath: old.string, toPath: new.string)
      var read: [Inotify.Event] = []
      try changes.read(timeout: .immediate) { event, _ in read.append(event) }
      try #require(read.map(\.events) == [.created, .movedAway, .movedHere])
      #expect(read[0].cookie == 0)
      #expect(read[1].cookie != 0 && read[1].cookie == read[2].cookie)
    }
  }

  @Test func `A watch that must be new is not shared`() throws {
    try Self.withDirectory { directory in
      let changes = try Inotify()
      try changes.watch(directory, for: [.created, .onlyNew, .exceptUnlinked])
      #expect(reason { try changes.watch(directory, for: [.created, .onlyNew]) } == .fileExists)
    }
  }

  @Test func `Errors name the path`() throws {
    let changes = try Inotify()
    let error = failure { try changes.watch("/nonexistent", for: .modified) }
    #expect(error?.errno == .noSuchFileOrDirectory)
    #expect(error?.call == .inotifyAddWatch)
    #expect(error?.object == .path("/nonexistent"))
    #expect(reason { try changes.watch("/", for: []) } == .invalidArgument)
  }

  @Test func `Another descriptor is not adopted`() throws {
    let changes = try Inotify()
    let number = changes.release()
    #expect(try Inotify(adopting: number).descriptor == number)
    let counter = try EventFD()
    let other = counter.descriptor
    #expect(reason { _ = try Inotify(adopting: other) } == .invalidArgument)
  }
}
