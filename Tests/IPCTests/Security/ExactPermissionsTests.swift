import Foundation
import IPC
import Synchronization
import SystemPackage
import Testing

/// What is made has never more permissions than were asked for, not even between two calls.
@Suite struct MomentaryPermissionsTests {
  @Test func `Nobody who looks all the time sees more permissions than were asked for`() async {
    // In a process of its own: the umask is everybody's, and here takes nothing.
    await #expect(processExitsWith: .success) {
      umask(0)
      let scratch = try Scratch()
      let name = "ipc-moment-\(UInt64.random(in: .min ... .max))"
      let (fifo, file) = (scratch.path.appending("fifo"), scratch.path.appending("file"))
      let socket = try scratch.socket
      let memory = try POSIXSharedMemory.Name(validating: "/\(name)")
      let semaphore = try POSIXSemaphore.Name(validating: "/\(name)")
      let asked: FilePermissions = [.ownerReadWrite]
      let steps: [(path: String, make: () throws -> Void, remove: () throws -> Void)] = [
        (fifo.string, { try FIFO(fifo).make(permissions: asked) }, { try FIFO(fifo).unlink() }),
        (
          file.string, { try MemoryObject<ReadWrite>(creating: file, permissions: asked).close() },
          { try FileManager.default.removeItem(atPath: file.string) }
        ),
        (socket.path?.string ?? "", { try UnixSocket.Stream().bind(to: socket) }, { try socket.unlink() }),
        (
          "/dev/shm/\(name)", { try MemoryObject<ReadWrite>(creating: memory, permissions: asked).close() },
          { try memory.unlink() }
        ),
        (
          "/dev/shm/sem.\(name)", { _ = try POSIXSemaphore(creating: semaphore, value: 1, permissions: asked) },
          { try semaphore.unlink() }
        ),
      ]
      for step in steps {
        let watch = Watch(step.path)
        // Until it was seen often: how often that is depends on the machine, and what is seen does not.
        while watch.sightings < 200 {
          try step.make()
          try step.remove()
        }
        #expect(watch.end() == 0o600, "\(step.path)")
      }
    }
  }
}

/// Looks at a path all the time, in a thread of its own.
private final class Watch: Sendable {
  private let seen = Mutex<(count: Int, bits: mode_t)>((0, 0))
  private let isOver = Mutex(false)

  init(_ path: String) {
    Thread { [self] in
      while !isOver.withLock(\.self) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { continue }
        seen.withLock { $0 = ($0.count + 1, $0.bits | status.st_mode & 0o7777) }
      }
    }.start()
  }

  var sightings: Int { seen.withLock(\.count) }

  /// Every permission that was ever seen.
  func end() -> mode_t {
    isOver.withLock { $0 = true }
    return seen.withLock(\.bits)
  }
}
