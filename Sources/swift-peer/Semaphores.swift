internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// System V semaphores.
let semaphoreOperations: [Peer.Operation] = [
  .init("semget", "key nsems semflg mode") { peer, parameters in
    let key = try parameters.key()
    let count = Int(try parameters.integer("nsems") as Int32)
    let permissions = try parameters.permissions(default: .ownerReadWrite)
    let flags = try parameters.flags("semflg", of: creationFlags, default: 0)
    let set =
      switch flags {
      case IPC_CREAT | IPC_EXCL: try SystemVSemaphores.create(key, count: count, permissions: permissions)
      case IPC_CREAT: try SystemVSemaphores.createOrOpen(key, count: count, permissions: permissions)
      default: try SystemVSemaphores.open(key, minimumCount: count, permissions: permissions)
      }
    peer.latestSemaphores = set
    var fields = Fields()
    fields.append("semid", set.identifier)
    return fields
  },

  .init("semget_init", "key nsems value mode timeout") { peer, parameters in
    let (key, count) = (try parameters.key(), Int(try parameters.integer("nsems") as Int32))
    let value: UInt16 = try parameters.integer("value")
    let permissions = try parameters.permissions(default: .ownerReadWrite)
    let timeout = try parameters.timeout()
    // An array cannot have this count, and semget(2) fails for it.
    guard 0...Int(UInt16.max) ~= count else { throw Failure(.invalidArgument, in: "semget") }
    let set = try SystemVSemaphores.createOrOpenInitialized(
      key, values: [Int](repeating: Int(value), count: count), permissions: permissions, timeout: timeout,
      retryOnInterrupt: false)
    peer.latestSemaphores = set
    var fields = Fields()
    fields.append("semid", set.identifier)
    fields.append("created", set.isNew ? "yes" : "no")
    return fields
  },

  .init("semop", "semid sops eintr") { peer, parameters in
    try perform(peer, parameters, .never)
  },

  .init("semtimedop", "semid sops timeout tv_nsec eintr") { peer, parameters in
    do {
      return try perform(peer, parameters, try parameters.semaphoreTimeout())
    } catch let error as IPCError where error.errno == .timedOut {
      // In C, errno is EAGAIN both after a timeout and with IPC_NOWAIT.
      throw Failure(.wouldBlock)
    }
  },

  .init("semop_count", "semid memory at count") { peer, parameters in
    let set = try parameters.set(peer)
    let memory = try peer.region(parameters)
    let offset: Int = try parameters.integer("at", default: 0)
    let count = try parameters.count()
    let (take, give): ([1 of SystemVSemaphores.Operation], [1 of SystemVSemaphores.Operation]) = (
      [.init(0, delta: -1, undo: true)], [.init(0, delta: 1, undo: true)]
    )
    for _ in 0..<count {
      try set.perform(take.span)
      try memory.increment(at: offset)
      do {
        try set.perform(give.span)
      } catch {
        // Release the semaphore even after an error. Otherwise, the other processes would block.
        try? set.perform(give.span)
        throw error
      }
    }
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  .init("semctl", "semid semnum cmd val array mode uid gid times") { peer, parameters in
    let set = try parameters.set(peer)
    let index = Int(try parameters.integer("semnum", default: 0) as Int32)
    var fields = Fields()
    switch try parameters.text("cmd") {
    case "GETVAL": fields.append("return", try set.value(of: index))
    case "GETPID": fields.append("return", try set.lastProcess(of: index))
    case "GETNCNT": fields.append("return", try set.countWaitingForIncrease(of: index))
    case "GETZCNT": fields.append("return", try set.countWaitingForZero(of: index))
    case "SETVAL": try set.set(index, to: Int(try parameters.integer("val") as Int32))
    case "GETALL": fields.append("array", try set.values().map(String.init).joined(separator: ","))
    case "SETALL":
      let values = try parameters.values()
      let count = try set.status().count
      guard values.count == count else { throw Invalid("the set has \(count) semaphores, not \(values.count)") }
      try set.setAll(values)
    case "IPC_STAT":
      let status = try set.status()
      fields.append(status.ownership)
      fields.append("sem_nsems", status.count)
      fields.append("initialised", status.isInitialized ? "yes" : "no")
      if try parameters.isSet("times") {
        fields.append("sem_otime", status.lastOperation)
        fields.append("sem_ctime", status.lastChange)
      }
    case "IPC_SET":
      try set.change(
        user: try parameters.newUser(), group: try parameters.newGroup(),
        permissions: try parameters.newPermissions())
    case "IPC_RMID": try set.remove()
    case let other: throw Invalid("cmd=\(other): a command of semctl(2) expected")
    }
    return fields
  },
]

private func perform(
  _ peer: Peer, _ parameters: Parameters, _ timeout: @autoclosure () throws -> Timeout
) throws -> Fields {
  let (set, operations) = (try parameters.set(peer), try parameters.operations())
  let retry = try parameters.retryOnInterrupt()
  try set.perform(operations.span, timeout: try timeout(), retryOnInterrupt: retry)
  return Fields()
}

private let operationFlags = FlagTable(["SEM_UNDO": SEM_UNDO, "IPC_NOWAIT": IPC_NOWAIT])

extension Parameters {
  /// Returns the set named in the request, or the latest set.
  fileprivate func set(_ peer: Peer) throws -> SystemVSemaphores {
    try object("semid", latest: peer.latestSemaphores)
  }

  /// Returns the timeout of `semtimedop(2)`, which fails if the timeout is negative.
  fileprivate func semaphoreTimeout() throws -> Timeout {
    let timeout = try deadline("timeout")
    guard try duration("timeout") >= .zero else { throw Failure(.invalidArgument) }
    return timeout
  }

  /// Parses a comma-separated list of `NUMBER:OPERATION[:FLAGS]`.
  ///
  /// Only the operation may have a `+`.
  fileprivate func operations() throws -> [SystemVSemaphores.Operation] {
    let list = try text("sops")
    if list.isEmpty { return [] }
    return try list.split(separator: ",", omittingEmptySubsequences: false).map { text in
      let words = text.split(separator: ":", omittingEmptySubsequences: false)
      guard 2...3 ~= words.count, let index = UInt16(decimal: words[0]), let delta = Int16(words[1]) else {
        throw Invalid("sops: '\(text)' is not NUMBER:OPERATION[:FLAGS]")
      }
      let flags = words.count == 3 ? try operationFlags.parse(String(words[2]), parameter: "sops") : 0
      return SystemVSemaphores.Operation(
        index, delta: delta, undo: flags & SEM_UNDO != 0, noWait: flags & IPC_NOWAIT != 0)
    }
  }

  /// Parses the values for `SETALL`.
  fileprivate func values() throws -> [Int] {
    try text("array").split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let value = UInt16(decimal: text) else { throw Invalid("array: '\(text)' is not a value of a semaphore") }
      return Int(value)
    }
  }
}
