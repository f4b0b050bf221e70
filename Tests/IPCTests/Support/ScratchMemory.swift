import Foundation
import IPC
import SystemPackage

/// Calls `body` with a name that no other test uses, and removes the object afterwards, even if `body` throws.
func withMemoryName<Value>(_ body: (POSIXName) throws -> Value) throws -> Value {
  let name = POSIXName("/ipc-tests-\(UInt64.random(in: .min ... .max))")
  defer { try? POSIXSharedMemory.unlink(name) }
  return try body(name)
}

/// Calls `body` with a name that no other test uses, and removes the semaphore afterwards, even if `body` throws.
func withSemaphoreName<Value>(_ body: (POSIXName) throws -> Value) throws -> Value {
  let name = POSIXName("/ipc-tests-\(UInt64.random(in: .min ... .max))")
  defer { try? POSIXSemaphore.unlink(name) }
  return try body(name)
}

/// Creates anonymous memory of `size` bytes.
func scratchMemory(_ size: Int) throws -> MemoryObject<ReadWriteAccess> {
  let object = try MemoryObject.anonymous("scratch")
  try object.resize(to: size)
  return object
}

let conditionOffset = 64

/// Returns shared memory with a mutex at offset 0 and a condition variable at offset 64.
func scratchRegion() throws -> SharedRegion {
  let region = SharedRegion(try MemoryObject.anonymous("region", size: 4096).map())
  _ = try SharedMutex.create(in: region, at: 0)
  _ = try ConditionVariable.create(in: region, at: conditionOffset)
  return region
}

/// Moves future children of this process into a new PID namespace.
func unshareProcesses() throws {
  // Swift does not import unshare(2) from glibc.
  guard let symbol = unsafe dlsym(nil, "unshare") else { throw Errno.noFunction }
  let unshare = unsafe unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
  let newPIDNamespace: Int32 = 0x2000_0000
  guard unshare(newPIDNamespace) == 0 else { throw Errno(rawValue: errno) }
}

/// A child created by `fork(2)`, which runs `body` and exits with its result.
///
/// Use this only in exit tests, in which no other thread can hold a runtime lock.
struct ForkedChild: ~Copyable {
  let process: Int32

  init(_ body: () throws -> Int32) throws {
    // Swift does not import fork(2) from glibc.
    guard let symbol = unsafe dlsym(nil, "fork") else { throw Errno.noFunction }
    let fork = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)
    let process = fork()
    if process == 0 {
      do { _exit(try body()) } catch { _exit(99) }
    }
    guard process > 0 else { throw Errno(rawValue: errno) }
    self.process = process
  }

  // If the child kept running after a failed test, it would keep the test runner's pipes open.
  deinit { kill(process, SIGKILL) }

  /// Blocks the child until its parent exits or kills it.
  static func waitForParent() -> Never {
    let parent = getppid()
    while getppid() == parent { usleep(20_000) }
    _exit(98)
  }

  /// Waits for the child to exit, and returns its exit status, or the negated number of the signal that killed it.
  consuming func wait() -> Int32 {
    let process = process
    discard self
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) == -1 && errno == EINTR {}
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }
}
