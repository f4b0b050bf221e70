internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// POSIX semaphores, named and unnamed.
let posixSemaphoreOperations: [Peer.Operation] = [
  .init("sem_open", "handle name oflag mode value exact") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let name = try parameters.posixName()
    let value: UInt32 = try parameters.integer("value", default: 0)
    let permissions = try parameters.permissions(default: .ownerReadWrite)
    let applyUmask = try !parameters.isSet("exact")
    let semaphore =
      switch try parameters.flags("oflag", of: openFlags, default: 0) {
      case O_CREAT | O_EXCL:
        try POSIXSemaphore.create(name, value: value, permissions: permissions, applyUmask: applyUmask)
      case O_CREAT:
        try POSIXSemaphore.createOrOpen(name, value: value, permissions: permissions, applyUmask: applyUmask)
      default: try POSIXSemaphore.open(name)
      }
    try peer.handles.add(SemaphoreHandle(semaphore, name), as: parameters.handle)
    return Fields()
  },

  .init("sem_close", "handle") { peer, parameters in
    guard try peer.semaphore(parameters.handle).name != nil else { throw Invalid("a named semaphore expected") }
    try peer.handles.close(parameters.handle)
    return Fields()
  },

  .init("sem_unlink", "name") { _, parameters in
    try POSIXSemaphore.unlink(try parameters.posixName())
    return Fields()
  },

  .init("sem_init", "handle memory at value") { peer, parameters in
    let value: UInt32 = try parameters.integer("value")
    return try peer.place(parameters) { try POSIXSemaphore.create(in: $0, at: $1, value: value) }
  },

  .init("sem_at", "handle memory at") { peer, parameters in
    try peer.place(parameters) { try POSIXSemaphore.open(in: $0, at: $1) }
  },

  .init("sem_destroy", "handle") { peer, parameters in
    let handle = try peer.semaphore(parameters.handle)
    guard handle.name == nil else { throw Invalid("a named semaphore cannot be destroyed") }
    try handle.semaphore.take()?.destroy()
    try peer.handles.close(parameters.handle)
    return Fields()
  },

  .init("sem_same", "handle other") { peer, parameters in
    let other = try peer.semaphore(try parameters.text("other"))
    let same = try peer.semaphore(parameters.handle).use { one in try other.use { one.isSame(as: $0) } }
    var fields = Fields()
    fields.append("same", same ? "yes" : "no")
    return fields
  },

  .init("sem_wait", "handle eintr") { peer, parameters in try wait(peer, parameters, .never) },
  .init("sem_trywait", "handle") { peer, parameters in try wait(peer, parameters, .immediate) },
  // The library measures timeouts with CLOCK_MONOTONIC, even where a C program uses CLOCK_REALTIME.
  .init("sem_timedwait", "handle abs_timeout tv_nsec eintr") { peer, parameters in
    try wait(peer, parameters, try parameters.deadline())
  },
  .init("sem_clockwait", "handle abs_timeout tv_nsec eintr") { peer, parameters in
    try wait(peer, parameters, try parameters.deadline())
  },

  .init("sem_post", "handle") { peer, parameters in
    try peer.semaphore(parameters.handle).use { try $0.post() }
    return Fields()
  },

  .init("sem_getvalue", "handle") { peer, parameters in
    var fields = Fields()
    fields.append("value", try peer.semaphore(parameters.handle).use { try $0.value })
    return fields
  },

  .init("sem_post_on_signal", "handle signum") { peer, parameters in
    let handle = try peer.semaphore(parameters.handle)
    guard let name = handle.name else { throw Invalid("only a named semaphore can be posted by a signal here") }
    handle.registration = try POSIXSemaphore.open(name).post(onSignal: try parameters.signal())
    return Fields()
  },

  .init("sem_count", "handle memory at count") { peer, parameters in
    let memory = try peer.region(parameters)
    let offset: Int = try parameters.integer("at", default: 0)
    let count = try parameters.count()
    try peer.semaphore(parameters.handle).use { lock in
      for _ in 0..<count {
        try lock.wait()
        try memory.increment(at: offset)
        try lock.post()
      }
    }
    var fields = Fields()
    fields.append("return", count)
    return fields
  },
]

private let openFlags = FlagTable(["O_CREAT": O_CREAT, "O_EXCL": O_EXCL])

private func wait(_ peer: Peer, _ parameters: Parameters, _ timeout: Timeout) throws -> Fields {
  let retryOnInterrupt = try parameters.retryOnInterrupt()
  try peer.semaphore(parameters.handle).use { try $0.wait(timeout: timeout, retryOnInterrupt: retryOnInterrupt) }
  return Fields()
}

extension Peer {
  func semaphore(_ name: String) throws -> SemaphoreHandle {
    try handles.find(name, as: SemaphoreHandle.self, "semaphore")
  }

  fileprivate func place(
    _ parameters: Parameters, _ place: (SharedRegion, Int) throws -> POSIXSemaphore
  ) throws -> Fields {
    try handles.require(free: parameters.handle)
    let semaphore = try place(try region(parameters), try parameters.integer("at", default: 0))
    try handles.add(SemaphoreHandle(semaphore, nil), as: parameters.handle)
    return Fields()
  }
}

final class SemaphoreHandle: Handle {
  var semaphore: POSIXSemaphore?
  /// The name, or nil for a semaphore in shared memory.
  let name: POSIXName?
  var registration: POSIXSemaphore.SignalRegistration?

  init(_ semaphore: consuming POSIXSemaphore, _ name: POSIXName?) {
    self.semaphore = consume semaphore
    self.name = name
  }

  func close() throws {
    registration.take()?.cancel()
    try semaphore.take()?.close()
  }

  func use<Value>(_ body: (borrowing POSIXSemaphore) throws -> Value) throws -> Value {
    switch semaphore {
    case let semaphore?: try body(semaphore)
    case nil: throw Invalid("the semaphore is closed")
    }
  }
}
