internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// POSIX semaphores, by name and in shared memory.
let posixSemaphoreOperations: [Peer.Operation] = [
  .init("sem_open") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let name = try POSIXSemaphore.Name(validating: try parameters.text("name"))
    let value: UInt32 = try parameters.integer("value", default: 0)
    let permissions = try parameters.permissions(default: .ownerReadWrite)
    let umask: Umask = try parameters.isSet("exact") ? .overridden : .obeyed
    let semaphore =
      switch try parameters.flags("oflag", of: openFlags, default: 0) {
      case O_CREAT | O_EXCL:
        try POSIXSemaphore(creating: name, value: value, permissions: permissions, umask: umask)
      case O_CREAT:
        try POSIXSemaphore(creatingOrOpening: name, value: value, permissions: permissions, umask: umask)
      default: try POSIXSemaphore(opening: name)
      }
    try peer.handles.add(SemaphoreHandle(semaphore, name), as: parameters.handle)
    return Fields()
  },

  .init("sem_close") { peer, parameters in
    guard try peer.semaphore(parameters.handle).name != nil else { throw Invalid("what sem_init made is not closed") }
    try peer.handles.close(parameters.handle)
    return Fields()
  },

  .init("sem_unlink") { _, parameters in
    try POSIXSemaphore.Name(validating: try parameters.text("name")).unlink()
    return Fields()
  },

  .init("sem_init") { peer, parameters in
    let value: UInt32 = try parameters.integer("value")
    return try peer.place(parameters) { try POSIXSemaphore(making: value, in: $0, at: $1) }
  },

  .init("sem_at") { peer, parameters in
    try peer.place(parameters) { try POSIXSemaphore(in: $0, at: $1) }
  },

  .init("sem_destroy") { peer, parameters in
    let handle = try peer.semaphore(parameters.handle)
    guard handle.name == nil else { throw Invalid("what sem_open opened is not destroyed") }
    try handle.semaphore.take()?.destroy()
    try peer.handles.close(parameters.handle)
    return Fields()
  },

  .init("sem_same") { peer, parameters in
    let other = try peer.semaphore(try parameters.text("other"))
    let same = try peer.semaphore(parameters.handle).use { one in try other.use { one.isSame(as: $0) } }
    var fields = Fields()
    fields.append("same", same ? "yes" : "no")
    return fields
  },

  .init("sem_wait") { peer, parameters in try wait(peer, parameters, .forever) },
  .init("sem_trywait") { peer, parameters in try wait(peer, parameters, .none) },
  // The library waits by the clock that nobody sets, whichever a C program waits by.
  .init("sem_timedwait") { peer, parameters in
    try wait(peer, parameters, .atMost(try parameters.duration("abs_timeout")))
  },
  .init("sem_clockwait") { peer, parameters in
    try wait(peer, parameters, .atMost(try parameters.duration("abs_timeout")))
  },

  .init("sem_post") { peer, parameters in
    try peer.semaphore(parameters.handle).use { try $0.post() }
    return Fields()
  },

  .init("sem_getvalue") { peer, parameters in
    var fields = Fields()
    fields.append("value", try peer.semaphore(parameters.handle).use { try $0.value() })
    return fields
  },

  .init("sem_post_on_signal") { peer, parameters in
    let handle = try peer.semaphore(parameters.handle)
    guard let name = handle.name else { throw Invalid("a semaphore without a name is not posted by a signal here") }
    handle.posting = try POSIXSemaphore(opening: name).post(onSignal: try parameters.signal())
    return Fields()
  },

  .init("sem_count") { peer, parameters in
    let memory = try peer.writableSegment(try parameters.text("memory"))
    let offset: Int = try parameters.integer("at", default: 0)
    let count = try parameters.count()
    try peer.semaphore(parameters.handle).use { lock in
      for _ in 0..<count {
        _ = try lock.wait()
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

private func wait(_ peer: Peer, _ parameters: Parameters, _ patience: Patience) throws -> Fields {
  let interruption = try parameters.interruption()
  switch try peer.semaphore(parameters.handle).use({ try $0.wait(patience: patience, interruption: interruption) }) {
  case .taken: return Fields()
  case .wouldBlock: throw Failure(.wouldBlock)
  case .timedOut: throw Failure(.timedOut)
  }
}

extension Peer {
  fileprivate func semaphore(_ name: String) throws -> SemaphoreHandle {
    try handles.find(name, as: SemaphoreHandle.self, "semaphore")
  }

  fileprivate func place(
    _ parameters: Parameters, _ place: (SharedRegion, Int) throws -> POSIXSemaphore
  ) throws -> Fields {
    try handles.require(free: parameters.handle)
    let region = try writableSegment(try parameters.text("memory")).placement()
    let semaphore = try place(region, try parameters.integer("at", default: 0))
    try handles.add(SemaphoreHandle(semaphore, nil), as: parameters.handle)
    return Fields()
  }

  func writableSegment(_ name: String) throws -> ReadWriteSegment {
    try handles.find(name, as: ReadWriteSegment.self, "segment attached for writing")
  }
}

private final class SemaphoreHandle: Handle {
  var semaphore: POSIXSemaphore?
  /// Nil for one in shared memory.
  let name: POSIXSemaphore.Name?
  var posting: POSIXSemaphore.Posting?

  init(_ semaphore: consuming POSIXSemaphore, _ name: POSIXSemaphore.Name?) {
    self.semaphore = consume semaphore
    self.name = name
  }

  func close() throws {
    posting.take()?.end()
    try semaphore.take()?.close()
  }

  func use<Value>(_ body: (borrowing POSIXSemaphore) throws -> Value) throws -> Value {
    switch semaphore {
    case let semaphore?: try body(semaphore)
    case nil: throw Invalid("the semaphore is closed")
    }
  }
}
