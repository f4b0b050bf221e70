import IPC
import SystemPackage
import Testing

/// Lends `body` shared memory with a mutex at 0 and a condition variable at 64, and removes it on every path.
func withRegion<Value>(_ body: (SharedRegion) async throws -> Value) async throws -> Value {
  let segment = try SystemVSharedMemory.create(.private, size: 4096, permissions: .ownerReadWrite)
  defer { try? segment.remove() }
  let region = SharedRegion(try segment.attach())
  _ = try SharedMutex(makingIn: region, at: 0)
  _ = try SharedCondition(makingIn: region, at: conditionPlace)
  return try await body(region)
}

let conditionPlace = 64

/// Has a thread lock the mutex and end. It is dead some time after this returns; who locks waits for that.
func leaveLocked(_ region: SharedRegion) async throws {
  #expect(try await onThread { try SharedMutex(in: region, at: 0).lock(patience: .none) } == .locked)
}
