import Foundation
import IPC
import SystemPackage
import Testing

/// Tests that a new object never has more permissions than requested, not even between two system calls.
@Suite struct ExactPermissionsTests {
  @Test func `An observer never sees more permissions than requested`() async {
    // This test runs in a child, because it sets the umask, which applies to the whole process, to 0.
    await #expect(processExitsWith: .success) {
      umask(0)
      let scratch = try Scratch()
      let name = "ipc-permissions-\(UInt64.random(in: .min ... .max))"
      let (fifo, file) = (scratch.path.appending("fifo"), scratch.path.appending("file"))
      let socket = try scratch.socket
      let object = POSIXName("/\(name)")
      let steps: [(path: String, create: () throws -> Void, remove: () throws -> Void)] = [
        (fifo.string, { try FIFO(fifo).create() }, { try FIFO(fifo).unlink() }),
        (file.string, { try MappedFile.create(file).close() }, { try MappedFile.unlink(file) }),
        (socket.path?.string ?? "", { try UnixSocket.Stream().bind(to: socket) }, { try socket.unlink() }),
        (
          "/dev/shm/\(name)", { try POSIXSharedMemory.create(object).close() },
          { try POSIXSharedMemory.unlink(object) }
        ),
        (
          "/dev/shm/sem.\(name)", { _ = try POSIXSemaphore.create(object, value: 1) },
          { try POSIXSemaphore.unlink(object) }
        ),
      ]
      for step in steps {
        let observer = PermissionsObserver(step.path)
        // Repeat until the observer has seen the object often enough. How many rounds this takes depends on the
        // machine.
        while observer.sightings < 200 {
          try step.create()
          try step.remove()
        }
        let seen = observer.end()
        #expect(seen.reduce(0, |) == 0o600, "\(step.path): \(seen)")
      }
    }
  }
}
